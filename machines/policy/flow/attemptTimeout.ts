/**
 * How long an attempt may take, from how long they took (PF-1).
 *
 * @module
 */

import type { FlowPolicy } from './flowPolicy.ts';

/** Weights of RFC 6298 §2.3: an eighth for the mean, a quarter for its deviation. */
const MEAN_WEIGHT = 1 / 8;
const DEVIATION_WEIGHT = 1 / 4;

/** A timeout that passed was perhaps too short: the next are so much longer (RFC 6298 §5.5). */
const BACKOFF = 1.3;

/** A probe of an upstream that was down for long may take this share of the outage. */
const SHARE_OF_OUTAGE = 0.05;

/** What took less than this share of the usual latency is early. */
const EARLY = 0.8;

/**
 * `timeout = max(timeoutMsMin, 2 * mean + 4 * deviation)`, at most `timeoutMsMax`, with mean and
 * deviation after Jacobson and Karels (RFC 6298 §2). Twice the mean, where TCP takes it once: an attempt
 * that is repeated costs the upstream a call, a segment that is sent again costs little.
 *
 * Only answers are measured. A call that was given up says that it took longer than the timeout and not
 * how long, so the timeout grows by 30 % instead (Karn's algorithm), or it would never be left: once for
 * all calls that were in flight together, and not while the upstream is down. There it grows with the
 * outage, because an upstream that has become slower than the timeout looks down.
 */
export class AttemptTimeout {
  #minMs: number;
  #maxMs: number;
  #meanMs: number;
  #deviationMs: number;
  #isMeasured: boolean;
  #timeoutMs: number;
  #grownAtMs = Number.NEGATIVE_INFINITY;
  #probeMs = 0;

  constructor(
    policy: Pick<FlowPolicy, 'timeoutMsMin' | 'timeoutMsMax'>,
    kept?: { readonly latencyMs: number | null; readonly latencyDeviationMs: number },
  ) {
    this.#minMs = policy.timeoutMsMin;
    this.#maxMs = policy.timeoutMsMax;
    const latencyMs = kept?.latencyMs ?? null;
    this.#isMeasured = latencyMs !== null && latencyMs >= 0;
    this.#meanMs = latencyMs ?? 0;
    this.#deviationMs = kept?.latencyDeviationMs ?? 0;
    this.#timeoutMs = this.#maxMs;
    if (this.#isMeasured) this.#set();
  }

  /** Other numbers from now on. */
  change(policy: Pick<FlowPolicy, 'timeoutMsMin' | 'timeoutMsMax'>): void {
    this.#minMs = policy.timeoutMsMin;
    this.#maxMs = policy.timeoutMsMax;
    this.#timeoutMs = Math.min(this.#maxMs, Math.max(this.#minMs, this.#timeoutMs));
  }

  /** What an attempt that begins now may take, in milliseconds. */
  get timeoutMs(): number {
    return Math.max(this.#timeoutMs, this.#probeMs);
  }

  /** Smoothed latency; `null` before the first answer. */
  get meanMs(): number | null {
    return this.#isMeasured ? this.#meanMs : null;
  }

  get deviationMs(): number {
    return this.#deviationMs;
  }

  /** Sooner than answers come; before the first nobody knows how long one takes: no longer than its timeout. */
  isEarly(tookMs: number): boolean {
    return tookMs < EARLY * (this.meanMs ?? Number.POSITIVE_INFINITY);
  }

  answered(latencyMs: number): void {
    if (this.#isMeasured) {
      const off = latencyMs - this.#meanMs;
      this.#deviationMs += DEVIATION_WEIGHT * (Math.abs(off) - this.#deviationMs);
      this.#meanMs += MEAN_WEIGHT * off;
    } else {
      this.#isMeasured = true;
      this.#meanMs = latencyMs;
      this.#deviationMs = latencyMs / 2;
    }
    this.#set();
  }

  timedOut(nowMs: number, isDown: boolean): void {
    if (isDown || nowMs - this.#grownAtMs < this.#timeoutMs) return;
    this.#grownAtMs = nowMs;
    this.#timeoutMs = Math.min(this.#maxMs, this.#timeoutMs * BACKOFF);
  }

  /** The upstream has been down for so long; 0: it is up. */
  downFor(downMs: number): void {
    this.#probeMs = Math.min(this.#maxMs, SHARE_OF_OUTAGE * downMs);
  }

  #set(): void {
    const ms = 2 * this.#meanMs + 4 * this.#deviationMs;
    this.#timeoutMs = Math.min(this.#maxMs, Math.max(this.#minMs, ms));
  }
}
