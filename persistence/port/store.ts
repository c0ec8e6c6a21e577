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
  /** The kept state of each component, by name. */
  readonly components: ReadonlyMap<string, string>;
  /** Number of components that could not be opened: they start afresh (PS-3). */
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
    UpkeepStore {}
