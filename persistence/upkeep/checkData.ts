/**
 * Reads the whole file of a store as it is at one moment, and reports faults. It changes nothing, owns nothing and
 * holds up no commit, so the store may be in use, here or in another process. But a process that has to open the store
 * again meanwhile, after a crash or a failed sync, commits only after the check: the WAL must be folded in first, and a
 * reader prevents that.
 *
 * @module
 */

import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type Database from 'better-sqlite3';
import { HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import { fileSystemType, sharedFileSystem } from '../files/fileSystems.ts';
import { exposedAncestor } from '../files/otherUsers.ts';
import type { Standing, StandingCounts } from '../port/store.ts';
import { engineOf } from '../sealing/engines.ts';
import { openKeyring } from '../sealing/keyring.ts';
import type { KeySource } from '../sealing/keySource.ts';
import { createSealer } from '../sealing/recordSealer.ts';
import { storeFailure } from '../sqlite/driver/failures.ts';
import { openDatabase, versionOfSqlite } from '../sqlite/driver/library.ts';
import {
  type FoundNote,
  isEndMissing,
  LAST_COMMIT_FILE_NAME,
  LastCommit,
} from '../sqlite/file/lastCommit.ts';
import { type MigrationBackup, migrationBackupsIn } from '../sqlite/migrations/migrationBackup.ts';
import type { StoreKey } from '../sqlite/protocol/requests.ts';
import { AuditEnd } from '../sqlite/rows/auditEnd.ts';
import { type AuditRow, missingOf, type PersonRow, prepareAudit } from '../sqlite/rows/auditLog.ts';
import { checkMark, storeIdOf } from '../sqlite/rows/storeMark.ts';

import {
  inspectSchema,
  SCHEMA_VERSION,
  STANDING_CODES,
  tablesOf,
} from '../sqlite/schema/schema.ts';
import { RecordSet } from '../sqlite/seals/recordSet.ts';
import {
  type ComponentRow,
  type CrisisModeRow,
  type CrisisPlanRow,
  createRowSeals,
  idOfBytes,
  type KeptRow,
  type OperationRow,
  type RowSeals,
} from '../sqlite/seals/rowSeals.ts';
import { DATA_FILE_NAME } from '../sqlite/writer/writer.ts';
import { giveWay, type UpkeepOptions } from './progress.ts';

/** Wait for another program that holds the file's lock. */
const BUSY_TIMEOUT_MS = 1_000;

/**
 * Opens a store's file read-only, whether or not another process owns it. An empty file is never opened: beside it
 * SQLite deletes the -wal, which may hold everything that was accepted, even on a read-only connection.
 *
 * @throws HoldfastError `HF_STORE_MISSING`, `HF_STORE_LOST` for an empty file. Errors of SQLite.
 */
export function openToLook(path: string): Database.Database {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new HoldfastError('HF_STORE_MISSING', `There is no store at ${path}.`, { path });
  }
  if (found.size === 0) {
    throw new HoldfastError(
      'HF_STORE_LOST',
      `The store at ${path} is empty: what was in it is gone, unless it is only just being made. What is ` +
        'left in its folder was not touched. Restore a backup, or put the file back together with its -wal.',
      { path, retry: 'later' },
    );
  }
  const db = openDatabase(path, { readonly: true, timeout: BUSY_TIMEOUT_MS });
  db.pragma('trusted_schema = OFF');
  return db;
}

const ROWS_AT_ONCE = 500;
/** Records listed at most: enough to see what happened; the count says how many there are. */
const LISTED_MAX = 20;

/** A record that does not open with the key of the store. */
export interface UnreadableRecord {
  /** The operation's id; `null` for a component, a crisis mode, a crisis plan or a kept record, whose name is sealed. */
  readonly id: string | null;
  readonly code: string;
}

export interface DataCheck {
  /** The store's id in the file, 32 hex digits; without a key nothing proves it. */
  readonly storeId: string;
  readonly schemaVersion: number;
  readonly counts: Partial<StandingCounts>;
  readonly seqMax: number;
  /** Faults that SQLite finds in the pages, tables and indexes; empty when all is well. */
  readonly faults: readonly string[];
  /** Records that were opened; 0 where no key was given. */
  readonly recordsOpened: number;
  /**
   * Records that can't be opened and are not quarantined yet, earlier copies of records, and those that are missing; and the
   * first of them.
   */
  readonly unreadableCount: number;
  readonly unreadable: readonly UnreadableRecord[];
}

/**
 * Checks the file at `path`; with a key, every record too. The key is wiped.
 *
 * @throws HoldfastError `HF_STORE_…` when it can't be read as a store at all, `HF_KEY_WRONG`.
 */
export async function checkData(
  path: string,
  key: StoreKey | null,
  options: UpkeepOptions,
): Promise<DataCheck> {
  let db: Database.Database | undefined;
  try {
    db = openToLook(path);
    db.pragma('cell_size_check = ON');
    const seals = key === null ? null : await sealsOf(key);
    // Before the moment that is looked at: a commit that is noted meanwhile would not be in it.
    const note = seals === null ? 'absent' : noteBeside(path, seals);
    // One moment: what is written meanwhile is not seen.
    db.exec('BEGIN');
    const schemaVersion = inspectSchema(db, path) ?? 0;
    const faults = await findFaults(db, options);
    if (seals !== null && key !== null) {
      checkMark(db, seals, { storeId: key.storeId, path });
      const { root } = new RecordSet(db, seals, path);
      if (typeof note !== 'string' && isEndMissing(note, root)) faults.push(END_MISSING);
    }
    const records = seals === null ? NO_RECORDS : await openAll(db, seals, options);
    return { storeId: storeIdOf(db, path), schemaVersion, ...countsOf(db), faults, ...records };
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    throw storeFailure(error, path);
  } finally {
    db?.close();
  }
}

const END_MISSING =
  'its last commits are missing: data.db-wal was deleted or cut, or an earlier data.db was put back';

/** The note of the last commit; a backup has none. */
function noteBeside(path: string, seals: RowSeals): FoundNote {
  return new LastCommit(join(dirname(path), LAST_COMMIT_FILE_NAME), seals).read();
}

/** SQLite names the database above what it finds in it; there is one. */
const HEADING = /^\*\*\* in database /;

const STALE = 'HF_RECORD_STALE';
const NO_RECORDS = { recordsOpened: 0, unreadableCount: 0, unreadable: [] } as const;

async function sealsOf({ storeId, keyId, storeKey, sealing }: StoreKey): Promise<RowSeals> {
  const engine = await engineOf(sealing);
  const sealer = createSealer({ engine, storeKey, keyId, storeId });
  storeKey.fill(0);
  return createRowSeals(sealer, storeId);
}

/** Faults that SQLite finds, table by table, so that the check can be cut short between them. */
export async function findFaults(db: Database.Database, options: UpkeepOptions): Promise<string[]> {
  const faults: string[] = [];
  const tables = tablesOf(db);
  for (const [index, table] of tables.entries()) {
    options.onProgress?.({ step: 'checkingTables', done: index, total: tables.length });
    await giveWay(options);
    const found = db.pragma(`integrity_check('${table}')`) as { integrity_check: string }[];
    const lines = found.flatMap((row) => row.integrity_check.split('\n'));
    faults.push(...lines.filter((line) => line !== 'ok' && !HEADING.test(line)));
  }
  return faults.slice(0, LISTED_MAX);
}

function countsOf(db: Database.Database): Pick<DataCheck, 'counts' | 'seqMax'> {
  const rows = db
    .prepare<[], { standing: number; count: number }>(
      'SELECT standing, count(*) AS count FROM operation GROUP BY standing',
    )
    .all();
  const nameOf = new Map(
    Object.entries(STANDING_CODES).map(([name, code]): [number, Standing] => [
      code,
      name as Standing,
    ]),
  );
  const counts = rows.map(({ standing, count }) => [nameOf.get(standing) ?? standing, count]);
  const seqMax = db.prepare<[], number | null>('SELECT max(seq) FROM operation').pluck().get();
  return { counts: Object.fromEntries(counts) as Partial<StandingCounts>, seqMax: seqMax ?? 0 };
}

async function openAll(
  db: Database.Database,
  seals: RowSeals,
  options: UpkeepOptions,
): Promise<Pick<DataCheck, 'recordsOpened' | 'unreadableCount' | 'unreadable'>> {
  const total = Number(db.prepare('SELECT count(*) FROM operation').pluck().get());
  const page = db.prepare<[number], OperationRow>(
    'SELECT operation.*, envelope AS payload, payload.key_id AS payload_key_id FROM operation LEFT JOIN payload USING (seq) ' +
      `WHERE seq > ? ORDER BY seq LIMIT ${ROWS_AT_ONCE}`,
  );
  const set = new RecordSet(db, seals, db.name);
  const codeOf = db.prepare<[number], string>('SELECT code FROM quarantine WHERE seq = ?').pluck();
  const unreadable: UnreadableRecord[] = [];
  let unreadableCount = 0;
  let recordsOpened = 0;
  const isUnreadable = (id: string | null, code: string): void => {
    unreadableCount += 1;
    if (unreadable.length < LISTED_MAX) unreadable.push({ id, code });
  };
  const areMissing = (count: number): void => {
    for (let times = 0; times < count; times += 1) isUnreadable(null, 'HF_RECORD_MISSING');
  };
  const tryToOpen = (id: () => string | null, isLatest: () => boolean, open: () => void): void => {
    try {
      open();
    } catch (error) {
      isUnreadable(id(), isHoldfastError(error) ? error.code : 'HF_RECORD_MALFORMED');
      return;
    }
    if (isLatest()) recordsOpened += 1;
    else isUnreadable(id(), STALE);
  };
  let afterSeq = Number.MIN_SAFE_INTEGER;
  let done = 0;
  for (;;) {
    const rows = page.all(afterSeq);
    const isLast = rows.length < ROWS_AT_ONCE;
    const lastSeq = isLast ? Number.MAX_SAFE_INTEGER : (rows.at(-1)?.seq ?? afterSeq);
    const found = new Set(rows.map(({ seq }) => seq));
    const held = set.numbers('operation', afterSeq, lastSeq);
    areMissing(held.filter((seq) => !found.has(seq)).length);
    for (const row of rows) {
      afterSeq = row.seq;
      done += 1;
      // Known to be so, and quarantined.
      if (row.standing === STANDING_CODES.quarantined) {
        const isKnown = set.holds('operation', row.seq, row.state) || codeOf.get(row.seq) === STALE;
        if (!isKnown) isUnreadable(idOfBytes(row.id), STALE);
        continue;
      }
      tryToOpen(
        () => idOfBytes(row.id),
        () => set.holds('operation', row.seq, row.state),
        () => {
          seals.openRow(row);
        },
      );
    }
    options.onProgress?.({ step: 'openingRecords', done, total });
    if (isLast) break;
    await giveWay(options);
  }
  const components = db.prepare<[], ComponentRow>(
    'SELECT tag, revision, key_id, state FROM component',
  );
  let isThere = 0;
  for (const row of components.all()) {
    isThere += 1;
    tryToOpen(
      () => null,
      () => set.holds('component', row.tag, row.state),
      () => {
        seals.openComponent(row);
      },
    );
  }
  areMissing(set.count('component') - isThere);
  isThere = 0;
  const modes = db.prepare<[], CrisisModeRow>('SELECT * FROM crisis_mode');
  for (const row of modes.all()) {
    isThere += 1;
    tryToOpen(
      () => null,
      () => set.holds('crisisMode', row.subject, row.state),
      () => {
        seals.openCrisisMode(row);
      },
    );
  }
  areMissing(set.count('crisisMode') - isThere);
  isThere = 0;
  const plans = db.prepare<[], CrisisPlanRow>('SELECT * FROM crisis_plan');
  for (const row of plans.iterate()) {
    isThere += 1;
    tryToOpen(
      () => null,
      () => set.holds('crisisPlan', row.subject, row.state),
      () => {
        seals.openCrisisPlan(row);
      },
    );
  }
  areMissing(set.count('crisisPlan') - isThere);
  isThere = 0;
  const kept = db.prepare<[number], KeptRow>(
    `SELECT * FROM kept WHERE seq > ? ORDER BY seq LIMIT ${ROWS_AT_ONCE}`,
  );
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const rows = kept.all(after);
    for (const row of rows) {
      after = row.seq;
      isThere += 1;
      tryToOpen(
        () => null,
        () => set.holds('kept', row.key, row.state),
        () => {
          seals.openKept(row);
        },
      );
    }
    if (rows.length < ROWS_AT_ONCE) break;
    await giveWay(options);
  }
  areMissing(set.count('kept') - isThere);
  const statements = prepareAudit(db);
  const tables = { statements, seals, set, audit: new AuditEnd() };
  const audit = missingOf(tables);
  areMissing(audit.entries + audit.handles);
  const everybody = statements.auditPeopleFrom.all(0, Number.MAX_SAFE_INTEGER) as PersonRow[];
  for (const { tag, key_id, seal } of everybody) {
    tryToOpen(
      () => null,
      () => true,
      () => {
        seals.openAuditPerson(tag, key_id, seal);
      },
    );
  }
  for (let from = 0; ; ) {
    const rows = statements.auditFrom.all(from, ROWS_AT_ONCE) as AuditRow[];
    for (const { seq, key_id, seal } of rows) {
      from = seq + 1;
      tryToOpen(
        () => null,
        () => true,
        () => {
          seals.openAudit(seq, key_id, seal);
        },
      );
    }
    if (rows.length < ROWS_AT_ONCE) break;
    await giveWay(options);
  }
  // What their records were, nobody can say.
  areMissing(set.lostNodes);
  return { recordsOpened, unreadableCount, unreadable };
}

export { keyKindOf } from '../sealing/keyring.ts';

/** The version of SQLite, without which no store can be opened. @throws HoldfastError `HF_SQLITE_UNAVAILABLE`. */
export function installedSqlite(): string {
  return versionOfSqlite();
}

/** The kind of a folder's file system, and other users on it. */
interface FileSystem {
  /** The system's number of it; `null` if it gives none. */
  readonly type: number | null;
  /** The kind that shares it over a network; `null` for a local one. */
  readonly sharedBy: string | null;
}

export async function fileSystemOf(folder: string): Promise<FileSystem> {
  const type = await fileSystemType(folder);
  return { type, sharedBy: sharedFileSystem(type) };
}

/** A folder above this one in which other users can put another in its place; `null` where there is none. */
export function exposedAbove(folder: string): string | null {
  return exposedAncestor(folder);
}

/** Copies that migrations kept: they hold what was erased since. */
export async function keptCopies(folder: string): Promise<readonly MigrationBackup[]> {
  return await migrationBackupsIn(folder);
}

/** @throws HoldfastError `HF_STORE_…` when its file can't be read as a store. */
export function describeStore(folder: string): DataDescription {
  return describeData(join(folder, DATA_FILE_NAME));
}

/** Opens the keyring with this key, and forgets it. @throws HoldfastError (rejects) `HF_KEY_…`. */
export async function checkKeyring(folder: string, key: KeySource): Promise<void> {
  const { storeKey } = await openKeyring(folder, key);
  storeKey.fill(0);
}

/** Reads every page and opens every record, also while the store is in use. */
export async function checkStore(
  folder: string,
  key: KeySource,
  options: UpkeepOptions,
): Promise<DataCheck> {
  return await checkData(join(folder, DATA_FILE_NAME), await openKeyring(folder, key), options);
}

interface DataDescription {
  readonly sqliteVersion: string;
  readonly schemaVersion: number;
  /** The version that this program makes and uses. */
  readonly schemaVersionUsed: number;
  /** The journal mode: a store uses `wal`. */
  readonly journalMode: string;
  readonly bytes: number;
  /** Bytes left by erased rows, to be reused or returned. */
  readonly freeBytes: number;
}

/** @throws HoldfastError `HF_STORE_…` when it can't be read as a store. */
export function describeData(path: string): DataDescription {
  let db: Database.Database | undefined;
  try {
    db = openToLook(path);
    const schemaVersion = inspectSchema(db, path) ?? 0;
    const pageBytes = numberOf(db, 'page_size');
    return {
      sqliteVersion: String(db.prepare('SELECT sqlite_version()').pluck().get()),
      schemaVersion,
      schemaVersionUsed: SCHEMA_VERSION,
      journalMode: String(db.pragma('journal_mode', { simple: true })),
      bytes: numberOf(db, 'page_count') * pageBytes,
      freeBytes: numberOf(db, 'freelist_count') * pageBytes,
    };
  } catch (error) {
    throw storeFailure(error, path);
  } finally {
    db?.close();
  }
}

function numberOf(db: Database.Database, pragma: string): number {
  return Number(db.pragma(pragma, { simple: true }));
}
