import { describe, expect, test } from 'vitest';
import { entityKey, repeatOf } from '../../../machines/operation/keys.ts';
import {
  newOperation,
  type SyncOperationContext,
} from '../../../machines/operation/syncOperationMachine.ts';
import { turnAtAcceptance, turnVerdict } from '../../../machines/operation/turn.ts';
import { CRASHES_IN_A_ROW_MAX } from '../../../machines/policy/retry/crashPolicy.ts';

const NOW_MS = 50_000;

function operation(change: Partial<SyncOperationContext> = {}): SyncOperationContext {
  const context = newOperation({
    id: 'operation-1',
    type: 'payments.push',
    subject: 'user-42',
    entity: { type: 'subscription', id: 'sub-1' },
    tier: 'premium',
    priority: 'normal',
    idempotencyKey: 'key-1',
    fingerprint: 'print-1',
    method: null,
    path: null,
    acceptedAtMs: 1_000,
    expiresAtMs: null,
    attemptsMax: 3,
  });
  return { ...context, ...change };
}

describe('a turn at its upstream', () => {
  const verdict = (
    change: Partial<SyncOperationContext>,
    handler: Parameters<typeof turnVerdict>[1] = {},
    latestMs = NOW_MS,
  ) => turnVerdict(operation(change), handler, NOW_MS, latestMs);
  const unsure = { isOutcomeUnknown: true };
  const forgetful = { honoursIdempotencyKey: false };

  test('OP-1 is taken where nothing speaks against it', () => {
    expect(verdict({})).toBe('turn.granted');
    expect(verdict({ expiresAtMs: NOW_MS + 1 })).toBe('turn.granted');
  });

  test('OP-5 is not taken once its time is over, whatever else holds', () => {
    const crashes = CRASHES_IN_A_ROW_MAX;
    expect(verdict({ expiresAtMs: NOW_MS })).toBe('expiry.due');
    expect(verdict({ ...unsure, crashes, expiresAtMs: NOW_MS }, forgetful)).toBe('expiry.due');
    expect(verdict({ expiresAtMs: NOW_MS }, null)).toBe('expiry.due');
  });

  test('OP-7 is not taken without a handler', () => {
    expect(verdict({ ...unsure, crashes: 9 }, null)).toBe('handler.missing');
  });

  test('RT-2 is not taken where a repeat is not safe', () => {
    expect(verdict(unsure, forgetful)).toBe('repeat.unsafe');
    expect(verdict({}, forgetful)).toBe('turn.granted');
    expect(verdict(unsure)).toBe('turn.granted');
  });

  test('RT-2 nor where the upstream may have forgotten the key by the latest that it may be', () => {
    const handler = { keyLifetimeMs: 60_000 };
    expect(verdict(unsure, handler, 60_999)).toBe('turn.granted');
    expect(verdict(unsure, handler, 61_000)).toBe('repeat.unsafe');
    expect(verdict({ ...unsure, firstAttemptAtMs: 2_000 }, handler, 61_000)).toBe('turn.granted');
  });

  test('RT-4 is taken alone by what was in flight at many crashes in a row', () => {
    expect(verdict({ crashes: CRASHES_IN_A_ROW_MAX - 1 })).toBe('turn.granted');
    expect(verdict({ crashes: CRASHES_IN_A_ROW_MAX })).toBe('alone');
  });
});

test('OP-1 OP-4 OP-13 how an accepted operation goes on', () => {
  expect(turnAtAcceptance(false, true, {})).toBe('granted');
  expect(turnAtAcceptance(false, false, {})).toBe('awaitsUpstream');
  expect(turnAtAcceptance(true, true, {})).toBe('awaitsLane');
  expect(turnAtAcceptance(true, false, { startAtMs: 9 })).toBe('awaitsLane');
  expect(turnAtAcceptance(false, true, { startAtMs: 9 })).toBe('awaitsStart');
});

describe('the keys of an operation', () => {
  test('OP-4 its lane is its entity', () => {
    expect(entityKey({ type: 'subscription', id: 'sub-1' })).toBe('subscription\0sub-1');
    expect(entityKey(null)).toBeNull();
    expect(entityKey({ type: 'a', id: 'bc' })).not.toBe(entityKey({ type: 'ab', id: 'c' }));
  });

  test('OP-8 under the same key, another request is a conflict', () => {
    expect(repeatOf('print-1', 'print-1')).toBe('repeat');
    expect(repeatOf('print-1', 'print-2')).toBe('conflict');
    expect(repeatOf(null, 'print-2')).toBe('conflict');
  });
});
