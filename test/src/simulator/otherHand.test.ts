/** Another hand on a simulated disk: the store says of what it touched what the SQLite store says. */

import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { parseEntry } from '../../../persistence/audit/auditEntry.ts';
import type { Store, Write } from '../../../persistence/port/store.ts';
import { type Change, OtherHand } from '../../../src/simulator/disk/otherHand.ts';
import { SimulatedDisk } from '../../../src/simulator/disk/simulatedDisk.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { mode } from '../../persistence/contract/crisisModes.ts';
import { inThreadStore, temporaryFolder } from '../../persistence/contract/storeUnderTest.ts';
import { accept, idOf, settlement, update } from '../../persistence/contract/writes.ts';

const WORK = 1;
const CRISIS = 2;
const KEY = { room: 'entity', key: 'entity-1' } as const;
const HOWS = ['deleted', 'putBack'] as const;
type How = (typeof HOWS)[number];

/** A record that is touched: how to write it, and then again. */
interface Touched {
  readonly table: string;
  /** Number of the operation; left out for other records, which are alone in their table. */
  readonly seq?: number;
  readonly writes: readonly [Write, Write];
}

const keep = (text: string, revision: number): Write => ({
  ...{ kind: 'keep', ...KEY, lane: null, text, revision },
});
const component = (name: string, state: string): Write => ({ kind: 'component', name, state });
const plan = (text: string): Write => ({
  ...{ kind: 'crisisPlan', subject: 'user-1', plan: text, isPinned: true },
});

const TOUCHED: Readonly<Record<string, Touched>> = {
  work: {
    ...{ table: 'operation', seq: WORK },
    writes: [accept(WORK, { standing: 'due', dueAtMs: 1 }), settlement(WORK)],
  },
  crisis: {
    ...{ table: 'operation', seq: CRISIS },
    writes: [accept(CRISIS, { urgency: 0 }), update(CRISIS, { urgency: 0 })],
  },
  'crisis mode': {
    table: 'crisis_mode',
    writes: [mode('user-1', 'first'), mode('user-1', 'second')],
  },
  breaker: {
    table: 'component',
    writes: [component('breaker:a', 'first'), component('breaker:a', 'second')],
  },
  'a plan': { table: 'crisis_plan', writes: [plan('first'), plan('second')] },
  'a kept record': { table: 'kept', writes: [keep('first', 0), keep('second', 1)] },
};

/** What is beside the record that is touched. */
const OTHERS: readonly Write[] = [accept(9), accept(3, { standing: 'due', dueAtMs: 1 })];

/** Opens a store and asks for all that it has, as an engine does: what it answers, and what it tells. */
async function said(store: Store): Promise<unknown> {
  const told: string[] = [];
  store.onNotice(({ code }) => told.push(code));
  store.onQuarantine(({ id, code }) => told.push(`${id} ${code}`));
  const { components, crisisModes, crisisPlans } = await store.open();
  const next = store.nextSeq();
  const inHand = await store.inHand({ after: null, limit: 9 });
  const claimed = await store.claim({
    ...{ routes: ['payments'], nowMs: 9, limit: 9, urgencyMax: 9 },
  });
  for (let afterSeq: number | null = 0; afterSeq !== null; ) {
    afterSeq = (await store.check({ afterSeq, limit: 2 })).nextAfterSeq;
  }
  const plans = await store.crisisPlanPage({ after: 0, limit: 9 });
  const shown = [await store.crisisPlan('user-1'), plans, await store.kept(KEY)];
  const { rows } = await store.keptPage({ room: 'entity', order: 'oldest', fromSeq: 0, limit: 9 });
  await store.recount();
  const audit = { id: idOf(CRISIS), atMs: 9, act: 'operation.ended', operationId: idOf(CRISIS) };
  const ending = settlement(CRISIS, { urgency: 0 });
  const [updated] = await store.commit([{ ...ending, audit } as Write]);
  const [kept] = await store.commit([keep('third', 0)]);
  // What is told comes with an answer.
  await store.counts();
  await store.counts();
  const { entries } = await store.auditPage({ fromSeq: 0, limit: 9 });
  const recorded = entries.map(parseEntry).map(({ act, operation }) => ({ act, operation }));
  return {
    // Rows in memory are counted when somebody asks: no count of them is wrong.
    told: told.filter((what) => what !== 'HF_STORE_MENDED').toSorted(),
    next,
    work: [...inHand, ...claimed.rows].map(({ state }) => state),
    ...{ components: [...components], crisisModes, crisisPlans, shown, rows },
    ...{ updated, kept, recorded },
  };
}

async function onSqlite(touched: Touched, how: How): Promise<unknown> {
  const { folder, remove } = await temporaryFolder();
  const path = join(folder, 'store', 'data.db');
  const wrote = async (...writes: Write[]): Promise<void> => {
    const store = inThreadStore(join(folder, 'store'));
    await store.open();
    await store.commit(writes);
    await store.close();
  };
  await wrote(...OTHERS, touched.writes[0]);
  copyFileSync(path, join(folder, 'earlier.db'));
  await wrote(touched.writes[1]);
  const db = new Database(path);
  db.exec(`ATTACH '${join(folder, 'earlier.db')}' AS earlier`);
  const { table, seq } = touched;
  const where = seq === undefined ? '' : `WHERE seq = ${seq}`;
  if (how === 'deleted') db.exec(`DELETE FROM ${table} ${where}`);
  else db.exec(`INSERT OR REPLACE INTO ${table} SELECT * FROM earlier.${table} ${where}`);
  db.close();
  const store = inThreadStore(join(folder, 'store'));
  try {
    return await said(store);
  } finally {
    await store.close();
    await remove();
  }
}

async function onSimulatedDisk({ table, seq, writes }: Touched, how: How): Promise<unknown> {
  const clock = new VirtualClock();
  const silent = (): void => undefined;
  const disk = new SimulatedDisk({
    ...{ seed: 1, onRelease: silent, onSpilled: silent, onMended: silent, retentionMs: () => 0 },
  });
  const { tables } = disk.base;
  const first = disk.store(clock);
  await clock.run(first.open());
  await clock.run(first.commit([...OTHERS, writes[0]]));
  const now = (): Change => {
    switch (table) {
      case 'operation':
        return { of: 'operation', seq: seq ?? 0, id: idOf(seq ?? 0), to: rowOf(seq ?? 0) };
      case 'crisis_plan':
        return { of: 'plan', subject: 'user-1', to: tables.crisisPlans.get('user-1') ?? null };
      case 'crisis_mode':
        return { of: 'mode', subject: 'user-1', to: tables.crisisModes.get('user-1') ?? null };
      case 'kept':
        return { of: 'kept', key: KEY, to: tables.kept.all()[0] ?? null };
      default: {
        const [name = '', to = null] = [...tables.components][0] ?? [];
        return { of: 'component', name, to };
      }
    }
  };
  const rowOf = (number: number) => tables.byId(idOf(number)) ?? null;
  const earlier = now();
  await clock.run(first.commit([writes[1]]));
  first.kill();
  disk.change(how === 'deleted' ? { ...earlier, to: null } : earlier, true);
  return await clock.run(said(disk.store(clock)));
}

describe('SE-6 SM-1 the simulated store says what the SQLite store says where another hand touched', () => {
  test.each(
    Object.entries(TOUCHED).flatMap(([name, touched]) =>
      HOWS.map((how) => [name, how, touched] as const),
    ),
  )('%s, %s', async (_, how, touched) => {
    const sqlite = await onSqlite(touched, how);
    expect(await onSimulatedDisk(touched, how)).toEqual(sqlite);
    expect(sqlite).toHaveProperty('told.0');
  });
});

describe('SM-1 a backup has what another hand had touched by then', () => {
  test('and one of before has not', async () => {
    const { writes } = TOUCHED['work'] as Touched;
    const mended: string[] = [];
    const disk = new SimulatedDisk({
      ...{ seed: 1, onRelease: () => undefined, onSpilled: () => undefined, retentionMs: () => 0 },
      onMended: (name) => mended.push(name),
    });
    await disk.base.open();
    await disk.commit([writes[0]]);
    await disk.commit([accept(3)]);
    disk.change({ of: 'operation', seq: WORK, id: idOf(WORK), to: null }, true);
    await disk.commit([accept(4)]);
    await disk.restore(1, 7);
    expect(disk.hand.missingSeqs).toEqual([WORK]);
    expect(await disk.base.find(idOf(WORK))).toBeNull();
    await disk.restore(0.4, 7);
    expect(disk.hand.hasTouched).toBe(false);
    expect(await disk.base.find(idOf(WORK))).not.toBeNull();
    expect(mended).toEqual([]);
  });
});

test('SM-1 a process that opens a store while it is restored numbers behind what the backup has', async () => {
  const clock = new VirtualClock();
  const disk = new SimulatedDisk({
    ...{ seed: 1, onRelease: () => undefined, onSpilled: () => undefined, retentionMs: () => 0 },
    onMended: () => undefined,
  });
  await disk.base.open();
  for (const number of [1, 2, 3]) await disk.commit([accept(number)]);
  const restored = disk.restore(1, 7);
  const store = disk.store(clock);
  const { hold } = await clock.run(store.open());
  await restored;
  expect(hold).toMatchObject({ reason: 'restored', seqMax: 3 });
  expect(store.nextSeq()).toBeGreaterThan(3);
});

test('SE-6 CR-4 SM-1 a crisis whose row is put back while it is delivered ends all the same', async () => {
  const clock = new VirtualClock();
  const mended: string[] = [];
  const disk = new SimulatedDisk({
    ...{ seed: 1, onRelease: () => undefined, onSpilled: () => undefined, retentionMs: () => 0 },
    onMended: (name) => mended.push(name),
  });
  const store = disk.store(clock);
  await clock.run(store.open());
  await clock.run(store.commit([accept(CRISIS, { urgency: 0, idempotencyKey: 'key' })]));
  const to = disk.base.tables.byId(idOf(CRISIS)) ?? null;
  await clock.run(store.commit([update(CRISIS, { urgency: 0 })]));
  disk.change({ of: 'operation', seq: CRISIS, id: idOf(CRISIS), to }, true);
  const ending = settlement(CRISIS, { revision: 3, urgency: 0 });
  expect(await clock.run(store.commit([ending]))).toMatchObject([{ kind: 'updated' }]);
  expect(mended).toEqual([`operation ${CRISIS}`]);
  expect(await clock.run(store.find(idOf(CRISIS)))).toMatchObject({ standing: 'settled' });
});

test('SM-1 a mode that was touched is in doubt until it is written, or all are', () => {
  const mended: string[] = [];
  const hand = new OtherHand((name) => mended.push(name));
  const touch = (subject: string) => {
    hand.touch({ of: 'mode', subject, to: null });
  };
  const kept = { kind: 'crisisModesKept' } as const;
  touch('user-1');
  hand.committed([mode('user-2', 'on'), mode(null, 'on')], [kept, kept]);
  expect(mended).toEqual([]);
  hand.committed([mode('user-1', 'on')], [kept]);
  touch('user-1');
  touch('user-2');
  hand.committed([{ kind: 'crisisModes', all: [] }], [kept]);
  expect(mended).toEqual(['mode user-1', 'mode user-1', 'mode user-2']);
  expect(hand.hasTouched).toBe(false);
});

test('SM-1 what was touched is remembered until a write seals it anew', () => {
  const mended: string[] = [];
  const hand = new OtherHand((name) => mended.push(name));
  hand.touch({ of: 'component', name: 'breaker:a', to: 'first' });
  hand.committed([component('breaker:b', 'x')], [{ kind: 'componentKept' }]);
  expect(hand.hasTouched).toBe(true);
  hand.committed([component('breaker:a', 'x')], [{ kind: 'componentKept' }]);
  expect(mended).toEqual(['component breaker:a']);
  expect(hand.hasTouched).toBe(false);
});
