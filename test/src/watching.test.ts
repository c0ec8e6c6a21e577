import { expect, test } from 'vitest';
import { Exceptions } from '../../actors/attempt/exceptions.ts';
import { encodeSnapshot } from '../../actors/charts/snapshots.ts';
import type { Engine } from '../../actors/engine.ts';
import { Departures } from '../../actors/pool/departures.ts';
import { Watchers } from '../../actors/pool/watchers.ts';
import { syncOperationMachine } from '../../machines/operation/syncOperationMachine.ts';
import { newOperation } from '../../machines/operation/syncOperationSetup.ts';
import { createMemoryStore } from '../../persistence/memory/memoryStore.ts';
import { Operations } from '../../src/operation.ts';
import { accept, idOf, settlement } from '../persistence/contract/writes.ts';
import { settleJobs, VirtualClock } from '../support/clock/virtualClock.ts';

const SETTLED = idOf(1);
const UNKNOWN = idOf(2);

/** Operations of which none is in memory, over a store that holds one that has ended. */
async function atRest(): Promise<{ operations: Operations; watchers: Watchers }> {
  const store = createMemoryStore();
  await store.open();
  const context = newOperation({
    id: SETTLED,
    type: 'payments.push',
    subject: 'user-42',
    entity: null,
    tier: 'basic',
    priority: 'normal',
    idempotencyKey: 'key',
    fingerprint: null,
    method: null,
    path: null,
    acceptedAtMs: 1,
    expiresAtMs: null,
    attemptsMax: 1,
  });
  const state = encodeSnapshot(syncOperationMachine, {
    value: 'settling',
    context: { ...context, ending: 'completed', settledAtMs: 2 },
  });
  await store.commit([accept(1, { id: SETTLED }), settlement(1, { state })]);
  const watchers = new Watchers(() => undefined);
  const exceptions = new Exceptions({ clock: new VirtualClock(), onError: () => undefined });
  const pool = { watchers, resident: () => undefined, departures: new Departures(), exceptions };
  const engine = { pool } as unknown as Engine;
  const ready = async (): Promise<void> => undefined;
  const operations = new Operations({ engine, store, ready, onError: () => undefined });
  return { watchers, operations };
}

test('OP-6 whoever listens to what has ended, or never was, takes no place for long', async () => {
  const { operations, watchers } = await atRest();
  for (const id of [SETTLED, UNKNOWN]) operations.handle(id).subscribe(() => undefined);
  await settleJobs();
  expect([SETTLED, UNKNOWN].filter((id) => watchers.has(id))).toEqual([]);
});

test('OP-6 whoever awaits what has ended is told, whoever awaits what never was is refused', async () => {
  const { operations, watchers } = await atRest();
  for (const id of [SETTLED, UNKNOWN]) operations.handle(id).subscribe(() => undefined);
  expect(await operations.handle(SETTLED).outcome).toMatchObject({ status: 'completed' });
  await expect(operations.handle(UNKNOWN).outcome).rejects.toMatchObject({
    code: 'HF_OPERATION_UNKNOWN',
  });
  expect([SETTLED, UNKNOWN].filter((id) => watchers.has(id))).toEqual([]);
});
