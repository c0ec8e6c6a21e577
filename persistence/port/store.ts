/**
 * The store port: the interface to bytes at rest. The memory store and the SQLite store implement it, and one contract
 * suite (test/persistence/contract) holds both to it.
 *
 * A store knows rows, not charts: the state of an operation is an opaque text to it, sealed before it reaches a disk.
 * Beside it a row has just enough to hand out work: its standing, due time, urgency, route and lane.
 *
 * A `Store` is the union of its facets; a caller takes the facets it needs and no more.
 *
 * @module
 */

import type { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { AnchorStore } from './anchor.ts';
import type { AuditStore } from './audit.ts';
import type { CrisisModesAtOpen } from './crisisModes.ts';
import type { CrisisPlanStore, CrisisPlansAtOpen } from './crisisPlans.ts';
import type { KeptStore } from './kept.ts';
import type { QueueStore } from './queue.ts';
import type { Hold, QuarantinedRow, ReviewStore } from './review.ts';
import type { SearchStore } from './search.ts';
import type { Standing, StoredOperation } from './storedOperation.ts';
import type { AcceptWrite, OutsideCrisis, SpillLine, Write, WriteResult } from './writes.ts';

export type {
  CrisisModesAtOpen,
  CrisisModesWrite,
  CrisisModeWrite,
  KeptCrisisMode,
} from './crisisModes.ts';
export type {
  CrisisPlanPage,
  CrisisPlanPageQuery,
  CrisisPlanStore,
  CrisisPlansAtOpen,
  CrisisPlanWrite,
  KeptCrisisPlan,
  UnreadableCrisisPlan,
} from './crisisPlans.ts';
export type {
  KeepResult,
  KeepWrite,
  Kept,
  KeptCounts,
  KeptKey,
  KeptPage,
  KeptPageQuery,
  KeptRoom,
  KeptStore,
  PurgeKeptWrite,
  UnreadableKept,
} from './kept.ts';
export type {
  Claim,
  ClaimQuery,
  Expired,
  PassOver,
  QueueStore,
  SearchPage,
  SubjectChoice,
} from './queue.ts';
export type {
  DeadLetterQuery,
  DeadLetterRows,
  QuarantinedRecord,
  QuarantinedRow,
  ReviewStore,
  SealedRecord,
} from './review.ts';
export type { Searched, SearchQuery, SearchStore } from './search.ts';
export {
  type BlockedCounts,
  NEVER_MS,
  type Standing,
  type StandingCounts,
  type StoredOperation,
  type WaitingCount,
  type WaitsFor,
} from './storedOperation.ts';
export type {
  AcceptWrite,
  ComponentWrite,
  PurgeSettledWrite,
  PurgeWrite,
  QuarantineWrite,
  Raised,
  ReinstateWrite,
  ReplayWrite,
  UpdateWrite,
  WithdrawWrite,
  Write,
  WriteResult,
} from './writes.ts';

export interface StoreInfo {
  /** Random, made with the store, 32 hex digits. */
  readonly storeId: string;
  /** True when this call made the store. */
  readonly created: boolean;
  /** Set when this call brought a store of an older version up to date (PS-4). */
  readonly migration: { readonly fromVersion: number; readonly backupPath: string } | null;
  /** Why nothing in the store may run; `null` where it may. */
  readonly hold: Hold | null;
  /** The kept state of each component, by name. */
  readonly components: ReadonlyMap<string, string>;
  /** Number of components that could not be opened: they start afresh (PS-3). */
  readonly componentsUnreadable: number;
  /** For whom crisis mode is on (CR-6). */
  readonly crisisModes: CrisisModesAtOpen;
  /** The crisis plans that are needed before anything else (CR-3). */
  readonly crisisPlans: CrisisPlansAtOpen;
  /** Rows quarantined so far (PS-3). */
  readonly quarantined: number;
  /** Spilled by an earlier process and refused by the database just now: to be committed (CR-4). */
  readonly spilled: readonly AcceptWrite[];
  /** Kept by {@link StoreLife.spillLine} and not in the store: to be accepted as what they are. */
  readonly outside: readonly OutsideCrisis[];
}

/** Opening and closing. */
export interface StoreLife {
  /** Opens or makes the store. Must have resolved before anything else is called. */
  open(): Promise<StoreInfo>;
  /**
   * A line to the writer, for another thread that answers crises while this one is blocked: what it sends is kept
   * beside the database, sealed, without this thread (CR-4). `null` while the store is not open, and where the writer
   * runs in this thread.
   */
  spillLine(): SpillLine | null;
  /** Lets pending commits finish, then closes. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Every method rejects with a `HoldfastError` (`HF_STORE_…`, `HF_KEY_…`, `HF_RECORD_…`).
 * Calls take effect in the order they were made.
 */
export interface Store
  extends StoreLife,
    RecordStore,
    CrisisPlanStore,
    KeptStore,
    QueueStore,
    ReviewStore,
    SearchStore,
    AnchorStore,
    AuditStore,
    UpkeepStore {
  readonly beside: BesideReads;
}

/**
 * The questions whose answers people see, asked beside the writer: none waits for a commit, however long the disk takes
 * to sync it. An answer shows everything that was acknowledged before it was asked, and may show more; one that is asked
 * before a commit is acknowledged may come without it. Questions of one turn are answered as of one moment.
 */
export type BesideReads = Pick<
  Store,
  | 'crisisPlan'
  | 'crisisPlanPage'
  | 'keptPage'
  | 'find'
  | 'search'
  | 'deadLetters'
  | 'quarantine'
  | 'sealedQuarantine'
  | 'counts'
  | 'blockedCounts'
  | 'auditPage'
  | 'auditHandle'
>;

export interface RecordStore {
  /** The next acceptance number; larger than any in the store. */
  nextSeq(): number;
  /**
   * Performs the writes, all or none, and resolves once they are synced to disk, with a result for
   * each in order. A rejection means that they may or may not be on disk: after it the caller
   * decides, once the store answers again, which to repeat and which to withdraw.
   */
  commit(writes: readonly Write[]): Promise<readonly WriteResult[]>;
  /**
   * Keeps an acceptance beside the database, which {@link commit} can't write to for now; resolves once it is synced
   * (CR-4). It still has to be committed: the next {@link Store.open} does so for what was not.
   */
  spill(write: AcceptWrite): Promise<void>;
  /** One operation with its payload, by its id; `null` when there is none. */
  find(id: string): Promise<StoredOperation | null>;
  /**
   * The operations that occupy a lane or wait in it, in the order of the lane, with payloads; a short page means that
   * there are no more. What can't be opened is left out.
   */
  lane(query: {
    /** The lane, as in {@link AcceptWrite.lane}. */
    readonly lane: string;
    readonly afterSeq: number;
    readonly limit: number;
  }): Promise<readonly StoredOperation[]>;
  /** Operations in order of acceptance, without payloads. */
  list(query: {
    readonly afterSeq: number;
    readonly limit: number;
    readonly standing?: Standing | undefined;
  }): Promise<readonly StoredOperation[]>;
}

/** A page of a check. */
export interface CheckedPage {
  /** Number of rows read. */
  readonly checked: number;
  /** Number of rows that can't be read from the file at all, and so not be quarantined. */
  readonly unreadable: number;
  /** The `afterSeq` of the next page; `null` after the last. */
  readonly nextAfterSeq: number | null;
}

export interface UpkeepStore {
  /**
   * Opens the next `limit` records, of any standing, and quarantines those that can't be opened, each reported by
   * {@link Store.onQuarantine}. Checks that each is found by all its indexes, rebuilds an index that misses one, and
   * reports that by {@link Store.onNotice}.
   */
  check(query: { readonly afterSeq: number; readonly limit: number }): Promise<CheckedPage>;
  /**
   * Checks, without opening them, that the `limit` latest rows before `beforeSeq` are found by their idempotency keys;
   * rebuilds and reports as {@link check} does. Resolves to the next `beforeSeq`; `null` after the last.
   */
  checkKeys(query: { readonly beforeSeq: number; readonly limit: number }): Promise<number | null>;
  /** Compares the kept {@link counts} with the rows, corrects them and reports that. */
  recount(): Promise<void>;
  /**
   * Takes erased data out of what the store keeps beside its file, when nothing else is asked (SE-5). Resolves to
   * `false` if it could not be done now, because somebody reads or asks.
   */
  clearErased(): Promise<boolean>;
  /** Called with each row that is quarantined, as it happens. */
  onQuarantine(listener: (row: QuarantinedRow) => void): void;
  /** Reports faults of the store that were mended. */
  onNotice(listener: (notice: HoldfastError) => void): void;
}
