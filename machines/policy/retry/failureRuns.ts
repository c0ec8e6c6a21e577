/**
 * Whose calls failed together: the failures of one upstream between two successes, and whether they were
 * of one operation or of several. A request that alone fails is told by it from an outage (RT-1).
 *
 * @module
 */

/** As many runs are remembered as a breaker remembers outages. */
const RUNS_MAX = 32;

/** Failures with no success between them. */
interface Run {
  readonly firstAtMs: number;
  readonly firstId: string;
  isOfSeveral: boolean;
}

interface Known {
  current: Run | null;
  /** Earlier ones that were of several operations, oldest first. */
  readonly shared: { readonly firstAtMs: number; readonly endedAtMs: number }[];
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
    const known = this.#known.get(upstream) ?? { current: null, shared: [] };
    this.#known.set(upstream, known);
    if (known.current === null) {
      known.current = { firstAtMs: atMs, firstId: id, isOfSeveral: false };
      this.#failing += 1;
    } else if (known.current.firstId !== id) {
      known.current.isOfSeveral = true;
    }
  }

  /** A call was answered. */
  answered(upstream: string, atMs: number): void {
    const known = this.#known.get(upstream);
    if (known === undefined || known.current === null) return;
    const { firstAtMs, isOfSeveral } = known.current;
    if (isOfSeveral) known.shared.push({ firstAtMs, endedAtMs: atMs });
    if (known.shared.length > RUNS_MAX) known.shared.shift();
    known.current = null;
    this.#failing -= 1;
  }

  /** Whether calls of others failed together with that of `id`, at `atMs`; true where that is not known. */
  haveOthersFailed(upstream: string, id: string, atMs: number): boolean {
    if (this.#sinceAtMs === null || atMs < this.#sinceAtMs) return true;
    const known = this.#known.get(upstream);
    if (known === undefined) return false;
    const { current, shared } = known;
    if (current !== null && atMs >= current.firstAtMs) {
      return current.isOfSeveral || current.firstId !== id;
    }
    return shared.some(({ firstAtMs, endedAtMs }) => firstAtMs <= atMs && atMs <= endedAtMs);
  }
}
