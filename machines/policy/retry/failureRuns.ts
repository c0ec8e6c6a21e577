/**
 * Which calls failed together: the failures of one upstream between two successes, how many they were, and
 * whether of one operation or of several. By it a request that alone fails is told from an outage, and an
 * upstream that answers nobody from one that is told to be slow (RT-1).
 *
 * @module
 */

/** As many runs are remembered as a breaker remembers outages. */
const RUNS_MAX = 32;

/** So many in a row are doubted: where a tenth fails as usual, chance makes them once in 1,000 runs. */
const DOUBTED_AFTER = 3;
/** So many in a row excuse each of them, whatever the breaker makes of it: once in 100,000 by the same chance. */
const EXCUSED_AFTER = 5;

/** Failures with no success between them. */
interface Run {
  readonly firstAtMs: number;
  readonly firstId: string;
  /** No call was answered in this process before it: whether the upstream is well is not known. */
  readonly isFirst: boolean;
  isOfSeveral: boolean;
  failures: number;
}

interface EndedRun extends Run {
  readonly endedAtMs: number;
}

interface Known {
  hasAnswered: boolean;
  current: Run | null;
  /** Earlier ones that were long, or of several operations, oldest first. */
  readonly ended: EndedRun[];
}

/** Of all upstreams, for this process. */
export class FailureRuns {
  readonly #known = new Map<string, Known>();
  /** By how many upstreams something fails at present. */
  #failing = 0;
  readonly #sinceAtMs: number;

  /** @param sinceAtMs when the process began, by the steady clock: of what failed before, nothing is known */
  constructor(sinceAtMs: number) {
    this.#sinceAtMs = sinceAtMs;
  }

  /** Whether a success at this upstream is to be told: nothing fails, and it has answered before. */
  wantsSuccess(upstream: string): boolean {
    return this.#failing > 0 || !this.#known.has(upstream);
  }

  /** A call of this operation failed, at `atMs` by the steady clock. */
  failed(upstream: string, id: string, atMs: number): void {
    const known = this.#knownOf(upstream);
    if (known.current === null) {
      const isFirst = !known.hasAnswered;
      known.current = { firstAtMs: atMs, firstId: id, isFirst, isOfSeveral: false, failures: 1 };
      this.#failing += 1;
      return;
    }
    known.current.failures += 1;
    if (known.current.firstId !== id) known.current.isOfSeveral = true;
  }

  /** A call was answered. */
  answered(upstream: string, atMs: number): void {
    const known = this.#knownOf(upstream);
    known.hasAnswered = true;
    if (known.current === null) return;
    const { isOfSeveral, failures } = known.current;
    if (isOfSeveral || failures >= EXCUSED_AFTER) {
      known.ended.push({ ...known.current, endedAtMs: atMs });
    }
    if (known.ended.length > RUNS_MAX) known.ended.shift();
    known.current = null;
    this.#failing -= 1;
  }

  /** Whether calls of others failed together with that of `id`, at `atMs`; true where that is not known. */
  haveOthersFailed(upstream: string, id: string, atMs: number): boolean {
    if (this.#isUnknown(atMs)) return true;
    const run = this.#runOf(upstream, atMs);
    return run !== null && (run.isOfSeveral || run.firstId !== id);
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

  #knownOf(upstream: string): Known {
    let known = this.#known.get(upstream);
    if (known === undefined) {
      known = { hasAnswered: false, current: null, ended: [] };
      this.#known.set(upstream, known);
    }
    return known;
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
