/**
 * The moment between a request and its operation: what the caller waits for, and how it can fail.
 *
 * @module
 */

import {
  KEY_RULE,
  type KeyedCrisis,
  type KeyedWork,
  keyText,
} from '../../machines/operation/keys.ts';
import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';
import { withNote } from '../../machines/policy/request/requestBody.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Entity } from '../../machines/vocabulary/record.ts';
import type { Priority } from '../../machines/vocabulary/urgency.ts';
import type { Facts } from '../facts/factStream.ts';
import type { Journal } from '../journal/journal.ts';
import { digestOf, fingerprintOf, madeAtMs, operationId } from '../platform/operationId.ts';
import type { Handler } from './handler.ts';

/** What became of an acceptance. */
export interface Acceptance {
  readonly id: string;
  /** True when an earlier operation with the same idempotency key was found instead. */
  readonly isDuplicate: boolean;
}

/** Caller that waits for an acceptance. */
export interface PendingAcceptance {
  readonly resolve: (acceptance: Acceptance) => void;
  readonly reject: (error: HoldfastError) => void;
  /**
   * Set while it waits: rejects it with `error` where the disk was not given it, so that it never runs;
   * false where it was.
   */
  takeBack?: ((error: HoldfastError) => boolean) | undefined;
  /** Whether its caller waits as long as the disk hangs; left out: it is refused then. */
  readonly isPatient?: boolean | undefined;
  /** Ends it where its deadline is over; false where it is not. Left out: it has none. */
  readonly endIfLate?: ((nowMs: number) => boolean) | undefined;
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

/** The engine has stopped, or is stopping. */
export function closed(): HoldfastError {
  return new HoldfastError('HF_CLOSED', 'The runtime is closed. Nothing was stored.', {
    retry: 'later',
  });
}

/** The disk has not been given the request, and will not be. */
export function storeNotAsked(why: string): HoldfastError {
  return new HoldfastError('HF_STORE_HANGING', why, { retry: 'later', withStack: false });
}

/** Error for a crisis that is on its way to the upstream, and of which a restart would know nothing. */
export function crisisUnkept(): HoldfastError {
  return new HoldfastError(
    'HF_STORE_HANGING',
    'The disk answers nothing, and as much as may waits for it in memory: this crisis is delivered, and nothing of it is kept. If the process ends before the delivery has, it is lost.',
    { retry: 'never', withStack: false },
  );
}

/** The disk took too long; what it was given may become durable all the same. */
export function storeStalled(deadlineMs: number): HoldfastError {
  return new HoldfastError(
    'HF_STORE_STALLED',
    `The disk did not confirm the request within ${deadlineMs} ms. Send it again later with the same idempotencyKey: if it became durable after all, that finds it.`,
    { retry: 'later', mayBeStored: true, withStack: false },
  );
}

/** The store was not open in time: its key or its disk is waited for. */
export function storeNotOpen(deadlineMs: number): HoldfastError {
  return new HoldfastError(
    'HF_STORE_STALLED',
    `The store was not open within ${deadlineMs} ms, and is still being opened. Nothing was stored: send it again later.`,
    { retry: 'later', withStack: false },
  );
}

/**
 * A crisis without the instants at which it would expire or begin: it never expires, and nothing delays it (CR-4). That
 * it had some is told of under this id; `null` for a request that has none, or may keep its own.
 */
export function neverExpiring(
  {
    clock,
    random,
    facts,
  }: { readonly clock: Clock; readonly random: Random; readonly facts: Facts },
  given: CheckedRequest,
): { readonly sound: CheckedRequest; readonly id: string } | null {
  if (given.expiresAtMs === null && given.startAtMs === null) return null;
  if (!passesBy('expiry', given)) return null;
  const leftOut = (['expiresAtMs', 'startAtMs'] as const).filter((field) => given[field] !== null);
  const id = operationId(clock.now(), random);
  facts.emit('crisis.mended', id, leftOut);
  return {
    sound: { ...given, expiresAtMs: null, startAtMs: null, body: withNote(given.body, leftOut) },
    id,
  };
}

// Which operations are edits: they change the record of an entity, and are compared with what is known of that
// before they are sent, and merged where it has changed (CF-1, CF-6).

/** Work, as far as it decides whether it is an edit. */
interface EditedWork {
  readonly entity: Entity | null;
  readonly priority: Priority;
}

/** Whether work is an edit to this handler. A crisis is compared with nothing, and waits for nothing (CR-4). */
export function isEditBy(handler: Handler | null, work: EditedWork): boolean {
  const { conflicts } = handler ?? {};
  if (conflicts === undefined) return false;
  return work.entity !== null && !passesBy('storage', work);
}

/** Characters of the digest, which are 24 bytes: a key has 36, as a UUID has, which every API takes. */
const DIGEST_CHARACTERS = 32;

/** The key that goes out for a key of the app. */
export function derivedKey(work: KeyedWork, crisis?: KeyedCrisis): string {
  return `${KEY_RULE}-${digestOf(keyText(work, crisis)).slice(0, DIGEST_CHARACTERS)}`;
}

/**
 * What goes out as the key of a crisis: derived from its body and from when it was accepted, too, so that no key
 * of the app swallows one (CR-2). Its id says when that was, so that every process that takes it up later derives
 * the same.
 */
export function crisisKey(id: string, request: Omit<CheckedRequest, 'priority'>): string {
  const { type, subject, idempotencyKey: key, isTest } = request;
  if (key === null) return id;
  // Somebody who means it must not be taken for a repeat of the test before.
  const fingerprint = fingerprintOf(request, isTest === true ? ['test'] : []);
  const crisis = { fingerprint, acceptedAtMs: madeAtMs(id) };
  return derivedKey({ type, subject, key }, crisis);
}
