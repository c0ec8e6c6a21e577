/**
 * What a breaker remembers of its trips: how long to stay open, whether an earlier trip is forgiven,
 * and how fast the upstream was found to be back (CB-2, CB-6).
 *
 * @module
 */

import { clampDueTime } from '../../vocabulary/dueTime.ts';
import { type BreakerPolicy, openDurationMs } from './breakerPolicy.ts';

export interface TripHistory {
  /** Trips without having been closed, between them, for as long as it was last open. */
  readonly tripsInARow: number;
  /** How long the latest cooldown is or was; 0 before the first. */
  readonly lastOpenMs: number;
  /** When the present cooldown ends; `null` outside `open`. */
  readonly openUntilAtMs: number | null;
  /** The first trip of the present outage; `null` when there is none. */
  readonly openedAtMs: number | null;
  /** The latest trip of the present outage: when the upstream was last known to fail. */
  readonly trippedAtMs: number | null;
  /** When it closed after an outage; `null` outside `closed` and before the first. */
  readonly closedSinceAtMs: number | null;
  /** How often it closed after an outage. */
  readonly recoveries: number;
  /** Time from the last known failure to closed, summed over all recoveries: their mean is CB-6. */
  readonly recoveriesMs: number;
}

export const NO_TRIPS: TripHistory = Object.freeze({
  tripsInARow: 0,
  lastOpenMs: 0,
  openUntilAtMs: null,
  openedAtMs: null,
  trippedAtMs: null,
  closedSinceAtMs: null,
  recoveries: 0,
  recoveriesMs: 0,
});

/** What a trip needs from outside: the instant, chance, and what the upstream asked for. */
export interface TripFacts {
  readonly atMs: number;
  /** A random number from [0, 1). */
  readonly draw: number;
  readonly retryAfterMs?: number | undefined;
}

/** The history after a trip. Earlier trips count until it was closed for as long as it was last open. */
export function tripped(
  history: TripHistory,
  policy: BreakerPolicy,
  facts: TripFacts,
): Omit<TripHistory, 'recoveries' | 'recoveriesMs'> {
  const { closedSinceAtMs, openedAtMs } = history;
  const isForgiven = closedSinceAtMs !== null && facts.atMs - closedSinceAtMs >= history.lastOpenMs;
  const tripsInARow = isForgiven ? 1 : history.tripsInARow + 1;
  const lastOpenMs = openDurationMs(policy, { ...facts, tripsInARow });
  return {
    tripsInARow,
    lastOpenMs,
    openUntilAtMs: facts.atMs + lastOpenMs,
    openedAtMs: openedAtMs ?? facts.atMs,
    trippedAtMs: facts.atMs,
    closedSinceAtMs: null,
  };
}

/** What changes when it closes after probes: the outage is over, and its end is measured. */
export function recovered(history: TripHistory, atMs: number): Partial<TripHistory> {
  const { trippedAtMs, recoveries, recoveriesMs } = history;
  const closed = { closedSinceAtMs: atMs, openedAtMs: null, trippedAtMs: null };
  if (trippedAtMs === null) return closed;
  const recoveryMs = Math.max(0, atMs - trippedAtMs);
  return { ...closed, recoveries: recoveries + 1, recoveriesMs: recoveriesMs + recoveryMs };
}

/** At a restart: an instant that is further ahead than it can be is taken back to where it can be at most. */
export function clamped(
  history: TripHistory,
  atMs: number,
): Pick<TripHistory, 'openUntilAtMs' | 'closedSinceAtMs'> {
  const { openUntilAtMs, closedSinceAtMs, lastOpenMs } = history;
  return {
    openUntilAtMs: openUntilAtMs === null ? null : clampDueTime(openUntilAtMs, atMs, lastOpenMs),
    closedSinceAtMs: closedSinceAtMs === null ? null : Math.min(closedSinceAtMs, atMs),
  };
}
