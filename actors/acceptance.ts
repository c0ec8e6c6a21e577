/**
 * The moment between a request and its operation: what the caller waits for, and how it can fail.
 *
 * @module
 */

import { syncOperationMachine } from '../machines/syncOperationMachine.ts';
import { HoldfastError, isHoldfastError } from '../machines/vocabulary/errors.ts';
import type { StoredOperation } from '../persistence/store.ts';
import { decodeSnapshot } from './snapshots.ts';

/** What became of an acceptance. */
export interface Acceptance {
  readonly id: string;
  /** True when an earlier operation with the same idempotency key was found instead. */
  readonly isDuplicate: boolean;
}

/** Who waits for an acceptance. */
export interface PendingAcceptance {
  readonly resolve: (acceptance: Acceptance) => void;
  readonly reject: (error: HoldfastError) => void;
}

/** What a request is told that has met the row `of` under its idempotency key. */
export function duplicateOf(
  of: StoredOperation,
  fingerprint: string | null,
): Acceptance | HoldfastError {
  try {
    const first = decodeSnapshot(syncOperationMachine, of.state).snapshot.context.fingerprint;
    return first === fingerprint ? { id: of.id, isDuplicate: true } : idempotencyConflict();
  } catch (error) {
    if (isHoldfastError(error)) return error;
    throw error;
  }
}

/** The request was used before under the same key with another body (OP-8). */
function idempotencyConflict(): HoldfastError {
  return new HoldfastError(
    'HF_IDEMPOTENCY_CONFLICT',
    'idempotencyKey was used before for this type and subject with a different body. Use a new key for a new request. Nothing was stored.',
    { field: 'idempotencyKey', withStack: false },
  );
}

/** The store failed with `cause`, so the request is not accepted. */
export function notAccepted(cause: HoldfastError): HoldfastError {
  return new HoldfastError(
    cause.code,
    `${cause.message} The request was not accepted; send it again later with the same idempotencyKey.`,
    { retry: 'later', cause, withStack: false },
  );
}

/** It repeats a request whose acceptance has just failed. */
export function firstWithdrawn(): HoldfastError {
  return notAccepted(
    new HoldfastError(
      'HF_STORE_UNAVAILABLE',
      'The store failed at the first of two equal requests.',
      {
        withStack: false,
      },
    ),
  );
}
