/**
 * The store port: what is asked of bytes at rest. The memory store and the SQLite store both keep it,
 * and one contract suite (test/persistence/contract) holds them to it.
 *
 * A store knows rows, not charts: the state of an operation is an opaque text to it, sealed before
 * it touches a disk. It knows just enough beside it to hand out work: where a row stands, when it
 * is due, how urgent it is, which route it takes and which lane it occupies.
 *
 * A `Store` is the union of its facets. Whoever uses one takes the facets it needs and no more.
 *
 * @module
 */

import type { CrisisPlanStore, CrisisPlansAtOpen } from './crisisPlans.ts';
import type { Hold } from './hold.ts';
import type { KeptStore } from './kept.ts';
import type { QueueStore } from './queue.ts';
import type { RecordStore } from './records.ts';
import type { ReviewStore } from './review.ts';
import type { SearchStore } from './search.ts';
import type { UpkeepStore } from './upkeep.ts';
import type { AcceptWrite } from './writes.ts';

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
export type { QuarantinedRecord, QuarantinedRow, SealedRecord } from './quarantined.ts';
export type {
  Claim,
  ClaimQuery,
  Expired,
  PassOver,
  QueueStore,
  SearchPage,
  SubjectChoice,
} from './queue.ts';
export type { RecordStore } from './records.ts';
export type { DeadLetterQuery, DeadLetterRows, ReviewStore } from './review.ts';
export type { FoundRows, Searched, SearchQuery, SearchStore } from './search.ts';
export {
  type BlockedCounts,
  NEVER_MS,
  type Standing,
  type StandingCounts,
  type StoredOperation,
  type WaitingCount,
  type WaitsFor,
} from './storedOperation.ts';
export type { CheckedPage, UpkeepStore } from './upkeep.ts';
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

import type { OutsideCrisis, SpillLine } from './spillLine.ts';

export interface StoreInfo {
  /** Random, made with the store, 32 hex digits. */
  readonly storeId: string;
  /** True when this call made the store. */
  readonly created: boolean;
  /** Set when this call brought a store of an older version up to date (PS-4). */
  readonly migration: { readonly fromVersion: number; readonly backupPath: string } | null;
  /** Why nothing in the store may run; `null` where it may. */
  readonly hold: Hold | null;
  /** What is kept under each component name. */
  readonly components: ReadonlyMap<string, string>;
  /** How many components could not be opened and were left out: they start afresh (PS-3). */
  readonly componentsUnreadable: number;
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
   * A line to who writes, for another thread that answers crises while this one is blocked: what it asks is
   * kept beside the database, sealed, without this thread (CR-4). `null` while the store is not open, and
   * where it writes in this thread.
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
    UpkeepStore {}
