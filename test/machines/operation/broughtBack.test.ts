/**
 * Whether a dead letter may come back, without an actor (OP-5).
 *
 * @module
 */

import { expect, test } from 'vitest';
import { broughtBack } from '../../../machines/operation/repeatSafety.ts';
import {
  newOperation,
  type ReplayFacts,
  type SyncOperationContext,
} from '../../../machines/operation/syncOperationMachine.ts';

const LETTER: SyncOperationContext = {
  ...newOperation({
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
    expiresAtMs: 9_000,
    attemptsMax: 5,
  }),
  attempt: 5,
  crashes: 2,
  isSpent: true,
  unspentFailures: 3,
  isSingledOut: true,
  failedAtMs: 3_900,
  upMark: { upstream: 'payments', upMs: 7 },
  rate: { owner: 'tier', dueAtMs: 3_000, timesAsked: 2 },
  sinceAtMs: 3_900,
  firstAttemptAtMs: 1_200,
  delayMs: 400,
  failure: { failureClass: 'permanent', code: 'HF_UPSTREAM_REFUSED', message: 'No.' },
  ending: 'deadLettered',
  settledAtMs: 4_000,
};
const ASKED: ReplayFacts = { atMs: 5_000, idempotencyKey: null, isRepeatApproved: false };

test('OP-5 it comes back as new, under its key, and its history says who asked', () => {
  expect(broughtBack(LETTER, ASKED)).toEqual({
    ...LETTER,
    attempt: 1,
    crashes: 0,
    isSpent: false,
    unspentFailures: undefined,
    isSingledOut: undefined,
    failedAtMs: undefined,
    upMark: undefined,
    rate: undefined,
    sinceAtMs: 5_000,
    firstAttemptAtMs: null,
    wakeAtMs: 5_000,
    delayMs: null,
    failure: null,
    ending: null,
    settledAtMs: null,
    history: [{ atMs: 5_000, what: 'replayRequested', attempt: 5, code: null }],
  });
});

test('OP-5 an edited one has another key, and its history says so', () => {
  const edited = broughtBack(LETTER, { ...ASKED, idempotencyKey: 'key-2' });
  expect(edited?.idempotencyKey).toBe('key-2');
  expect(edited?.history.map(({ what }) => what)).toEqual(['editedReplayRequested']);
});

test('OP-5 RT-2 one that may have been applied keeps its key, or a person takes it upon themselves', () => {
  const unknown = { ...LETTER, isOutcomeUnknown: true };
  expect(broughtBack(unknown, ASKED)).toMatchObject({
    isOutcomeUnknown: true,
    firstAttemptAtMs: 1_200,
  });
  expect(broughtBack(unknown, { ...ASKED, idempotencyKey: 'key-2' })).toBeNull();
  const approved = { ...ASKED, isRepeatApproved: true };
  for (const idempotencyKey of [null, 'key-2']) {
    expect(broughtBack(unknown, { ...approved, idempotencyKey })).toMatchObject({
      isOutcomeUnknown: false,
      firstAttemptAtMs: null,
    });
  }
});

test('OP-5 one whose time is over stays', () => {
  expect(broughtBack(LETTER, { ...ASKED, atMs: 8_999 })).not.toBeNull();
  expect(broughtBack(LETTER, { ...ASKED, atMs: 9_000 })).toBeNull();
  expect(broughtBack({ ...LETTER, expiresAtMs: null }, { ...ASKED, atMs: 1e12 })).not.toBeNull();
});
