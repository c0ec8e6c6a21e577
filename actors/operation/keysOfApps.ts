/**
 * What goes out for an idempotency key of the app (OP-8, docs/decisions/0209).
 *
 * @module
 */

import {
  KEY_RULE,
  type KeyedCrisis,
  type KeyedWork,
  keyText,
} from '../../machines/operation/keys.ts';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';
import { digestOf, fingerprintOf } from '../platform/fingerprint.ts';
import { madeAtMs } from '../platform/operationId.ts';

/** Of the digest, which are 24 bytes: a key has 36 characters, as a UUID has, which every API takes. */
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
