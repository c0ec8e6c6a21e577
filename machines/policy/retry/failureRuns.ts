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
  isOfSeveral: boolean;
  failures: number;
}

interface EndedRun extends Run {
  readonly endedAtMs: number;
}

interface Known {
  current: Run | null;
  /** Earlier ones that were long, or of several operations, oldest first. */
  readonly ended: EndedRun[];
}

/** Of all upstreams, for this process. */
export class FailureRuns {
  readonly #known = new Map<string, Known>();
  /** By how many upstreams something fails at present. */
  #failing = 0;
  /** When something failed first in this process: of what failed before it, nothing is known. */
  #sinceAtMs: number | null = null;

  /** Whether anything is failing, so that successes are to be told. */
  get areRunning(): boolean {
    return this.#failing > 0;
  }

  /** A call of this operation failed, at `atMs` by the steady clock. */
  failed(upstream: string, id: string, atMs: number): void {
    this.#sinceAtMs ??= atMs;
    const known = this.#known.get(upstream) ?? { current: null, ended: [] };
    this.#known.set(upstream, known);
    if (known.current === null) {
      known.current = { firstAtMs: atMs, firstId: id, isOfSeveral: false, failures: 1 };
      this.#failing += 1;
      return;
    }
    known.current.failures += 1;
    if (known.current.firstId !== id) known.current.isOfSeveral = true;
  }

  /** A call was answered. */
  answered(upstream: string, atMs: number): void {
    const known = this.#known.get(upstream);
    if (known === undefined || known.current === null) return;
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

  /** Whether calls fail in a row at present; true for what failed at `atMs` in an earlier process. */
  isDoubted(upstream: string, atMs: number): boolean {
    if (this.#isUnknown(atMs)) return true;
    return (this.#known.get(upstream)?.current?.failures ?? 0) >= DOUBTED_AFTER;
  }

  #isUnknown(atMs: number): boolean {
    return this.#sinceAtMs === null || atMs < this.#sinceAtMs;
  }

  #runOf(upstream: string, atMs: number): Run | null {
    const known = this.#known.get(upstream);
    if (known === undefined) return null;
    const { current, ended } = known;
    if (current !== null && atMs >= current.firstAtMs) return current;
    return ended.find(({ firstAtMs, endedAtMs }) => firstAtMs <= atMs && atMs <= endedAtMs) ?? null;
  }
}
