/**
 * The digests of a request: by which a repeat is told from another one with the same key, and what goes out as
 * its idempotency key (OP-8).
 *
 * @module
 */

import { hash } from 'node:crypto';
import {
  KEY_RULE,
  type KeyedCrisis,
  type KeyedWork,
  keyText,
} from '../../machines/operation/keys.ts';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';

/** Of the digest, which are 24 bytes: a key has 36 characters, as a UUID has, which every API takes. */
const DIGEST_CHARACTERS = 32;

/**
 * A digest (SHA-256) of what makes two requests the same piece of work (OP-8). Tier, priority and
 * expiry are not part of it: they change how the work is done, not what it is.
 *
 * @param scope what a repeat must have in common besides
 */
export function fingerprintOf(
  { body, entity, method, path }: Pick<CheckedRequest, 'body' | 'entity' | 'method' | 'path'>,
  scope: readonly string[] = [],
): string {
  const text = JSON.stringify([entity?.type, entity?.id, method, path, body, ...scope]);
  return hash('sha256', text, 'base64url');
}

/** The key that goes out for a key of the app. */
export function derivedKey(work: KeyedWork, crisis?: KeyedCrisis): string {
  const digest = hash('sha256', keyText(work, crisis), 'base64url');
  return `${KEY_RULE}-${digest.slice(0, DIGEST_CHARACTERS)}`;
}
