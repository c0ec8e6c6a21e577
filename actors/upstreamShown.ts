/**
 * One upstream as the port shows it (HM-1).
 *
 * @module
 */

import type { BreakerState } from '../machines/policy/breaker/breakerPolicy.ts';
import type { Level } from '../machines/policy/service/degradationLevel.ts';
import type { LevelCause } from '../machines/policy/service/degradationPolicy.ts';
import type { Pace } from '../machines/scheduler/schedulerMachine.ts';
import type { TurnWait } from './dispatch/turnWait.ts';
import type { UpstreamHold } from './upstream/upstreamOrders.ts';

/** One upstream as it is at this moment. */
export interface UpstreamState {
  readonly name: string;
  /** State of its breaker. */
  readonly breaker: BreakerState;
  /**
   * It may be tried, and nothing is sent to it: nothing waits, and nothing was sent since it was tried last, or since a
   * person let it go. Nobody knows whether it is well, and no score is taken for it.
   */
  readonly isUntried: boolean;
  /** Its level of service. */
  readonly level: Level;
  /** The signals that call for it; none where it is normal. */
  readonly causes: readonly LevelCause[];
  /** Calls in flight that hold a slot: attempts of operations, and calls that are not kept. */
  readonly inFlight: number;
  /** Deliveries of crises in flight, which hold none of these slots. */
  readonly crisesInFlight: number;
  /** Of these, and of those that have lost their slot, whose handler is silent far beyond its time-out. */
  readonly overhanging: number;
  /** Why an operation that comes now would have to wait, and until when; `null` where it would not. */
  readonly waits: TurnWait | null;
  /** Since when it is down; `null` while it is up. */
  readonly downSinceAtMs: number | null;
  /** Before when a breaker lets no try through, in milliseconds since the epoch; `null` for none. */
  readonly nextTryAtMs: number | null;
  /** The order of a person that is in force; `null` while none is. */
  readonly hold: UpstreamHold | null;
  /** Types of which every call fails while others succeed; they wait by themselves, and hold up nothing else (CB-2). */
  readonly parkedTypes: readonly ParkedTypeState[];
  /** Subjects of which every call fails while those for others succeed, together; `null` where there is none (CB-2). */
  readonly parkedSubjects: ParkedSubjectsState | null;
  /** How soon it was found to be back, since its state was first kept (CB-6). */
  readonly recovery: UpstreamRecovery;
  /** At what pace its work runs, and by which measures. */
  readonly flow: UpstreamFlow;
}

/** A type of operation that is parked by itself. Instants are milliseconds since the epoch. */
export interface ParkedTypeState {
  /** `null` for functions that were given with their requests. */
  readonly type: string | null;
  readonly sinceAtMs: number;
  /** When its next call may go out; `null` while one is out. */
  readonly nextTryAtMs: number | null;
}

/** Subjects that are parked by themselves. Instants are milliseconds since the epoch. */
export interface ParkedSubjectsState {
  readonly count: number;
  /** Since when the first of them is. */
  readonly sinceAtMs: number;
  /** When the next call for one of them may go out; `null` while one is out for each. */
  readonly nextTryAtMs: number | null;
}

/** From the last known failure to the first success, in milliseconds. */
export interface UpstreamRecovery {
  readonly times: number;
  /** 0 before the first, as are the others. */
  readonly lastMs: number;
  readonly meanMs: number;
  readonly longestMs: number;
}

export interface UpstreamFlow {
  readonly pace: Pace;
  /** Calls that may be in flight at once now, and at most. */
  readonly slots: number;
  readonly slotsMax: number;
  /** How long an attempt may take now, in milliseconds. */
  readonly timeoutMs: number;
  /** The rate that it was found to take, in calls a second; `null` for none. */
  readonly ratePerSecond: number | null;
  /** The share of its calls that fail while it is up, at least what counts as usual. */
  readonly usualFailureShare: number;
}
