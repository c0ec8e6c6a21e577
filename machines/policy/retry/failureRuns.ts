/**
 * Which calls failed together: the failures of one upstream between two successes, how many they were, and
 * whether of one operation or of several, of one type or of several. It tells a request that alone fails from an
 * outage, one failing endpoint from a failing upstream, and an upstream that answers nobody from one that is
 * merely slow (RT-1).
 *
 * @module
 */

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
