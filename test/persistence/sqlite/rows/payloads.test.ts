/** Where a payload lies: small ones with the state of their operation, others in a row of their own. */

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Write } from '../../../../persistence/port/store.ts';
import { commitmentOf } from '../../../../persistence/sealing/envelope.ts';
import { nodeEngine } from '../../../../persistence/sealing/nodeEngine.ts';
import { createSealer } from '../../../../persistence/sealing/recordSealer.ts';
import { nodeStatements } from '../../../../persistence/sqlite/mutations/mutations.ts';
import { RecordSet } from '../../../../persistence/sqlite/seals/recordSet.ts';
import type { OperationRow } from '../../../../persistence/sqlite/seals/rowSeals.ts';
import { createRowSeals } from '../../../../persistence/sqlite/seals/rowSeals.ts';
import { SqliteCore } from '../../../../persistence/sqlite/writer/sqliteCore.ts';
import { temporaryFolder } from '../../contract/storeUnderTest.ts';
import { accept, idOf, settlement, update } from '../../contract/writes.ts';

const STORE_ID = '0'.repeat(32);
const sealer = createSealer({
  engine: nodeEngine,
  storeKey: new Uint8Array(32).fill(1),
  keyId: 1,
  storeId: STORE_ID,
});
const seals = createRowSeals(sealer, STORE_ID);
const LARGE = 'x'.repeat(5_000);

let path: string;
let remove: () => Promise<void>;
let core: SqliteCore;

function open(): void {
  core = new SqliteCore({
    path,
    sealer,
    storeId: STORE_ID,
    create: true,
    isNew: true,
    ownership: { confirm: () => null },
    claims: true,
    generation: null,
  });
  core.open();
}

beforeEach(async () => {
  const made = await temporaryFolder();
  path = join(made.folder, 'data.db');
  remove = made.remove;
  open();
});
afterEach(async () => {
  core.close();
  await remove();
});

function commit(...writes: Write[]): void {
  const [reply] = core.run([{ kind: 'commit', writes }]).replies;
  expect(reply).toHaveProperty('value');
}

function payloadOf(seq: number): unknown {
  const [reply] = core.run([{ kind: 'find', query: idOf(seq) }]).replies;
  return reply !== undefined && 'value' in reply
    ? (reply.value as { payload: unknown }).payload
    : reply;
}

/** The operations whose payload has a row of its own. */
function apart(): number[] {
  const db = new Database(path, { readonly: true });
  try {
    return db.prepare<[], number>('SELECT seq FROM payload ORDER BY seq').pluck().all();
  } finally {
    db.close();
  }
}

/** Writes the state of an operation as another version of holdfast would have. */
function writeState(db: Database.Database, seq: number, state: Uint8Array): void {
  db.prepare('UPDATE operation SET state = ? WHERE seq = ?').run(state, seq);
  const set = new RecordSet(db, seals, path);
  set.put('operation', seq, state);
  set.write(nodeStatements(db));
}

/** Puts an operation's small payload into a row of its own, as earlier versions did. */
function putApart(seq: number): void {
  core.close();
  const db = new Database(path);
  const row = db
    .prepare<[number], OperationRow>(
      'SELECT *, NULL AS payload, NULL AS payload_key_id FROM operation WHERE seq = ?',
    )
    .get(seq);
  if (row === undefined) throw new Error('Its row is gone.');
  const { state, payload } = seals.openRow(row);
  const envelope = seals.sealPayload(row, payload ?? '');
  writeState(db, seq, seals.sealState(row, state, commitmentOf(envelope)));
  db.prepare('INSERT INTO payload VALUES (?, ?, ?)').run(seq, seals.keyId, envelope);
  db.close();
  open();
}

test('SE-5 only a large payload takes a row of its own, and both are erased', () => {
  commit(accept(1), accept(2, { payload: LARGE }));
  expect(apart()).toEqual([2]);
  commit(update(1), update(2, { payload: LARGE }));
  expect(apart()).toEqual([2]);
  expect([payloadOf(1), payloadOf(2)]).toEqual(['payload 1', LARGE]);
  commit(settlement(1, { revision: 3 }), settlement(2, { revision: 3 }));
  expect(apart()).toEqual([]);
  expect([payloadOf(1), payloadOf(2)]).toEqual([null, null]);
});

test('PS-4 SE-5 a small payload that lies apart is found, moves to the state, and is erased', () => {
  commit(accept(1), accept(2));
  putApart(1);
  putApart(2);
  expect(apart()).toEqual([1, 2]);
  expect(payloadOf(1)).toBe('payload 1');
  commit(update(1), settlement(2));
  expect(apart()).toEqual([]);
  expect([payloadOf(1), payloadOf(2)]).toEqual(['payload 1', null]);
});

test('PS-3 OP-2 an update makes whole what was damaged, deleted or lay in the wrong place', () => {
  commit(
    accept(1, { payload: LARGE }),
    accept(2, { payload: LARGE }),
    accept(3, { payload: LARGE }),
  );
  core.close();
  const db = new Database(path);
  db.exec('UPDATE payload SET envelope = zeroblob(200) WHERE seq = 1');
  db.exec('DELETE FROM payload WHERE seq IN (2, 3)');
  // As if the limit had been another.
  const row = db
    .prepare<[], OperationRow>(
      'SELECT *, NULL AS payload, NULL AS payload_key_id FROM operation WHERE seq = 3',
    )
    .get();
  if (row === undefined) throw new Error('Its row is gone.');
  const state = seals.sealState(row, seals.openState(row).state, LARGE);
  writeState(db, 3, state);
  db.close();
  open();
  expect(payloadOf(3)).toBe(LARGE);
  commit(...[1, 2, 3].map((seq) => update(seq, { payload: LARGE })));
  expect(apart()).toEqual([1, 2, 3]);
  expect([1, 2, 3].map(payloadOf)).toEqual([LARGE, LARGE, LARGE]);
});

test('SE-5 the state of an erased payload is as short as one that never had it', () => {
  commit(accept(1, { payload: 'p'.repeat(900) }));
  const length = (): number => {
    const db = new Database(path, { readonly: true });
    try {
      return Number(db.prepare('SELECT length(state) FROM operation').pluck().get());
    } finally {
      db.close();
    }
  };
  const before = length();
  commit(settlement(1));
  expect(length()).toBeLessThan(before);
});
