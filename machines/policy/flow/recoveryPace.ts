/**
 * How fast slots open after an outage once as much is in flight as is known to be worked on (DG-3, PF-6).
 *
 * @module
 */

import { SPARE_SHARE } from './slotRamp.ts';

/** So long after an outage everything that waited comes at once, to an upstream that has just started. */
const RECOVERY_MS = 10_000;

/**
 * Slots for which nothing is known to be worked on open so fast: a share of the calls of a second, each
 * second. Each is a call more than is worked on, so no more begin in a second than so much beyond what it does.
 */
const OPENING_SHARE = 0.05;

/** How much of a new measurement is taken into what is known. */
const WEIGHT = 0.5;

/** From one outage to the next an upstream is taken to have become slower by itself by no more than this. */
const SLOWER_BY = 1.25;

/**
 * In flight = throughput * latency (Little's law): so many calls an upstream is known to work on, and they
 * may begin at once. What begins beyond that only waits there, unless it has become faster meanwhile.
 */
export class RecoveryPace {
  /** Results a second with all slots in use; 0 before any were measured. */
  #perSecond = 0;
  /** How long a call takes with few in flight; infinite before a ramp has ended. */
  #latencyMs = Number.POSITIVE_INFINITY;
  #untilMs = Number.NEGATIVE_INFINITY;
  #atMs = 0;
  #allowed = 0;

  /** A window has ended. */
  measured({
    throughput,
    isBound,
  }: {
    readonly throughput: number;
    readonly isBound: boolean;
  }): void {
    // With slots to spare it may be able to do more.
    if (!isBound && throughput <= this.#perSecond) return;
    const isFirst = this.#perSecond === 0;
    this.#perSecond += (isFirst ? 1 : WEIGHT) * (throughput - this.#perSecond);
  }

  /** A ramp is over, and has seen this latency with few calls in flight; what seems usual may be a queue. */
  ramped(latencyMs: number): void {
    this.#latencyMs = Math.min(latencyMs, SLOWER_BY * this.#latencyMs);
  }

  /** An outage has ended. */
  start(nowMs: number): void {
    this.#untilMs = nowMs + RECOVERY_MS;
    this.#atMs = nowMs;
    this.#allowed = 0;
  }

  /**
   * @param from slots that are open
   * @param to slots that are wanted
   * @param latencyMs of an upstream that has nothing to wait for; infinite where that is not known
   * @returns slots that may be open
   */
  limit(from: number, to: number, latencyMs: number, nowMs: number): number {
    if (to <= from || nowMs >= this.#untilMs || this.#perSecond === 0) return to;
    const leastMs = Math.min(latencyMs, this.#latencyMs);
    const worked = ((1 + SPARE_SHARE) * this.#perSecond * leastMs) / 1000;
    if (to <= worked) return to;
    const aSecond = OPENING_SHARE * this.#perSecond;
    const earned = (aSecond * (nowMs - this.#atMs)) / 1000;
    this.#atMs = nowMs;
    this.#allowed = Math.min(aSecond / 2, this.#allowed + earned);
    const base = Math.max(from, worked);
    const open = Math.min(to, base + this.#allowed);
    this.#allowed -= open - base;
    return open;
  }
}
