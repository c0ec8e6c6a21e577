/**
 * The port by which dispatch asks for a permit to call an upstream, and gives it back.
 *
 * @module
 */

import { type CallReport, UNUSED } from '../../machines/policy/flow/callReport.ts';
import type { RateLimits } from '../../machines/policy/flow/rateLimits.ts';
import type { TypedCall, TypeTrials } from '../../machines/policy/flow/typeTrials.ts';
import type { Intake, MayRun } from '../../machines/vocabulary/standing.ts';

/** Who asks for leave to make a call. */
export interface Asker {
  /** An operation's; `null` where rows are about to be fetched, and nobody knows yet whose call it will be. */
  readonly id: string | null;
  /** Its rank, 0 the most urgent. */
  readonly urgency: number;
  /** Nobody more urgent waits for a slot here, as far as the asker knows; absent for no. */
  readonly isNext?: boolean | undefined;
  /** It is kept nowhere, so it needs no disk; absent for an operation. */
  readonly isCall?: boolean | undefined;
  /** Somebody more urgent waits, and it is owed a turn all the same (DG-2); absent for no. */
  readonly isShare?: boolean | undefined;
  /** Whether its type is one of {@link FlowControl.beside}, so that it may go beyond the open slots; absent for no. */
  readonly isBeside?: boolean | undefined;
  /** It is the one that runs alone: see {@link FlowControl.setIntake}. */
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
  /** It serves others, so that a failure may lie in the request (RT-1). */
  readonly isUpstreamWell: boolean;
  /** It is down, or failing in a row beyond the usual: a failure says nothing about the request (RT-1). */
  readonly isDoubted: boolean;
}

/** Of a call that asked nobody, and so tells nobody anything. */
export const NO_VERDICT: CallVerdict = Object.freeze({ isUpstreamWell: false, isDoubted: false });

/** Who may call one upstream, and how many at once. Crises ask nobody (CB-3). */
export interface FlowControl {
  readonly upstream: string;
  /** The rate limits by subject and tier; `null` where there are none. */
  readonly rates: RateLimits | null;
  /** Permits that are out in this process. */
  readonly inFlight: number;
  /** How many more could go out now, as far as is known without asking. */
  readonly free: number;
  /** Ranks beyond it are parked: they get what nobody more urgent wants, and their share (DG-2). */
  readonly urgencyBound: number;
  /** How many may go out now although more urgent work waits. */
  readonly trickle: number;
  /** The most slots that it may ever have: as many calls as may overhang, too. */
  readonly slotsMax: number;
  /** The longest that a call may take whose own time-out is not set, in milliseconds. */
  readonly timeoutMsMax: number;
  /** It is down, or failing in a row beyond the usual: as {@link CallVerdict.isDoubted}, now. */
  readonly isDoubted: boolean;
  /** An operator has switched its breaker off: no failure is put down to it, each is its operation's own. */
  readonly isSwitchedOff: boolean;
  /**
   * Time in which a process ran and the upstream was up, in milliseconds, over restarts. Only differences of
   * it mean something.
   */
  readonly upMs: number;
  /** Probes of this outage that have failed; 0 while the upstream is up. The next one goes to other work. */
  readonly probesFailed: number;
  /** The upstream counts as down: what goes out are probes. */
  readonly isDown: boolean;
  /** Nothing can be made durable at present. */
  readonly isStorageDown: boolean;
  /** Which work is taken up. */
  readonly intake: Intake;
  /** Which types fail here while others succeed, which subjects, and which goes next. */
  readonly types: Pick<
    TypeTrials,
    | 'changes'
    | 'parked'
    | 'parkedSubjects'
    | 'isParked'
    | 'hasFailed'
    | 'failedSubjects'
    | 'nextTryMs'
    | 'order'
  >;

  /**
   * Which of these routes may go beside the type whose slow calls hold the slots; none where no type does. So
   * a quick type does not wait for a slow one.
   */
  beside(routes: readonly string[]): readonly string[];

  /** Whether this may run now, and why not. Asking changes nothing. */
  mayRun(asker: Asker): MayRun;

  /** Asks for a permit; `null` when the asker has to wait until something changes. */
  tryEnter(asker: Asker): Permit | null;

  /** The permit is for a call of this operation. */
  held(permit: Permit, call: TypedCall): void;

  /**
   * The call of this permit begins now; until then its holder waited for a write, which is no time of the
   * upstream's. Left out where it began when the permit was given.
   *
   * @param nowMs what the monotonic clock reads
   * @returns false where the upstream has gone down since: the call is not made, and the permit goes back
   *   as {@link UNUSED}
   */
  began(permit: Permit, nowMs: number): boolean;

  /**
   * Counts how a call went before its permit comes back: it has timed out, and its handler has not
   * returned. {@link leave} follows; what that says of the call is not counted again.
   */
  tell(permit: Permit, report: CallReport): CallVerdict;

  /** Takes a permit back, with how the call went. */
  leave(permit: Permit, report: CallReport): CallVerdict;

  /**
   * Tells how a crisis delivery went, which needed no permit (CB-3): one that is delivered proves that the
   * upstream answers; one that fails counts nowhere.
   *
   * @param lastedMs since it was sent: an answer to what was sent before an outage proves nothing. Left out,
   *   it was sent just now.
   */
  recordCrisis(report: CallReport, lastedMs?: number): void;

  /**
   * Until when calls for this subject wait, since the upstream asked for that, by the steady clock; `null`
   * where they do not.
   */
  subjectDueAtMs(subject: string): number | null;

  /** Whether the upstream was down at this instant, the failures that told of it included; by the steady clock. */
  wasOutage(atMs: number): boolean;

  /** Work is taken up, only that of one suspect, or none. `notStarted` until it is told. */
  setIntake(intake: Intake): void;

  /** Has `listener` called when more or less may go out than before, and never from within another call here. */
  onChange(listener: () => void): void;
}
