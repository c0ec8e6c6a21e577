import { expect, test } from 'vitest';
import { encodeSnapshot } from '../../../actors/charts/snapshots.ts';
import { FactStream } from '../../../actors/facts/factStream.ts';
import { Exceptions } from '../../../actors/operation/exceptions.ts';
import { WAITS_AT_REST } from '../../../actors/operation/waitView.ts';
import type { OperationPool } from '../../../actors/work/operationPool.ts';
import { Operations } from '../../../actors/work/operations.ts';
import { StaleReadGuard } from '../../../actors/work/staleReads.ts';
import { Watchers } from '../../../actors/work/watchers.ts';
import {
  newOperation,
  syncOperationMachine,
} from '../../../machines/operation/syncOperationMachine.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import { settleJobs, VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { accept, idOf, settlement } from '../../persistence/contract/writes.ts';

const SETTLED = idOf(1);
const UNKNOWN = idOf(2);

/** Operations of which none is in memory, over a store that holds one that has ended. */
async function atRest(store = createMemoryStore()): Promise<{
  operations: Operations;
  watchers: Watchers;
}> {
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
  const exceptions = new Exceptions({ facts: new FactStream(new VirtualClock()) });
  const pool = {
    watchers,
    resident: () => undefined,
    staleReads: new StaleReadGuard(),
    exceptions,
    waits: WAITS_AT_REST,
  };
  const operations = new Operations({
    pool: pool as unknown as OperationPool,
    journal: { written: async () => true, failure: null, isHanging: false },
    store,
    ready: async () => undefined,
    isHeldBack: () => false,
    onError: () => undefined,
  });
  return { watchers, operations };
}

test('OP-6 whoever listens to what has ended, or never was, takes no place for long', async () => {
  const { operations, watchers } = await atRest();
  for (const id of [SETTLED, UNKNOWN]) operations.watch(id, () => undefined);
  await settleJobs();
  expect([SETTLED, UNKNOWN].filter((id) => watchers.has(id))).toEqual([]);
});

test('OP-6 whoever awaits what has ended is told, whoever awaits what never was is refused', async () => {
  const { operations, watchers } = await atRest();
  for (const id of [SETTLED, UNKNOWN]) operations.watch(id, () => undefined);
  expect(await operations.outcome(SETTLED)).toMatchObject({ status: 'completed' });
  await expect(operations.outcome(UNKNOWN)).rejects.toMatchObject({
    code: 'HF_OPERATION_UNKNOWN',
  });
  expect([SETTLED, UNKNOWN].filter((id) => watchers.has(id))).toEqual([]);
});

test('CR-1 SC-1 pages that many ask for at once are read one after the other, whatever becomes of one', async () => {
  const inner = createMemoryStore();
  const search = inner.search.bind(inner);
  let underWay = 0;
  let most = 0;
  let asked = 0;
  const store = Object.assign(inner, {
    search: async (query: Parameters<typeof search>[0]) => {
      underWay += 1;
      most = Math.max(most, underWay);
      asked += 1;
      const isRefused = asked === 2;
      await settleJobs();
      underWay -= 1;
      if (isRefused) throw new Error('The disk is ill.');
      return await search(query);
    },
  });
  const { operations } = await atRest(store);
  const query = { filter: {}, order: 'oldest', afterSeq: 0, limit: 9 } as const;
  const pages = await Promise.allSettled([1, 2, 3, 4].map(() => operations.list(query)));
  expect(pages.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
  expect(most).toBe(1);
});
