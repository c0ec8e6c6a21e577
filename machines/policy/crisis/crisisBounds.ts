/**
 * What no policy takes from a crisis (CR-2): whatever is set for its attempts and its waits holds within
 * these bounds, so that nothing keeps one from an upstream that is well.
 *
 * @module
 */

import { type Priority, urgencyOf } from '../../vocabulary/urgency.ts';

/** An attempt may always take as long as an upstream usually does; one that hangs, and the wait after it, leave time for the next within 60 s. */
const TIMEOUT_MS = { min: 5_000, max: 25_000 };
/** Between two attempts, once the fast ones are used up: neither a storm nor a silence. */
const PACE_MS = { min: 1_000, max: 30_000 };
/** People are notified after this many fast attempts, however many are set. */
const FAST_ATTEMPTS_MAX = 20;
/** So much of what somebody says is always taken, in bytes of JSON, however little a payload may be. */
const PAYLOAD_BYTES_MIN = 8_192;

/** Health is degraded from here on by an undelivered crisis, even an acknowledged one (CR-4). */
export const UNDELIVERED_LONG_MS = 300_000;

/** An answer to a crisis that takes longer is late (CR-1). */
export const CRISIS_ANSWER_MS_MAX = 200;

/** How long one attempt of a crisis may take, in milliseconds. */
export function crisisTimeoutMs(setMs: number): number {
  return Math.min(TIMEOUT_MS.max, Math.max(TIMEOUT_MS.min, setMs));
}

/** How a crisis is retried: without end, and never given up. No wait is longer than its `thenEveryMs`. */
export function crisisRetry<Policy extends CrisisRetry>(set: Policy): Policy {
  return {
    ...set,
    attemptsMax: Math.min(FAST_ATTEMPTS_MAX, set.attemptsMax),
    thenEveryMs: Math.min(PACE_MS.max, Math.max(PACE_MS.min, set.thenEveryMs ?? PACE_MS.max)),
    giveUpAfterMs: null,
  };
}

/** The largest payload of a crisis, in bytes of JSON. */
export function crisisPayloadBytesMax(setBytes: number): number {
  return Math.max(PAYLOAD_BYTES_MIN, setBytes);
}

interface CrisisRetry {
  readonly attemptsMax: number;
  readonly thenEveryMs: number | null;
  readonly giveUpAfterMs: number | null;
}

// What a crisis passes by, which holds up or ends all other work (CR-2, CR-4). Nothing else in the code asks
// whether something is a crisis: what else is different of one is in its chart.

/** Each thing that a crisis does not wait for, and why. */
export const PASSED_BY = {
  room: 'It is accepted however many operations wait already.',
  storage: 'It is accepted whatever the disk does, and its write is repeated until it is durable.',
  bulk: 'It is on its way before its row is written.',
  flow: 'Breaker, slots, rates and levels of its upstream are not asked: it has places of its own.',
  duplicates: 'It is on its way before the store could find an earlier one.',
  expiry: 'It never expires.',
  type: 'Where nobody handles its type, the handler of crises takes it.',
  handler: 'It waits neither for a handler that blocks nor for one that does not return.',
} as const;

export type Passed = keyof typeof PASSED_BY;

/** The rank that nothing but a crisis has. */
const CRISIS_RANK = urgencyOf('crisis', 'premium');

/** Whether this work, known by its priority or its rank, does not wait for that: nothing passes by what is not in the table. */
export function passesBy(
  what: Passed,
  work: { readonly priority: Priority } | { readonly urgency: number },
): boolean {
  const isCrisis = 'urgency' in work ? work.urgency === CRISIS_RANK : work.priority === 'crisis';
  return isCrisis && Object.hasOwn(PASSED_BY, what);
}
