/**
 * What was done in a short time with the same number of slots (PF-6).
 *
 * @module
 */

/** Fewer results than this say nothing about a share or a mean. */
const RESULTS_MIN = 20;
const RESULTS_FEW = 8;

/** With few slots so many results of each are enough. */
const RESULTS_A_SLOT = 3;

/** A window is no shorter: timers and garbage collection are seen as latency in a shorter one. */
const SPAN_MS_MIN = 200;
/** A window with few results is no longer than this. */
const SPAN_MS_MAX = 4_000;

/** How many ends of calls the mean of a window must cover. */
const ROUND_TRIPS = 2;

/** A window that is closed: numbers only. */
export interface Measured {
  /** Answers a second. */
  readonly goodput: number;
  /** Results a second, failures too. */
  readonly throughput: number;
  readonly results: number;
  readonly failureShare: number;
  readonly latencyMs: number;
  /** The standard error of `latencyMs`. */
  readonly latencyErrorMs: number;
  /** The most calls in flight at once. */
  readonly peak: number;
  /** All slots were in use. */
  readonly isBound: boolean;
}

/** Sums of the calls that end within one window. Costs a few additions a call. */
export class FlowWindow {
  #fromMs = 0;
  #answered = 0;
  #failed = 0;
  #latencySum = 0;
  #latencySquares = 0;
  #peak = 0;
  #wasBound = false;

  /** Starts at an instant to come, so that what was sent before a change has ended by then. */
  open(atMs: number): void {
    this.#fromMs = atMs;
    this.#answered = 0;
    this.#failed = 0;
    this.#latencySum = 0;
    this.#latencySquares = 0;
    this.#peak = 0;
    this.#wasBound = false;
  }

  /** A call begins, with so many in flight. */
  began(inFlight: number, slots: number): void {
    if (inFlight > this.#peak) this.#peak = inFlight;
    if (inFlight + 1 > slots) this.#wasBound = true;
  }

  answered(latencyMs: number, nowMs: number): void {
    if (nowMs < this.#fromMs) return;
    this.#answered += 1;
    this.#latencySum += latencyMs;
    this.#latencySquares += latencyMs * latencyMs;
  }

  failed(nowMs: number): void {
    if (nowMs >= this.#fromMs) this.#failed += 1;
  }

  /** Whether what it holds says enough. */
  isFull(nowMs: number, slots: number): boolean {
    const results = this.#answered + this.#failed;
    if (this.#answered === 0 || results < RESULTS_FEW) return false;
    const spanMs = nowMs - this.#fromMs;
    const latencyMs = this.#latencySum / this.#answered;
    if (spanMs < SPAN_MS_MIN || spanMs < ROUND_TRIPS * latencyMs) return false;
    return results >= Math.min(RESULTS_MIN, RESULTS_A_SLOT * slots) || spanMs >= SPAN_MS_MAX;
  }

  measure(nowMs: number): Measured {
    const answered = Math.max(1, this.#answered);
    const results = answered + this.#failed;
    const seconds = Math.max(1, nowMs - this.#fromMs) / 1000;
    const latencyMs = this.#latencySum / answered;
    const variance = Math.max(0, this.#latencySquares / answered - latencyMs * latencyMs);
    return {
      goodput: answered / seconds,
      throughput: results / seconds,
      results,
      failureShare: this.#failed / results,
      latencyMs,
      latencyErrorMs: Math.sqrt(variance / answered),
      peak: this.#peak,
      isBound: this.#wasBound,
    };
  }
}
