/**
 * The rule by which keys that go out are derived: fixed vectors, which other programs computed, and no two
 * pieces of work under one key.
 *
 * @module
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crisisKey, derivedKey } from '../../../actors/operation/acceptance.ts';
import { fingerprintOf, firstIdAt } from '../../../actors/platform/operationId.ts';
import { checkRequest } from '../../../machines/policy/request/request.ts';

/** By openssl and by Python's hashlib. */
describe('OP-8 the rule hf1, whoever computes it', () => {
  test.each([
    ['user-42', 'hf1-ZRiQmkZtBf1M4zJiRE2J3axVQzpg2Enk'],
    ['Jos\u00e9-\u4eac', 'hf1--_or8WkFUFpZ6hOFlLMtgKkqOrUIkWFK'],
  ])('OP-8 a payment of %s', (subject, key) => {
    expect(derivedKey({ type: 'payments.push', subject, key: 'invoice-2026-118' })).toBe(key);
    expect(key).toHaveLength(36);
  });

  test('OP-8 a subject is one in each of its Unicode forms', () => {
    const key = (subject: string): string => derivedKey({ type: 'pay', subject, key: 'k' });
    expect(key('Jose\u0301')).toBe(key('Jos\u00e9'));
    expect(key('jos\u00e9')).not.toBe(key('Jos\u00e9'));
  });

  test('OP-8 CR-2 a crisis', () => {
    const body = '{"payload":{"text":"low"}}';
    const fingerprint = fingerprintOf({ body, entity: null, method: null, path: null });
    expect(fingerprint).toBe('g-TSzp19oyEk47TotfUkjt4B408U81F8kf6IMywXCVs');
    const work = { type: 'crisis.alert', subject: 'user-42', key: 'session-7' };
    expect(derivedKey(work, { fingerprint, acceptedAtMs: 1_792_751_400_000 })).toBe(
      'hf1-7VczgeaY9rYQB9A58H0P3ZkRST6wzjqB',
    );
  });
});

test('CR-2 the same words are another crisis after a test of them', () => {
  const given = { type: 'crisis.alert', subject: 'user-42', idempotencyKey: 'k', payload: 'help' };
  const request = checkRequest({ ...given, priority: 'crisis' });
  const key = (isTest?: true): string => crisisKey(firstIdAt(0), { ...request, isTest });
  expect(key(true)).not.toBe(key());
});

/** Texts in which parts could run into one another. */
const text = fc
  .oneof(fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom('a', ' b', '|', '-', '0') }))
  .map((drawn) => `x${drawn}x`);
const work = fc.record({
  type: fc.constantFrom('pay', 'pay.x', 'pay.xx', 'payx'),
  subject: text,
  key: text,
  payload: fc.constantFrom('low', 'pills', '', null),
  window: fc.nat({ max: 2 }),
  isCrisis: fc.boolean(),
});

test('OP-8 CR-2 no two of type, subject, key, body and window have one key', () => {
  const keyOf = ({ type, subject, key, payload, window, isCrisis }: Work): string => {
    if (!isCrisis) return derivedKey({ type, subject, key });
    const given = { type, subject, payload, tier: 'premium', priority: 'crisis' };
    const request = checkRequest({ ...given, idempotencyKey: key });
    return crisisKey(firstIdAt(window * 600_000), request);
  };
  type Work = typeof work extends fc.Arbitrary<infer T> ? T : never;
  const partsOf = ({ type, subject, key, payload, window, isCrisis }: Work): string =>
    JSON.stringify(isCrisis ? [type, subject, key, payload, window] : [type, subject, key]);
  fc.assert(
    fc.property(work, work, (a, b) => {
      expect(keyOf(a) === keyOf(b)).toBe(partsOf(a) === partsOf(b));
    }),
    { numRuns: 2_000 },
  );
});
