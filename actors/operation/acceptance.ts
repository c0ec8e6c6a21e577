/**
 * The moment between a request and its operation: what the caller waits for, and how it can fail.
 *
 * @module
 */

import { syncOperationMachine } from '../../machines/operation/syncOperationMachine.ts';
import { HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { StoredOperation } from '../../persistence/port/store.ts';
import { decodeSnapshot } from '../charts/snapshots.ts';
import type { Journal } from '../journal/journal.ts';
import { setAside } from '../pool/setAside.ts';
import { isNewerRecord } from './leftRows.ts';
import type { PoolCounts } from './poolCounts.ts';

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

/** Answers a request that has met the row `of` under its idempotency key. */
export function answerDuplicate(
  journal: Journal,
  counts: PoolCounts,
  { of, fingerprint }: { readonly of: StoredOperation; readonly fingerprint: string | null },
  pending: PendingAcceptance | null,
): void {
  if (journal.isWithdrawing(of.id)) {
    // What it repeats was refused while this was on its way, and is about to go.
    pending?.reject(firstWithdrawn());
    return;
  }
  counts.duplicates += 1;
  const answer = duplicateOf(of, fingerprint);
  if (answer instanceof HoldfastError) refuseDuplicate(journal, of, answer, pending);
  else pending?.resolve(answer);
}

function duplicateOf(of: StoredOperation, fingerprint: string | null): Acceptance | HoldfastError {
  try {
    const first = decodeSnapshot(syncOperationMachine, of.state).snapshot.context.fingerprint;
    return first === fingerprint ? { id: of.id, isDuplicate: true } : idempotencyConflict();
  } catch (error) {
    if (isNewerRecord(error)) return firstNewer(error);
    if (isHoldfastError(error)) return firstUnreadable(error);
    throw error;
  }
}

/** Where the fault lies with the row `of` it is set aside, but for one that a later version wrote. */
function refuseDuplicate(
  journal: Journal,
  of: StoredOperation,
  reason: HoldfastError,
  pending: PendingAcceptance | null,
): void {
  if (reason.code !== 'HF_IDEMPOTENCY_CONFLICT' && !isNewerRecord(reason)) {
    // Its caller is told.
    setAside({ journal, onError: () => undefined }, of, reason);
  }
  pending?.reject(reason);
}

/** It is set aside and gives up its key, so the same request can be accepted then. */
function firstUnreadable(cause: HoldfastError): HoldfastError {
  return new HoldfastError(
    cause.code,
    "An earlier operation with this idempotencyKey can't be read and is set aside; see holdfast quarantine. Nothing was stored: retry it, or send the request again to run it anew under the same key.",
    { field: 'idempotencyKey', cause, withStack: false },
  );
}

/** It keeps its key, and goes on where a program that knows it runs. */
function firstNewer(cause: HoldfastError): HoldfastError {
  return new HoldfastError(
    cause.code,
    'An earlier operation with this idempotencyKey was written by a later version of holdfast and goes on there. Nothing was stored: run that version, or a later one, and send the request again.',
    { field: 'idempotencyKey', retry: 'later', cause, withStack: false },
  );
}

/** The request was used before under the same key with another body (OP-8). */
function idempotencyConflict(): HoldfastError {
  return new HoldfastError(
    'HF_IDEMPOTENCY_CONFLICT',
    'idempotencyKey was used before for this type and subject with a different body. Use a new key for a new request. Nothing was stored.',
    { field: 'idempotencyKey', withStack: false },
  );
}

/**
 * The store failed with `cause`, so the request is not accepted; where its row may be on disk all the
 * same, that is said.
 */
export function notAccepted(cause: HoldfastError): HoldfastError {
  const { code, message, mayBeStored } = cause;
  const fate = mayBeStored
    ? 'It is not known whether the request is stored, and it may run; send it again later with the same idempotencyKey: if it is stored, that finds it.'
    : 'The request was not accepted; send it again later with the same idempotencyKey.';
  return new HoldfastError(code, `${message} ${fate}`, {
    retry: 'later',
    mayBeStored,
    cause,
    withStack: false,
  });
}

/**
 * Resolves once everything written so far is durable.
 *
 * @throws HoldfastError the failure of storage, or `HF_CLOSED`: what was ordered may hold or not.
 */
export async function demandDurable(journal: Pick<Journal, 'written' | 'failure'>): Promise<void> {
  if (!(await journal.written())) throw notDurable(journal.failure);
}

/** What a caller asked of an operation is on its way, and nothing promises yet that it holds. */
function notDurable(cause: HoldfastError | null): HoldfastError {
  return new HoldfastError(
    cause?.code ?? 'HF_CLOSED',
    `${cause?.message ?? 'The runtime was closed before the disk confirmed it.'} What was asked for may hold or not; look at the operation, and ask again later.`,
    { retry: 'later', cause: cause ?? undefined, withStack: false },
  );
}

/** It repeats a request whose acceptance has just failed. */
function firstWithdrawn(): HoldfastError {
  return notAccepted(
    new HoldfastError(
      'HF_STORE_UNAVAILABLE',
      'The store failed at the first of two equal requests.',
      // The row of the first is on disk until its withdrawal is.
      { mayBeStored: true, withStack: false },
    ),
  );
}

/** The runtime has stopped before the operation of a request was made. */
export function notBegun(): HoldfastError {
  return new HoldfastError(
    'HF_CLOSED',
    'The runtime was closed before it took the request. Nothing was stored.',
    { retry: 'later', withStack: false },
  );
}

/** The runtime has stopped while the disk had not answered. */
export function acceptanceUnknown(): HoldfastError {
  return new HoldfastError(
    'HF_CLOSED',
    'The runtime was closed before the disk confirmed the request, so it is not known whether it is stored. Send it again to the next runtime with the same idempotencyKey: if it is stored, that finds it.',
    { retry: 'later', mayBeStored: true, withStack: false },
  );
}

/** The runtime has stopped while the operation had not ended. */
export function outcomeUnknown(): HoldfastError {
  return new HoldfastError(
    'HF_CLOSED',
    'The runtime was closed before the operation ended. What was accepted goes on at the next start; ask there for its outcome, by its id.',
    { retry: 'later', withStack: false },
  );
}
