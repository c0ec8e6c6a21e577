import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  attemptFailed,
  conflictPending,
  type FailedAttempt,
} from '../../../machines/operation/attemptVerdict.ts';
import {
  type HandlerFacts,
  isRepeatSafe,
  KEY_LIFETIME_MS,
} from '../../../machines/operation/repeatSafety.ts';
import {
  newOperation,
  type SyncOperationContext,
} from '../../../machines/operation/syncOperationMachine.ts';
import type { Failure } from '../../../machines/policy/retry/classifyFailure.ts';
import { DEFAULT_RETRY, RETRY_AFTER_MAX_MS } from '../../../machines/policy/retry/retryPolicy.ts';
import { TIERS, type Tier, urgencyOf } from '../../../machines/vocabulary/urgency.ts';

const ACCEPTED_AT_MS = 1_000;
const NOW_MS = 50_000;
const BUSY: Failure = { failureClass: 'transient', code: 'HF_ATTEMPT_FAILED', message: 'Busy.' };

function operation(given: Partial<SyncOperationContext> = {}): SyncOperationContext {
  const context = newOperation({
    id: 'operation-1',
    type: 'payments.push',
    subject: 'user-42',
    entity: null,
    tier: 'basic',
    priority: 'normal',
    idempotencyKey: 'operation-1',
    fingerprint: null,
    method: null,
    path: null,
    acceptedAtMs: ACCEPTED_AT_MS,
    expiresAtMs: null,
    attemptsMax: 5,
  });
  return { ...context, ...given };
}

function failed(given: Partial<FailedAttempt> = {}): FailedAttempt {
  return {
    failure: BUSY,
    startedAtMs: NOW_MS - 200,
    atMs: NOW_MS,
    steadyAtMs: NOW_MS + 7,
    latestMs: NOW_MS,
    draw: 0,
    urgency: urgencyOf('normal', 'basic'),
    ...given,
  };
}

const verdict = (
  context: Partial<SyncOperationContext> = {},
  attempt: Partial<FailedAttempt> = {},
  handler: HandlerFacts = {},
) => attemptFailed(operation(context), handler, DEFAULT_RETRY, failed(attempt));

describe('RT-1 when an operation may be tried again', () => {
  test('RT-1 the delay is that of its tier, counted from the failure', () => {
    expect(verdict()).toEqual({
      type: 'attempt.failed',
      startedAtMs: NOW_MS - 200,
      atMs: NOW_MS,
      failure: BUSY,
      retryAtMs: NOW_MS + 500,
      isRepeatSafe: true,
      steadyAtMs: NOW_MS + 7,
      giveUpAfterMs: 72 * 3_600_000,
      fastAttemptsMax: 5,
    });
    expect(verdict({ priority: 'crisis' }).giveUpAfterMs).toBeNull();
    expect(verdict({ tier: 'premium' }).retryAtMs).toBe(NOW_MS + 200);
    expect(verdict({ tier: 'premium', priority: 'crisis' }).retryAtMs).toBe(NOW_MS + 100);
  });

  test('OP-4 RT-1 the head of a lane waits as shortly as whoever waits for it', () => {
    const behind = (tier: Tier, urgency: number) =>
      verdict({ tier }, { urgency }).retryAtMs - NOW_MS;
    expect(behind('trial', urgencyOf('normal', 'trial'))).toBe(1_000);
    expect(behind('trial', urgencyOf('high', 'premium'))).toBe(200);
    // Never longer than it would by itself, whatever the tier of the more urgent one.
    expect(behind('premium', urgencyOf('high', 'trial'))).toBe(200);
    // Its attempts, and when it is given up, stay its own.
    expect(verdict({ tier: 'trial' }, { urgency: 1 }).giveUpAfterMs).toBe(72 * 3_600_000);
  });

  test('RT-1 it grows by attempts and by failures that spent none, and with the draw', () => {
    expect(verdict({ attempt: 3 }).retryAtMs).toBe(NOW_MS + 2_000);
    expect(verdict({ attempt: 1, unspentFailures: 1 }).retryAtMs).toBe(NOW_MS + 1_000);
    expect(verdict({ attempt: 1, unspentFailures: 9 }).retryAtMs).toBe(NOW_MS + 1_000);
    expect(verdict({ attempt: 3 }, { draw: 0.5 }).retryAtMs).toBe(NOW_MS + 3_000);
  });

  test('RT-1 where nothing is waited for, an upstream at work is asked again after pauses that grow', () => {
    const basic = { ...DEFAULT_RETRY.basic, initialDelayMs: 0 };
    const policies = { ...DEFAULT_RETRY, basic };
    const how = { atMs: NOW_MS, draw: 0.5, urgency: urgencyOf('normal', 'basic') };
    const waits = [0, 1, 2, 3, 99].map(
      (unspentFailures) =>
        conflictPending(operation({ unspentFailures }), policies, how).retryAtMs - NOW_MS,
    );
    expect(waits).toEqual([0, 100, 200, 400, 1_000]);
  });

  test('RT-2 an upstream that asks for more time gets it', () => {
    const failure = { ...BUSY, retryAfterMs: 10_000 };
    expect(verdict({}, { failure }).retryAtMs).toBe(NOW_MS + 10_000);
  });
});

test('CF-8 RT-1 an edit whose first attempt is still at work is tried again, later each time', () => {
  const waitMs = (context: Partial<SyncOperationContext>, draw = 0) => {
    const how = { atMs: NOW_MS, draw, urgency: urgencyOf('normal', 'basic') };
    const event = conflictPending(operation(context), DEFAULT_RETRY, how);
    expect(event).toMatchObject({ type: 'conflict.pending', atMs: NOW_MS });
    return event.retryAtMs - NOW_MS;
  };
  // As after a 429: up to the wait before the last of its five attempts.
  const waits = [0, 1, 2, 3, 99].map((unspentFailures) => waitMs({ unspentFailures }));
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 4_000]);
  expect(waitMs({}, 0.5)).toBe(750);
  const failure = { ...BUSY, retryAfterMs: 30_000 };
  expect(waitMs({ failure })).toBe(30_000);
});

describe('RT-2 whether the repeat is safe', () => {
  test('RT-2 only while the key is remembered at the instant of the repeat, by the latest clock', () => {
    const keyLifetimeMs = NOW_MS + 500 - ACCEPTED_AT_MS;
    expect(verdict({}, {}, { keyLifetimeMs: keyLifetimeMs + 1 }).isRepeatSafe).toBe(true);
    expect(verdict({}, {}, { keyLifetimeMs }).isRepeatSafe).toBe(false);
    // The wall clock was set back; the upstream's was not.
    const latestMs = NOW_MS + KEY_LIFETIME_MS;
    expect(verdict({}, { latestMs }).isRepeatSafe).toBe(false);
  });

  test('RT-2 the first attempt counts, and its acceptance where none was noted', () => {
    const firstAttemptAtMs = ACCEPTED_AT_MS + 10;
    const atMs = ACCEPTED_AT_MS + KEY_LIFETIME_MS;
    expect(isRepeatSafe(operation(), {}, atMs)).toBe(false);
    expect(isRepeatSafe(operation({ firstAttemptAtMs }), {}, atMs)).toBe(true);
  });

  test('RT-2 never where the upstream honours no key', () => {
    expect(verdict({}, {}, { honoursIdempotencyKey: false }).isRepeatSafe).toBe(false);
  });
});

test('RT-1 RT-2 the next attempt comes within the bounds of its class, and under a key that lives or is called unsafe', () => {
  const optional = (max: number) => fc.option(fc.integer({ min: 1, max }), { nil: undefined });
  const history = fc.record({
    tier: fc.constantFrom(...TIERS),
    attempt: fc.integer({ min: 1, max: 1_000 }),
    unspentFailures: optional(1_000),
    delayMs: fc.option(fc.integer({ min: 0, max: 200_000 })),
  });
  const failure = fc.record({
    retryAfterMs: optional(2 * RETRY_AFTER_MAX_MS),
    status: fc.constantFrom(undefined, 429, 503),
  });
  const handler = fc.record({
    honoursIdempotencyKey: fc.constantFrom(undefined, true, false),
    keyLifetimeMs: optional(2 * KEY_LIFETIME_MS),
  });
  const draws = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const sinceFirst = fc.integer({ min: 0, max: 2 * KEY_LIFETIME_MS });
  fc.assert(
    fc.property(history, fc.boolean(), failure, handler, draws, sinceFirst, (...given) => {
      const [context, isCrisis, facts, promises, draw, sinceFirstMs] = given;
      const atMs = ACCEPTED_AT_MS + sinceFirstMs;
      const priority = isCrisis ? 'crisis' : 'normal';
      const urgency = urgencyOf(priority, context.tier);
      const event = verdict(
        { ...context, priority },
        { failure: { ...BUSY, ...facts }, atMs, latestMs: atMs, draw, urgency },
        promises,
      );
      const policy = DEFAULT_RETRY[isCrisis ? 'crisis' : context.tier];
      const waitMs = event.retryAtMs - atMs;
      expect(waitMs).toBeGreaterThanOrEqual(policy.initialDelayMs);
      const askedMaxMs = policy.thenEveryMs ?? RETRY_AFTER_MAX_MS;
      expect(waitMs).toBeLessThanOrEqual(Math.max(2 * policy.delayMsMax, askedMaxMs));
      // An endless pace, which no upstream can lengthen, is spread.
      const spread = policy.thenEveryMs === null ? 1 : 0.8;
      expect(waitMs).toBeGreaterThanOrEqual(Math.min(facts.retryAfterMs ?? 0, spread * askedMaxMs));
      const keyEndsAtMs = ACCEPTED_AT_MS + (promises.keyLifetimeMs ?? KEY_LIFETIME_MS);
      const isSafe = promises.honoursIdempotencyKey !== false && event.retryAtMs < keyEndsAtMs;
      expect(event.isRepeatSafe).toBe(isSafe);
    }),
  );
});
