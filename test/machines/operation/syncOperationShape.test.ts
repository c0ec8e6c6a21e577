/**
 * The shape that an operation's context must have for its chart to run with it (PS-3).
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import {
  newOperation,
  type SyncOperationContext,
} from '../../../machines/operation/syncOperationMachine.ts';
import { isOperationContext } from '../../../machines/operation/syncOperationShape.ts';

const NEW = newOperation({
  id: 'operation-1',
  type: 'payments.push',
  subject: 'user-42',
  entity: null,
  tier: 'basic',
  priority: 'normal',
  idempotencyKey: 'key-1',
  fingerprint: null,
  method: null,
  path: null,
  acceptedAtMs: 1_000,
  expiresAtMs: null,
  attemptsMax: 5,
});
const FAILURE = { failureClass: 'transient', code: 'HF_ATTEMPT_FAILED', message: 'Busy.' };
const ENTRY = { atMs: 1, what: 'failed', attempt: 1, code: 'HF_ATTEMPT_FAILED' };

const runs = (changes: Readonly<Partial<Record<keyof SyncOperationContext, unknown>>>) =>
  isOperationContext({ ...NEW, ...changes });

test('PS-3 a new operation has it, and so has one with everything that can come', () => {
  expect(isOperationContext(NEW)).toBe(true);
  expect(
    runs({
      entity: { type: 'subscription', id: 'sub-1' },
      fingerprint: 'f',
      method: 'PUT',
      path: '/x',
      expiresAtMs: 9,
      attemptsMax: null,
      unspentFailures: 3,
      isSingledOut: true,
      firstAttemptAtMs: 2,
      delayMs: 100,
      failure: FAILURE,
      ending: 'completed',
      settledAtMs: 3,
      history: [ENTRY, { ...ENTRY, code: null }],
    }),
  ).toBe(true);
});

test.each([[null], [undefined], ['text'], [7], [[]], [{}]])('PS-3 %j is none', (value) => {
  expect(isOperationContext(value)).toBe(false);
});

describe('PS-3 a field of another kind', () => {
  const texts = ['id', 'type', 'subject', 'idempotencyKey'] as const;
  const textsOrNull = ['fingerprint', 'method', 'path'] as const;
  const numbers = ['acceptedAtMs', 'wakeAtMs'] as const;
  const numbersOrNull = ['expiresAtMs', 'firstAttemptAtMs', 'delayMs', 'settledAtMs'] as const;
  const counts = ['attempt', 'crashes'] as const;
  const flags = ['isSpent', 'isOutcomeUnknown'] as const;

  test.each(texts)('PS-3 %s is a text', (name) => {
    for (const wrong of [7, null, undefined]) expect(runs({ [name]: wrong })).toBe(false);
  });
  test.each(textsOrNull)('PS-3 %s is a text or null', (name) => {
    for (const wrong of [7, undefined]) expect(runs({ [name]: wrong })).toBe(false);
    for (const right of ['text', null]) expect(runs({ [name]: right })).toBe(true);
  });
  test.each(numbers)('PS-3 %s is a finite number', (name) => {
    for (const wrong of ['7', null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(runs({ [name]: wrong })).toBe(false);
    }
    expect(runs({ [name]: -0.5 })).toBe(true);
  });
  test.each(numbersOrNull)('PS-3 %s is a finite number or null', (name) => {
    for (const wrong of ['7', undefined, Number.NaN]) expect(runs({ [name]: wrong })).toBe(false);
    for (const right of [7.5, null]) expect(runs({ [name]: right })).toBe(true);
  });
  test.each(counts)('PS-3 %s is a whole number from 0', (name) => {
    for (const wrong of [-1, 0.5, '1', null, undefined, 2 ** 53]) {
      expect(runs({ [name]: wrong })).toBe(false);
    }
    for (const right of [0, 1]) expect(runs({ [name]: right })).toBe(true);
  });
  test.each(flags)('PS-3 %s is true or false', (name) => {
    for (const wrong of [1, null, undefined]) expect(runs({ [name]: wrong })).toBe(false);
    for (const right of [true, false]) expect(runs({ [name]: right })).toBe(true);
  });

  test('PS-3 what an earlier version did not have may be absent, but not null', () => {
    expect(runs({ unspentFailures: undefined, isSingledOut: undefined })).toBe(true);
    for (const wrong of [null, -1, 'x']) expect(runs({ unspentFailures: wrong })).toBe(false);
    for (const wrong of [null, 1]) expect(runs({ isSingledOut: wrong })).toBe(false);
    for (const wrong of [-1, 0.5, undefined]) expect(runs({ attemptsMax: wrong })).toBe(false);
  });

  test('PS-3 tier, priority and ending are words that are known', () => {
    for (const name of ['tier', 'priority', 'ending'] as const) {
      for (const wrong of ['gold', '', 7, undefined]) expect(runs({ [name]: wrong })).toBe(false);
    }
    for (const tier of ['premium', 'basic', 'trial']) expect(runs({ tier })).toBe(true);
    for (const priority of ['crisis', 'high', 'normal', 'low']) {
      expect(runs({ priority })).toBe(true);
    }
    for (const ending of ['completed', 'deadLettered', 'cancelled', 'expired', null]) {
      expect(runs({ ending })).toBe(true);
    }
    expect(runs({ tier: null })).toBe(false);
  });

  test('PS-3 an entity and a failure have texts of their own', () => {
    for (const wrong of ['x', undefined, {}, { type: 'a' }, { id: 'a' }, { type: 'a', id: 7 }]) {
      expect(runs({ entity: wrong })).toBe(false);
    }
    for (const name of ['failureClass', 'code', 'message']) {
      expect(runs({ failure: { ...FAILURE, [name]: 7 } })).toBe(false);
      expect(runs({ failure: { ...FAILURE, [name]: undefined } })).toBe(false);
    }
    expect(runs({ failure: FAILURE })).toBe(true);
  });

  test('PS-3 a history is a list of entries, each whole', () => {
    for (const wrong of [null, undefined, {}, 'x', [null], [7]]) {
      expect(runs({ history: wrong })).toBe(false);
    }
    for (const change of [{ atMs: '1' }, { what: 7 }, { attempt: -1 }, { code: 7 }]) {
      expect(runs({ history: [ENTRY, { ...ENTRY, ...change }] })).toBe(false);
    }
    expect(runs({ history: [] })).toBe(true);
  });
});
