/**
 * By which keys an operation is found beside its id: its lane, and its idempotency key.
 *
 * @module
 */

import type { Entity } from '../vocabulary/entity.ts';
import { subjectForm } from '../vocabulary/subject.ts';
import type { SyncOperationContext } from './syncOperationMachine.ts';

/** One text for an entity, by which its lane is found; `null` for none. */
export function entityKey(entity: Entity | null): string | null {
  return entity === null ? null : `${entity.type}\0${entity.id}`;
}

/** The idempotency key as the store sees it, scoped by type and subject (docs/decisions/0019). */
export function storedKeyOf(
  context: Pick<SyncOperationContext, 'fingerprint' | 'type' | 'subject' | 'idempotencyKey'>,
): string | null {
  if (context.fingerprint === null) return null;
  return `${context.type}\0${subjectForm(context.subject)}\0${context.idempotencyKey}`;
}

/**
 * What the upstream sees of an attempt: one key for every attempt and restart of one body (OP-3). A body that
 * was made after the upstream had definitely refused the one before has another, which no other body ever had.
 */
export function keyOfRound(
  context: Pick<SyncOperationContext, 'id' | 'idempotencyKey' | 'round' | 'roundsKey'>,
): string {
  const { id, idempotencyKey, round = 0, roundsKey = id } = context;
  return round === 0 ? idempotencyKey : `${roundsKey}-r${round}`;
}

/**
 * What a request is whose idempotency key already belongs to another: the same again, or another request
 * under a key that is taken (OP-8).
 */
export function repeatOf(
  firstFingerprint: string | null,
  fingerprint: string | null,
): 'repeat' | 'conflict' {
  return firstFingerprint === fingerprint ? 'repeat' : 'conflict';
}
