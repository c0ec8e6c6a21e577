/**
 * Edits that say what they change, as JSON Patch, in place of the whole record.
 *
 * @module
 */

import { expect, onTestFinished, test } from 'vitest';
import type { JsonPatchOperation } from '../../machines/policy/request/jsonPatch.ts';
import type { PayloadSchema } from '../../machines/policy/request/payloadSchema.ts';
import { connect, createRuntime, type Handler, rawKey } from '../../src/index.ts';
import { createWorld } from '../support/harness/engineHarness.ts';
import { RecordUpstream } from '../support/harness/recordUpstream.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const SUBJECT = 'user-42';
const ENTITY = { type: 'crisis_plan', id: 'p-1' } as const;
const sam = { id: 'sam', name: 'Sam', phones: ['+49 30 1111111'] };
const robin = { id: 'robin', name: 'Robin', phones: ['+49 30 2222222'] };
const PLAN = { note: 'calm', emergencyContacts: [sam, robin] };
const BASE = { version: '"1"', value: PLAN };

function phone(more: Partial<Handler> = {}) {
  const upstream = new RecordUpstream();
  upstream.put(ENTITY.id, PLAN);
  const world = createWorld();
  const { clock } = world;
  const { runtime } = world.boot({
    device: 'phone',
    handlers: {
      'plans.put': { ...upstream.handler(), ...more },
      'notes.put': { upstream: 'default', run: () => null },
    },
  });
  const edit = (changes: readonly JsonPatchOperation[], of: object = {}) =>
    clock.run(
      runtime.sync({
        ...{ type: 'plans.put', subject: SUBJECT, entity: ENTITY, base: BASE, changes, ...of },
      }),
    );
  return { ...{ upstream, clock, runtime }, edit };
}

test('CF-1 CF-7 what it changes is changed, and what it removes goes from a record that another has changed', async () => {
  const { upstream, clock, runtime, edit } = phone();
  const mia = { id: 'mia', name: 'Mia', phones: ['+49 30 3333333'] };
  upstream.put(ENTITY.id, { ...PLAN, emergencyContacts: [sam, robin, mia] });
  const { outcome } = await edit([
    { op: 'replace', path: '/note', value: 'sleeps better' },
    { op: 'remove', path: '/emergencyContacts/1', by: SUBJECT, at: 7 },
  ]);
  expect((await clock.run(outcome)).status).toBe('completed');
  expect(upstream.value(ENTITY.id)).toEqual({
    note: 'sleeps better',
    emergencyContacts: [sam, mia],
  });
  expect(upstream.records.get(ENTITY.id)?.meta?.tombstones).toMatchObject([
    { path: '/emergencyContacts/robin', confirmed: true, by: SUBJECT },
  ]);
  await clock.run(runtime.close());
});

test('CF-1 UX-2 what can not be done is refused, and nothing of it is stored', async () => {
  const { clock, runtime, edit } = phone();
  const note = { op: 'replace', path: '/note', value: 'x' } as const;
  const bad: readonly [changes: readonly JsonPatchOperation[], of: object, field: string][] = [
    [[note, { op: 'remove', path: '/emergencyContacts/2', by: SUBJECT }], {}, 'changes[1].path'],
    [[note, { op: 'remove', path: '/emergencyContacts/0' }], {}, 'changes[1].by'],
    [[{ op: 'remove', path: '/note', by: 7 as never }], {}, 'changes[0].by'],
    [[note], { payload: PLAN }, 'payload'],
    [[note], { base: '"1"' }, 'base'],
    [[note], { base: undefined }, 'base'],
    [[note], { type: 'notes.put' }, 'changes'],
    [[{ op: 'add', path: '/when', value: new Date() }], {}, 'changes'],
  ];
  for (const [changes, of, field] of bad) {
    const refused = edit(changes, of);
    await expect(refused).rejects.toMatchObject({ code: 'HF_REQUEST_INVALID', field });
  }
  const card = edit([{ op: 'add', path: '/card', value: '4111 1111 1111 1111' }]);
  await expect(card).rejects.toMatchObject({ code: 'HF_CARD_NUMBER_REFUSED', field: 'payload' });
  expect((await clock.run(runtime.operations.count())).total).toBe(0);
  await clock.run(runtime.close());
});

test('OP-8 OP-9 the whole record is what its schema sees, and what its key is held against', async () => {
  const schema: PayloadSchema = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) =>
        (value as { note?: unknown }).note === ''
          ? { issues: [{ message: 'say something', path: ['note'] }] }
          : { value },
    },
  };
  const { clock, runtime, edit } = phone({ schema });
  const say = (value: string) => [{ op: 'replace', path: '/note', value }] as const;
  await expect(edit(say(''))).rejects.toMatchObject({ code: 'HF_REQUEST_INVALID' });
  const key = { idempotencyKey: 'k1' };
  const first = await edit(say('a'), key);
  const whole = { ...PLAN, note: 'a' };
  const again = await edit(say('b'), { ...key, changes: undefined, payload: whole });
  expect([again.id, again.isDuplicate]).toEqual([first.id, true]);
  await expect(edit(say('c'), key)).rejects.toMatchObject({ code: 'HF_IDEMPOTENCY_CONFLICT' });
  await clock.run(runtime.close());
});

test('CF-1 CR-2 a crisis takes no notice of changes', async () => {
  const { clock, runtime } = phone();
  const crisis = { subject: SUBJECT, payload: { help: 1 }, changes: 7 };
  const { resources } = await clock.run(runtime.crisis(crisis as never));
  expect(resources.length).toBeGreaterThan(0);
  await clock.run(runtime.close());
});

test('CF-1 SC-4 a client sends them to the owner, which knows the rules', async () => {
  const store = tempFolder();
  const upstream = new RecordUpstream();
  upstream.put(ENTITY.id, PLAN);
  const runtime = createRuntime({
    ...{ store, key: rawKey(new Uint8Array(32).fill(7)), device: 'phone' },
    handlers: { 'plans.put': upstream.handler() },
  });
  onTestFinished(() => runtime.close());
  await runtime.ready;
  const client = await connect<typeof runtime>({ store });
  onTestFinished(() => client.close());
  await client.remoteChange({ entity: ENTITY, subject: SUBJECT, ...BASE });
  const known = await client.entities.get(ENTITY);
  const edit = (by?: string) =>
    client.sync({
      ...{ type: 'plans.put', subject: SUBJECT, entity: ENTITY, base: known?.base },
      changes: [{ op: 'remove', path: '/emergencyContacts/0', by }],
    });
  await expect(edit()).rejects.toMatchObject({ field: 'changes[0].by' });
  expect((await (await edit(SUBJECT)).outcome).status).toBe('completed');
  expect(upstream.value(ENTITY.id)).toEqual({ ...PLAN, emergencyContacts: [robin] });
});
