/**
 * Permits to call an upstream: who asks for one, what it is, and how it comes back.
 *
 * @module
 */

import { type CallReport, UNUSED } from '../../machines/policy/flow/callReport.ts';
import type { RateLimits } from '../../machines/policy/flow/rateLimits.ts';
import type { TypedCall } from '../../machines/policy/flow/typeTrials.ts';

/** Asker for leave to make a call. */
export interface Asker {
  /** Id of the operation; `null` where rows are about to be fetched, and nobody knows yet whose call it will be. */
  readonly id: string | null;
  /** Rank of the call, 0 the most urgent. */
  readonly urgency: number;
  /** Whether nobody more urgent waits for a slot here, as far as the asker knows; absent for no. */
  readonly isNext?: boolean | undefined;
  /** Whether the call is kept nowhere, so that it needs no disk; absent for an operation. */
  readonly isCall?: boolean | undefined;
  /** Whether somebody more urgent waits, and the asker is owed a turn all the same (DG-2); absent for no. */
  readonly isShare?: boolean | undefined;
  /** Whether its type is one of `UpstreamScheduler.beside`, so that it may go beyond the open slots; absent for no. */
  readonly isBeside?: boolean | undefined;
  /** Whether it is the one that runs alone: see `UpstreamScheduler.setIntake`. */
  readonly isAlone?: boolean | undefined;
  /** The route of its type, of which it is asked whether it is parked; left out where that is known. */
  readonly route?: string | undefined;
  /** The subject that it concerns, which may be parked too; left out where that is known. */
  readonly subject?: string | undefined;
  /** The key of the parked type or subject that this call probes; absent where it probes none. */
  readonly probeOf?: string | undefined;
}

/**
 * Leave to make one call: the lease of a slot. Its holder gives it back to `flow` once, whatever becomes
 * of the call; a second time changes nothing, and is told as an error.
 */
export interface Permit {
  readonly flow: FlowControl;
  /** How long a call of this upstream may take by its own measure, in milliseconds: see {@link callMs}. */
  readonly timeoutMs: number;
  /** When it was given, or its call began: by the monotonic clock. */
  readonly beganAtMs: number;
}

/**
 * How long a call may take, in milliseconds: what its upstream measures, at most `ownMs`. What is set longer
 * than its upstream's calls may take stands: their latency says nothing of it (PF-1).
 *
 * @param ownMs what its handler, type or tier has set, or else its upstream
 * @param permit `null` for a crisis, which asks nobody
 */
export function callMs(ownMs: number, permit: Permit | null): number {
  if (permit === null || ownMs > permit.flow.timeoutMsMax) return ownMs;
  return Math.min(ownMs, permit.timeoutMs);
}

/** Gives back a permit, if there is one, that no call was made with. */
export function giveBack(permit: Permit | null): void {
  permit?.flow.leave(permit, UNUSED);
}

/** What is known of the upstream once a call's end is taken into account. */
export interface CallVerdict {
  /** Whether the upstream serves others, so that a failure may lie in the request (RT-1). */
  readonly isUpstreamWell: boolean;
  /** Whether the upstream is down, or failing in a row beyond the usual: a failure says nothing about the request (RT-1). */
  readonly isDoubted: boolean;
}

/** Verdict on a call that asked nobody, and so tells nobody anything. */
export const NO_VERDICT: CallVerdict = Object.freeze({ isUpstreamWell: false, isDoubted: false });

/**
 * Flow control of one upstream, as far as a permit of it leads there: the class `UpstreamScheduler` of
 * actors/upstream/upstreamScheduler.ts, which stands on this room.
 */
export interface FlowControl {
  readonly upstream: string;
  /** Rate limits by subject and tier; `null` where there are none. */
  readonly rates: RateLimits | null;
  /** Most slots that the upstream may ever have: as many calls as may overhang, too. */
  readonly slotsMax: number;
  /** Longest that a call may take whose own time-out is not set, in milliseconds. */
  readonly timeoutMsMax: number;
  /** Whether the upstream is down, or failing in a row beyond the usual: as {@link CallVerdict.isDoubted}, now. */
  readonly isDoubted: boolean;
  /** Whether an operator has switched its breaker off: no failure is put down to it, each is its operation's own. */
  readonly isSwitchedOff: boolean;
  /**
   * Time in which a process ran and the upstream was up, in milliseconds, over restarts. Only differences of
   * it mean something.
   */
  readonly upMs: number;

  /** Notes that the permit is for a call of this operation. */
  held(permit: Permit, call: TypedCall): void;

  /**
   * Counts how a call went before its permit comes back: it has timed out, and its handler has not
   * returned. {@link leave} follows; what that says of the call is not counted again.
   */
  tell(permit: Permit, report: CallReport): CallVerdict;

  /** Takes a permit back, with how the call went. */
  leave(permit: Permit, report: CallReport): CallVerdict;

  /**
   * Instant until which calls for this subject wait, since the upstream asked for that, by the steady clock; `null`
   * where they do not.
   */
  subjectDueAtMs(subject: string): number | null;

  /** Whether the upstream was down at this instant, the failures that told of it included; by the steady clock. */
  wasOutage(atMs: number): boolean;
}
