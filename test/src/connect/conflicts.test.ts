/**
 * Conflicts as another process of the app sees them: decided there, carried out by the owner.
 *
 * @module
 */

import { expect, onTestFinished, test, vi } from 'vitest';
import { type Conflict, connect, createRuntime, rawKey } from '../../../src/index.ts';
import { HANGS_AFTER_MS } from '../../support/hangs.ts';
import { RecordUpstream } from '../../support/harness/recordUpstream.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

const key = () => rawKey(new Uint8Array(32).fill(7));
const ANA = { by: { id: 'staff-7', role: 'clinician' } } as const;

test('CF-6 SC-4 a client lists, shows and decides, and the owner carries it out', async () => {
  const store = tempFolder();
  const upstream = new RecordUpstream();
  upstream.put('p-1', { note: 'before' });
  upstream.put('p-1', { note: 'theirs' });
  const runtime = createRuntime({
    ...{ store, key: key(), device: 'phone' },
    handlers: { 'records.put': upstream.handler() },
  });
  onTestFinished(() => runtime.close());
  await runtime.ready;
  const client = await connect<typeof runtime>({ store });
  onTestFinished(() => client.close());
  const operation = await runtime.sync({
    ...{ type: 'records.put', subject: 'user-42', tier: 'premium' },
    entity: { type: 'recipe', id: 'p-1' },
    payload: { note: 'mine' },
    base: { version: '"1"', value: { note: 'before' } },
  });
  const listed: Conflict[] = [];
  await vi.waitFor(async () => {
    for await (const one of client.conflicts.list()) listed.push(one);
    expect(listed).toHaveLength(1);
  }, HANGS_AFTER_MS);
  const id = listed[0]?.id ?? '';
  expect(await client.conflicts.about(id)).toMatchObject({ subject: 'user-42', isHeld: true });
  const { asked } = await client.conflicts.show(id);
  const take = asked[0]?.alternatives.find((one) => one.value === 'theirs')?.take ?? -1;
  const choices = { '/note': { take } };
  const { before, after } = await client.conflicts.preview(id, { ...ANA, choices });
  expect(after).toEqual({ note: 'theirs' });
  const none = client.conflicts.resolve(id, { ...ANA, choices: {} });
  await expect(none).rejects.toMatchObject({ code: 'HF_OPTION_INVALID', field: 'choices' });
  const outcome = await client.conflicts.resolve(id, { ...ANA, choices });
  expect(outcome).toMatchObject({ state: 'resolved', operationId: operation.id });
  expect((await operation.outcome).status).toBe('completed');
  expect(upstream.value('p-1')).toEqual({ note: 'theirs' });
  expect(await client.conflicts.undo(id, ANA)).toMatchObject({ state: 'resolved' });
  await vi.waitFor(() => {
    expect(upstream.value('p-1')).toEqual(before);
  }, HANGS_AFTER_MS);
});
