/** Somebody who can write the file, and has no key, deletes what is there or puts an earlier copy back: it is told. */

import { copyFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../../actors/platform/systemClock.ts';
import type { CheckedPage, Write } from '../../../../persistence/port/store.ts';
import { nodeEngine } from '../../../../persistence/sealing/nodeEngine.ts';
import { createSealer } from '../../../../persistence/sealing/recordSealer.ts';
import type { ReadRequest } from '../../../../persistence/sqlite/protocol/requests.ts';
import { createSchema, tablesOf } from '../../../../persistence/sqlite/schema/schema.ts';
import { SqliteCore } from '../../../../persistence/sqlite/writer/sqliteCore.ts';
import { checkData } from '../../../../persistence/upkeep/checkData.ts';
import { temporaryFolder } from '../../contract/storeUnderTest.ts';
import { accept, deadLetter, idOf, settlement, update } from '../../contract/writes.ts';

const STORE_ID = '0'.repeat(32);
const STORE_KEY = new Uint8Array(32).fill(1);
const LARGE = 'x'.repeat(5_000);
const CRISIS = 7;

let folder: string;
let path: string;
let remove: () => Promise<void>;
let core: SqliteCore | null = null;

/** The largest acceptance number, as the store gave it when it was opened last. */
let seqMax = 0;

/** Opens the store; what it tells meanwhile is in the answer of its next run. */
function open(generation: number | null = null): number | null {
  core = new SqliteCore({
    path,
    sealer: createSealer({
      engine: nodeEngine,
      storeKey: STORE_KEY,
      keyId: 1,
      storeId: STORE_ID,
    }),
    storeId: STORE_ID,
    create: true,
    isNew: true,
    ownership: { confirm: () => null },
    claims: generation === null,
    generation,
  });
  const opened = core.open();
  ({ seqMax } = opened);
  return opened.generation;
}

function close(): void {
  core?.close();
  core = null;
}

function commit(...writes: Write[]): void {
  const reply = core?.run([{ kind: 'commit', writes }]).replies[0];
  expect(reply).toHaveProperty('value');
}

beforeEach(async () => {
  const made = await temporaryFolder();
  folder = made.folder;
  path = join(folder, 'data.db');
  remove = made.remove;
  open();
  fill();
});
afterEach(async () => {
  close();
  await remove();
});

/** Something in each table, then an earlier copy of the file, then a later version of all of it. */
function fill(): void {
  const kept = { kind: 'keep', room: 'entity', lane: null } as const;
  commit(
    accept(1, { tags: ['one'], idempotencyKey: 'key 1' }),
    accept(2, { payload: LARGE, lane: 'lane' }),
    accept(3, { standing: 'due', dueAtMs: 1 }),
    accept(4),
    accept(5, { standing: 'due', dueAtMs: 1 }),
    accept(6),
    accept(CRISIS, { urgency: 0 }),
    accept(9, { tags: ['three'] }),
    accept(10, { payload: LARGE }),
    { kind: 'component', name: 'breaker', state: 'closed' },
    { kind: 'component', name: 'level', state: 'normal' },
    { kind: 'crisisMode', subject: 'user-1', state: 'first' },
    { kind: 'crisisMode', subject: 'user-2', state: 'first' },
    { kind: 'crisisPlan', subject: 'user-1', plan: 'first', isPinned: true },
    { kind: 'crisisPlan', subject: 'user-2', plan: 'first' },
    { ...kept, key: 'entity-1', revision: 0, text: 'first' },
    { ...kept, key: 'entity-2', revision: 0, text: 'first' },
    { kind: 'quarantine', seq: 4, id: idOf(4), revision: 1, code: 'HF_RECORD_TAMPERED' },
    { kind: 'audit', note: { id: idOf(91), atMs: 1, act: 'crisis.noted', by: 'dr-1' } },
  );
  close();
  copyFileSync(path, join(folder, 'earlier.db'));
  open();
  commit(
    update(1),
    update(2, { payload: `${LARGE}y`, newPayload: `${LARGE}y` }),
    update(3, { standing: 'due', dueAtMs: 2 }),
    settlement(5),
    deadLetter(6),
    update(CRISIS, { urgency: 0 }),
    accept(8, { tags: ['two'] }),
    { kind: 'withdraw', seq: 9, id: idOf(9) },
    { kind: 'withdraw', seq: 10, id: idOf(10) },
    { kind: 'purge', seq: 4, id: idOf(4), revision: 1 },
    { kind: 'component', name: 'breaker', state: 'open' },
    { kind: 'crisisMode', subject: 'user-1', state: 'second' },
    { kind: 'crisisMode', subject: 'user-2', state: null },
    { kind: 'crisisPlan', subject: 'user-1', plan: 'second' },
    { ...kept, key: 'entity-1', revision: 1, text: 'second' },
    { kind: 'hold', hold: { reason: 'restored', sinceAtMs: 1, seqMax: 8 } },
    { kind: 'quarantine', seq: 8, id: idOf(8), revision: 1, code: 'HF_RECORD_UNSUPPORTED' },
    { kind: 'audit', note: { id: idOf(92), atMs: 2, act: 'crisis.noted', by: 'dr-2' } },
  );
  close();
}

/** Makes an edit of the file as any program can. */
function edit(change: (db: Database.Database) => void): void {
  const db = new Database(path);
  db.exec(`ATTACH '${join(folder, 'earlier.db')}' AS earlier`);
  change(db);
  db.close();
}

/** Codes that a start and one check of everything tell, and states of the work that is handed out. */
function told(): { readonly codes: readonly string[]; readonly work: readonly string[] } {
  const codes: string[] = [];
  const ask = (request: ReadRequest): unknown => {
    const { replies, quarantined, notices } = core?.run([request]) ?? {
      replies: [],
      quarantined: [],
      notices: [],
    };
    codes.push(...quarantined.map(({ code }) => code), ...notices.map(({ code }) => code));
    const [reply] = replies;
    if (reply !== undefined && 'value' in reply) return reply.value;
    codes.push(reply?.error.code ?? '');
    return null;
  };
  try {
    open();
  } catch (error) {
    return { codes: [(error as { readonly code: string }).code], work: [] };
  }
  const claimed = ask({
    kind: 'claim',
    query: { routes: ['payments'], nowMs: 9, limit: 9 } as never,
  }) as { readonly rows?: readonly { readonly state: string }[] } | null;
  const inHand = ask({ kind: 'inHand', query: { after: null, limit: 99 } }) as
    | readonly { readonly state: string }[]
    | null;
  for (let afterSeq: number | null = 0; afterSeq !== null; ) {
    const page = ask({ kind: 'check', query: { afterSeq, limit: 3 } }) as CheckedPage | null;
    afterSeq = page?.nextAfterSeq ?? null;
  }
  ask({ kind: 'recount', query: undefined } as never);
  for (const subject of ['user-1', 'user-2']) {
    const plan = ask({ kind: 'crisisPlan', query: subject });
    if (plan !== null && typeof plan === 'object' && 'unreadable' in plan) codes.push('plan');
  }
  const page = ask({
    kind: 'keptPage',
    query: { room: 'entity', order: 'oldest', fromSeq: 0, limit: 9 },
  }) as { readonly rows: readonly object[] } | null;
  for (const row of page?.rows ?? []) if ('unreadable' in row) codes.push(String(row.unreadable));
  const work = [...(inHand ?? []), ...(claimed?.rows ?? [])].map(({ state }) => state);
  return { codes, work };
}

const probe = new Database(':memory:');
createSchema(probe);
/** Tables as the schema names them, so that a new one is covered, or fails. */
const tables = tablesOf(probe);
probe.close();
/** Tables whose records a check without a start opens, as holdfast doctor --deep does. */
const OPENED_AT_REST = [
  ...['operation', 'component', 'crisis_mode', 'crisis_plan', 'kept'],
  ...['audit', 'audit_person'],
];
/** Tables of what belongs to an operation: beside none it means nothing. */
const OF_AN_OPERATION = ['payload', 'quarantine', 'tagged'];
/** Tables whose rows never change, so that there is no earlier copy of one. */
const APPENDED = ['audit', 'audit_person'];

async function codesAtRest(): Promise<readonly string[]> {
  const key = { storeId: STORE_ID, keyId: 1, storeKey: STORE_KEY.slice() };
  try {
    const { unreadable } = await checkData(path, key, { clock: systemClock });
    return unreadable.map(({ code }) => code);
  } catch (error) {
    return [(error as { readonly code: string }).code];
  }
}

/** Makes an edit of the file, looks what is told, and takes the edit back. */
async function toldAfter(
  table: string,
  change: (db: Database.Database) => void,
): Promise<ReturnType<typeof told>> {
  copyFileSync(path, join(folder, 'kept.db'));
  edit(change);
  if (OPENED_AT_REST.includes(table)) expect(await codesAtRest()).not.toEqual([]);
  const all = told();
  close();
  copyFileSync(join(folder, 'kept.db'), path);
  return all;
}

function inFile<Result>(read: (db: Database.Database) => Result): Result {
  const db = new Database(path, { readonly: true });
  try {
    db.exec(`ATTACH '${join(folder, 'earlier.db')}' AS earlier`);
    return read(db);
  } finally {
    db.close();
  }
}

test('SE-6 control: of an untouched store nothing is told', async () => {
  expect(await codesAtRest()).toEqual([]);
  const { codes, work } = told();
  expect(codes).toEqual([]);
  expect(work).toEqual(['state 7.2', 'state 1.2', 'state 2.2', 'state 3.2']);
});

describe('SE-6 what is deleted is told', () => {
  test.each(tables)('%s', async (table) => {
    const keys = inFile((db) => {
      const columns = db.pragma(`table_info(${table})`) as { name: string; pk: number }[];
      return columns.filter(({ pk }) => pk > 0).map(({ name }) => name);
    });
    const rows = inFile((db) =>
      db
        .prepare<[], unknown[]>(`SELECT ${keys.join(', ')} FROM ${table}`)
        .raw()
        .all(),
    );
    expect(rows).not.toEqual([]);
    for (const row of rows) {
      const { codes } = await toldAfter(table, (db) => {
        db.prepare(`DELETE FROM ${table} WHERE ${keys.join(' = ? AND ')} = ?`).run(...row);
      });
      expect(codes, `${table} ${JSON.stringify(row)}`).not.toEqual([]);
    }
  });
});

test.each(['operation', 'kept', 'crisis_plan', 'crisis_mode', 'component'])(
  'SE-6 %s: all of it is deleted, and the part of the set that it was in',
  async (table) => {
    const nodes = inFile((db) =>
      db.prepare('SELECT node FROM integrity').pluck().all(),
    ) as number[];
    const root = Math.max(...nodes);
    for (const node of nodes.filter((each) => each !== root)) {
      const { codes } = await toldAfter(table, (db) => {
        db.prepare('DELETE FROM integrity WHERE node = ?').run(node);
        db.exec(`DELETE FROM ${table}`);
      });
      // Without the part of the mark it does not open.
      const isTold = codes.includes('HF_RECORD_MISSING') || codes.includes('HF_STORE_CORRUPT');
      expect(isTold, `${table} and ${node}`).toBe(true);
    }
  },
);

describe('SE-6 an earlier copy that is put back is told, and nothing but a crisis comes of it', () => {
  test.each(tables)('%s', async (table) => {
    const earlier = inFile((db) =>
      db
        .prepare<[], unknown[]>(`SELECT * FROM earlier.${table} EXCEPT SELECT * FROM main.${table}`)
        .raw()
        .all(),
    );
    const operations = inFile((db) => db.prepare('SELECT seq FROM operation').pluck().all());
    const nodes = inFile((db) => db.prepare('SELECT node FROM integrity').pluck().all());
    if (APPENDED.includes(table)) {
      expect(earlier).toEqual([]);
      return;
    }
    expect(earlier).not.toEqual([]);
    for (const row of earlier) {
      const { codes, work } = await toldAfter(table, (db) => {
        const places = row.map(() => '?').join(', ');
        db.prepare(`INSERT OR REPLACE INTO ${table} VALUES (${places})`).run(...row);
      });
      const meansNothing =
        (OF_AN_OPERATION.includes(table) &&
          !operations.includes(row[table === 'tagged' ? 1 : 0])) ||
        // A part of the set that no other part names.
        (table === 'integrity' && !nodes.includes(row[0]));
      if (!meansNothing) expect(codes, `${table} ${JSON.stringify(row)}`).not.toEqual([]);
      expect(work.filter((state) => state.endsWith('.1'))).toEqual(
        table === 'operation' && row[0] === CRISIS ? ['state 7.1'] : [],
      );
    }
  });
});

test('SE-6 CF-6 a kept record that is written over is told before, whatever was done to it', () => {
  const write = { kind: 'keep', room: 'entity', key: 'entity-1', lane: null, text: 'x' } as const;
  const changes = [
    'DELETE FROM kept WHERE room = 0',
    'UPDATE kept SET state = zeroblob(length(state))',
    'INSERT OR REPLACE INTO kept SELECT * FROM earlier.kept',
  ];
  copyFileSync(path, join(folder, 'kept.db'));
  for (const change of changes) {
    copyFileSync(join(folder, 'kept.db'), path);
    edit((db) => db.exec(change));
    open();
    const { notices } = core?.run([{ kind: 'commit', writes: [write] }]) ?? {};
    expect(
      notices?.map(({ code }) => code.replace(/_[A-Z]+$/, '')),
      change,
    ).toEqual(['HF_RECORD']);
    close();
  }
});

test('SE-4 CB-4 states of the runtime whose seals do not open are told, each once', () => {
  edit((db) => {
    db.exec('CREATE TEMP TABLE other AS SELECT tag, state FROM component');
    db.exec(
      'UPDATE component SET state = (SELECT state FROM other WHERE other.tag <> component.tag)',
    );
  });
  expect(told().codes).toEqual(Array.from({ length: 2 }, () => 'HF_RECORD_TAMPERED'));
});

describe('SE-6 of what nobody touched nothing is told', () => {
  test.each(['data.db', 'data.db-wal'])(
    'PS-6 after %s was away while something was written, and was put back',
    (name) => {
      open();
      commit(update(1, { revision: 3, state: 'state 1.3' }));
      const file = join(folder, name);
      renameSync(file, `${file}.away`);
      writeFileSync(file, 'of another program');
      const writes = [accept(20), update(2, { revision: 3, payload: LARGE, newPayload: LARGE })];
      const refused = core?.run([{ kind: 'commit', writes }]).replies[0];
      expect(refused).toMatchObject({ error: { code: 'HF_STORE_LOST', mayBeStored: true } });
      rmSync(file);
      renameSync(`${file}.away`, file);
      commit(...writes);
      close();
      expect(told().codes).toEqual([]);
    },
  );

  test('PS-6 after another program wrote to the file while the same owner had it closed', () => {
    const owner = open();
    close();
    open(owner);
    edit((db) => db.exec('CREATE TABLE other (a); DROP TABLE other'));
    commit(accept(20));
    close();
    expect(told().codes).toEqual([]);
  });

  test('of the largest numbers that a record may have', () => {
    open();
    const seq = Number.MAX_SAFE_INTEGER - 9;
    commit(accept(seq), accept(seq + 1));
    close();
    const { codes, work } = told();
    expect(codes).toEqual([]);
    expect(work).toEqual(expect.arrayContaining([`state ${seq}.1`, `state ${seq + 1}.1`]));
  });
});

test('SE-6 OP-4 the head of a lane that was put back does not become the record by a new rank', async () => {
  open();
  commit(
    accept(30, { lane: 'other lane' }),
    accept(31, { lane: 'other lane', standing: 'held', dueAtMs: null }),
  );
  close();
  const row = inFile((db) => db.prepare('SELECT * FROM operation WHERE seq = 30').raw().get());
  open();
  commit(update(30, { state: 'state 30.2' }));
  close();
  edit((db) => {
    const columns = row as unknown[];
    const places = columns.map(() => '?').join(', ');
    db.prepare(`INSERT OR REPLACE INTO operation VALUES (${places})`).run(...columns);
  });
  open();
  commit(accept(32, { lane: 'other lane', urgency: 1 }));
  close();
  const { codes, work } = told();
  expect(codes).toContain('HF_RECORD_STALE');
  expect(work).not.toContain('state 30.1');
});

test('SE-6 the number of an operation that was deleted is not given again, which would hide that', () => {
  const LAST = 8;
  edit((db) => db.exec(`DELETE FROM operation WHERE seq >= ${LAST - 1}`));
  open();
  expect(seqMax).toBe(LAST);
  commit(accept(seqMax + 1));
  close();
  expect(told().codes).toContain('HF_RECORD_MISSING');
});

test('SE-6 CR-4 a crisis whose row is put back while it is delivered ends all the same', () => {
  open();
  commit(update(CRISIS, { urgency: 0, revision: 3, state: 'state 7.3' }));
  edit((db) => {
    db.exec(
      `INSERT OR REPLACE INTO operation SELECT * FROM earlier.operation WHERE seq = ${CRISIS}`,
    );
  });
  commit(settlement(CRISIS, { revision: 4, urgency: 0 }));
  close();
  const { work } = told();
  expect(work.filter((state) => state.startsWith('state 7'))).toEqual([]);
});

test('SE-6 CR-4 CR-3 with its set emptied under it, the store hands out crises and plans, and writes nothing', () => {
  open();
  edit((db) => db.exec('DELETE FROM integrity'));
  const [reply] = core?.run([{ kind: 'commit', writes: [accept(20)] }]).replies ?? [];
  expect(reply).toMatchObject({ error: { code: 'HF_STORE_CORRUPT' } });
  const find = { kind: 'find', query: idOf(CRISIS) } as const;
  const plan = { kind: 'crisisPlan', query: 'user-1' } as const;
  for (let times = 0; times < 3; times += 1) {
    const { replies, notices } = core?.run([find, plan]) ?? {};
    expect(replies).toMatchObject([
      { value: { state: 'state 7.2' } },
      { value: { plan: 'second' } },
    ]);
    // Once each.
    expect(notices?.map(({ code }) => code)).toEqual(
      times === 0 ? ['HF_RECORD_STALE', 'HF_RECORD_STALE'] : [],
    );
  }
});
