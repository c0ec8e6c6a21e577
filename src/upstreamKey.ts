/**
 * Which idempotency key goes out for a request, for those who look at the upstream (OP-8).
 *
 * @module
 */

import { derivedKey } from '../actors/port.ts';

/** Of a request, what the key that goes out is derived from. */
export interface KeyedRequest {
  readonly type: string;
  readonly subject: string;
  readonly idempotencyKey: string;
}

/**
 * The idempotency key that an upstream gets for a request that has an `idempotencyKey`, and whose handler does not say
 * `key: 'asGiven'`: for looking it up there, and for tests. It depends on these three alone. `view()` of an operation
 * says it, too, and is the one to ask for a crisis, whose key depends on its body and on when it was accepted; for an
 * edit that was made again after a conflict; and for a dead letter that was replayed with another payload.
 *
 * @example
 * const key = upstreamKey({ type: 'payments.push', subject: 'user-42', idempotencyKey: 'invoice-2026-118' });
 * console.log(key); // hf1-…
 */
export function upstreamKey({ type, subject, idempotencyKey: key }: KeyedRequest): string {
  return derivedKey({ type, subject, key });
}
