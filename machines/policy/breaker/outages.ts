/**
 * What a breaker knows of the outages of its upstream: when each was, how long the upstream was down in
 * all, and how soon it was found to be back (CB-2, CB-6, RT-1).
 *
 * @module
 */

import { clampDueTime } from '../../vocabulary/clock.ts';
import { askedWaitMs, type BreakerPacing, openDurationMs } from './breakerPolicy.ts';

/** An outage, from the first failure of the run that revealed it to the success that ended it. */
export type Outage = readonly [firstFailureAtMs: number, endedAtMs: number];

/** Number of latest outages kept: an operation asks about its last failure, which may be some time ago. */
const OUTAGES_KEPT = 32;

export interface OutageHistory {
  /** At least as long as the latest wait for a probe is or was; 0 before the first. */
  readonly lastOpenMs: number;
  /**
   * No probe goes out before this. `open` lasts until then; while half open it is set if a failed probe was
   * asked to wait, and `null` else.
   */
  readonly openUntilAtMs: number | null;
  /** When the present outage began, with the first failure of its run; `null` when there is none. */
  readonly firstFailureAtMs: number | null;
  /** When the upstream was last known to fail in the present outage. */
  readonly failedAtMs: number | null;
  /** How many probes go out together. */
  readonly probesAtOnce: number;
  /** The latest outages that are over, oldest first. */
  readonly outages: readonly Outage[];
  /** Since when it is down, or held open; `null` while it is up. */
  readonly downSinceAtMs: number | null;
  /** How long it was down before that, in all, in milliseconds. */
  readonly downMs: number;
  /** How often it closed after an outage. */
  readonly recoveries: number;
  /** Time from the last known failure to closed: summed over all recoveries, the latest, the longest. */
  readonly recoveriesMs: number;
  readonly lastRecoveryMs: number;
  readonly longestRecoveryMs: number;
}

export const NO_OUTAGES: OutageHistory = Object.freeze({
  lastOpenMs: 0,
  openUntilAtMs: null,
  firstFailureAtMs: null,
  failedAtMs: null,
  probesAtOnce: 1,
  outages: [],
  downSinceAtMs: null,
  downMs: 0,
  recoveries: 0,
  recoveriesMs: 0,
  lastRecoveryMs: 0,
  longestRecoveryMs: 0,
});

/** What a trip needs from outside: the instant, chance, and what the upstream asked for. */
export interface TripFacts {
  readonly atMs: number;
  /** A random number from [0, 1). */
  readonly draw: number;
  readonly retryAfterMs?: number | undefined;
  /** How long the probe took whose failure it is. */
  readonly tookMs?: number | undefined;
}

/** How an outage was noticed. */
export interface OutageFacts extends TripFacts {
  readonly firstFailureAtMs: number;
  /** How many probes go out together. */
  readonly probes: number;
}

/** An outage begins: it is open until the first probe. */
export function tripped(
  history: OutageHistory,
  pacing: BreakerPacing,
  facts: OutageFacts,
): Partial<OutageHistory> {
  const firstFailureAtMs = Math.min(facts.firstFailureAtMs, facts.atMs);
  return {
    ...wentDown(history, firstFailureAtMs),
    ...reopened({ ...history, firstFailureAtMs }, pacing, facts),
    firstFailureAtMs,
    probesAtOnce: Math.max(1, facts.probes),
  };
}

/** The upstream is down still: it is open until the next probe, and as long as it has asked for. */
export function reopened(
  { firstFailureAtMs, openUntilAtMs }: OutageHistory,
  pacing: BreakerPacing,
  facts: TripFacts,
): Partial<OutageHistory> {
  const { atMs } = facts;
  const beganAtMs = firstFailureAtMs ?? atMs;
  const openMs = openDurationMs(pacing, { ...facts, downMs: atMs - beganAtMs });
  const untilAtMs = Math.max(openUntilAtMs ?? 0, atMs + openMs);
  return {
    lastOpenMs: untilAtMs - atMs,
    openUntilAtMs: untilAtMs,
    firstFailureAtMs: beganAtMs,
    failedAtMs: atMs,
  };
}

/** Whether a failed probe, however late, was asked to wait for longer than is known. */
export function isAskedForTime(
  { openUntilAtMs }: OutageHistory,
  pacing: BreakerPacing,
  { atMs, retryAfterMs }: TripFacts,
): boolean {
  const askedMs = askedWaitMs(pacing, retryAfterMs);
  return askedMs > 0 && atMs + askedMs > (openUntilAtMs ?? 0);
}

/** What a failed probe was asked to wait holds the next one, and is never cut by what is less. */
export function askedForTime(
  history: OutageHistory,
  pacing: BreakerPacing,
  facts: TripFacts,
): Partial<OutageHistory> {
  if (!isAskedForTime(history, pacing, facts)) return {};
  const askedMs = askedWaitMs(pacing, facts.retryAfterMs);
  return {
    lastOpenMs: Math.max(history.lastOpenMs, askedMs),
    openUntilAtMs: facts.atMs + askedMs,
  };
}

/** The upstream has answered: the outage is over, and how soon that was noticed is measured. */
export function recovered(history: OutageHistory, atMs: number): Partial<OutageHistory> {
  const { failedAtMs, recoveries, recoveriesMs, longestRecoveryMs } = history;
  const ended = { ...withoutOutage(history, atMs), ...cameUp(history, atMs) };
  if (failedAtMs === null) return ended;
  const lastRecoveryMs = Math.max(0, atMs - failedAtMs);
  return {
    ...ended,
    recoveries: recoveries + 1,
    recoveriesMs: recoveriesMs + lastRecoveryMs,
    lastRecoveryMs,
    longestRecoveryMs: Math.max(longestRecoveryMs, lastRecoveryMs),
  };
}

/**
 * Somebody takes over. From here on time says nothing about the upstream: the outage is kept as far as it
 * was seen, and its end is not measured.
 */
export function handedOver(
  history: OutageHistory,
  atMs: number,
  isUp: boolean,
): Partial<OutageHistory> {
  return {
    ...withoutOutage(history, atMs),
    ...(isUp ? cameUp(history, atMs) : wentDown(history, atMs)),
  };
}

/** Notes that the upstream is up from here on. */
export function cameUp(
  { downSinceAtMs, downMs }: OutageHistory,
  atMs: number,
): Partial<OutageHistory> {
  if (downSinceAtMs === null) return {};
  return { downSinceAtMs: null, downMs: downMs + Math.max(0, atMs - downSinceAtMs) };
}

/** Notes that the upstream is down from here on. */
export function wentDown({ downSinceAtMs }: OutageHistory, atMs: number): Partial<OutageHistory> {
  return { downSinceAtMs: downSinceAtMs ?? atMs };
}

/** How long it was down in all, in milliseconds. */
export function downMsAt({ downSinceAtMs, downMs }: OutageHistory, atMs: number): number {
  return downSinceAtMs === null ? downMs : downMs + Math.max(0, atMs - downSinceAtMs);
}

/** Whether the upstream was down at this instant; the run of failures that revealed an outage belongs to it. */
export function wasDownAt({ firstFailureAtMs, outages }: OutageHistory, atMs: number): boolean {
  if (firstFailureAtMs !== null && atMs >= firstFailureAtMs) return true;
  return outages.some(([beganAtMs, endedAtMs]) => atMs >= beganAtMs && atMs <= endedAtMs);
}

/**
 * At a restart: what lay between two processes is no time in which it was down, nor up; and an instant that
 * is further ahead than it can be is taken back to where it can be at most.
 *
 * @param diedAtMs until when the last process is known to have run
 */
export function resumed(
  { openUntilAtMs, lastOpenMs, downSinceAtMs }: OutageHistory,
  atMs: number,
  diedAtMs: number,
): Partial<OutageHistory> {
  const betweenMs = Math.max(0, atMs - diedAtMs);
  return {
    openUntilAtMs: openUntilAtMs === null ? null : clampDueTime(openUntilAtMs, atMs, lastOpenMs),
    downSinceAtMs: downSinceAtMs === null ? null : Math.min(atMs, downSinceAtMs + betweenMs),
  };
}

function withoutOutage(history: OutageHistory, atMs: number): Partial<OutageHistory> {
  const { firstFailureAtMs, outages } = history;
  if (firstFailureAtMs === null) return { failedAtMs: null, openUntilAtMs: null };
  const outage: Outage = [firstFailureAtMs, Math.max(firstFailureAtMs, atMs)];
  return {
    openUntilAtMs: null,
    firstFailureAtMs: null,
    failedAtMs: null,
    outages: [...outages, outage].slice(-OUTAGES_KEPT),
  };
}
