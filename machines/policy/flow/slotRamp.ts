/**
 * How slots open at a start and after an outage (DG-3, PF-6).
 *
 * @module
 */

import type { FlowPolicy } from './flowPolicy.ts';

/** Half a slot for each answer: half as many again with each round trip. */
const SLOTS_FOR_AN_ANSWER = 0.5;

/** A round is so many answers at least. */
const ROUND_MIN = 8;

/** So much slower than the fastest round, with twice its error, is a queue at the upstream. */
const SLOWER_BY = 0.35;
const ERRORS = 2;

/** Fewer more in flight than this share, and one, explain no latency. */
const MORE_IN_FLIGHT = 1.2;

/** Of the slots at the end of a round, so many are in use on average where all are in use all the time. */
const IN_USE = 0.5;

/** Slots beyond what the upstream works on at once: a call must wait there for the next to begin at once. */
export const SPARE_SHARE = 0.15;

/**
 * Slow start (RFC 5681 §3.1): slots open with answers, so that only an upstream that answers gets more. It
 * ends where answers take longer than with fewer calls in flight (as Vegas and HyStart do, before anything
 * fails): then about `in flight * fastest / latency` calls are worked on, and the rest only waits.
 */
export class SlotRamp {
  readonly #noiseMs: number;
  #fastestMs = Number.POSITIVE_INFINITY;
  /** Calls in flight, on average, in the fastest round. */
  #fastestInFlight = 0;
  #count = 0;
  #sum = 0;
  #squares = 0;
  #inFlightSum = 0;
  #slotsBefore = Number.POSITIVE_INFINITY;

  constructor(policy: Pick<FlowPolicy, 'latencyNoiseMs'>) {
    this.#noiseMs = policy.latencyNoiseMs;
  }

  /**
   * @param knownMs the latency of an upstream with nothing to wait for; infinite where it is not known
   * @param slotsBefore slots that were found before an outage: the ramp goes as far (`ssthresh`)
   */
  start(knownMs: number, slotsBefore: number): void {
    this.#slotsBefore = slotsBefore;
    this.#fastestMs = knownMs;
    this.#fastestInFlight = 0;
    this.#startRound();
  }

  /** The mean latency of the fastest round; infinite before the first is over. */
  get fastestMs(): number {
    return this.#fastestMs;
  }

  /** Whether as many are open as before the outage. */
  isAsBefore(slots: number): boolean {
    return slots >= this.#slotsBefore;
  }

  /**
   * An answer came.
   *
   * @param inFlight calls in flight when this one began, itself included
   * @returns the slots that are open now; negative where the ramp is over, with so many
   */
  answered(latencyMs: number, inFlight: number, slots: number): number {
    this.#count += 1;
    this.#sum += latencyMs;
    this.#squares += latencyMs * latencyMs;
    this.#inFlightSum += inFlight;
    if (this.#count < Math.max(ROUND_MIN, slots / 2)) return slots + SLOTS_FOR_AN_ANSWER;
    const meanMs = this.#sum / this.#count;
    const variance = Math.max(0, this.#squares / this.#count - meanMs * meanMs);
    const errorMs = ERRORS * Math.sqrt(variance / this.#count);
    const meanInFlight = this.#inFlightSum / this.#count;
    const fastestMs = this.#fastestMs;
    this.#startRound();
    // What is not in use cannot be too much: then calls are in flight because answers take long.
    const isSlow =
      meanInFlight > IN_USE * slots &&
      meanMs - errorMs > fastestMs &&
      meanMs > Math.max((1 + SLOWER_BY) * fastestMs, fastestMs + this.#noiseMs);
    if (isSlow && meanInFlight < MORE_IN_FLIGHT * this.#fastestInFlight + 1) {
      // No more than before were in flight, so it is slower by itself.
      this.#fastestMs = meanMs;
      return slots;
    }
    if (isSlow) return -Math.ceil((1 + SPARE_SHARE) * meanInFlight * (fastestMs / meanMs));
    if (meanMs < fastestMs) {
      this.#fastestMs = meanMs;
      this.#fastestInFlight = meanInFlight;
    }
    return slots + SLOTS_FOR_AN_ANSWER;
  }

  #startRound(): void {
    this.#count = 0;
    this.#sum = 0;
    this.#squares = 0;
    this.#inFlightSum = 0;
  }
}
