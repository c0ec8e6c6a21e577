/**
 * Which calls failed together: the failures of one upstream between two successes, how many they were, and
 * whether of one operation or of several, of one type or of several. It tells a request that alone fails from an
 * outage, one failing endpoint from a failing upstream, and an upstream that answers nobody from one that is
 * merely slow (RT-1).
 *
 * @module
 */

import type { ErrorCode } from '../../vocabulary/errors.ts';
import type { Failure, FailureClass } from './classifyFailure.ts';

/** Runs remembered: as many as a breaker remembers outages. */
const RUNS_MAX = 32;

/** So many in a row are doubted: where a tenth fails as usual, chance makes them once in 1,000 runs. */
const DOUBTED_AFTER = 3;
/** So many in a row excuse each of them, whatever the breaker makes of it: once in 100,000 by the same chance. */
const EXCUSED_AFTER = 5;

/** An operation behind a call, with what tells its calls from others. */
export interface RunCaller {
  readonly id: string;
  readonly type: string;
  readonly entity: { readonly type: string; readonly id: string } | null;
  readonly subject: string;
}

/** Failures with no success between them. */
interface Run {
  readonly firstAtMs: number;
  readonly first: RunCaller;
  /** No call was answered in this process before it: whether the upstream is well is not known. */
  readonly isFirst: boolean;
  isOfSeveral: boolean;
  failures: number;
  isOfOneType: boolean;
  isOfOneEntity: boolean;
  isOfOneSubject: boolean;
  /** Another kind succeeded at its end, and this one went on to fail: it was no outage. */
  isDisproved: boolean;
}

/** Kinds of key that tell calls apart: their type; of one type only, their entity or their subject. */
type Kind = 'type' | 'entity' | 'subject';

interface EndedRun extends Run {
  readonly endedAtMs: number;
}

interface Known {
  hasAnswered: boolean;
  /** The only type that was called until now; `null` once there are several. */
  onlyType: string | null;
  current: Run | null;
  /** A run that another kind ended, and by which: it is disproved where its own fails again before it succeeds. */
  questioned: { readonly run: EndedRun; readonly kind: Kind } | null;
  /** Earlier ones that were long, or of several operations, oldest first. */
  readonly ended: EndedRun[];
}

/** The runs of failures of all upstreams, in this process. */
export class FailureRuns {
  readonly #known = new Map<string, Known>();
  /** By how many upstreams something fails at present, or did until another kind succeeded. */
  #failing = 0;
  readonly #sinceAtMs: number;

  /** @param sinceAtMs when the process began, by the steady clock: of what failed before, nothing is known */
  constructor(sinceAtMs: number) {
    this.#sinceAtMs = sinceAtMs;
  }

  /** Whether a success at this upstream is worth noting: false while nothing fails and it has answered before. */
  wantsSuccess(upstream: string): boolean {
    return this.#failing > 0 || !this.#known.has(upstream);
  }

  /** A call of this operation failed, at `atMs` by the steady clock. */
  failed(upstream: string, caller: RunCaller, atMs: number): void {
    const known = this.#knownOf(upstream, caller);
    const { questioned, current } = known;
    if (questioned !== null && isSame(questioned.kind, questioned.run.first, caller)) {
      questioned.run.isDisproved = true;
      this.#stopAsking(known);
    }
    if (current === null) {
      const isFirst = !known.hasAnswered;
      known.current = {
        ...{ firstAtMs: atMs, first: caller, isFirst, isOfSeveral: false, failures: 1 },
        ...{ isOfOneType: true, isOfOneEntity: caller.entity !== null, isOfOneSubject: true },
        isDisproved: false,
      };
      this.#failing += 1;
      return;
    }
    current.failures += 1;
    const { first } = current;
    if (first.id === caller.id) return;
    current.isOfSeveral = true;
    current.isOfOneType &&= isSame('type', first, caller);
    current.isOfOneEntity &&= isSame('entity', first, caller);
    current.isOfOneSubject &&= isSame('subject', first, caller);
  }

  /** A call was answered. */
  answered(upstream: string, caller: RunCaller, atMs: number): void {
    const known = this.#knownOf(upstream, caller);
    known.hasAnswered = true;
    const { questioned, current } = known;
    // It was an outage after all.
    if (questioned !== null && isSame(questioned.kind, questioned.run.first, caller)) {
      this.#stopAsking(known);
    }
    if (current === null) return;
    const { isOfSeveral, failures } = current;
    if (isOfSeveral || failures >= EXCUSED_AFTER) {
      const run = { ...current, endedAtMs: atMs };
      known.ended.push(run);
      const kind = kindApart(run, caller, known.onlyType !== null);
      if (kind !== null) {
        this.#stopAsking(known);
        known.questioned = { run, kind };
        this.#failing += 1;
      }
    }
    if (known.ended.length > RUNS_MAX) known.ended.shift();
    known.current = null;
    this.#failing -= 1;
  }

  /** Whether calls of others failed together with that of `id`, at `atMs`; true where that is not known. */
  haveOthersFailed(upstream: string, id: string, atMs: number): boolean {
    if (this.#isUnknown(atMs)) return true;
    const run = this.#runOf(upstream, atMs);
    return run !== null && (run.isOfSeveral || run.first.id !== id);
  }

  /**
   * Whether what failed at `atMs` is its own doing, though much failed together: nothing but its type did
   * (where there is one type only, its entity; where it has none, its subject), another was answered, and this
   * one failed again.
   */
  isDisproved(upstream: string, atMs: number): boolean {
    return this.#runOf(upstream, atMs)?.isDisproved === true;
  }

  /** Whether what failed at `atMs` lay in a run so long that chance does not make it. */
  wasLongRun(upstream: string, atMs: number): boolean {
    return (this.#runOf(upstream, atMs)?.failures ?? 0) >= EXCUSED_AFTER;
  }

  /**
   * Whether calls fail in a row at present, or nothing was answered yet by this process; true for what
   * failed at `atMs` in an earlier one.
   */
  isDoubted(upstream: string, atMs: number): boolean {
    if (this.#isUnknown(atMs)) return true;
    const run = this.#known.get(upstream)?.current;
    return run !== undefined && run !== null && (run.isFirst || run.failures >= DOUBTED_AFTER);
  }

  /** Whether no call was answered since what failed at `atMs`: it may be the first of an outage that few calls meet. */
  isUnanswered(upstream: string, atMs: number): boolean {
    const run = this.#known.get(upstream)?.current ?? null;
    return run !== null && run === this.#runOf(upstream, atMs);
  }

  #knownOf(upstream: string, { type }: RunCaller): Known {
    let known = this.#known.get(upstream);
    if (known === undefined) {
      known = { hasAnswered: false, onlyType: type, current: null, questioned: null, ended: [] };
      this.#known.set(upstream, known);
    }
    if (known.onlyType !== type) known.onlyType = null;
    return known;
  }

  #stopAsking(known: Known): void {
    if (known.questioned !== null) this.#failing -= 1;
    known.questioned = null;
  }

  #isUnknown(atMs: number): boolean {
    return atMs < this.#sinceAtMs;
  }

  #runOf(upstream: string, atMs: number): Run | null {
    const known = this.#known.get(upstream);
    if (known === undefined) return null;
    const { current, ended } = known;
    if (current !== null && atMs >= current.firstAtMs) return current;
    return ended.find(({ firstAtMs, endedAtMs }) => firstAtMs <= atMs && atMs <= endedAtMs) ?? null;
  }
}

/** The kind of key by which the call that ended a run differs from all that failed in it; `null` where none does. */
function kindApart(run: Run, caller: RunCaller, isOneType: boolean): Kind | null {
  const { first, isOfOneType, isOfOneEntity, isOfOneSubject } = run;
  const kind: Kind = isOneType ? (first.entity === null ? 'subject' : 'entity') : 'type';
  const isOfOne = { type: isOfOneType, entity: isOfOneEntity, subject: isOfOneSubject }[kind];
  return isOfOne && !isSame(kind, first, caller) ? kind : null;
}

function isSame(kind: Kind, a: RunCaller, b: RunCaller): boolean {
  if (kind === 'type') return a.type === b.type;
  if (kind === 'subject') return a.subject === b.subject;
  return a.entity?.type === b.entity?.type && a.entity?.id === b.entity?.id;
}

// Whether what became of its upstream excuses a failure, so that it spends no attempt (RT-1,
// docs/decisions/0120). That is known later than the failure: it is asked when the operation has its next
// turn.

/** What is known of the upstream when an operation that has failed has its next turn. */
export interface ExcuseFacts {
  /** The failure lay in an outage, or in a long run of failures; the first of them lie in it too. */
  readonly wasOutage: boolean;
  /** True while its upstream fails in a row and nobody knows yet whether that is an outage. */
  readonly isDoubted: boolean;
  /** True where no call of its upstream was answered since it failed. */
  readonly isUnanswered: boolean;
  /** Calls of other operations failed in the same run of failures; true where nobody knows. */
  readonly haveOthersFailed: boolean;
  /**
   * Nothing but its kind failed in that run, another was answered, and its own failed again: the upstream was up, and
   * one endpoint of it fails.
   */
  readonly isDisproved: boolean;
}

/** The counts of an operation whose failure is judged. */
interface Judged {
  readonly failure: Failure | null;
  /** When it failed, by the steady clock; absent once that is judged, or where it spent nothing. */
  readonly failedAtMs?: number | undefined;
  readonly attempt: number;
  readonly attemptsMax: number | null;
}

/**
 * Whether the failure spends no attempt after all. While its upstream fails in a row, and nobody knows
 * yet what that is, an operation without another attempt is not ended: it goes out under the same number.
 * So does one that was cut off, for as long as its upstream has answered nothing since: where few calls are
 * made, one is all that an outage is known by.
 */
export function isExcused(judged: Judged, facts: ExcuseFacts): boolean {
  const { failure, failedAtMs } = judged;
  if (failedAtMs === undefined || failure === null || facts.isDisproved) return false;
  if (needsOthers(failure) && !facts.haveOthersFailed) return false;
  if (facts.wasOutage) return true;
  const mayBeOutage = facts.isDoubted || (facts.isUnanswered && mayBeFirstOfOutage(failure));
  return mayBeOutage && isLast(judged);
}

/** Whether an operation that is not excused has no attempt left: it ends at its turn. */
export function isExhausted(judged: Judged, isExcusedNow: boolean): boolean {
  return judged.failedAtMs !== undefined && isLast(judged) && !isExcusedNow;
}

/**
 * Whether a failure may be the first of an outage: a call was cut off, and nothing was answered. Others that
 * are cut off with it are heard of only after it, so that a last attempt that failed so is judged later in
 * any case. What surely changed nothing has its own rule (`spendsAttempt`).
 */
export function mayBeFirstOfOutage(failure: Failure): boolean {
  return failure.failureClass === 'unknownOutcome' && !needsOthers(failure);
}

function isLast({ attempt, attemptsMax }: Judged): boolean {
  return attemptsMax !== null && attempt >= attemptsMax;
}

/**
 * Whether the failure may lie in the request, though its upstream seems to be down: the upstream has looked
 * at it and answered, or the handler failed by itself. One such request alone can open a breaker, and would
 * never end. Where nothing was answered, or 503, it does not.
 */
function needsOthers({ failureClass, status, notApplied, exception }: Failure): boolean {
  if (exception !== undefined) return true;
  if (status !== undefined) return status !== 503;
  return failureClass === 'transient' && notApplied !== true;
}

/** One line of an operation's history. */
export interface HistoryEntry {
  /** When it happened: for an attempt, when it ended. */
  readonly atMs: number;
  readonly what:
    | 'failed'
    | 'crashed'
    | 'interrupted'
    | 'merged'
    | 'retryRequested'
    | 'replayRequested'
    | 'editedReplayRequested'
    | 'calledOff';
  readonly attempt: number;
  readonly code: ErrorCode | null;
  /** When the attempt that failed had begun; what lies before it back to the last entry was waiting. */
  readonly startedAtMs?: number | undefined;
  readonly failureClass?: FailureClass | undefined;
  /** Where the handler failed with an exception of its own: its class and place, `TypeError at src/pay.js:12`. */
  readonly exception?: string | undefined;
}

/** How many entries are kept with the operation. */
export const HISTORY_MAX = 32;

/**
 * How many of the crashes in a row, of which `crashes` are held against it, found it beside others
 * though it was to run alone.
 */
export function crashesBeside({
  history,
  crashes,
}: {
  readonly history: readonly HistoryEntry[];
  readonly crashes: number;
}): number {
  const lastOther = history.findLastIndex(
    ({ what }) => what !== 'crashed' && what !== 'interrupted',
  );
  const inARow = history.slice(lastOther + 1).filter(({ what }) => what === 'crashed').length;
  return Math.max(0, inARow - crashes);
}

/** The newest {@link HISTORY_MAX} entries, with one more. */
export function withEntry(
  history: readonly HistoryEntry[],
  entry: HistoryEntry,
): readonly HistoryEntry[] {
  return [...history.slice(1 - HISTORY_MAX), entry];
}
