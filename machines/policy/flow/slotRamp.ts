/**
 * How slots open at a start, after an outage, and where more of them get more done (DG-3, PF-6).
 *
 * @module
 */

import type { FlowPolicy } from './flowPolicy.ts';

/** Half a slot for each answer: half as many again with each round trip. */
const SLOTS_FOR_AN_ANSWER = 0.5;

/** A round is so many answers at least. */
const ROUND_MIN = 8;

/** So much slower than the fastest round, beyond the errors of both, is a queue at the upstream. */
const SLOWER_BY = 0.35;
const ERRORS = 2;

/** Fewer more in flight than this share, and one, explain no latency. */
const MORE_IN_FLIGHT = 1.2;

/** Of the slots at the end of a round, so many are in use on average where all are in use all the time. */
const IN_USE = 0.5;

/** A round that fails by this more than the fastest, and beyond chance, is too much. */
const FAILING_BY = 0.15;

/** Slots beyond what the upstream works on at once: a call must wait there for the next to begin at once. */
export const SPARE_SHARE = 0.15;

interface Round {
  readonly meanMs: number;
  readonly errorMs: number;
  readonly inFlight: number;
  readonly failureShare: number;
  readonly results: number;
}

/**
 * Slow start (RFC 5681 §3.1): slots open with answers, so that only an upstream that answers gets more. It
 * ends where answers take longer than with fewer calls in flight (as Vegas and HyStart do, before anything
 * fails): then about `in flight * fastest / latency` calls are worked on, and the rest only waits.
 */
export class SlotRamp {
  readonly #noiseMs: number;
  #fastest: Round | null = null;
  /** Answers that are not counted: those that come first are the fastest of those in flight. */
  #toSkip = 0;
  #count = 0;
  #failed = 0;
  #sum = 0;
  #squares = 0;
  #inFlightSum = 0;
  #slotsBefore = Number.POSITIVE_INFINITY;

  constructor(policy: Pick<FlowPolicy, 'latencyNoiseMs'>) {
    this.#noiseMs = policy.latencyNoiseMs;
  }

  /**
   * @param slots those that are open now
   * @param knownMs the latency of an upstream with nothing to wait for; infinite where it is not known
   * @param inFlight with so many in flight it was so
   * @param failureShare the usual share of failures
   * @param slotsBefore slots that were found before an outage: the ramp goes as far (`ssthresh`)
   */
  start(
    slots: number,
    knownMs = Number.POSITIVE_INFINITY,
    inFlight = 0,
    failureShare = 1,
    slotsBefore = Number.POSITIVE_INFINITY,
  ): void {
    this.#slotsBefore = slotsBefore;
    this.#fastest = Number.isFinite(knownMs)
      ? { meanMs: knownMs, errorMs: 0, inFlight, failureShare, results: 1 }
      : null;
    this.#toSkip = slots;
    this.#startRound();
  }

  /** The mean latency of the fastest round; infinite before the first is over. */
  get fastestMs(): number {
    const fastest = this.#fastest;
    return fastest === null ? Number.POSITIVE_INFINITY : fastest.meanMs + fastest.errorMs;
  }

  /** Whether as many are open as before the outage. */
  isAsBefore(slots: number): boolean {
    return slots >= this.#slotsBefore;
  }

  /** @returns the slots that are open now; negative where the ramp is over, with so many */
  failed(slots: number): number {
    this.#failed += 1;
    const results = this.#count + this.#failed;
    if (this.#toSkip > 0 || results < 2 * Math.max(ROUND_MIN, slots / 2)) return slots;
    const failureShare = this.#failed / results;
    const isOver = this.#fastest !== null && isFailing({ failureShare, results }, this.#fastest);
    this.#startRound();
    return isOver ? -Math.max(1, slots / (1 + SLOTS_FOR_AN_ANSWER)) : slots;
  }

  /**
   * An answer came.
   *
   * @param inFlight calls in flight when this one began, itself included
   * @returns the slots that are open now; negative where the ramp is over, with so many
   */
  answered(latencyMs: number, inFlight: number, slots: number): number {
    if (this.#toSkip > 0) {
      this.#toSkip -= 1;
      return slots + SLOTS_FOR_AN_ANSWER;
    }
    this.#count += 1;
    this.#sum += latencyMs;
    this.#squares += latencyMs * latencyMs;
    this.#inFlightSum += inFlight;
    if (this.#count < Math.max(ROUND_MIN, slots / 2)) return slots + SLOTS_FOR_AN_ANSWER;
    const round = this.#round();
    this.#startRound();
    const fastest = this.#fastest;
    if (fastest === null) {
      this.#fastest = round;
    } else if (isFailing(round, fastest)) {
      return -Math.max(1, slots / (1 + SLOTS_FOR_AN_ANSWER));
    } else if (this.#isSlower(round, fastest, slots)) {
      if (round.inFlight >= MORE_IN_FLIGHT * fastest.inFlight + 1) {
        return -Math.ceil((1 + SPARE_SHARE) * round.inFlight * (fastest.meanMs / round.meanMs));
      }
      // No more than before were in flight, so it is slower by itself.
      this.#fastest = round;
      return slots;
    } else if (round.meanMs + round.errorMs < fastest.meanMs + fastest.errorMs) {
      this.#fastest = round;
    }
    return slots + SLOTS_FOR_AN_ANSWER;
  }

  #isSlower(round: Round, fastest: Round, slots: number): boolean {
    const { meanMs, errorMs, inFlight } = round;
    // What is not in use cannot be too much: then calls are in flight because answers take long.
    if (inFlight < IN_USE * slots) return false;
    const error = ERRORS * Math.hypot(errorMs, fastest.errorMs);
    const bound = Math.max((1 + SLOWER_BY) * fastest.meanMs, fastest.meanMs + this.#noiseMs);
    return meanMs > bound && meanMs - fastest.meanMs > error;
  }

  #round(): Round {
    const count = this.#count;
    const results = count + this.#failed;
    const meanMs = this.#sum / count;
    const variance = Math.max(0, this.#squares / count - meanMs * meanMs);
    return {
      meanMs,
      errorMs: Math.sqrt(variance / count),
      inFlight: this.#inFlightSum / count,
      failureShare: this.#failed / results,
      results,
    };
  }

  #startRound(): void {
    this.#count = 0;
    this.#failed = 0;
    this.#sum = 0;
    this.#squares = 0;
    this.#inFlightSum = 0;
  }
}

function isFailing(
  round: Pick<Round, 'failureShare' | 'results'>,
  fastest: Pick<Round, 'failureShare'>,
): boolean {
  const share = round.failureShare;
  const error = Math.sqrt((share * (1 - share)) / round.results);
  return share - fastest.failureShare > Math.max(FAILING_BY, ERRORS * error);
}
