/**
 * By which keys an operation is found beside its id: its lane, and its idempotency key.
 *
 * @module
 */

import type { Entity } from '../vocabulary/record.ts';
import { subjectForm } from '../vocabulary/subject.ts';
import type { SyncOperationContext } from './syncOperationMachine.ts';

/** One text for an entity, by which its lane is found; `null` for none. */
export function entityKey(entity: Entity | null): string | null {
  return entity === null ? null : `${entity.type}\0${entity.id}`;
}

/** The version of the rule below, with which every key that follows it begins. */
export const KEY_RULE = 'hf1';
/** For how long the same words of one person under one key are one crisis. */
const CRISIS_WINDOW_MS = 600_000;

/** The work that a key of the app is for. */
export interface KeyedWork {
  readonly type: string;
  readonly subject: string;
  /** The app's key. */
  readonly key: string;
}

/** What else the key of a crisis depends on, so that it swallows no other one. */
export interface KeyedCrisis {
  /** A digest of what is delivered. */
  readonly fingerprint: string;
  readonly acceptedAtMs: number;
}

/**
 * The text whose digest goes out as the idempotency key (OP-8). None of its parts holds a NUL, so no two
 * pieces of work have one text; a crisis has six parts and all else has four. Nothing secret is in it:
 * every store, process and restart has the same. The rule is written down in
 * docs/how-to/rely-on-idempotency-keys.md; another rule has another {@link KEY_RULE}.
 */
export function keyText({ type, subject, key }: KeyedWork, crisis?: KeyedCrisis): string {
  const text = `${KEY_RULE}\0${type}\0${subjectForm(subject)}\0${key}`;
  if (crisis === undefined) return text;
  const window = Math.floor(crisis.acceptedAtMs / CRISIS_WINDOW_MS);
  return `${text}\0${crisis.fingerprint}\0${window}`;
}

/**
 * The idempotency key by which the store finds a repeat; `null` where the app gave none. One that was derived is
 * that of its type and subject already; one that goes out as given is that of all types of its upstream.
 */
export function storedKeyOf(
  context: Pick<SyncOperationContext, 'fingerprint' | 'idempotencyKey' | 'keyGivenTo'>,
): string | null {
  const { fingerprint, idempotencyKey, keyGivenTo } = context;
  if (fingerprint === null) return null;
  return keyGivenTo === undefined ? idempotencyKey : `${keyGivenTo}\0${idempotencyKey}`;
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
