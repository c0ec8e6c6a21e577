/**
 * What a flow meter reports to the charts, keeps over a restart and shows to people (PF-6).
 *
 * @module
 */

/** Why slots were changed. */
export type FlowReason =
  /** Answers take longer than when fewer calls were in flight. */
  | 'slower'
  /** Answers take longer, and many calls fail. */
  | 'slowerAndFailing'
  /** Some calls are answered by 503: fewer in flight may have none refused. */
  | 'busy'
  /** The share of 503 answers is no lower with fewer calls in flight. */
  | 'asBusy'
  /** What seems usual may be a queue that was always there. */
  | 'questioned'
  /** Throughput is no lower with fewer calls in flight. */
  | 'noLessDone'
  /** Less got done with fewer: the upstream is slow by itself. */
  | 'lessDone'
  /** Less was asked for, so a trial says nothing. */
  | 'lessAsked'
  /** More slots brought more failures, and no more was done. */
  | 'moreFailing'
  /** Calls time out or are answered by 503, in a row that chance does not make. */
  | 'overloadRun'
  /** Slots are back at their number before the outage. */
  | 'asBefore'
  /** Slots are at the most that is allowed. */
  | 'allOpen';

/** A decision of the flow meter, reported once, with the numbers it was made by. */
export type FlowNews =
  | {
      readonly type: 'outage.detected';
      /** When the first failure of the run ended. */
      readonly firstFailureAtMs: number;
      /** How many probes go out at once. */
      readonly probes: number;
      /** The length of the run. */
      readonly failures: number;
      readonly usualFailureShare: number;
    }
  | {
      readonly type: 'overload.detected' | 'trial.began' | 'trial.kept' | 'trial.undone';
      /** Slots before and after. */
      readonly from: number;
      readonly to: number;
      readonly because: FlowReason;
    }
  | { readonly type: 'ramp.ended'; readonly slots: number; readonly because: FlowReason }
  | { readonly type: 'rate.learned'; readonly perSecond: number }
  | { readonly type: 'rate.lifted' };

/**
 * What failures in a row may do, as operators want it (CB-1): `act`: let fewer calls out, and tell of an
 * outage; `tell`: only that; `nothing`. That time-outs are too much work holds for all of them.
 */
export type FailureRuns = 'act' | 'tell' | 'nothing';

/** What a restart needs to go on where the process was. Plain values, kept as JSON. */
export interface KeptFlow {
  readonly slots: number;
  readonly isRamping: boolean;
  readonly usualFailureShare: number;
  /** Smoothed latency and its mean deviation, in milliseconds; `null` before the first answer. */
  readonly latencyMs: number | null;
  readonly latencyDeviationMs: number;
  /** The learned rate; `null` for none. */
  readonly ratePerSecond: number | null;
}

/** For health and the inspector. */
export interface FlowReading {
  readonly slots: number;
  readonly slotsMax: number;
  readonly inFlight: number;
  /** Calls whose timeout has passed, and whose handler has not returned. */
  readonly overhanging: number;
  readonly timeoutMs: number;
  /** Smoothed; `null` before the first answer. */
  readonly latencyMs: number | null;
  readonly ratePerSecond: number | null;
  readonly usualFailureShare: number;
  readonly pace: 'ramping' | 'steady' | 'trying' | 'down';
  /** Since when it has been so. */
  readonly sinceMs: number;
}
