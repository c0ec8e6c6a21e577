import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { QuarantinedRow, Store } from '../../../../persistence/port/store.ts';
import { nodeEngine } from '../../../../persistence/sealing/nodeEngine.ts';
import { createSealer, type Sealer } from '../../../../persistence/sealing/recordSealer.ts';
import { bytesOfId } from '../../../../persistence/sqlite/seals/rowSeals.ts';
import { SqliteCore } from '../../../../persistence/sqlite/writer/sqliteCore.ts';
import { inThreadStore, temporaryFolder } from '../../contract/storeUnderTest.ts';
import { accept, commitOne, idOf, settlement, update } from '../../contract/writes.ts';

let folder: string;
let remove: () => Promise<void>;
let store: Store;
let quarantined: QuarantinedRow[];

async function openAgain(): Promise<Store> {
  store = inThreadStore(folder);
  quarantined = [];
  store.onQuarantine((row) => quarantined.push(row));
  await store.open();
  return store;
}

beforeEach(async () => {
  const made = await temporaryFolder();
  folder = join(made.folder, 'store');
  remove = made.remove;
  await openAgain();
});
afterEach(async () => {
  await store.close();
  await remove();
});

/** Changes the file behind the store's back, as someone with access to the disk can. */
async function tamper(sql: string, ...parameters: readonly unknown[]): Promise<Store> {
  await store.close();
  const db = new Database(join(folder, 'data.db'));
  db.prepare(sql).run(...parameters);
  db.close();
  return openAgain();
}

function readColumn(sql: string): unknown {
  const db = new Database(join(folder, 'data.db'), { readonly: true });
  try {
    return db.prepare(sql).pluck().get();
  } finally {
    db.close();
  }
}

const TAG = Buffer.alloc(16, 1);
const EDITS: readonly (readonly [column: string, value: unknown])[] = [
  ['id', bytesOfId(idOf(99))],
  ['revision', 5],
  ['key_id', 9],
  ['due_at', 49],
  ['expires_at', 9_999],
  ['urgency', 3],
  ['route', TAG],
  ['lane', TAG],
  ['idempotency', TAG],
  ['state', Buffer.alloc(200)],
  ['state', Buffer.alloc(0)],
];

describe('SE-4 a row that was changed in the file is set aside and blocks nobody', () => {
  const waiting = { standing: 'due', dueAtMs: 50, expiresAtMs: 10_000 } as const;
  const accepted = [accept(1, { ...waiting, lane: 'a', idempotencyKey: 'k1' }), accept(2, waiting)];

  test.each(EDITS)('an edited %s', async (column, value) => {
    await store.commit(accepted);
    await tamper(`UPDATE operation SET ${column} = ? WHERE seq = 1`, value);
    const listed = await store.list({ afterSeq: 0, limit: 10 });
    expect(listed).toMatchObject([
      { seq: 1, standing: 'quarantined', dueAtMs: null, state: '', payload: null },
      { seq: 2, standing: 'due', state: 'state 2.1' },
    ]);
    expect(quarantined).toHaveLength(1);
    expect(quarantined[0]).toMatchObject({
      seq: 1,
      code: expect.stringMatching(/^HF_(RECORD|KEY)_/),
    });
    const { rows } = await store.claim({
      routes: ['payments'],
      urgencyMax: 9,
      nowMs: 99,
      limit: 9,
    });
    expect(rows.map(({ seq }) => seq)).toEqual([2]);
    expect(await store.counts()).toMatchObject({ due: 1, quarantined: 1 });
    // Reported once, and still so after a restart.
    await store.close();
    await openAgain();
    expect(await store.find(listed[0]?.id ?? '')).toMatchObject({ standing: 'quarantined' });
    expect(quarantined).toEqual([]);
  });

  test.each(['inHand', 'held', 'settled'] as const)('a standing edited to %s', async (standing) => {
    await store.commit(accepted);
    await tamper(
      'UPDATE operation SET standing = ? WHERE seq = 1',
      { settled: 0, inHand: 1, held: 3 }[standing],
    );
    expect(await store.list({ afterSeq: 0, limit: 10, standing })).toEqual([]);
    expect(quarantined).toMatchObject([{ seq: 1, id: idOf(1), code: 'HF_RECORD_TAMPERED' }]);
  });

  test('control: the same rows untouched are handed out', async () => {
    await store.commit(accepted);
    await tamper('UPDATE operation SET urgency = urgency');
    const { rows } = await store.claim({
      routes: ['payments'],
      urgencyMax: 9,
      nowMs: 99,
      limit: 9,
    });
    expect(rows).toHaveLength(2);
    expect(quarantined).toEqual([]);
  });

  test('states swapped between two rows, and payloads swapped', async () => {
    const large = { payload: 'x'.repeat(2_000) };
    await store.commit([accept(1), accept(2), accept(3, large), accept(4, large), accept(5)]);
    await store.close();
    const states = [1, 2].map((seq) =>
      readColumn(`SELECT state FROM operation WHERE seq = ${seq}`),
    );
    const payloads = [3, 4].map((seq) =>
      readColumn(`SELECT envelope FROM payload WHERE seq = ${seq}`),
    );
    const setState = 'UPDATE operation SET state = ? WHERE seq = ?';
    await tamper(setState, states[1], 1);
    await tamper(setState, states[0], 2);
    const setPayload = 'UPDATE payload SET envelope = ? WHERE seq = ?';
    await tamper(setPayload, payloads[1], 3);
    await tamper(setPayload, payloads[0], 4);
    const rows = await store.inHand({ after: null, limit: 2 });
    expect(rows.map(({ seq }) => seq)).toEqual([5]);
    expect(quarantined.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  });

  test('its bytes and what its columns held are kept', async () => {
    const payload = 'x'.repeat(2_000);
    await store.commit([accept(1, { ...waiting, lane: 'a', idempotencyKey: 'k', payload })]);
    await store.close();
    const stateBefore = readColumn('SELECT state FROM operation');
    const laneBefore = readColumn('SELECT lane FROM operation');
    await openAgain();
    await tamper('UPDATE operation SET urgency = 0');
    await store.find(idOf(1));
    await store.close();
    expect(readColumn('SELECT state FROM operation')).toEqual(stateBefore);
    expect(readColumn('SELECT envelope FROM payload')).toBeInstanceOf(Buffer);
    expect(readColumn('SELECT lane FROM operation')).toBeNull();
    expect(readColumn('SELECT lane FROM quarantine')).toEqual(laneBefore);
    expect(readColumn('SELECT code FROM quarantine')).toBe('HF_RECORD_TAMPERED');
  });

  test('a check finds it before anybody asks for it', async () => {
    await store.commit([accept(1), accept(2), accept(3), accept(4)]);
    await tamper('UPDATE operation SET urgency = 0 WHERE seq IN (2, 3)');
    expect(await store.check({ afterSeq: 0, limit: 2 })).toEqual({
      checked: 2,
      unreadable: 0,
      nextAfterSeq: 2,
    });
    expect(quarantined.map(({ seq }) => seq)).toEqual([2]);
    expect(await store.check({ afterSeq: 2, limit: 9 })).toEqual({
      checked: 2,
      unreadable: 0,
      nextAfterSeq: null,
    });
    expect(quarantined.map(({ seq }) => seq)).toEqual([2, 3]);
    // What is set aside already is not reported again.
    await store.check({ afterSeq: 0, limit: 9 });
    expect(quarantined).toHaveLength(2);
  });

  test('who waited behind it in its lane is freed', async () => {
    await store.commit([
      accept(1, { lane: 'a' }),
      accept(2, { lane: 'a' }),
      accept(3, { lane: 'a' }),
    ]);
    await tamper('UPDATE operation SET urgency = 0 WHERE seq IN (1, 2)');
    expect(await store.inHand({ after: null, limit: 9 })).toEqual([]);
    const { rows } = await store.freedHeads({ afterSeq: 0, limit: 9 });
    expect(rows).toMatchObject([{ seq: 3 }]);
    expect(quarantined.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test('a page of its lane is full without it', async () => {
    await store.commit([1, 2, 3].map((seq) => accept(90 + seq, { lane: 'read' })));
    await tamper('UPDATE operation SET urgency = 1 WHERE seq = 92');
    const read = await store.lane({ lane: 'read', afterSeq: 0, limit: 2 });
    expect(read.map(({ seq }) => seq)).toEqual([91, 93]);
    expect(quarantined).toContainEqual(expect.objectContaining({ seq: 92 }));
  });

  test('the head that a settlement frees is skipped when it was changed', async () => {
    await store.commit([
      accept(1, { lane: 'a' }),
      accept(2, { lane: 'a' }),
      accept(3, { lane: 'a' }),
    ]);
    await tamper('UPDATE operation SET urgency = 0 WHERE seq = 2');
    expect(await commitOne(store, settlement(1))).toMatchObject({ laneNext: { seq: 3 } });
  });

  test('its idempotency key is free for a newcomer', async () => {
    await store.commit([accept(1, { idempotencyKey: 'k' })]);
    await tamper('UPDATE operation SET urgency = 0');
    expect(await commitOne(store, accept(2, { idempotencyKey: 'k' }))).toMatchObject({
      kind: 'accepted',
    });
    expect(quarantined).toHaveLength(1);
  });

  test('an update does not carry an edited column under a new seal', async () => {
    await store.commit([accept(1, { urgency: 4 })]);
    await tamper('UPDATE operation SET urgency = 0, lane = ?', TAG);
    await store.commit([update(1)]);
    expect(quarantined).toMatchObject([{ seq: 1 }]);
  });

  test('a component that was changed is left out, counted, and written afresh', async () => {
    await store.commit([
      { kind: 'component', name: 'level', state: 'limited' },
      { kind: 'component', name: 'breaker:payments', state: 'open' },
    ]);
    await tamper('UPDATE component SET revision = 7 WHERE rowid = 1');
    await store.close();
    store = inThreadStore(folder);
    const info = await store.open();
    expect(info.components).toEqual(new Map([['breaker:payments', 'open']]));
    expect(info.componentsUnreadable).toBe(1);
    await store.commit([{ kind: 'component', name: 'level', state: 'normal' }]);
    await store.close();
    store = inThreadStore(folder);
    expect(await store.open()).toMatchObject({ componentsUnreadable: 0 });
  });

  test('PS-5 work that was made to look as if it had settled long ago is not purged', async () => {
    await store.commit([accept(1), accept(2)]);
    await store.commit([settlement(2, { dueAtMs: 5 })]);
    await tamper('UPDATE operation SET standing = 0, due_at = 1 WHERE seq = 1');
    expect(await commitOne(store, { kind: 'purgeSettled', nowMs: 9, limit: 1 })).toMatchObject({
      count: 1,
    });
    expect(await store.find(idOf(2))).toBeNull();
    expect(await store.find(idOf(1))).toMatchObject({ standing: 'quarantined' });
    expect(quarantined).toMatchObject([{ seq: 1 }]);
  });

  test('a page of recovery is full although rows of it had to be set aside', async () => {
    await store.commit(Array.from({ length: 30 }, (_, index) => accept(index + 1)));
    await tamper('UPDATE operation SET urgency = 5 WHERE seq <= 20');
    const page = await store.inHand({ after: null, limit: 8 });
    expect(page.map(({ seq }) => seq)).toEqual([21, 22, 23, 24, 25, 26, 27, 28]);
  });
});

test('control: under a seal that bound nothing, an edited row would be handed out', async () => {
  const sealer = createSealer({
    engine: nodeEngine,
    storeKey: new Uint8Array(32).fill(1),
    keyId: 1,
    storeId: '0'.repeat(32),
  });
  const nothing = new Uint8Array(0);
  const careless: Sealer = {
    ...sealer,
    seal: (plaintext) => sealer.seal(plaintext, nothing),
    sealInBatch: (plaintext) => sealer.sealInBatch(plaintext, nothing),
    open: (envelope) => sealer.open(envelope, nothing),
  };
  for (const [used, quarantinedCount] of [
    [careless, 0],
    [sealer, 1],
  ] as const) {
    const path = join(folder, `control-${quarantinedCount}.db`);
    const options = {
      path,
      sealer: used,
      storeId: '0'.repeat(32),
      create: true,
      isNew: true,
      ownership: { confirm: () => null },
      claims: false,
      generation: null,
    };
    const core = new SqliteCore(options);
    core.open();
    core.run([{ kind: 'commit', writes: [accept(1, { urgency: 4 })] }]);
    core.close();
    const db = new Database(path);
    db.exec('UPDATE operation SET urgency = 0');
    db.close();
    const again = new SqliteCore(options);
    again.open();
    const answer = again.run([{ kind: 'inHand', query: { after: null, limit: 9 } }]);
    expect(answer.quarantined).toHaveLength(quarantinedCount);
    again.close();
  }
});
