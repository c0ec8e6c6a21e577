/**
 * The audit in its tables (AU-1, AU-2): each entry is sealed in its place, and nothing changes or deletes one. The end of
 * the chain, the number of entries and that of people are in the root of the set of records, so that a missing entry is
 * noticed.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { AuditChain } from '../../audit/auditChain.ts';
import { parseEntry } from '../../audit/auditEntry.ts';
import { AuditFrontier, leafHash } from '../../audit/auditTree.ts';
import { publicKeyOf, signCheckpoint } from '../../audit/checkpoint.ts';
import {
  AUDIT_IDS_REMEMBERED,
  AUDIT_PAGE_MAX,
  type AuditCheckpoint,
  type AuditNote,
  type AuditPage,
  checkAuditPage,
  mustBeRecorded,
} from '../../port/audit.ts';
import type { Query } from '../../port/questions.ts';
import { isSqliteError } from '../driver/library.ts';
import { idOfBytes } from '../seals/rowSeals.ts';
import type { End } from './auditEnd.ts';
import { prepareOf, type StatementName, type Statements } from './statements.ts';
import { missing, type Tables, tellOnce } from './tables.ts';
import { isDamage } from './unreadableRows.ts';

const QUERIES = [
  'auditFrom',
  'auditLatest',
  'auditSize',
  'auditCount',
  'auditPeople',
  'auditPeopleFrom',
] as const satisfies readonly StatementName[];

/** What the end of the log is found by. */
export type AuditTables = Pick<Tables, 'seals' | 'set' | 'audit'> & {
  readonly statements: Pick<Statements, (typeof QUERIES)[number]>;
};

/** Prepares the queries of the log alone, for a file that may be of an older version. */
export function prepareAudit(db: Database.Database): AuditTables['statements'] {
  return prepareOf(db, QUERIES);
}

/** A person in the audit. */
export interface PersonRow {
  readonly tag: Uint8Array;
  readonly key_id: number;
  readonly seal: Uint8Array;
}

/** People whom one entry may be the first to be about. */
const NEW_PEOPLE_MAX = 2;

/** A row of the audit. */
export interface AuditRow {
  readonly seq: number;
  readonly key_id: number;
  readonly seal: Uint8Array;
}

/** Adds an entry, unless one has its id already. @param root of what it is about, in hex */
export function record(tables: Tables, note: AuditNote, root?: string): void {
  const { gone } = endOf(tables);
  if (tables.audit.has(note.id)) return;
  if (gone !== null) {
    add(tables, { id: newId(tables), atMs: note.atMs, act: 'audit.gap', n: { gone } });
  }
  add(tables, note, root);
}

/** A page of the audit is damaged. Nothing more can be written in this transaction: it is to be made again, without entries. */
export class AuditLost extends Error {}

/**
 * Adds an entry. Where its page is damaged, what is recorded goes on without one, and is told; what must be recorded does
 * not.
 *
 * @throws AuditLost; HoldfastError `HF_AUDIT_UNAVAILABLE`
 */
export function recordOrGoOn(tables: Tables, note: AuditNote, root?: string): void {
  if (tables.audit.isLost) {
    const failure = unavailable(tables.path);
    if (mustBeRecorded(note)) throw failure;
    tellOnce(tables, 'audit', failure);
    return;
  }
  try {
    record(tables, note, root);
  } catch (error) {
    const isTaken = isSqliteError(error) && error.code.startsWith('SQLITE_CONSTRAINT');
    if (!isTaken && !isDamage(error)) throw error;
    tables.audit.isLost = true;
    throw new AuditLost();
  }
}

function unavailable(path: string): HoldfastError {
  return new HoldfastError(
    'HF_AUDIT_UNAVAILABLE',
    `The audit of the store at ${path} can't be written: its place in the file is damaged. Crises go on, and what they do is ` +
      'counted; what a person orders is refused. Look with holdfast doctor --deep, and restore a backup.',
    { path, retry: 'never', withStack: false },
  );
}

/** Records what a purge by the time that it is kept has deleted: how much, and the root of a tree of the ids. */
export function recordPurge(tables: Tables, { atMs, ids, from, to }: PurgedRows): void {
  const tree = AuditFrontier.empty();
  for (const id of ids) tree.add(leafHash(id));
  const note = { id: newId(tables), atMs, act: 'retention.purged' as const };
  const n = { count: ids.length, from, to };
  recordOrGoOn(tables, { ...note, n }, tree.root().toString('hex'));
}

/** Rows that were purged, from the first to the last number of their acceptance. */
export interface PurgedRows {
  readonly atMs: number;
  readonly ids: readonly string[];
  readonly from: number;
  readonly to: number;
}

function newId({ seals }: Tables): string {
  return idOfBytes(seals.newHandle());
}

function add(tables: Tables, note: AuditNote, root?: string): void {
  const { audit, mutations, seals } = tables;
  const handles = {
    by: note.by === undefined ? undefined : handleFor(tables, note.by),
    subject: note.subject === undefined ? undefined : handleFor(tables, note.subject),
  };
  const { chain: before, people } = endOf(tables);
  const { text, chain } = before.with(note, handles, root);
  mutations.insertAudit(before.size, seals.keyId, seals.sealAudit(before.size, text));
  audit.put({ chain, people, gone: null }, note.id);
}

/** Takes down the end of the log as the transaction leaves it; to be called before the set of records is written. */
export function putAuditEnd({ audit, set }: Tables): void {
  if (audit.changed === null) return;
  const { chain, people } = audit.changed;
  set.putAuditEnd(Buffer.from(`${people} ${chain.toText()}`));
}

/** The handle of a person, made where there is none: a random number, so that nothing is left of it once it is erased. */
function handleFor(tables: Tables, person: string): string {
  const { audit, mutations, seals } = tables;
  const tag = seals.auditPersonTag(person);
  const row = personAt(tables, tag);
  const found = row === undefined ? null : handleIn(tables, row);
  if (found !== null) return found;
  const handle = Buffer.from(seals.newHandle()).toString('hex');
  mutations.putAuditPerson(tag, seals.keyId, seals.sealAuditPerson(tag, handle));
  const end = endOf(tables);
  audit.put({ ...end, people: end.people + Number(row === undefined) }, null);
  return handle;
}

function personAt({ statements }: Tables, tag: Uint8Array): PersonRow | undefined {
  const row = statements.auditPerson.get(tag) as Omit<PersonRow, 'tag'> | undefined;
  return row === undefined ? undefined : { tag, ...row };
}

/** `null` for a handle that does not open, which is told. */
function handleIn(tables: Tables, { tag, key_id, seal }: PersonRow): string | null {
  try {
    return tables.seals.openAuditPerson(tag, key_id, seal);
  } catch (error) {
    if (!isHoldfastError(error)) throw error;
    const key = `audit of ${Buffer.from(tag).toString('hex')}`;
    tellOnce(tables, key, unreadable(tables.path, 'A handle', error));
    return null;
  }
}

/** See {@link AuditStore.auditHandle}. */
export function auditHandle(tables: Tables, { person }: Query<'auditHandle'>): string | null {
  const row = personAt(tables, tables.seals.auditPersonTag(person));
  return row === undefined ? null : handleIn(tables, row);
}

/** See {@link AuditStore.auditPage}. Who reads all pages has had all handles opened, too. */
export function auditPage(tables: Tables, query: Query<'auditPage'>): AuditPage {
  checkAuditPage(query);
  const [from, to] = [query.fromSeq, query.fromSeq + query.limit].map(
    (seq) => seq * NEW_PEOPLE_MAX,
  );
  const people = tables.statements.auditPeopleFrom.all(from, to) as PersonRow[];
  for (const row of people) handleIn(tables, row);
  const rows = tables.statements.auditFrom.all(query.fromSeq, query.limit) as AuditRow[];
  const entries = rows
    .map((row) =>
      textOf(tables, row, (error) => {
        tellOnce(tables, `audit ${row.seq}`, unreadable(tables.path, `Entry ${row.seq}`, error));
      }),
    )
    .filter((text) => text !== null);
  const last = rows.at(-1);
  return {
    entries,
    nextSeq: last === undefined || rows.length < query.limit ? null : last.seq + 1,
    size: tables.statements.auditSize.get() as number,
  };
}

/** See {@link AuditStore.auditCheckpoint}. */
export function auditCheckpoint(tables: Tables): AuditCheckpoint {
  const { chain } = endOf(tables);
  const { storeId, size } = chain;
  const seed = tables.seals.auditSeed();
  try {
    const checkpoint = signCheckpoint({ storeId, size, root: chain.root() }, seed);
    return { checkpoint, publicKey: publicKeyOf(storeId, seed) };
  } finally {
    seed.fill(0);
  }
}

/** Numbers of the entries, and of the handles of people, that are missing. */
export function missingOf(tables: AuditTables): {
  readonly entries: number;
  readonly handles: number;
} {
  const { statements } = tables;
  const { chain, people, gone } = endOf(tables);
  const entries = gone ?? chain.size - (statements.auditCount.get() as number);
  return { entries, handles: people - (statements.auditPeople.get() as number) };
}

function missingOrNone(tables: Tables): ReturnType<typeof missingOf> {
  try {
    return missingOf(tables);
  } catch (error) {
    if (!isDamage(error)) throw error;
    tellOnce(tables, 'audit', unavailable(tables.path));
    return { entries: 0, handles: 0 };
  }
}

/** Tells what is missing. */
export function tellMissingEntries(tables: Tables): void {
  const { path, onNotice } = tables;
  const { entries, handles } = missingOrNone(tables);
  if (entries > 0) {
    const are = entries === 1 ? 'An entry of the audit is' : `${entries} entries of the audit are`;
    onNotice(missing(path, are));
  }
  if (handles > 0) {
    const are = handles === 1 ? 'A handle of the audit is' : `${handles} handles of the audit are`;
    onNotice(missing(path, are));
  }
}

/** `null` for an entry that does not open. @param onFailed told why it does not */
function textOf(
  { seals }: Pick<Tables, 'seals'>,
  { seq, key_id, seal }: AuditRow,
  onFailed: (error: HoldfastError) => void = () => undefined,
): string | null {
  try {
    return seals.openAudit(seq, key_id, seal);
  } catch (error) {
    if (!isHoldfastError(error)) throw error;
    onFailed(error);
    return null;
  }
}

function endOf(tables: AuditTables): End {
  return tables.audit.get(() => {
    const latest = tables.statements.auditLatest.all(AUDIT_IDS_REMEMBERED) as AuditRow[];
    const ids = latest.toReversed().flatMap((row) => {
      const text = textOf(tables, row);
      return text === null ? [] : [parseEntry(text).id];
    });
    return { ...(keptEnd(tables) ?? foundEnd(tables)), ids };
  });
}

/** The end that is kept; `null` where somebody has added rows beyond it, or the root that has it is lost. */
function keptEnd({ statements, seals, set }: AuditTables): End | null {
  let text: string;
  try {
    text = Buffer.from(set.auditEnd).toString();
  } catch (error) {
    if (isHoldfastError(error)) return null;
    throw error;
  }
  const at = text.indexOf(' ');
  const chain =
    text === ''
      ? AuditChain.empty(seals.storeId)
      : AuditChain.fromText(seals.storeId, text.slice(at + 1));
  const size = statements.auditSize.get() as number;
  return chain.size < size ? null : { chain, people: Number(text.slice(0, at)), gone: null };
}

/** The end by the entries that are there, where the kept one is of no use: the next entry says so. */
function foundEnd(tables: AuditTables): End {
  const { statements, seals } = tables;
  let chain = AuditChain.empty(seals.storeId);
  let gone = 0;
  for (let from = 0; ; ) {
    const rows = statements.auditFrom.all(from, AUDIT_PAGE_MAX) as AuditRow[];
    for (const row of rows) {
      for (; chain.size < row.seq; gone += 1) chain = chain.withFound(null);
      const text = textOf(tables, row);
      if (text === null) gone += 1;
      chain = chain.withFound(text);
    }
    const last = rows.at(-1);
    if (last === undefined) break;
    from = last.seq + 1;
  }
  return { chain, people: statements.auditPeople.get() as number, gone };
}

function unreadable(path: string, what: string, { code }: HoldfastError): HoldfastError {
  return new HoldfastError(
    code,
    `${what} of the audit of the store at ${path} can't be opened (${code}): something wrote to the file. ` +
      'The rest can be read; see holdfast audit verify.',
    { path, withStack: false },
  );
}
