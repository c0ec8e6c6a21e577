/**
 * Idempotency key that an upstream gets, for those who look there (OP-8).
 *
 * @module
 */

import { derivedKey } from '../actors/port.ts';

/** Fields of a request from which the key is derived. */
export interface KeyedRequest {
  readonly type: string;
  readonly subject: string;
  readonly idempotencyKey: string;
}

/**
 * Returns the idempotency key that an upstream gets for a request with an `idempotencyKey` whose handler does not set
 * `key: 'asGiven'`, for look-ups there and for tests. It depends on these three fields alone. `operation.view()` has
 * it too; ask that for a crisis, whose key depends on its body and acceptance, for an edit repeated after a conflict,
 * and for a dead letter replayed with another payload.
 *
 * @example
 * const key = upstreamKey({ type: 'payments.push', subject: 'user-42', idempotencyKey: 'invoice-2026-118' });
 * console.log(key); // hf1-…
 */
export function upstreamKey({ type, subject, idempotencyKey: key }: KeyedRequest): string {
  return derivedKey({ type, subject, key });
}
