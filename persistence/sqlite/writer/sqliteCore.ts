/**
 * The heart of the SQLite store: a plain, synchronous object that owns the file. It runs in the
 * writer thread, and in the caller's own thread where that is wanted.
 *
 * @module
 */

import type { HoldfastError, PlainError } from '../../../machines/vocabulary/errors.ts';
import { isHoldfastError, toPlainError } from '../../../machines/vocabulary/errors.ts';
import type { Ownership } from '../../owner/owner.ts';
import { faultPoint } from '../../port/faultPoints.ts';
import type { QuarantinedRow } from '../../port/store.ts';
import type { Sealer } from '../../sealing/sealer.ts';
import { storeFailure } from '../driver/failures.ts';
import { isSqliteError } from '../driver/library.ts';
import { StoreFiles } from '../file/storeFiles.ts';
import { cutRefused, demandSound } from '../file/walLeft.ts';
import type {
  DataRequest,
  OpenedStore,
  ReadRequest,
  Replies,
  Reply,
} from '../protocol/requests.ts';
import { isRead, replyOf } from '../protocol/requests.ts';
import { crisisPlansAtOpen } from '../rows/crisisPlans.ts';
import { KnownRows, LanesLeft } from '../rows/knownRows.ts';
import { answerRead, components, quarantinedCount, seqMax } from '../rows/rowReads.ts';
import { checkLatestKeys } from '../rows/selfChecks.ts';
import { moveMark, renewMark } from '../rows/storeMark.ts';
import { WriteNeeded } from '../rows/tables.ts';
import { inspectSchema } from '../schema/schema.ts';
import type { RowSeals } from '../seals/rowSeals.ts';
import { createRowSeals } from '../seals/rowSeals.ts';
import { applyBatch, BatchRefused } from './batch.ts';
import { OwnerClaim } from './ownerClaim.ts';
import type { Connected, Connection } from './storeConnection.ts';
import { connectStore } from './storeConnection.ts';

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
}

export class SqliteCore {
  readonly #options: SqliteCoreOptions;
  readonly #seals: RowSeals;
  readonly #known = new KnownRows();
  readonly #distrusted = new Set<string>();
  readonly #unreadable = new Set<number>();
  readonly #unreadableKept = new Set<number>();
  readonly #lanesLeft = new LanesLeft();
  readonly #files: StoreFiles;
  readonly #owner: OwnerClaim;
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
      const { readable, unreadable } = components(tables);
      const last = seqMax(tables);
      // Before the claim, which gives the connection up where it fails.
      const quarantined = quarantinedCount(tables);
      const hold = this.#owner.holdOf(tables);
      if (this.#options.claims && this.#owner.generation === null) this.#claim();
      return {
        storeId: this.#options.storeId,
        created,
        migration,
        hold,
        components: readable,
        componentsUnreadable: unreadable,
        crisisPlans,
        seqMax: last,
        generation: this.#owner.generation,
        quarantined,
        spilled: [],
        outside: [],
      };
    } catch (error) {
      this.close();
      throw storeFailure(error, this.#options.path);
    }
  }

  /**
   * Answers the requests in order. All their writes go to disk in one transaction with one sync;
   * a request that asks sees what was written before it and nothing later. Never throws.
   */
  run(requests: readonly DataRequest[]): Replies {
    const replies = requests.every(isRead)
      ? requests.map((request) => this.#ask(request))
      : this.#transact(requests);
    const quarantined = this.#quarantined;
    const notices = this.#notices;
    this.#quarantined = [];
    this.#notices = [];
    return { replies, quarantined, notices };
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
    faultPoint('store.beforeCommit');
    this.#stage = 'committing';
    commit.run();
    this.#stage = 'committed';
    faultPoint('store.afterCommit');
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
    const hasForeignWrites = foreignWrites.happened();
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
      faultPoint('open.beforeClaim');
      this.#stage = 'committing';
      commit.run();
      this.#stage = 'committed';
      faultPoint('open.afterClaim');
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
      const db = this.#connection?.db;
      if (db?.inTransaction === true) db.exec('ROLLBACK');
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
