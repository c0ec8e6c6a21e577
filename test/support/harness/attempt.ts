/**
 * Makes attempts, for tests of handlers.
 *
 * @module
 */

import type { Attempt } from '../../../actors/operation/handler.ts';

/** An attempt as the engine would hand it to a handler, for tests of handlers alone. */
export function attemptOf(given: Partial<Attempt> = {}): Attempt {
  return {
    operationId: '5f0c8a52-63c1-4c34-9d0c-0f5a4f4f2a11',
    type: 'payments.push',
    subject: 'user-42',
    entity: null,
    tier: 'premium',
    priority: 'normal',
    payload: { amount: 1 },
    base: undefined,
    condition: undefined,
    meta: undefined,
    idempotencyKey: 'key-1',
    number: 1,
    deadlineAtMs: Number.MAX_SAFE_INTEGER,
    signal: new AbortController().signal,
    networkGrade: 'excellent',
    leftOut: [],
    isTest: false,
    method: null,
    path: null,
    keepAnswer: () => undefined,
    keepCurrent: () => undefined,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    ...given,
  };
}
