/**
 * Requests to the writer and its answers, in a form that crosses a thread.
 *
 * @module
 */

import type { MessagePort } from 'node:worker_threads';
import {
  type HoldfastError,
  type PlainError,
  toPlainError,
} from '../../../machines/vocabulary/errors.ts';
import type { PlannedFault } from '../../port/faultPoints.ts';
import type { Query, Question } from '../../port/questions.ts';
import type { AcceptWrite, QuarantinedRow, Store, StoreInfo, Write } from '../../port/store.ts';
import type { Sealing } from '../../sealing/engines.ts';

/** A question with its query, as the writer is asked it. */
export type ReadRequest = {
  [Asked in Question]: { readonly kind: Asked; readonly query: Query<Asked> };
}[Question];

export interface SpillRequest {
  readonly kind: 'spill';
  readonly write: AcceptWrite;
}

export interface ClearRequest {
  readonly kind: 'clearErased';
}

/** Requests to the database. */
export type DataRequest =
  | { readonly kind: 'commit'; readonly writes: readonly Write[] }
  | ReadRequest;

export function isRead(request: DataRequest): request is ReadRequest {
  return request.kind !== 'commit';
}

export type StoreRequest = DataRequest | SpillRequest | ClearRequest;

export function isData(request: StoreRequest): request is DataRequest {
  return request.kind !== 'spill' && request.kind !== 'clearErased';
}

/** The result of the store's method of the same name. */
export type Answer<Kind extends StoreRequest['kind']> = Awaited<ReturnType<Store[Kind]>>;

export type Reply = { readonly value: unknown } | { readonly error: PlainError };

/** The answer to what failed. */
export function replyOf(error: HoldfastError): Reply {
  return { error: toPlainError(error) };
}

/** The answers to a run of requests, in their order. */
export interface Replies {
  readonly replies: readonly Reply[];
  readonly quarantined: readonly QuarantinedRow[];
  /** Faults that were mended, for the operator. */
  readonly notices: readonly PlainError[];
}

/** The state of a store that was opened. */
export interface OpenedStore extends StoreInfo {
  /** The largest acceptance number in the store, 0 for none. */
  readonly seqMax: number;
  /** The mark of this owner, where it has left one; to be given when it opens the store again. */
  readonly generation: number | null;
  /** The identity of its file (fence.ts). */
  readonly file: string;
}

/** The key of the sealed columns, from the keyring. */
export interface StoreKey {
  readonly storeId: string;
  readonly keyId: number;
  readonly storeKey: Uint8Array;
  /** The engine that seals; default `native`. */
  readonly sealing?: Sealing;
}

/** Options of a writer. */
export interface WriterOptions {
  readonly folder: string;
  /** The file name of the program; a thread does not know it. */
  readonly program: string;
  /** True if the store is given back at once, so that others wait for it. */
  readonly isBrief: boolean;
}

/** Options of the thread. */
export interface ThreadOptions extends WriterOptions {
  readonly sealing: Sealing;
  /** None outside tests. */
  readonly faults: readonly PlannedFault[];
}

/** Options of a reader's thread. */
export interface ReaderOptions {
  readonly folder: string;
  /** The identity of the file that the writer has open (fence.ts). */
  readonly file: string;
  /** A copy, which the reader wipes. */
  readonly key: StoreKey;
  readonly sealing: Sealing;
}

export type ToReader =
  | { readonly kind: 'ask'; readonly requests: readonly ReadRequest[] }
  /** Lets go of the file, until it is asked again. */
  | { readonly kind: 'release' }
  /** Comes last. */
  | { readonly kind: 'close' };

/** The answers to one message of questions; `null` for each that the writer has to be asked. */
export type FromReader = readonly (Reply | null)[];

export type ToWriter =
  /** Comes once, after `owned`. */
  | {
      readonly kind: 'unlock';
      readonly key: StoreKey;
      readonly create: boolean;
      readonly generation: number | null;
    }
  | { readonly kind: 'requests'; readonly requests: readonly StoreRequest[] }
  /** Another thread asks over this line from now on. */
  | { readonly kind: 'line'; readonly line: MessagePort }
  /** Comes last. */
  | { readonly kind: 'close' };

export type FromWriter =
  | { readonly kind: 'owned'; readonly hasData: boolean }
  | { readonly kind: 'opened'; readonly store: OpenedStore; readonly hasWritten: boolean }
  /** Opening failed; `closed` follows. */
  | { readonly kind: 'failed'; readonly error: PlainError }
  /**
   * Answers all requests of the next `messages` messages. `hasWritten` is true while the connection has written, false
   * from a failure to the next write: nobody may read beside it then, for SQLite shares the -shm within a process as it
   * was opened first, and what a reader opened on a disk that can only be read would let nobody write after it.
   */
  | ({
      readonly kind: 'replies';
      readonly messages: number;
      readonly hasWritten: boolean;
    } & Replies)
  | { readonly kind: 'closed' };
