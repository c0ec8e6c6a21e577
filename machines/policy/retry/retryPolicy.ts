/**
 * How many attempts an operation has and how long it waits between them (RT-1).
 *
 * @module
 */

import {
  completeOptions,
  count,
  type OptionRules,
  requireOption,
  spanMs,
} from '../../vocabulary/optionFields.ts';
import type { RetryClass } from '../../vocabulary/urgency.ts';
import type { Failure } from './classifyFailure.ts';

/** No upstream may park work for longer than this by a header: 1 h. */
export const RETRY_AFTER_MAX_MS = 3_600_000;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Sun, 06 Nov 1994 08:49:37 GMT`, the form every sender uses today. */
const IMF_DATE = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
/** `Sunday, 06-Nov-94 08:49:37 GMT`, obsolete, still to be read. */
const RFC_850_DATE =
  /^[A-Z][a-z]{5,8}, (\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
/** `Sun Nov  6 08:49:37 1994`, obsolete, still to be read. */
const ASCTIME_DATE = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/;

function utc(day: string, month: string, year: number, time: readonly (string | undefined)[]) {
  const monthIndex = MONTHS.indexOf(month);
  if (monthIndex < 0) return null;
  const [hour, minute, second] = time.map(Number);
  return Date.UTC(year, monthIndex, Number(day), hour, minute, second);
}

/**
 * Reads an HTTP date in any of its three forms as milliseconds since the epoch; `null` for anything
 * else. `Date.parse` would not do: it takes `5` for a day in 2001.
 *
 * @param nowMs - gives the century of a two-digit year: never more than 50 years ahead (RFC 9110 §5.6.7).
 */
export function parseHttpDate(text: string, nowMs: number): number | null {
  const imf = IMF_DATE.exec(text);
  if (imf !== null) {
    const [, day = '', month = '', year, ...time] = imf;
    return utc(day, month, Number(year), time);
  }
  const rfc850 = RFC_850_DATE.exec(text);
  if (rfc850 !== null) {
    const [, day = '', month = '', shortYear, ...time] = rfc850;
    const yearNow = new Date(nowMs).getUTCFullYear();
    const year = yearNow - (yearNow % 100) + Number(shortYear);
    return utc(day, month, year > yearNow + 50 ? year - 100 : year, time);
  }
  const asctime = ASCTIME_DATE.exec(text);
  if (asctime === null) return null;
  const [, month = '', day = '', hour, minute, second, year] = asctime;
  return utc(day.trim(), month, Number(year), [hour, minute, second]);
}

/**
 * Reads a `Retry-After` header: a number of seconds (fractions are accepted, some services send
 * them) or an HTTP date. Returns milliseconds from `nowMs`, between 0 and {@link RETRY_AFTER_MAX_MS},
 * or `undefined` when there is no header or it makes no sense.
 */
export function parseRetryAfter(
  header: string | null | undefined,
  nowMs: number,
): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+(?:\.\d+)?$/.test(text)) return capped(Number(text) * 1_000);
  const atMs = parseHttpDate(text, nowMs);
  return atMs === null ? undefined : capped(atMs - nowMs);
}

function capped(delayMs: number): number {
  return Math.min(RETRY_AFTER_MAX_MS, Math.max(0, Math.ceil(delayMs)));
}

/** How long an upstream was up, in all, in milliseconds, and which. */
export interface UpTime {
  readonly upstream: string;
  readonly upMs: number;
}

/** Three days: a weekend passes before a person has to look. */
export const GIVE_UP_AFTER_MS = 72 * 3_600_000;

/** From where the time counts: from before, or from now on at another upstream. */
export function upMark(before: UpTime | undefined, now: UpTime): UpTime {
  return before?.upstream === now.upstream ? before : now;
}

/**
 * Whether the time is over. An upstream whose own memory of that was lost counts anew.
 *
 * @param afterMs of the class of the operation; `null` for never
 */
export function isGivenUp(mark: UpTime | undefined, now: UpTime, afterMs: number | null): boolean {
  if (afterMs === null || mark?.upstream !== now.upstream) return false;
  return now.upMs - mark.upMs >= afterMs;
}

/** Why it ends; `last` is how its last attempt failed. */
export function givenUp(last: Failure | null): Failure {
  const why = last === null ? '' : ` The last failure: ${last.message}`;
  return {
    failureClass: 'permanent',
    code: 'HF_GIVEN_UP',
    message: `It was tried for as long as its policy allows while its upstream was up.${why}`,
  };
}

/**
 * Turns attempt number and chance into a delay in milliseconds, at most `delayMsMax`. Must be pure.
 * One that throws or answers nonsense gets `delayMsMax`: no operation is lost by it.
 */
export type CustomBackoff = (input: {
  /** The attempt that just failed, from 1; failures that spent no attempt count too: see `waitsAsAfter`. */
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
  /**
   * The longest wait of what goes on after the last attempt instead of the dead letters, of which chance takes
   * up to a fifth; 1 s at the least, `null` for none. Crisis: 30 s.
   */
  readonly thenEveryMs: number | null;
  /**
   * How long it is tried from its first failed attempt on, in time in which its upstream was up, before
   * it goes to the dead letters with `HF_GIVEN_UP`; `null` for never. A crisis is never given up.
   */
  readonly giveUpAfterMs: number | null;
}

/** The defaults of RT-1; caps from docs/decisions/0017. */
export const DEFAULT_RETRY: Readonly<Record<RetryClass, RetryPolicy>> = {
  crisis: retry(10, 100, 5_000, 30_000),
  premium: retry(7, 200, 30_000, null),
  basic: retry(5, 500, 60_000, null),
  trial: retry(3, 1_000, 120_000, null),
};

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
    giveUpAfterMs: thenEveryMs === null ? GIVE_UP_AFTER_MS : null,
  };
}

/**
 * The wait after attempt number `attempt` failed, in whole milliseconds. A server's `Retry-After`
 * can lengthen it, never shorten it, and by an hour at most (docs/decisions/0017). Where a policy goes on
 * without end, as for a crisis, no wait is longer than the pace that it goes on at (CR-4).
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
      ? policy.thenEveryMs * (1 - PACE_JITTER * input.draw)
      : Math.min(backoffMs(policy, input), policy.thenEveryMs ?? Number.POSITIVE_INFINITY);
  const askedMax = Math.min(RETRY_AFTER_MAX_MS, policy.thenEveryMs ?? RETRY_AFTER_MAX_MS);
  const asked = Math.min(input.retryAfterMs ?? 0, askedMax);
  return Math.ceil(Math.max(own, asked));
}

/** So that what failed together is not repeated together each time; no wait is longer for it. */
const PACE_JITTER = 0.2;

/** Failures that spent no attempt let a wait grow no further than this, in milliseconds before jitter. */
export const UNSPENT_WAIT_MS_MAX = 1_000;

/** A pace without end is no faster than this, in milliseconds: a crisis has the same bound. */
const ENDLESS_PACE_MS_MIN = 1_000;

/** The least wait after the second failure in a row that spent no attempt, in milliseconds. */
const UNSPENT_WAIT_MS_MIN = 100;

/**
 * The least wait after a failure, in milliseconds. What spends no attempt may come again without end: after the
 * first it waits for {@link UNSPENT_WAIT_MS_MIN} and then for twice as long each time, however little is set, up to
 * what is set as the most or {@link UNSPENT_WAIT_MS_MAX}.
 *
 * @param unspentFailures that there were before this failure
 */
export function leastWaitMs(
  { delayMsMax }: Pick<RetryPolicy, 'delayMsMax'>,
  unspentFailures: number,
): number {
  if (unspentFailures === 0) return 0;
  const most = Math.min(UNSPENT_WAIT_MS_MAX, Math.max(UNSPENT_WAIT_MS_MIN, delayMsMax));
  return Math.min(most, UNSPENT_WAIT_MS_MIN * 2 ** (unspentFailures - 1));
}

/**
 * The number of the attempt whose wait follows a failure (RT-1): failures that spent no attempt count
 * for it while the wait is at most {@link UNSPENT_WAIT_MS_MAX}, and no further than to that before the last
 * attempt; after a 429 (too many came), and while an upstream is taken to be at work on an earlier attempt, as far
 * as to that. It is flow control that spares the upstream
 * meanwhile (CB-2, PF-5): a longer wait would only keep an operation, and its lane, from going on once the
 * upstream is back.
 */
export function waitsAsAfter(
  policy: Pick<RetryPolicy, 'attemptsMax' | 'initialDelayMs' | 'multiplier'>,
  attempt: number,
  unspentFailures: number,
  { status, conflictIs }: Pick<Failure, 'status' | 'conflictIs'>,
): number {
  const { attemptsMax, initialDelayMs, multiplier } = policy;
  const most = Math.max(attempt, Math.min(attempt + unspentFailures, attemptsMax - 1));
  if (status === 429 || conflictIs !== undefined) return most;
  let number = attempt;
  let delayMs = initialDelayMs * multiplier ** attempt;
  while (number < most && delayMs <= UNSPENT_WAIT_MS_MAX) {
    number += 1;
    delayMs *= multiplier;
  }
  return number;
}

/**
 * Whether a failed attempt is one of those that the operation has (RT-1, docs/decisions/0052, 0120).
 *
 * What says nothing about the request spends none; nor does a 409 that tells that an earlier attempt is at work
 * still (`isAtWorkTooLong`, docs/decisions/0186). Of what changed nothing, only a second failure in
 * a row that singles the request out does: one alone may be the first of an outage.
 *
 * @param wasSingledOut whether the operation's failure before this one {@link singlesOut} it
 */
export function spendsAttempt(
  failure: Failure,
  isUpstreamWell: boolean,
  wasSingledOut: boolean,
): boolean {
  if (failure.conflictIs === 'unlikely') return false;
  if (failure.notApplied !== true) return true;
  return wasSingledOut && singlesOut(failure, isUpstreamWell);
}

/**
 * Whether a failure that changed nothing seems to lie in the request and not in the upstream.
 *
 * Where nothing was sent, or too many others came (429), the upstream has not looked at the request.
 * Of another failure, what became of others tells: one among successes may be about the request, one
 * of a row, or from while the breaker was not closed, is about the upstream.
 *
 * @param isUpstreamWell the breaker was closed from the attempt's begin to its end, and the call that
 * ended before it succeeded
 */
export function singlesOut(failure: Failure, isUpstreamWell: boolean): boolean {
  const { notApplied, code, status } = failure;
  if (notApplied !== true) return false;
  return code !== 'HF_UPSTREAM_UNREACHABLE' && status !== 429 && isUpstreamWell;
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
  if (typeof strategy === 'function') return customMs(strategy, input, delayMsMax);
  // Kept finite, for no delay times infinity is no number.
  const growth = Math.min(Number.MAX_VALUE, policy.multiplier ** (input.attempt - 1));
  const exponential = Math.min(delayMsMax, initialDelayMs * growth);
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

function customMs(
  strategy: CustomBackoff,
  input: Parameters<CustomBackoff>[0],
  delayMsMax: number,
): number {
  try {
    const { attempt, draw, previousDelayMs } = input;
    const delayMs = strategy({ attempt, draw, previousDelayMs });
    // A caller without types may answer anything.
    const isFit = typeof delayMs === 'number' && delayMs >= 0 && delayMs <= delayMsMax;
    return isFit ? delayMs : delayMsMax;
  } catch {
    return delayMsMax;
  }
}

const NAMED_STRATEGIES: readonly Exclude<BackoffStrategy, CustomBackoff>[] = [
  'additiveJitter',
  'fullJitter',
  'decorrelatedJitter',
  'constant',
];

/** What each field may be. */
export const RULES: OptionRules<RetryPolicy> = {
  attemptsMax: count(1),
  initialDelayMs: spanMs(0),
  delayMsMax: spanMs(0),
  multiplier: { min: 1, max: 100, whole: false },
  strategy: { either: ['function', { oneOf: NAMED_STRATEGIES }] },
  jitterMsMax: spanMs(0),
  thenEveryMs: { orNull: spanMs(ENDLESS_PACE_MS_MIN) },
  giveUpAfterMs: { orNull: spanMs() },
};

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
  const policy = completeOptions(given, defaults, RULES, field);
  requireOption(
    policy.delayMsMax >= policy.initialDelayMs,
    `${field}.delayMsMax`,
    'must not be below initialDelayMs',
  );
  return policy;
}
