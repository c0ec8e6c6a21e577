/**
 * The heart of the SQLite store: a plain, synchronous object that owns the file. It runs in the
 * writer thread, and in the caller's own thread where that is wanted.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import {
  type ErrorCode,
  type HoldfastError,
  isHoldfastError,
  type PlainError,
  toPlainError,
} from '../../../machines/vocabulary/errors.ts';
import type { Ownership } from '../../owner/owner.ts';
import { faultPoint } from '../../port/faultPoints.ts';
import type { QuarantinedRow, Write } from '../../port/store.ts';
import type { Sealer } from '../../sealing/recordSealer.ts';
import { storeFailure } from '../driver/failures.ts';
import { isSqliteError } from '../driver/library.ts';
import { type Opened, openFile } from '../file/connection.ts';
import { ForeignWrites, fileIdentity } from '../file/fence.ts';
import {
  endMissing,
  type FoundNote,
  isEndMissing,
  LastCommit,
  noNote,
} from '../file/lastCommit.ts';
import { StoreFiles } from '../file/storeFiles.ts';
import { cutRefused, demandSound } from '../file/walLeft.ts';
import { type Migration, migrate } from '../migrations/migrate.ts';
import {
  type DataRequest,
  isRead,
  type OpenedStore,
  type ReadRequest,
  type Replies,
  type Reply,
  replyOf,
} from '../protocol/requests.ts';
import { AuditLost, putAuditEnd } from '../rows/auditLog.ts';
import { crisisModesAtOpen } from '../rows/crisisModes.ts';
import { crisisPlansAtOpen } from '../rows/crisisPlans.ts';
import { KnownRows, LanesLeft } from '../rows/knownRows.ts';
import { answerRead, components, quarantinedCount, seqMax } from '../rows/rowReads.ts';
import { applyWrite } from '../rows/rowWrites.ts';
import { checkLatestKeys } from '../rows/selfChecks.ts';
import { beginStore, checkMark, moveMark, renewMark } from '../rows/storeMark.ts';
import { type Remembered, type Tables, tablesOn, WriteNeeded } from '../rows/tables.ts';
import { inspectSchema, SCHEMA_VERSION } from '../schema/schema.ts';
import { createRowSeals, type RowSeals } from '../seals/rowSeals.ts';
import { OwnerClaim } from './ownerClaim.ts';

/** One batch of a transaction is at fault, and the others can go on without it. */
class BatchRefused {
  readonly requestIndex: number;
  readonly error: HoldfastError;

  constructor(requestIndex: number, error: HoldfastError) {
    this.requestIndex = requestIndex;
    this.error = error;
  }
}

/** Codes of failures that only the batch is to blame for. */
const OF_ONE_BATCH: ReadonlySet<ErrorCode> = new Set([
  'HF_INTERNAL',
  'HF_STORE_CORRUPT',
  'HF_AUDIT_UNAVAILABLE',
]);

/** @throws BatchRefused where it alone is to blame; errors as of {@link storeFailure}. */
function applyBatch(tables: Tables, writes: readonly Write[], requestIndex: number): Reply {
  try {
    return { value: writes.map((write) => applyWrite(tables, write)) };
  } catch (error) {
    if (error instanceof AuditLost) throw error;
    const failure = storeFailure(error, tables.path);
    // A mistake of the caller, or a damaged page that only this batch needs.
    if (OF_ONE_BATCH.has(failure.code)) {
      throw new BatchRefused(requestIndex, failure);
    }
    throw failure;
  }
}

export interface SqliteCoreOptions {
  /** The path of the database file. */
  readonly path: string;
  readonly sealer: Sealer;
  /** 32 hex digits, from the keyring. */
  readonly storeId: string;
  /** True to make a store where there is none, and to bring an older one up to date. */
  readonly create: boolean;
  /** True if there was no data before, so none can be missing. */
  readonly isNew: boolean;
  /** The ownership of the folder, confirmed with each commit. */
  readonly ownership: Pick<Ownership, 'confirm'>;
  /**
   * True for an owner that writes its mark at once, which fences off the owner before it; otherwise the mark comes with
   * the first commit.
   */
  readonly claims: boolean;
  /** The mark that this owner has left already, where the store is opened again. */
  readonly generation: number | null;
  /** The path of the note of the last commit; none for a process that only reads, which notes no commit. */
  readonly lastCommitPath?: string | undefined;
}

export class SqliteCore {
  readonly #options: SqliteCoreOptions;
  readonly #seals: RowSeals;
  readonly #known = new KnownRows();
  readonly #distrusted = new Set<string>();
  readonly #unreadable = new Set<number>();
  readonly #unreadableKept = new Set<number>();
  readonly #told = new Set<string>();
  readonly #lanesLeft = new LanesLeft();
  readonly #files: StoreFiles;
  readonly #owner: OwnerClaim;
  /** The note of the last commit; `null` where none is kept. */
  readonly lastCommit: LastCommit | null;
  /** Crises that lay beside the database by the note that was found; `null` where that is not known. */
  spilledBefore: number | null = null;
  /** True where the note that was found is of the history that goes on. */
  #isNoteOfBefore = false;
  #quarantined: QuarantinedRow[] = [];
  #notices: PlainError[] = [];
  /** `null` before {@link open}, after {@link close}, and after a failure until the next request. */
  #connection: Connection | null = null;
  /** The stage that the last transaction reached. */
  #stage: 'open' | 'committing' | 'committed' = 'open';

  constructor(options: SqliteCoreOptions) {
    this.#options = options;
    this.#seals = createRowSeals(options.sealer, options.storeId);
    this.#owner = new OwnerClaim(options.path, options.generation);
    const { lastCommitPath } = options;
    this.lastCommit =
      lastCommitPath === undefined ? null : new LastCommit(lastCommitPath, this.#seals);
    this.#files = new StoreFiles(options.path, options.storeId, (copyPath) => {
      moveMark(copyPath, this.#seals);
    });
  }

  /**
   * Opens the file, which is made first if the options say so.
   *
   * @throws HoldfastError `HF_STORE_…` as {@link openFile}; `HF_KEY_WRONG` when the key is not the
   * one the file was made with.
   */
  open(): OpenedStore {
    try {
      const { connection, created, migration } = this.#connect(this.#options);
      const { db, tables, wasLeftOpen } = connection;
      if (wasLeftOpen && this.#options.claims) demandSound(db, this.#options.path);
      const crisisPlans = crisisPlansAtOpen(tables);
      const crisisModes = crisisModesAtOpen(tables);
      const { readable, unreadable } = components(tables);
      const last = seqMax(tables);
      this.#owner.rootOfBefore = tables.set.root;
      // Before the claim, which gives the connection up where it fails.
      const quarantined = quarantinedCount(tables);
      if (this.lastCommit !== null) this.#compare(tables, this.lastCommit.read(), created);
      const hold = this.#owner.holdOf(tables);
      if (this.#options.claims && this.#owner.generation === null) this.#claim();
      return {
        storeId: this.#options.storeId,
        created,
        migration,
        hold,
        components: readable,
        componentsUnreadable: unreadable,
        crisisModes,
        crisisPlans,
        seqMax: last,
        generation: this.#owner.generation,
        file: fileIdentity(this.#options.path),
        quarantined,
        spilled: [],
        outside: [],
      };
    } catch (error) {
      this.close();
      throw storeFailure(error, this.#options.path);
    }
  }

  /** Compares the store with the note of its last commit, before anything is written. */
  #compare(tables: Tables, note: FoundNote, isNew: boolean): void {
    const { path } = this.#options;
    if (typeof note === 'string') {
      // A copy or a restored store has none of its own; one without operations was killed before it had one.
      const isOwed = !isNew && this.#owner.holdOf(tables) === null && seqMax(tables) > 0;
      if (isOwed) this.#notice(noNote(path, note));
      return;
    }
    const { root } = tables.set;
    this.#owner.isEndMissing = isEndMissing(note, root);
    if (note.epoch === root.epoch) this.spilledBefore = note.spilled;
    const hold = this.#owner.holdOf(tables);
    if (hold?.reason === 'endMissing') this.#notice(endMissing(path));
    this.#isNoteOfBefore = hold === null;
  }

  /** Notes what was committed; begins that with the first commit, which a hold that was found is in. */
  #noteCommit({ set }: Tables): void {
    const { lastCommit } = this;
    if (lastCommit === null) return;
    if (lastCommit.hasBegun) lastCommit.committed(set.root);
    else lastCommit.begin(set.root, this.spilledBefore ?? 0, !this.#isNoteOfBefore);
  }

  /**
   * Answers the requests in order. All their writes go to disk in one transaction with one sync;
   * a request that asks sees what was written before it and nothing later. Never throws.
   */
  run(requests: readonly DataRequest[]): Replies {
    const replies = requests.every(isRead)
      ? requests.map((request) => this.#ask(request))
      : this.#transact(requests);
    this.#seals.endBatch();
    const quarantined = this.#quarantined;
    const notices = this.#notices;
    this.#quarantined = [];
    this.#notices = [];
    return { replies, quarantined, notices };
  }

  /** True while the connection that is open has begun to write. */
  get hasWritten(): boolean {
    return this.#connection?.hasBegun === true;
  }

  /** See {@link Store.clearErased}. */
  clearErased(): Reply {
    const connection = this.#connection;
    if (connection?.hasBegun !== true) return { value: false };
    try {
      return { value: this.#files.clearWal(connection.db) };
    } catch (error) {
      this.#drop();
      return this.#replyOf(error);
    }
  }

  /** Closes the file. The last connection folds the WAL into it. */
  close(): void {
    const connection = this.#connection;
    this.#connection = null;
    if (connection === null) return;
    this.#notice(this.#files.beforeClose());
    try {
      if (connection.db.inTransaction) connection.db.exec('ROLLBACK');
      connection.close();
    } catch {
      // A connection that failed may fail to close as well; the file's state does not depend on it.
    }
  }

  #transact(requests: readonly DataRequest[]): Reply[] {
    const refused = new Map<number, Reply>();
    for (;;) {
      try {
        return this.#attempt(requests, refused);
      } catch (failure) {
        this.#quarantined = [];
        this.#known.clear();
        if (failure instanceof BatchRefused && this.#rollBack()) {
          this.#lanesLeft.rolledBack();
          refused.set(failure.requestIndex, replyOf(failure.error));
        } else if (failure instanceof AuditLost && this.#rollBack()) {
          this.#lanesLeft.rolledBack();
        } else {
          const error = failure instanceof BatchRefused ? failure.error : failure;
          return this.#giveUp(requests, refused, error);
        }
      }
    }
  }

  #attempt(requests: readonly DataRequest[], refused: ReadonlyMap<number, Reply>): Reply[] {
    this.#stage = 'open';
    const { db, tables, commit } = this.#begin();
    const generation = this.#owner.stake(tables);
    const replies = requests.map((request, index) => {
      const refusal = refused.get(index);
      if (refusal !== undefined) return refusal;
      if (!isRead(request)) return applyBatch(tables, request.writes, index);
      try {
        return { value: answerRead(tables, request) };
      } catch (error) {
        // Later requests would no longer be in one transaction.
        if (!db.inTransaction) throw error;
        return this.#replyOf(error);
      }
    });
    tables.mutations.writeCounts();
    putAuditEnd(tables);
    tables.mutations.writeSet();
    faultPoint('store.beforeCommit');
    this.#stage = 'committing';
    commit.run();
    this.#stage = 'committed';
    // Before anything can fail: what is committed is in the set, whoever is told of it.
    tables.set.committed();
    tables.audit.committed();
    faultPoint('store.afterCommit');
    this.#noteCommit(tables);
    this.#notice(this.#files.afterCommit(db));
    this.#owner.staked(generation);
    this.#lanesLeft.committed();
    return replies;
  }

  /** Begins a transaction, in which this process is sure to be the owner. */
  #begin(): Connection {
    const { connection } = this.#connect(OPENED_BEFORE);
    const { db, tables, begin, foreignWrites } = connection;
    const isFirst = !connection.hasBegun;
    if (isFirst) {
      connection.fold();
      this.#files.opened();
    }
    connection.hasBegun = true;
    this.#files.beforeWrite(db);
    begin.run();
    tables.mutations.forgetCounts();
    tables.set.forget();
    tables.audit.forget();
    const hasForeignWrites = foreignWrites.happened();
    if (hasForeignWrites) {
      tables.set.reset();
      tables.audit.reset();
    }
    // Objects added since it was opened, by any program, would run with our next write.
    if (isFirst || hasForeignWrites) inspectSchema(db, this.#options.path);
    if (isFirst) renewMark(tables);
    this.#notice(this.#options.ownership.confirm());
    if (hasForeignWrites) {
      this.#known.clear();
      this.#owner.demand(tables);
    }
    return connection;
  }

  /** Claims the store. A disk that can't be written yet does not prevent reading: the first commit claims it then. */
  #claim(): void {
    try {
      this.#stage = 'open';
      const { tables, commit } = this.#begin();
      const generation = this.#owner.stake(tables);
      checkLatestKeys(tables);
      tables.mutations.writeCounts();
      tables.mutations.writeSet();
      faultPoint('open.beforeClaim');
      this.#stage = 'committing';
      commit.run();
      this.#stage = 'committed';
      tables.set.committed();
      faultPoint('open.afterClaim');
      this.#noteCommit(tables);
      this.#owner.staked(generation);
    } catch (error) {
      if (isHoldfastError(error) && error.code === 'HF_STORE_TAKEN') throw error;
      this.#mayBeStored(storeFailure(error, this.#options.path));
      this.close();
    }
  }

  #notice(notice: HoldfastError | null): void {
    if (notice !== null) this.#notices.push(toPlainError(notice));
  }

  #rollBack(): boolean {
    try {
      const connection = this.#connection;
      connection?.tables.mutations.forgetCounts();
      connection?.tables.set.forget();
      connection?.tables.audit.forget();
      if (connection?.db.inTransaction === true) connection.db.exec('ROLLBACK');
      return true;
    } catch {
      return false;
    }
  }

  /** Reports the failure for every batch; what was only asked is asked again, outside. */
  #giveUp(
    requests: readonly DataRequest[],
    refused: ReadonlyMap<number, Reply>,
    failure: unknown,
  ): Reply[] {
    const error = storeFailure(failure, this.#options.path);
    const rolledBack = this.#rollBack();
    const mayBeStored = this.#mayBeStored(error);
    this.#lanesLeft.failed();
    // A full disk failed a write, and that is all. After anything else, a failed sync above all, the
    // system may take pages for written that are not: the next request opens the file anew.
    if (!isOnlyFull(error) || !rolledBack) this.#drop();
    const reply: Reply = { error: { ...toPlainError(error), mayBeStored } };
    return requests.map((request, index) =>
      isRead(request) ? this.#ask(request, error) : (refused.get(index) ?? reply),
    );
  }

  /**
   * True if the writes of a failed transaction are, or may be, on the disk. The remains of a failed sync in the WAL are
   * removed first.
   */
  #mayBeStored(error: HoldfastError): boolean {
    if (this.#stage !== 'committing') return this.#stage === 'committed';
    // The write of a frame failed, so the commit frame is not there.
    const wasCutOff = isSqliteError(error.cause) && error.cause.code === 'SQLITE_IOERR_WRITE';
    if (wasCutOff || isOnlyFull(error) || error.code === 'HF_STORE_LOCKED') return false;
    const connection = this.#connection;
    if (connection === null) return true;
    return !cutRefused(connection.db, `${this.#options.path}-wal`, connection.foreignWrites);
  }

  /** @param unwritable why no transaction is possible for a read that has to quarantine a row */
  #ask(request: ReadRequest, unwritable: HoldfastError | null = null): Reply {
    try {
      const { tables } = this.#connect(OPENED_BEFORE).connection;
      return { value: answerRead(tables, request) };
    } catch (error) {
      if (error instanceof WriteNeeded) {
        if (unwritable !== null) return replyOf(unwritable);
        const [reply] = this.#transact([request]);
        if (reply !== undefined) return reply;
      }
      this.#known.clear();
      this.#drop();
      return this.#replyOf(error);
    }
  }

  /**
   * Drops the connection, so that the next request opens the file again; but the connection to a lost file is all there
   * is.
   */
  #drop(): void {
    if (!this.#files.isLost) this.close();
  }

  #replyOf(error: unknown): Reply {
    return replyOf(storeFailure(error, this.#options.path));
  }

  #connect(options: Pick<SqliteCoreOptions, 'create' | 'isNew'>): Connected {
    if (this.#connection !== null) {
      return { connection: this.#connection, created: false, migration: null };
    }
    this.#files.beforeOpen();
    const connected = connectStore(
      {
        path: this.#options.path,
        storeId: this.#options.storeId,
        seals: this.#seals,
        known: this.#known,
        lanesLeft: this.#lanesLeft,
        distrusted: this.#distrusted,
        unreadable: this.#unreadable,
        unreadableKept: this.#unreadableKept,
        told: this.#told,
        onNotice: (notice) => {
          this.#notice(notice);
        },
        onQuarantine: (row) => this.#quarantined.push(row),
      },
      options,
    );
    const { connection } = connected;
    try {
      this.#files.opened();
      this.#owner.demand(connection.tables);
    } catch (error) {
      connection.close();
      throw error;
    }
    this.#connection = connection;
    return connected;
  }
}

/** Options for opening a store again. */
const OPENED_BEFORE = { create: false, isNew: false } as const;

/**
 * True if there was no room for a frame. If there was none for the -shm, the frames are on the disk by then, the commit
 * frame included.
 */
function isOnlyFull({ cause }: HoldfastError): boolean {
  return isSqliteError(cause) && cause.code === 'SQLITE_FULL';
}

interface Connection extends Pick<Opened, 'db' | 'fold' | 'close' | 'wasLeftOpen'> {
  readonly tables: Tables;
  readonly begin: Database.Statement;
  readonly commit: Database.Statement;
  readonly foreignWrites: ForeignWrites;
  /** False until the first write on this connection. */
  hasBegun: boolean;
}

interface Connected {
  readonly connection: Connection;
  readonly created: boolean;
  readonly migration: Migration | null;
}

interface ConnectionParts extends Remembered {
  readonly path: string;
  readonly storeId: string;
  readonly seals: RowSeals;
}

/**
 * Opens the store's file, makes it if missing and migrates an older one, as the options say.
 *
 * @throws HoldfastError as {@link openFile} and {@link checkMark}.
 */
function connectStore(
  { path, storeId, seals, ...remembered }: ConnectionParts,
  options: { readonly create: boolean; readonly isNew: boolean },
): Connected {
  const opened = openFile(path, {
    ...options,
    seed: (fresh) => {
      beginStore(fresh, seals, { storeId, path });
    },
    verify: (found) => {
      checkMark(found, seals, { storeId, path });
    },
  });
  const { db, created, version, wasLeftOpen } = opened;
  try {
    let migration: Migration | null = null;
    if (version < SCHEMA_VERSION) {
      opened.fold();
      migration = migrate(db, seals, path, version);
    }
    const connection: Connection = {
      db,
      tables: tablesOn(db, path, seals, remembered),
      begin: db.prepare('BEGIN IMMEDIATE'),
      commit: db.prepare('COMMIT'),
      foreignWrites: new ForeignWrites(db),
      wasLeftOpen,
      hasBegun: false,
      fold: () => opened.fold(),
      close: () => opened.close(),
    };
    return { connection, created, migration };
  } catch (error) {
    opened.close();
    throw error;
  }
}
