/**
 * What is asked of the writer and what it answers, in a form that crosses a thread.
 *
 * @module
 */

import type { HoldfastError, PlainError } from '../../../machines/vocabulary/errors.ts';
import { toPlainError } from '../../../machines/vocabulary/errors.ts';
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

/** What goes to the database. */
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

/** What the method of the store that is named like the request resolves to. */
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
  /** What was amiss and is mended, for the operator. */
  readonly notices: readonly PlainError[];
}

/** What is known once a store's file is open. */
export interface OpenedStore extends StoreInfo {
  /** The largest acceptance number in the store, 0 for none. */
  readonly seqMax: number;
  /** The mark of this owner, where it has left one; to be given when it opens the store again. */
  readonly generation: number | null;
}

/** What opens the sealed columns, from the keyring. */
export interface StoreKey {
  readonly storeId: string;
  readonly keyId: number;
  readonly storeKey: Uint8Array;
  /** The engine that seals; `native` where it is left out. */
  readonly sealing?: Sealing;
}
