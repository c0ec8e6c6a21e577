/**
 * Records as another process of the app sees them: read, watched, listed and told of over the owner.
 *
 * @module
 */

import { expect, onTestFinished, test, vi } from 'vitest';
import type { ListedEntity } from '../../../actors/port.ts';
import { connect, createRuntime, rawKey } from '../../../src/index.ts';
import { HANGS_AFTER_MS } from '../../support/hangs.ts';
import { RecordUpstream } from '../../support/harness/recordUpstream.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

const key = () => rawKey(new Uint8Array(32).fill(7));
const SUBJECT = 'user-42';
const ENTITY = { type: 'preferences', id: 'p-1' } as const;

interface Preferences {
  readonly theme: string;
}

async function ownerAndClient() {
  const store = tempFolder();
  const upstream = new RecordUpstream();
  upstream.put(ENTITY.id, { theme: 'light' });
  const own = () => {
    const runtime = createRuntime({
      ...{ store, key: key(), device: 'phone' },
      handlers: { 'records.put': upstream.handler() },
    });
    onTestFinished(() => runtime.close());
    return runtime;
  };
  const runtime = own();
  await runtime.ready;
  const errors: unknown[] = [];
  const client = await connect<typeof runtime>({ store, onError: (error) => errors.push(error) });
  onTestFinished(() => client.close());
  const heard = { entity: ENTITY, subject: SUBJECT, value: { theme: 'light' }, version: '"1"' };
  return { upstream, runtime, client, heard, own, errors };
}

test('CF-1 SC-4 a client reads a record, edits what it was shown, lists it and forgets it', async () => {
  const { upstream, runtime, client, heard } = await ownerAndClient();
  expect(await client.entities.get(ENTITY)).toBeNull();
  expect(await client.remoteChange(heard)).toMatchObject({ status: 'taken', value: heard.value });
  const known = await client.entities.get<Preferences>(ENTITY);
  expect(known).toEqual(await runtime.entities.get(ENTITY));
  const operation = await client.sync({
    ...{ type: 'records.put', subject: SUBJECT, tier: 'basic', entity: ENTITY },
    payload: { theme: 'dark' },
    base: known?.base,
  });
  expect((await operation.outcome).status).toBe('completed');
  expect(upstream.value(ENTITY.id)).toEqual({ theme: 'dark' });
  const listed: ListedEntity<Preferences>[] = [];
  for await (const one of client.entities.list<Preferences>({ type: 'preferences' }))
    listed.push(one);
  expect(listed).toMatchObject([{ entity: ENTITY, subject: SUBJECT, value: { theme: 'dark' } }]);
  expect(await client.entities.forget(ENTITY)).toBe(true);
  expect(await client.entities.get(ENTITY)).toBeNull();
  const refused = client.entities.get({ type: 'preferences' } as never);
  await expect(refused).rejects.toMatchObject({ code: 'HF_REQUEST_INVALID', field: 'entity.id' });
  const bad = client.remoteChange({ ...heard, version: 7 as never });
  await expect(bad).rejects.toMatchObject({ code: 'HF_REQUEST_INVALID', field: 'version' });
});

test('CF-1 SC-4 a client that watches a record is told at once, at each change, and by the next owner', async () => {
  const { runtime, client, heard, own, errors } = await ownerAndClient();
  const told: unknown[] = [];
  client.entities.subscribe(ENTITY, (): unknown => Promise.reject(new Error('of the app')));
  const stop = client.entities.subscribe<Preferences>(ENTITY, (view) => {
    told.push(view?.value.theme ?? null);
  });
  const isTold = async (...all: unknown[]) => {
    await vi.waitFor(() => {
      expect(told).toEqual(all);
    }, HANGS_AFTER_MS);
  };
  await isTold(null);
  await runtime.remoteChange(heard);
  await isTold(null, 'light');
  await runtime.close();
  const next = own();
  await next.ready;
  await next.remoteChange({ ...heard, value: { theme: 'dark' }, version: '"2"' });
  await isTold(null, 'light', 'dark');
  stop();
  await next.remoteChange({ ...heard, value: { theme: 'blue' }, version: '"3"' });
  await vi.waitFor(() => {
    expect(errors.filter((error) => (error as Error).message === 'of the app')).toHaveLength(4);
  }, HANGS_AFTER_MS);
  expect(told).toHaveLength(3);
});
