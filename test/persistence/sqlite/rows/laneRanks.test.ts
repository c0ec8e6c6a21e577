/** The rank that the head of a lane has of another: under its seal, and beside rows that don't open. */

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { armFaultPoint, disarmFaultPoints } from '../../../../persistence/port/faultPoints.ts';
import type { Store, Write } from '../../../../persistence/port/store.ts';
import * as laneRanks from '../../../../persistence/sqlite/rows/laneRanks.ts';
import { inThreadStore, temporaryFolder } from '../../contract/storeUnderTest.ts';
import { accept, commitOne, idOf, settlement, update } from '../../contract/writes.ts';

vi.mock('../../../../persistence/sqlite/rows/laneRanks.ts', async (load) => ({
  ...(await load<typeof laneRanks>()),
}));

let folder: string;
let remove: () => Promise<void>;
let store: Store;

async function openAgain(): Promise<void> {
  store = inThreadStore(folder);
  await store.open();
}

beforeEach(async () => {
  const made = await temporaryFolder();
  folder = join(made.folder, 'store');
  remove = made.remove;
  await openAgain();
});
afterEach(async () => {
  vi.restoreAllMocks();
  disarmFaultPoints();
  await store.close();
  await remove();
});

async function edit(sql: string): Promise<void> {
  await store.close();
  const db = new Database(join(folder, 'data.db'));
  db.exec(sql);
  db.close();
  await openAgain();
}

const inLane = (seq: number, urgency: number, payload = `payload ${seq}`): Write =>
  accept(seq, { lane: 'a', urgency, payload });
const large = 'x'.repeat(5_000);

describe('SE-4 the rank of a head is under its seal', () => {
  test('which says the same payload as before, be it with the state or apart', async () => {
    await store.commit([inLane(1, 9, large), inLane(2, 5), inLane(3, 4)]);
    await store.close();
    await openAgain();
    expect(await store.find(idOf(1))).toMatchObject({ urgency: 4, payload: large });
    expect(await commitOne(store, settlement(1, { urgency: 9 }))).toMatchObject({
      laneNext: { seq: 2, urgency: 4, payload: 'payload 2' },
    });
    await store.close();
    await openAgain();
    expect(await store.find(idOf(2))).toMatchObject({ urgency: 4, payload: 'payload 2' });
  });

  test.each([9, 3, 0])('edited to %i in the file, the head is set aside', async (urgency) => {
    await store.commit([inLane(1, 9), inLane(2, 4)]);
    await edit(`UPDATE operation SET urgency = ${urgency} WHERE seq = 1`);
    expect(await store.find(idOf(1))).toMatchObject({ standing: 'quarantined' });
  });

  test('control: a rank that is written without a new seal is taken for edited', async () => {
    await store.commit([inLane(1, 9), accept(2, { urgency: 4 })]);
    await edit('UPDATE operation SET urgency = 4 WHERE seq = 1');
    expect(await store.find(idOf(1))).toMatchObject({ standing: 'quarantined' });
  });
});

describe('OP-2 PS-3 a lane in which a row does not open', () => {
  test('accepts, and raises nobody, where that row is the head', async () => {
    await store.commit([inLane(1, 9)]);
    await edit('UPDATE operation SET due_at = 77 WHERE seq = 1');
    expect(await commitOne(store, inLane(2, 4))).toEqual({
      kind: 'accepted',
      laneBusy: true,
      raised: null,
    });
    expect(await store.find(idOf(1))).toMatchObject({ standing: 'quarantined' });
    expect((await store.freedHeads({ afterSeq: 0, limit: 9 })).rows).toMatchObject([{ seq: 2 }]);
  });

  test('hands on no rank that was edited, and sets aside who has it', async () => {
    await store.commit([inLane(1, 8), inLane(2, 9), inLane(3, 7), inLane(4, 6)]);
    await edit('UPDATE operation SET urgency = 0 WHERE seq = 4');
    expect(await commitOne(store, settlement(1, { urgency: 8 }))).toMatchObject({
      laneNext: { seq: 2, urgency: 7 },
    });
    expect(await store.find(idOf(4))).toMatchObject({ standing: 'quarantined' });
  });
});

describe('OP-4 PS-2 a raise is on disk with what made it so, or neither is', () => {
  test('where the transaction fails just before it', async () => {
    await store.commit([inLane(1, 9)]);
    armFaultPoint('store.beforeRaise', 1, 'throw');
    await expect(store.commit([inLane(2, 4)])).rejects.toMatchObject({
      code: 'HF_STORE_UNAVAILABLE',
    });
    expect(await store.find(idOf(2))).toBeNull();
    expect(await store.find(idOf(1))).toMatchObject({ urgency: 9 });
    expect(await commitOne(store, inLane(2, 4))).toMatchObject({ raised: { urgency: 4 } });
    armFaultPoint('store.beforeRaise', 1, 'throw');
    await store.commit([inLane(3, 9), inLane(4, 2)]).catch(() => undefined);
    await store.commit([update(1, { urgency: 9 }), inLane(3, 9), inLane(4, 2)]);
    armFaultPoint('store.beforeRaise', 1, 'throw');
    const settled = settlement(1, { revision: 3, urgency: 9 });
    await expect(store.commit([settled])).rejects.toMatchObject({ code: 'HF_STORE_UNAVAILABLE' });
    expect(await commitOne(store, settled)).toMatchObject({ laneNext: { seq: 2, urgency: 2 } });
  });
});

describe('OP-4 DG-2 who waits behind a less urgent one', () => {
  /** How many are claimed, one after the other, before the lane's urgent second. */
  async function claimedBefore(): Promise<number> {
    const due = { standing: 'due', dueAtMs: 1 } as const;
    const others = Array.from({ length: 30 }, (_, index) =>
      accept(10 + index, { ...due, urgency: 5 }),
    );
    await store.commit([accept(1, { ...due, lane: 'a', urgency: 9 }), ...others, inLane(2, 1)]);
    for (let claimed = 0; ; claimed += 1) {
      const query = { routes: ['payments'], urgencyMax: 9, nowMs: 9, limit: 1 };
      const [row] = (await store.claim(query)).rows;
      if (row?.seq === 2) return claimed;
      const [result] = await store.commit([settlement(row?.seq ?? 0)]);
      const next = result?.kind === 'updated' ? result.laneNext : null;
      if (next !== null) await store.commit([update(next.seq, { ...due, urgency: 1 })]);
    }
  }

  test('comes right after it', async () => {
    expect(await claimedBefore()).toBe(1);
  });

  test('control: where nobody is raised, it comes last', async () => {
    vi.spyOn(laneRanks, 'raiseTo').mockReturnValue(null);
    expect(await claimedBefore()).toBe(31);
  });
});
