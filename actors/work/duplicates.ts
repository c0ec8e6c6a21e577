/**
 * Answers a request whose idempotency key already belongs to a stored operation (OP-8).
 *
 * @module
 */

import { repeatOf } from '../../machines/operation/keys.ts';
import { HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { StoredOperation } from '../../persistence/port/store.ts';
import { decodeWork } from '../charts/workRecord.ts';
import type { Facts } from '../facts/factStream.ts';
import type { Journal } from '../journal/journal.ts';
import { type Acceptance, notAccepted, type PendingAcceptance } from '../operation/acceptance.ts';
import { isNewerRecord } from './leftRows.ts';
import { quarantine } from './quarantine.ts';

/** Answers a request that has met the row `of` under its idempotency key. */
export function answerDuplicate(
  { journal, facts }: { readonly journal: Journal; readonly facts: Facts },
  { of, fingerprint }: { readonly of: StoredOperation; readonly fingerprint: string | null },
  pending: PendingAcceptance | null,
): void {
  if (journal.isWithdrawing(of.id)) {
    // What it repeats was refused while this was on its way, and is about to go.
    pending?.reject(firstWithdrawn());
    return;
  }
  facts.emit('operation.duplicated', of.id);
  const answer = duplicateOf(of, fingerprint);
  if (answer instanceof HoldfastError) refuseDuplicate(journal, of, answer, pending);
  else pending?.resolve(answer);
}

function duplicateOf(of: StoredOperation, fingerprint: string | null): Acceptance | HoldfastError {
  try {
    const { context } = decodeWork(of).snapshot;
    const isRepeat = repeatOf(context.fingerprint, fingerprint) === 'repeat';
    if (isRepeat) return { id: of.id, isDuplicate: true };
    return idempotencyConflict('keyGivenTo' in context);
  } catch (error) {
    if (isNewerRecord(error)) return firstNewer(error);
    if (isHoldfastError(error)) return firstUnreadable(error);
    throw error;
  }
}

/** Quarantines the row `of` where the fault lies with it, unless a later version wrote it. */
function refuseDuplicate(
  journal: Journal,
  of: StoredOperation,
  reason: HoldfastError,
  pending: PendingAcceptance | null,
): void {
  if (reason.code !== 'HF_IDEMPOTENCY_CONFLICT' && !isNewerRecord(reason)) {
    // Its caller is told.
    quarantine({ journal, onError: () => undefined }, of, reason);
  }
  pending?.reject(reason);
}

/** For a key whose row is being quarantined and gives it up: the same request can be accepted then. */
function firstUnreadable(cause: HoldfastError): HoldfastError {
  return new HoldfastError(
    cause.code,
    "An earlier operation with this idempotencyKey can't be read and is set aside; see holdfast quarantine. Nothing was stored: retry it, or send the request again to run it anew under the same key.",
    { field: 'idempotencyKey', cause, withStack: false },
  );
}

/** Error where the earlier operation is of a later version: it keeps its key, and goes on where a program that knows it runs. */
function firstNewer(cause: HoldfastError): HoldfastError {
  return new HoldfastError(
    cause.code,
    'An earlier operation with this idempotencyKey was written by a later version of holdfast and goes on there. Nothing was stored: run that version, or a later one, and send the request again.',
    { field: 'idempotencyKey', retry: 'later', cause, withStack: false },
  );
}

/** The key was used before with another body or, where it goes out as given, for whatever else (OP-8). */
function idempotencyConflict(isGiven: boolean): HoldfastError {
  const used = isGiven
    ? "for another request to this upstream, which gets keys as they are given (key: 'asGiven' of the handler)"
    : 'for this type and subject with a different body';
  return new HoldfastError(
    'HF_IDEMPOTENCY_CONFLICT',
    `idempotencyKey was used before ${used}. Use a new key for a new request. Nothing was stored.`,
    { field: 'idempotencyKey', withStack: false },
  );
}

/** Error for a request that repeats one whose acceptance has just failed. */
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
