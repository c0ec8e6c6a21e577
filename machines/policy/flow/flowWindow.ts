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
/** A window with few results is no longer than this, or than so many round trips. */
const SPAN_MS_MAX = 2_000;
const ROUND_TRIPS_MIN = 2;
const ROUND_TRIPS_MAX = 6;

/** Latency, and with it throughput, is known well enough with a standard error of this share. */
const ERROR_SHARE = 0.05;

/** So many results later a window that said too little is looked at again. */
const LOOK_AGAIN = 8;

/** What a window holds when it is looked at: numbers only. */
export interface Measured {
  /** Answers a second. */
  readonly goodput: number;
  /** Results a second, failures too. */
  readonly throughput: number;
  readonly results: number;
  readonly failureShare: number;
  /** Share of results by which the upstream says that it is overloaded. */
  readonly busyShare: number;
  readonly latencyMs: number;
  /** The standard error of `latencyMs`. */
  readonly latencyErrorMs: number;
  /** The most calls in flight at once. */
  readonly peak: number;
  /** All slots were in use. */
  readonly isBound: boolean;
  /** Enough to compare it with another, or as much as it is worth waiting for. */
  readonly isPrecise: boolean;
}

/** Sums of the calls that end within one window. Costs a few additions a call. */
export class FlowWindow {
  #fromMs = 0;
  #answered = 0;
  #failed = 0;
  #busy = 0;
  #latencySum = 0;
  #latencySquares = 0;
  #peak = 0;
  #wasBound = false;
  #lookAt = 0;

  /** Starts at an instant to come, so that what was sent before a change has ended by then. */
  open(atMs: number): void {
    this.#fromMs = atMs;
    this.#answered = 0;
    this.#failed = 0;
    this.#busy = 0;
    this.#latencySum = 0;
    this.#latencySquares = 0;
    this.#peak = 0;
    this.#wasBound = false;
    this.#lookAt = RESULTS_FEW;
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

  failed(nowMs: number, isBusy: boolean): void {
    if (nowMs < this.#fromMs) return;
    this.#failed += 1;
    if (isBusy) this.#busy += 1;
  }

  /** Whether what it holds says enough to be looked at. */
  isFull(nowMs: number, slots: number): boolean {
    const results = this.#answered + this.#failed;
    if (results < this.#lookAt || this.#answered === 0) return false;
    const spanMs = nowMs - this.#fromMs;
    const latencyMs = this.#latencySum / this.#answered;
    if (spanMs < SPAN_MS_MIN || spanMs < ROUND_TRIPS_MIN * latencyMs) return false;
    return results >= Math.min(RESULTS_MIN, RESULTS_A_SLOT * slots) || spanMs >= SPAN_MS_MAX;
  }

  /** Continues a window that had too few results to decide. */
  goOn(): void {
    this.#lookAt = this.#answered + this.#failed + LOOK_AGAIN;
  }

  measure(nowMs: number): Measured {
    const answered = Math.max(1, this.#answered);
    const results = answered + this.#failed;
    const spanMs = Math.max(1, nowMs - this.#fromMs);
    const latencyMs = this.#latencySum / answered;
    const variance = Math.max(0, this.#latencySquares / answered - latencyMs * latencyMs);
    const latencyErrorMs = Math.sqrt(variance / answered);
    return {
      goodput: (answered * 1000) / spanMs,
      throughput: (results * 1000) / spanMs,
      results,
      failureShare: this.#failed / results,
      busyShare: this.#busy / results,
      latencyMs,
      latencyErrorMs,
      peak: this.#peak,
      isBound: this.#wasBound,
      isPrecise:
        latencyErrorMs <= ERROR_SHARE * latencyMs ||
        spanMs >= Math.max(SPAN_MS_MAX, ROUND_TRIPS_MAX * latencyMs),
    };
  }
}
