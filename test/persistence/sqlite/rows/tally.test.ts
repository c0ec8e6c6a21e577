import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { armFaultPoint, disarmFaultPoints } from '../../../../persistence/port/faultPoints.ts';
import type { Standing, Store, Write } from '../../../../persistence/port/store.ts';
import { STANDING_CODES } from '../../../../persistence/sqlite/schema/schema.ts';
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

test('SE-4 OP-6 a row that was changed in the file and set aside is counted where it is', async () => {
  await withStore(async (folder, store) => {
    await store.commit([accept(1), accept(2, { standing: 'due', dueAtMs: 1 })]);
    const db = new Database(join(folder, 'data.db'));
    db.exec('UPDATE operation SET standing = 3 WHERE seq = 1');
    db.close();
    expect(await store.counts()).toEqual(counted(folder));
    await store.check({ afterSeq: 0, limit: 9 });
    expect(await store.counts()).toMatchObject({ inHand: 0, held: 0, due: 1, quarantined: 1 });
    const [kept, there] = waitingIn(folder);
    expect(kept).toEqual(there);
    expect(await store.counts()).toEqual(counted(folder));
  });
});
