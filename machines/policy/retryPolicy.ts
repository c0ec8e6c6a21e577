/**
 * How many attempts an operation has and how long it waits between them (RT-1).
 *
 * @module
 */

import { HoldfastError } from '../vocabulary/errors.ts';
import type { RetryClass } from '../vocabulary/urgency.ts';

/** Turns attempt number and chance into a delay in milliseconds. Must be pure. */
export type CustomBackoff = (input: {
  /** The attempt that just failed, from 1. */
  readonly attempt: number;
  /** Uniform from [0, 1). */
  readonly draw: number;
  /** The delay before this attempt; `null` after the first. */
  readonly previousDelayMs: number | null;
}) => number;

/**
 * - `additiveJitter`: `min(cap, initial * multiplier^(attempt-1)) + draw * jitterMax`, with
 *   `jitterMax` equal to the delay by default.
 * - `fullJitter`: `draw * min(cap, initial * multiplier^(attempt-1))` (AWS, "Exponential backoff and jitter").
 * - `decorrelatedJitter`: uniform in `[initial, min(cap, 3 * previous))` (same source).
 * - `constant`: `initial`, plus up to `jitterMax`.
 */
export type BackoffStrategy =
  | 'additiveJitter'
  | 'fullJitter'
  | 'decorrelatedJitter'
  | 'constant'
  | CustomBackoff;

export interface RetryPolicy {
  /** Attempts in all, the first included. */
  readonly attemptsMax: number;
  readonly initialDelayMs: number;
  /** The cap of the delay before jitter. */
  readonly delayMsMax: number;
  readonly multiplier: number;
  readonly strategy: BackoffStrategy;
  /** Left out: as much as the delay itself. */
  readonly jitterMsMax?: number | undefined;
  /** What goes on after the last attempt instead of the dead letters; `null` for none. Crisis: 30 s. */
  readonly thenEveryMs: number | null;
}

/** The defaults of RT-1; caps from DESIGN §5, "Retry class". */
export const DEFAULT_RETRY: Readonly<Record<RetryClass, RetryPolicy>> = {
  crisis: retry(10, 100, 5_000, 30_000),
  premium: retry(7, 200, 30_000, null),
  basic: retry(5, 500, 60_000, null),
  trial: retry(3, 1_000, 120_000, null),
};

/** The most that a server's `Retry-After` can hold an operation back (DESIGN §5). */
export const RETRY_AFTER_MS_MAX = 3_600_000;

function retry(
  attemptsMax: number,
  initialDelayMs: number,
  delayMsMax: number,
  thenEveryMs: number | null,
): RetryPolicy {
  return {
    attemptsMax,
    initialDelayMs,
    delayMsMax,
    multiplier: 2,
    strategy: 'additiveJitter',
    thenEveryMs,
  };
}

/** Whether another attempt may follow attempt number `attempt`. */
export function hasAttemptsLeft(policy: RetryPolicy, attempt: number): boolean {
  return attempt < policy.attemptsMax || policy.thenEveryMs !== null;
}

/**
 * The wait after attempt number `attempt` failed, in whole milliseconds. A server's `Retry-After`
 * can lengthen it, never shorten it.
 */
export function retryDelayMs(
  policy: RetryPolicy,
  input: {
    readonly attempt: number;
    readonly draw: number;
    readonly previousDelayMs: number | null;
    readonly retryAfterMs: number | null;
  },
): number {
  const own =
    input.attempt >= policy.attemptsMax && policy.thenEveryMs !== null
      ? policy.thenEveryMs
      : backoffMs(policy, input);
  const asked = Math.min(input.retryAfterMs ?? 0, RETRY_AFTER_MS_MAX);
  return Math.ceil(Math.max(own, asked));
}

function backoffMs(
  policy: RetryPolicy,
  input: {
    readonly attempt: number;
    readonly draw: number;
    readonly previousDelayMs: number | null;
  },
): number {
  const { strategy, initialDelayMs, delayMsMax } = policy;
  if (typeof strategy === 'function') return sane(strategy(input), delayMsMax);
  const exponential = Math.min(
    delayMsMax,
    initialDelayMs * policy.multiplier ** (input.attempt - 1),
  );
  switch (strategy) {
    case 'additiveJitter':
      return exponential + input.draw * (policy.jitterMsMax ?? exponential);
    case 'fullJitter':
      return input.draw * exponential;
    case 'decorrelatedJitter': {
      const upTo = Math.min(delayMsMax, 3 * (input.previousDelayMs ?? initialDelayMs));
      return initialDelayMs + input.draw * Math.max(0, upTo - initialDelayMs);
    }
    case 'constant':
      return initialDelayMs + input.draw * (policy.jitterMsMax ?? 0);
    default:
      return strategy satisfies never;
  }
}

/** A custom strategy that answers nonsense must not lose the operation: it waits the longest delay. */
function sane(delayMs: number, delayMsMax: number): number {
  return Number.isFinite(delayMs) && delayMs >= 0 ? delayMs : delayMsMax;
}

/**
 * Fills in defaults and refuses what makes no sense.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` naming the field below `field`.
 */
export function checkRetryPolicy(
  given: Partial<RetryPolicy>,
  defaults: RetryPolicy,
  field: string,
): RetryPolicy {
  const policy = { ...defaults, ...given };
  requireOption(
    Number.isSafeInteger(policy.attemptsMax) && policy.attemptsMax >= 1,
    `${field}.attemptsMax`,
    'must be a whole number from 1',
  );
  requireOption(
    policy.initialDelayMs >= 0 && Number.isFinite(policy.initialDelayMs),
    `${field}.initialDelayMs`,
    'must be 0 or more milliseconds',
  );
  requireOption(
    policy.delayMsMax >= policy.initialDelayMs && Number.isFinite(policy.delayMsMax),
    `${field}.delayMsMax`,
    'must be at least initialDelayMs',
  );
  requireOption(
    policy.multiplier >= 1 && Number.isFinite(policy.multiplier),
    `${field}.multiplier`,
    'must be 1 or more',
  );
  requireOption(
    policy.jitterMsMax === undefined || policy.jitterMsMax >= 0,
    `${field}.jitterMsMax`,
    'must be 0 or more milliseconds',
  );
  requireOption(
    policy.thenEveryMs === null || policy.thenEveryMs > 0,
    `${field}.thenEveryMs`,
    'must be more than 0 milliseconds, or null',
  );
  return policy;
}

function requireOption(holds: boolean, field: string, rule: string): void {
  if (!holds) throw new HoldfastError('HF_OPTION_INVALID', `${field} ${rule}.`, { field });
}
