/** The audit in a file that somebody edits, or that is damaged: nothing goes missing unseen, and no crisis waits for it. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../../actors/platform/systemClock.ts';
import { parseEntry } from '../../../../persistence/audit/auditEntry.ts';
import { openCheckpoint } from '../../../../persistence/audit/checkpoint.ts';
import { AuditVerifier } from '../../../../persistence/audit/verifyAudit.ts';
import type { AuditCheckpoint, AuditNote, AuditPage } from '../../../../persistence/port/audit.ts';
import type { Write } from '../../../../persistence/port/store.ts';
import { nodeEngine } from '../../../../persistence/sealing/nodeEngine.ts';
import { createSealer } from '../../../../persistence/sealing/recordSealer.ts';
import type { Reply } from '../../../../persistence/sqlite/protocol/requests.ts';
import { SqliteCore } from '../../../../persistence/sqlite/writer/sqliteCore.ts';
import { checkData } from '../../../../persistence/upkeep/checkData.ts';
import { temporaryFolder } from '../../contract/storeUnderTest.ts';
import { accept, idOf } from '../../contract/writes.ts';

const STORE_ID = '0'.repeat(32);
const STORE_KEY = new Uint8Array(32).fill(1);

let path: string;
let remove: () => Promise<void>;
let core: SqliteCore;
let told: string[];

function open(): void {
  core = new SqliteCore({
    path,
    sealer: createSealer({ engine: nodeEngine, storeKey: STORE_KEY, keyId: 1, storeId: STORE_ID }),
    ...{ storeId: STORE_ID, create: true, isNew: true, claims: true, generation: null },
    ownership: { confirm: () => null },
  });
  core.open();
}

function ask(request: Parameters<SqliteCore['run']>[0][number]): Reply {
  const { replies, notices } = core.run([request]);
  told.push(...notices.map(({ code }) => code));
  const [reply] = replies;
  if (reply === undefined) throw new Error('No answer.');
  return reply;
}

function valueOf(reply: Reply): unknown {
  expect(reply).toHaveProperty('value');
  return 'value' in reply ? reply.value : null;
}

let noted = 0;
function note(more: Partial<AuditNote> = {}): AuditNote {
  noted += 1;
  return { id: idOf(2_000_000 + noted), atMs: noted, act: 'crisis.noted', by: 'dr-1', ...more };
}

const entry = (more: Partial<AuditNote> = {}): Write => ({ kind: 'audit', note: note(more) });

function texts(): readonly string[] {
  const page = ask({ kind: 'auditPage', query: { fromSeq: 0, limit: 99 } });
  return (valueOf(page) as AuditPage).entries;
}

const acts = (): readonly string[] => texts().map((text) => parseEntry(text).act);

function faults(): readonly { readonly kind: string; readonly seq: number }[] {
  const { checkpoint, publicKey } = valueOf(
    ask({ kind: 'auditCheckpoint', query: undefined }),
  ) as AuditCheckpoint;
  const verifier = new AuditVerifier({ checkpoints: [openCheckpoint(checkpoint, publicKey)] });
  for (const text of texts()) verifier.add(text);
  return verifier.end().faults;
}

function edit(change: (db: Database.Database) => void): void {
  core.close();
  const db = new Database(path);
  change(db);
  db.close();
  told = [];
  open();
}

const recount = (): Reply => ask({ kind: 'recount', query: undefined });

async function atRest(): Promise<readonly string[]> {
  const key = { storeId: STORE_ID, keyId: 1, storeKey: STORE_KEY.slice() };
  const { unreadable } = await checkData(path, key, { clock: systemClock });
  return unreadable.map(({ code }) => code);
}

beforeEach(async () => {
  const made = await temporaryFolder();
  ({ remove } = made);
  path = join(made.folder, 'data.db');
  told = [];
  open();
  ask({ kind: 'commit', writes: [entry(), entry(), entry(), entry()] });
});
afterEach(async () => {
  core.close();
  await remove();
});

test('AU-2 SE-6 control: of a log that nobody touched nothing is told', async () => {
  edit(() => undefined);
  recount();
  expect(told).toEqual([]);
  expect(await atRest()).toEqual([]);
  ask({ kind: 'commit', writes: [entry()] });
  expect(acts()).toEqual(Array.from({ length: 5 }, () => 'crisis.noted'));
  expect(faults()).toEqual([]);
});

test.each([0, 1, 3])(
  'AU-2 SE-6 entry %i is deleted: told, and a verifier names it',
  async (seq) => {
    edit((db) => db.prepare('DELETE FROM audit WHERE seq = ?').run(seq));
    recount();
    expect(told).toEqual(['HF_RECORD_MISSING']);
    expect(await atRest()).toEqual(['HF_RECORD_MISSING']);
    ask({ kind: 'commit', writes: [entry()] });
    expect(texts().map((text) => parseEntry(text).seq)).toEqual(
      [0, 1, 2, 3, 4].filter((one) => one !== seq),
    );
    expect(faults()).toMatchObject([{ kind: 'removed', seq }]);
  },
);

test('AU-2 SE-6 the end of the log is cut off: told, and a verifier names what is gone', async () => {
  ask({ kind: 'commit', writes: [entry({ code: 'later' })] });
  edit((db) => db.exec('DELETE FROM audit WHERE seq >= 3'));
  recount();
  expect(told).toEqual(['HF_RECORD_MISSING']);
  expect(await atRest()).toEqual(['HF_RECORD_MISSING', 'HF_RECORD_MISSING']);
  ask({ kind: 'commit', writes: [entry()] });
  expect(texts().map((text) => parseEntry(text).seq)).toEqual([0, 1, 2, 5]);
  expect(faults()).toMatchObject([{ kind: 'removed', seq: 3 }]);
});

test('AU-2 SE-6 all of the log is deleted: told, and the next entry goes on behind it', () => {
  edit((db) => db.exec('DELETE FROM audit; DELETE FROM audit_person'));
  recount();
  expect(told).toEqual(['HF_RECORD_MISSING', 'HF_RECORD_MISSING']);
  ask({ kind: 'commit', writes: [entry()] });
  expect(texts().map((text) => parseEntry(text).seq)).toEqual([4]);
});

test('AU-2 SE-6 somebody adds rows behind the end: told, and the next entry goes behind them and says so', () => {
  edit((db) =>
    db.exec('INSERT INTO audit SELECT seq + 4, key_id, seal FROM audit WHERE seq IN (0, 2)'),
  );
  recount();
  expect(told).toEqual(['HF_RECORD_MISSING']);
  ask({ kind: 'commit', writes: [entry()] });
  const added = texts().map((text) => parseEntry(text));
  expect(added.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 7, 8]);
  expect(added.slice(-2).map(({ act }) => act)).toEqual(['audit.gap', 'crisis.noted']);
});

test('SE-4 AU-2 an entry that does not open is told, and left out', async () => {
  edit((db) =>
    db.exec('UPDATE audit SET seal = (SELECT seal FROM audit WHERE seq = 2) WHERE seq = 1'),
  );
  expect(texts().map((text) => parseEntry(text).seq)).toEqual([0, 2, 3]);
  expect(told).toEqual(['HF_RECORD_TAMPERED']);
  expect(await atRest()).toEqual(['HF_RECORD_TAMPERED']);
  expect(faults()).toMatchObject([{ kind: 'removed', seq: 1 }]);
});

test('SE-4 AU-1 handles of two people change places: told, and each has another from then on', async () => {
  ask({ kind: 'commit', writes: [entry({ by: 'dr-2' })] });
  const seals = (): unknown[] => {
    const db = new Database(path, { readonly: true });
    const found = db.prepare('SELECT seal FROM audit_person').pluck().all();
    db.close();
    return found;
  };
  edit((db) => {
    db.exec('CREATE TEMP TABLE other AS SELECT tag, seal FROM audit_person');
    db.exec(
      'UPDATE audit_person SET seal = (SELECT seal FROM other WHERE tag <> audit_person.tag)',
    );
  });
  const swapped = seals();
  expect(await atRest()).toEqual(['HF_RECORD_TAMPERED', 'HF_RECORD_TAMPERED']);
  texts();
  expect(told).toEqual(['HF_RECORD_TAMPERED', 'HF_RECORD_TAMPERED']);
  ask({ kind: 'commit', writes: [entry()] });
  core.close();
  expect(seals()[0]).not.toEqual(swapped[0]);
  open();
});

test('AU-1 SE-6 the handle of a person is deleted: told, and the next entry has another', () => {
  const before = parseEntry(texts()[0] ?? '').by;
  edit((db) => db.exec('DELETE FROM audit_person'));
  recount();
  expect(told).toEqual(['HF_RECORD_MISSING']);
  ask({ kind: 'commit', writes: [entry()] });
  expect(parseEntry(texts().at(-1) ?? '').by).not.toBe(before);
});

/** Overwrites the page at which the table of entries begins. */
function damage(): void {
  core.close();
  const db = new Database(path, { readonly: true });
  const page = db
    .prepare<[], number>("SELECT rootpage FROM sqlite_schema WHERE name = 'audit'")
    .pluck()
    .get();
  const size = Number(db.pragma('page_size', { simple: true }));
  db.close();
  const bytes = readFileSync(path);
  bytes.fill(0xff, ((page ?? 0) - 1) * size, (page ?? 0) * size);
  writeFileSync(path, bytes);
  told = [];
  open();
}

test('AU-1 CR-4 where no entry can be written a crisis is kept and told of, and what a person orders is refused', () => {
  damage();
  const crisis: Write = { ...accept(1, { urgency: 0 }), audit: note({ act: 'crisis.accepted' }) };
  const kept = ask({ kind: 'commit', writes: [crisis] });
  expect(valueOf(kept)).toMatchObject([{ kind: 'accepted' }]);
  expect(told).toEqual(['HF_AUDIT_UNAVAILABLE']);
  const order = ask({
    kind: 'commit',
    writes: [entry({ act: 'call.made', call: 'store.release' })],
  });
  expect(order).toMatchObject({ error: { code: 'HF_AUDIT_UNAVAILABLE' } });
  const replay = { kind: 'purge', seq: 1, id: idOf(1), revision: 1 } as const;
  const purged = ask({
    kind: 'commit',
    writes: [{ ...replay, audit: note({ act: 'operation.purged' }) }],
  });
  // What is no dead letter takes no effect, so there is nothing to record.
  expect(valueOf(purged)).toMatchObject([{ kind: 'missing' }]);
  const ordinary: Write = accept(2);
  expect(valueOf(ask({ kind: 'commit', writes: [ordinary] }))).toMatchObject([
    { kind: 'accepted' },
  ]);
});
