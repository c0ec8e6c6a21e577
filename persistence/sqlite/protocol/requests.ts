/**
 * What is asked of the writer and what it answers, in a form that crosses a thread.
 *
 * @module
 */

import type { HoldfastError, PlainError } from '../../../machines/vocabulary/errors.ts';
import { toPlainError } from '../../../machines/vocabulary/errors.ts';
import type { AcceptWrite, QuarantinedRow, Store, StoreInfo, Write } from '../../port/store.ts';

type Queried =
  | 'claim'
  | 'inHand'
  | 'freedHeads'
  | 'strays'
  | 'expired'
  | 'list'
  | 'check'
  | 'deadLetters'
  | 'quarantine'
  | 'sealedQuarantine';

/** The argument of a method of the store that takes a query. */
export type Query<Method extends Queried> = Parameters<Store[Method]>[0];

export type ReadRequest =
  | { readonly kind: 'claim'; readonly query: Query<'claim'> }
  | { readonly kind: 'inHand'; readonly query: Query<'inHand'> }
  | { readonly kind: 'freedHeads'; readonly query: Query<'freedHeads'> }
  | { readonly kind: 'check'; readonly query: Query<'check'> }
  | { readonly kind: 'strays'; readonly query: Query<'strays'> }
  | { readonly kind: 'expired'; readonly query: Query<'expired'> }
  | { readonly kind: 'find'; readonly id: string }
  | { readonly kind: 'list'; readonly query: Query<'list'> }
  | { readonly kind: 'deadLetters'; readonly query: Query<'deadLetters'> }
  | { readonly kind: 'quarantine'; readonly query: Query<'quarantine'> }
  | { readonly kind: 'sealedQuarantine'; readonly query: Query<'sealedQuarantine'> }
  | { readonly kind: 'counts' }
  | { readonly kind: 'askingCounts' }
  | { readonly kind: 'recount' };

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
}
