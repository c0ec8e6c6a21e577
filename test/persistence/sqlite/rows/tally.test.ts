import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { armFaultPoint, disarmFaultPoints } from '../../../../persistence/port/faultPoints.ts';
import type { Standing, Store, Write } from '../../../../persistence/port/store.ts';
import { createMutations } from '../../../../persistence/sqlite/mutations/mutations.ts';
import { createSchema, STANDING_CODES } from '../../../../persistence/sqlite/schema/schema.ts';
import { type NodeSeals, RecordSet } from '../../../../persistence/sqlite/seals/recordSet.ts';
import { inThreadStore, temporaryFolder } from '../../contract/storeUnderTest.ts';
import { accept, idOf, settlement, update } from '../../contract/writes.ts';

/** What the rows themselves say. */
function counted(folder: string): Record<string, number> {
  const db = new Database(join(folder, 'data.db'), { readonly: true });
  const rows = db
    .prepare('SELECT standing, count(*) FROM operation GROUP BY standing')
    .raw()
    .all() as [number, number][];
  db.close();
  const found = new Map(rows);
  const names = Object.keys(STANDING_CODES) as Standing[];
  return Object.fromEntries(names.map((name) => [name, found.get(STANDING_CODES[name]) ?? 0]));
}

/** What waits by the rows themselves, in the words of the store. */
function waitingIn(folder: string): unknown[] {
  const db = new Database(join(folder, 'data.db'), { readonly: true });
  const rows = db
    .prepare(
      'SELECT route, urgency, waits_for, count(*) AS operations FROM operation WHERE standing IN (2, 3) ' +
        'GROUP BY route, urgency, waits_for ORDER BY route, urgency, waits_for',
    )
    .all();
  const kept = db.prepare('SELECT * FROM waiting ORDER BY route, urgency, waits_for').all();
  db.close();
  return [kept, rows];
}

async function withStore(use: (folder: string, store: Store) => Promise<void>): Promise<void> {
  const made = await temporaryFolder();
  const folder = join(made.folder, 'store');
  const store = inThreadStore(folder);
  await store.open();
  try {
    await use(folder, store);
  } finally {
    disarmFaultPoints();
    await store.close();
    await made.remove();
  }
}

const SEQS = { min: 1, max: 6 };
const KINDS = ['accept', 'duplicate', 'due', 'ask', 'settle', 'withdraw'] as const;
const step = fc.record({
  kind: fc.constantFrom(...KINDS),
  seq: fc.integer(SEQS),
  lane: fc.constantFrom(null, 'a'),
  fault: fc.constantFrom(null, null, 'store.beforeCommit', 'store.afterCommit'),
});

function writeOf(
  kind: (typeof KINDS)[number],
  seq: number,
  lane: string | null,
  revision: number,
): Write {
  switch (kind) {
    case 'accept':
      return accept(seq, { lane, urgency: (seq % 3) + 1, route: seq < 3 ? 'a' : 'payments' });
    case 'duplicate':
      return accept(seq, { lane, idempotencyKey: 'key' });
    case 'due':
      return update(seq, { revision, standing: 'due', dueAtMs: 5, route: 'c' });
    case 'ask':
      return update(seq, { revision, standing: 'held', waitsFor: 'conflict' });
    case 'settle':
      return settlement(seq, { revision });
    case 'withdraw':
      return { kind: 'withdraw', seq, id: idOf(seq) };
  }
}

test('OP-6 SC-1 HM-1 the count that is kept is that of the rows, whatever is repeated, refused or cut off', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), (steps) =>
      withStore(async (folder, store) => {
        for (const { kind, seq, lane, fault } of steps) {
          const revision = ((await store.find(idOf(seq)))?.revision ?? 0) + 1;
          if (fault !== null) armFaultPoint(fault, 1, 'throw');
          await store.commit([writeOf(kind, seq, lane, revision)]).catch(() => undefined);
          disarmFaultPoints();
          expect(await store.counts()).toEqual(counted(folder));
          const [kept, there] = waitingIn(folder);
          expect(kept).toEqual(there);
        }
      }),
    ),
    { numRuns: 40 },
  );
});

test('OP-6 HM-1 a batch that is refused leaves nothing in the counts, and takes nothing from those beside it', async () => {
  await withStore(async (folder, store) => {
    await store.commit([accept(1), accept(2, { standing: 'due', dueAtMs: 1 })]);
    const told = await Promise.allSettled([
      store.commit([update(1, { revision: 2, standing: 'due', dueAtMs: 3 })]),
      store.commit([settlement(2, { revision: 2 }), update(1, { revision: 9 })]),
      store.commit([accept(3, { standing: 'due', dueAtMs: 3 })]),
    ]);
    expect(told.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await store.counts()).toMatchObject({ inHand: 0, due: 3, settled: 0 });
    const [kept, there] = waitingIn(folder);
    expect(kept).toEqual(there);
  });
});

test('OP-6 what a transaction that was undone had changed in the counts is never written', () => {
  const db = new Database(':memory:');
  createSchema(db);
  const seals: NodeSeals = {
    keyId: 1,
    sealNode: (_, bytes) => bytes,
    openNode: (_, envelope) => envelope,
    textTag: () => new Uint8Array(8),
  };
  const mutations = createMutations(db, new RecordSet(db, seals, ':memory:'));
  mutations.beginSet();
  const columns = {
    ...{
      seq: 1,
      id: Buffer.alloc(16),
      revision: 1,
      key_id: 1,
      standing: STANDING_CODES.due,
      due_at: 1,
    },
    ...{
      expires_at: null,
      urgency: 1,
      waits_for: 0,
      route: Buffer.alloc(16),
      subject: null,
      lane: null,
    },
    idempotency: null,
  };
  const kept = (): unknown => [
    db.prepare('SELECT operations FROM tally WHERE kind = 2').pluck().get(),
    db.prepare('SELECT count(*) FROM waiting').pluck().get(),
  ];
  db.exec('BEGIN');
  mutations.insertOperation(columns, Buffer.alloc(1));
  db.exec('ROLLBACK');
  mutations.writeCounts();
  expect(kept()).toEqual([0, 0]);
  mutations.forgetCounts();
  db.exec('BEGIN');
  mutations.insertOperation(columns, Buffer.alloc(1));
  mutations.writeCounts();
  db.exec('COMMIT');
  expect(kept()).toEqual([1, 1]);
  db.close();
});

test('OP-6 a count that is asked for in the transaction of a write sees that write', async () => {
  await withStore(async (folder, store) => {
    const [, counts] = await Promise.all([
      store.commit([accept(1, { standing: 'due', dueAtMs: 1 }), accept(2)]),
      store.counts(),
      store.commit([settlement(2)]),
    ]);
    expect(counts).toMatchObject({ due: 1, inHand: 1, settled: 0 });
    expect(await store.counts()).toMatchObject({ due: 1, inHand: 0, settled: 1 });
    const [kept, there] = waitingIn(folder);
    expect(kept).toEqual(there);
  });
});

test('SE-4 OP-6 a row that was changed in the file and set aside is counted where it is', async () => {
  await withStore(async (folder, store) => {
    await store.commit([accept(1), accept(2, { standing: 'due', dueAtMs: 1 })]);
    const db = new Database(join(folder, 'data.db'));
    db.exec('UPDATE operation SET standing = 3 WHERE seq = 1');
    db.close();
    await store.check({ afterSeq: 0, limit: 9 });
    // It was under another count than its columns say now; no count is below zero for it.
    expect(await store.counts()).toMatchObject({ inHand: 1, held: 0, due: 1, quarantined: 1 });
    await store.recount();
    expect(await store.counts()).toMatchObject({ inHand: 0, held: 0, due: 1, quarantined: 1 });
    const [kept, there] = waitingIn(folder);
    expect(kept).toEqual(there);
    expect(await store.counts()).toEqual(counted(folder));
  });
});
