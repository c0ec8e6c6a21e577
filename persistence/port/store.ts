/**
 * The store port: what the engine asks of bytes at rest. `MemoryStore` and the SQLite store both
 * keep it, and one contract suite (test/persistence/contract/storeContract.ts) holds them to it.
 *
 * A store knows rows, not charts: the state of an operation is an opaque text to it, sealed before
 * it touches a disk. It knows just enough beside it to hand out work: where a row stands, when it
 * is due, how urgent it is, which route it takes and which lane it occupies.
 *
 * @module
 */

import type { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Hold, HoldWrite } from './hold.ts';
import type { QuarantinedRecord, QuarantinedRow, SealedRecord } from './quarantined.ts';
import type {
  AskingCounts,
  Standing,
  StandingCounts,
  StoredOperation,
  WaitsFor,
} from './storedOperation.ts';

export type { QuarantinedRecord, QuarantinedRow, SealedRecord } from './quarantined.ts';
export {
  type AskingCounts,
  NEVER_MS,
  type Standing,
  type StandingCounts,
  type StoredOperation,
  type WaitsFor,
} from './storedOperation.ts';

/**
 * Puts a new operation on disk, at revision 1. Where another operation already occupies its lane, it is
 * kept as `held` without a due time instead: it waits for its lane and is handed out later as a
 * `laneNext`. An accept with the id of a row that is there already is a repeat and changes nothing.
 */
export interface AcceptWrite {
  readonly kind: 'accept';
  /** From {@link Store.nextSeq}. */
  readonly seq: number;
  readonly id: string;
  readonly urgency: number;
  /** Whatever is given, it is stored as `held` when its lane is busy. */
  readonly standing: Standing;
  readonly dueAtMs: number | null;
  /** Whose queue it waits in when due: an upstream's name, kept as a keyed blind index. */
  readonly route: string;
  /** Whom it concerns, kept as a keyed blind index; `null` where that is not known. */
  readonly subject: string | null;
  /** The lane it occupies, kept as a keyed blind index; `null` for none. */
  readonly lane: string | null;
  /**
   * Unique among the operations kept; `null` when the caller gave no key. A second accept with the
   * same one stores nothing and is answered with the first.
   */
  readonly idempotencyKey: string | null;
  /** When it expires if it has not settled by then; `null` for never. Stored beside the due time. */
  readonly expiresAtMs: number | null;
  readonly state: string;
  readonly payload: string;
}

/**
 * Replaces the state of an operation. Urgency, expiry, subject, lane and idempotency key stay as
 * accepted. An update whose revision and content are on disk already is a repeat and changes nothing.
 *
 * What stays is given all the same, but for lane and key: a row whose seal is broken is made whole by
 * its update, and nothing that stands in such a row is trusted.
 */
export interface UpdateWrite {
  readonly kind: 'update';
  readonly seq: number;
  readonly id: string;
  readonly urgency: number;
  readonly expiresAtMs: number | null;
  readonly subject: string | null;
  /** The row's revision after this write: one more than before. */
  readonly revision: number;
  readonly standing: Standing;
  readonly dueAtMs: number | null;
  readonly waitsFor: WaitsFor;
  readonly route: string;
  readonly state: string;
  /** Gives the lane to the next in it. */
  readonly leavesLane: boolean;
  /** The payload as it was given, which is kept; `null` erases it (SE-5). */
  readonly payload: string | null;
}

/** Forgets an operation whose acceptance was reported as failed though it may have reached the disk. */
export interface WithdrawWrite {
  readonly kind: 'withdraw';
  readonly seq: number;
  readonly id: string;
}

/**
 * Brings a dead letter back. One that still occupies its lane keeps its place there. One that has left
 * it, or never had one, goes to the tail, as if accepted now as `toSeq`, and is kept as `held` where
 * others are in the lane. What is no dead letter at the revision before, or has no payload to run with,
 * is left alone.
 */
export interface ReplayWrite {
  readonly kind: 'replay';
  readonly seq: number;
  readonly id: string;
  /** The row's revision after this write. */
  readonly revision: number;
  /** From {@link Store.nextSeq}; used where it goes to the tail of a lane. */
  readonly toSeq: number;
  readonly dueAtMs: number;
  /** Whatever is given, it waits for its lane where that is busy. */
  readonly waitsFor: WaitsFor;
  readonly route: string;
  readonly lane: string | null;
  readonly state: string;
  /** In place of the payload given at acceptance; `null` keeps that. */
  readonly payload: string | null;
}

/** Forgets a dead letter or a quarantined row, if it is one and has this revision. */
export interface PurgeWrite {
  readonly kind: 'purge';
  readonly seq: number;
  readonly id: string;
  readonly revision: number;
}

/** Sets a row aside that opens but makes no sense to the engine, if it has this revision (PS-3). */
export interface SetAsideWrite {
  readonly kind: 'setAside';
  readonly seq: number;
  readonly id: string;
  readonly revision: number;
  /** The {@link ErrorCode} of what is wrong with it. */
  readonly code: string;
}

/**
 * Puts a quarantined row back where it stood, with its lane and idempotency key, if it opens now.
 * Where others are in its lane meanwhile it goes to the tail, as if accepted now as `toSeq`.
 */
export interface ReleaseWrite {
  readonly kind: 'release';
  readonly seq: number;
  readonly id: string;
  readonly revision: number;
  readonly toSeq: number;
}

/**
 * Forgets the settled rows whose time to be purged has come, the earliest first. One that can't be
 * opened is set aside instead.
 */
export interface PurgeSettledWrite {
  readonly kind: 'purgeSettled';
  readonly nowMs: number;
  /** How many at most. */
  readonly limit: number;
}

/** Keeps the state of a component (a breaker, a degradation level) under its name. */
export interface ComponentWrite {
  readonly kind: 'component';
  readonly name: string;
  readonly state: string;
}

export type Write =
  | AcceptWrite
  | UpdateWrite
  | WithdrawWrite
  | ReplayWrite
  | PurgeWrite
  | SetAsideWrite
  | ReleaseWrite
  | PurgeSettledWrite
  | ComponentWrite
  | HoldWrite;

export type WriteResult =
  /** An accept that is now durable; `laneBusy` when another operation already occupies its lane. */
  | { readonly kind: 'accepted'; readonly laneBusy: boolean }
  /** An accept that met an operation with the same idempotency key. */
  | { readonly kind: 'duplicate'; readonly of: StoredOperation }
  /** An update; `laneNext` is the new head of the lane it left, if that row is `held`; with payload. */
  | { readonly kind: 'updated'; readonly laneNext: StoredOperation | null }
  /** `laneBusy` when it waits for others in its lane. */
  | { readonly kind: 'replayed'; readonly laneBusy: boolean }
  /** `laneNext` as for an update that leaves its lane. */
  | { readonly kind: 'purged'; readonly laneNext: StoredOperation | null }
  /** It has left its lane: see {@link Store.freedHeads}. */
  | { readonly kind: 'wasSetAside' }
  /** With payload. */
  | { readonly kind: 'released'; readonly operation: StoredOperation }
  /** It still can't be opened, or its idempotency key has been given to another: the reason. */
  | { readonly kind: 'notReleased'; readonly code: string }
  /** How many went, and when the next may be purged; `null` where none has settled. */
  | { readonly kind: 'purgedSettled'; readonly count: number; readonly nextDueAtMs: number | null }
  /** The row is not there, or not as the write says. Nothing was changed. */
  | { readonly kind: 'missing' }
  /** `laneNext` as for an update that leaves its lane. */
  | { readonly kind: 'withdrawn'; readonly laneNext: StoredOperation | null }
  | { readonly kind: 'componentKept' }
  | { readonly kind: 'holdKept' };

export interface ClaimQuery {
  readonly route: string;
  /** The least urgent rank to hand out. */
  readonly urgencyMax: number;
  /** Rows due at or before this. */
  readonly nowMs: number;
  readonly limit: number;
  readonly passOver?: PassOver | undefined;
}

/** Rows, by their seq, that a question is to pass over as though they were not there: few. */
export type PassOver = readonly number[];

export interface Claim {
  /** Most urgent first, then by due time, then by acceptance; with payloads. Claiming changes nothing. */
  readonly rows: readonly StoredOperation[];
  /**
   * When the next row of this route (within `urgencyMax`, and not among `rows`) is due; `null` for
   * none, where {@link NEVER_MS} counts as none.
   */
  readonly nextDueAtMs: number | null;
}

export interface Expired {
  /** With payloads, the earliest expiry first. */
  readonly rows: readonly StoredOperation[];
  /** When the next one that is not among `rows` expires; `null` for none. */
  readonly nextExpiryAtMs: number | null;
}

/** A page of a search that looks at a bounded number of rows, whatever it finds among them. */
export interface SearchPage {
  /** With payloads, in order of acceptance. */
  readonly rows: readonly StoredOperation[];
  /** Where the search goes on; `null` once it is through. */
  readonly nextAfterSeq: number | null;
}

/** A page of a check. */
export interface CheckedPage {
  /** How many rows were looked at. */
  readonly checked: number;
  /** How many of them can't be read from the file at all, and so not be set aside either. */
  readonly unreadable: number;
  /** Where the check goes on; `null` once it is through. */
  readonly nextAfterSeq: number | null;
}

export interface DeadLetterQuery {
  readonly order: 'newest' | 'oldest';
  /** Where to go on: rows accepted before it (`newest`) or after it (`oldest`). */
  readonly fromSeq: number;
  /** Rows looked at. */
  readonly limit: number;
  /** Only those of this route. */
  readonly route?: string | undefined;
}

export interface DeadLetterRows {
  /** Without payloads. */
  readonly rows: readonly StoredOperation[];
  /** Where the next page goes on; `null` after the last. */
  readonly nextSeq: number | null;
}

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
  /** Rows set aside so far (PS-3). */
  readonly quarantined: number;
  /** Spilled by an earlier process and refused by the database just now: to be committed (CR-4). */
  readonly spilled: readonly AcceptWrite[];
}

/**
 * Every method rejects with a `HoldfastError` (`HF_STORE_…`, `HF_KEY_…`, `HF_RECORD_…`).
 * Calls take effect in the order they were made.
 */
export interface Store {
  /** Opens or makes the store. Must have resolved before anything else is called. */
  open(): Promise<StoreInfo>;
  /** The next acceptance number; larger than any in the store. */
  nextSeq(): number;
  /**
   * Performs the writes, all or none, and resolves once they are synced to disk, with a result for
   * each in order. A rejection means that they may or may not be on disk: after it the caller
   * decides, once the store answers again, which to repeat and which to withdraw.
   */
  commit(writes: readonly Write[]): Promise<readonly WriteResult[]>;
  /**
   * Keeps an acceptance beside what {@link commit} can't write to for now; resolves once it is synced
   * (CR-4). It still has to be committed: the next {@link open} does so where nobody has by then.
   */
  spill(write: AcceptWrite): Promise<void>;
  /** What is due in a route. */
  claim(query: ClaimQuery): Promise<Claim>;
  /** What was in hand when the store was last left, most urgent first, from `afterSeq` of that urgency on. */
  inHand(query: {
    readonly after: { readonly urgency: number; readonly seq: number } | null;
    readonly limit: number;
  }): Promise<readonly StoredOperation[]>;
  /**
   * `held` rows at the head of their lane: freed by a settlement whose sequel a crash cut off. Looks
   * at no more than `limit` held rows at a time, since there may be a million of them and no head.
   */
  freedHeads(query: { readonly afterSeq: number; readonly limit: number }): Promise<SearchPage>;
  /**
   * Opens the next `limit` records, of any standing, and sets aside those that can't be opened; tells
   * of each through {@link Store.onQuarantine}. Looks whether each can be found by all that it should
   * be found by, makes anew what misses one, and tells of that through {@link Store.onNotice}.
   */
  check(query: { readonly afterSeq: number; readonly limit: number }): Promise<CheckedPage>;
  /**
   * Rows that are `due` in a route other than the named ones, whatever their due time short of
   * {@link NEVER_MS}: work for an upstream that is no longer configured (OP-7). With payloads.
   */
  strays(query: {
    readonly routes: readonly string[];
    readonly limit: number;
    readonly passOver?: PassOver | undefined;
  }): Promise<readonly StoredOperation[]>;
  /**
   * `due` and `held` rows whose `expiresAtMs` has come, with payloads, and when the next one comes.
   * Unlike a claim it asks no route, so that an open breaker can't hide what has expired.
   */
  expired(query: {
    readonly nowMs: number;
    readonly limit: number;
    readonly passOver?: PassOver | undefined;
  }): Promise<Expired>;
  /** One operation with its payload, by its id; `null` when there is none. */
  find(id: string): Promise<StoredOperation | null>;
  /** Operations in order of acceptance, without payloads. */
  list(query: {
    readonly afterSeq: number;
    readonly limit: number;
    readonly standing?: Standing | undefined;
  }): Promise<readonly StoredOperation[]>;
  /** Dead letters in order of acceptance, either way. */
  deadLetters(query: DeadLetterQuery): Promise<DeadLetterRows>;
  /** Rows set aside, in order of acceptance. */
  quarantine(query: {
    readonly afterSeq: number;
    readonly limit: number;
  }): Promise<readonly QuarantinedRecord[]>;
  /** The same as they lie on disk. */
  sealedQuarantine(query: {
    readonly afterSeq: number;
    readonly limit: number;
  }): Promise<readonly SealedRecord[]>;
  counts(): Promise<StandingCounts>;
  /** How many operations go on only when somebody does something. */
  askingCounts(): Promise<AskingCounts>;
  /** Compares what {@link counts} are kept with what is there, puts them right and tells of it. */
  recount(): Promise<void>;
  /**
   * Takes what was erased out of whatever the store keeps beside its data, for a while when nothing
   * else is asked (SE-5). Resolves to `false` where it could not be done now: somebody reads, or asks.
   */
  clearErased(): Promise<boolean>;
  /** Tells of each row set aside, as it happens. */
  onQuarantine(listener: (row: QuarantinedRow) => void): void;
  /** Tells of what was amiss with the store and has been mended. */
  onNotice(listener: (notice: HoldfastError) => void): void;
  /** Lets pending commits finish, then closes. Safe to call twice. */
  close(): Promise<void>;
}
