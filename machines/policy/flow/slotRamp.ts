/**
 * How slots open at a start, after an outage, and where more of them get more done (DG-3, PF-6).
 *
 * @module
 */

import type { FlowPolicy } from './flowPolicy.ts';
import { logChanceOf } from './surpriseTrip.ts';

/** Half a slot for each answer: half as many again with each round trip. */
const SLOTS_FOR_AN_ANSWER = 0.5;
/** Up to as many as were open before an outage, one: twice as many (RFC 5681 §3.1). */
const SLOTS_WHERE_REACHED = 1;

/** A round is so many calls at least, and at least a quarter of the slots. */
const ROUND_MIN = 8;

/** A round is whole without the last eighth where these take so many times as long: some never end. */
const WHOLE_SHARE = 0.875;
const STRAGGLING = 4;
/** Without more of it after so many times as long: of 8 calls 2 or 3 that never end are no rarity. */
const MOST_SHARE = 0.625;
const LOST = 16;

/** Fewer answers say nothing of how long calls take. */
const ANSWERS_MIN = 5;

/** So much slower than the fastest round, beyond the errors of both, is a queue at the upstream. */
const SLOWER_BY = 0.35;
const ERRORS = 2;

/** Fewer more in flight than this share, and one, explain no latency. */
const MORE_IN_FLIGHT = 1.2;

/** Share of the slots at the end of a round that were in use on average, where all are in use all the time. */
const IN_USE = 0.5;

/** A round that fails by this more than the fastest, and beyond chance, is too much. */
const FAILING_BY = 0.15;
/** Probability at most with which chance alone may explain the failures: it is tested with each result of each round. */
const CHANCE_OF_FAILING = 1e-3;
/** Share of calls that may fail by chance at an upstream that has failed in none of its few calls. */
const USUAL_FAILING_MIN = 0.1;

/** Slots beyond what the upstream works on at once: a call must wait there for the next to begin at once. */
export const SPARE_SHARE = 0.15;

/** A call that belongs to no round. */
const NO_ROUND = -1;

interface Round {
  readonly meanMs: number;
  readonly errorMs: number;
  readonly inFlight: number;
  readonly failureShare: number;
}

/**
 * Slow start (RFC 5681 §3.1): slots open with answers, so that only an upstream that answers gets more. It
 * ends where answers take longer than with fewer calls in flight (as Vegas and HyStart do, before anything
 * fails): then about `in flight * fastest / latency` calls are worked on, and the rest only waits.
 *
 * Rounds are calls that began together, and are measured when all of them have ended: of calls that end
 * together while ever more begin, most are quick ones. A round that is slow before it is whole is slow.
 */
export class SlotRamp {
  #noiseMs: number;
  #fastest: Round | null = null;
  #slotsBefore = Number.POSITIVE_INFINITY;
  #least = 1;
  /** So many were open before an outage. */
  #reached = 0;
  #hasEndedRound = false;
  /** The number of the round that takes calls, or is waited for. */
  #number = 0;
  #size = ROUND_MIN;
  #begun = 0;
  #lastBeganAtMs = 0;
  #answered = 0;
  #failed = 0;
  #sum = 0;
  #squares = 0;
  #inFlightSum = 0;

  constructor(policy: Pick<FlowPolicy, 'latencyNoiseMs'>) {
    this.#noiseMs = policy.latencyNoiseMs;
  }

  /** Other numbers from now on. */
  change(policy: Pick<FlowPolicy, 'latencyNoiseMs'>): void {
    this.#noiseMs = policy.latencyNoiseMs;
  }

  /**
   * @param slots those that are open now
   * @param known what is known of the upstream with that many calls in flight; `null` for nothing
   * @param slotsBefore slots that were found before an outage: the ramp goes as far (`ssthresh`)
   * @param reached slots that were open before it, found or not
   */
  start(
    slots: number,
    known: {
      readonly latencyMs: number;
      readonly inFlight: number;
      readonly failureShare: number;
    } | null,
    slotsBefore = Number.POSITIVE_INFINITY,
    reached = 0,
  ): void {
    this.#reached = reached;
    this.#slotsBefore = slotsBefore;
    // Where something is known, so many were found to be right.
    this.#least = known === null ? 1 : slots;
    this.#fastest =
      known === null || !Number.isFinite(known.latencyMs)
        ? null
        : {
            meanMs: known.latencyMs,
            errorMs: 0,
            inFlight: known.inFlight,
            failureShare: known.failureShare,
          };
    this.#startRound(slots);
  }

  /** The latency of the fastest round, not less than it may be; infinite before the first is over. */
  get fastestMs(): number {
    const fastest = this.#fastest;
    return fastest === null ? Number.POSITIVE_INFINITY : fastest.meanMs + fastest.errorMs;
  }

  /** The same as it was measured: as often too low as too high. */
  get fastestMeanMs(): number {
    return this.#fastest?.meanMs ?? Number.POSITIVE_INFINITY;
  }

  /** Whether as many are open as there may be, and a round says that they are not too many. */
  isDone(slots: number, slotsMax: number): boolean {
    return this.#hasEndedRound && slots >= Math.min(slotsMax, this.#slotsBefore);
  }

  /**
   * A call begins.
   *
   * @param inFlight calls in flight, itself included
   * @returns the round that it belongs to, to be given back at its end
   */
  began(inFlight: number, nowMs: number): number {
    if (this.#begun >= this.#size) return NO_ROUND;
    this.#begun += 1;
    this.#inFlightSum += inFlight;
    this.#lastBeganAtMs = nowMs;
    return this.#number;
  }

  /** A call of a round says nothing: another takes its place. */
  left(round: number): void {
    if (round === this.#number) this.#begun -= 1;
  }

  /** @returns the slots that are open now; negative where the ramp is over, with so many */
  failed(round: number, slots: number, nowMs: number): number {
    if (round !== this.#number) return slots;
    this.#failed += 1;
    return this.#judge(slots, nowMs);
  }

  /** @returns the slots that are open now; negative where the ramp is over, with so many */
  answered(round: number, latencyMs: number, slots: number, nowMs: number): number {
    this.#hasEndedRound = false;
    const step = slots < this.#reached ? SLOTS_WHERE_REACHED : SLOTS_FOR_AN_ANSWER;
    const more = Math.min(slots + step, Math.max(slots, this.#slotsBefore));
    // What is left of a round may never end, so that others have to tell that it is over.
    if (round !== this.#number) return this.#isLost(nowMs) ? this.#judge(more, nowMs) : more;
    this.#answered += 1;
    this.#sum += latencyMs;
    this.#squares += latencyMs * latencyMs;
    return this.#judge(more, nowMs);
  }

  #judge(slots: number, nowMs: number): number {
    const ended = this.#answered + this.#failed;
    const isWhole = ended >= this.#size || this.#isStraggling(nowMs);
    if (!isWhole && ended * 2 < this.#size) return slots;
    const fastest = this.#fastest;
    if (fastest !== null) {
      if (this.#isFailing(fastest))
        return -Math.max(this.#least, slots / (1 + SLOTS_FOR_AN_ANSWER));
      const slow = this.#slow(fastest, slots);
      if (slow !== null && slow.inFlight >= MORE_IN_FLIGHT * fastest.inFlight + 1) {
        const worked = slow.inFlight * (fastest.meanMs / slow.meanMs);
        return -Math.max(this.#least, Math.ceil((1 + SPARE_SHARE) * worked));
      }
      // No more than before were in flight, so it is slower by itself.
      if (slow !== null) this.#fastest = slow;
    }
    this.#hasEndedRound = isWhole;
    if (isWhole) this.#endRound(slots);
    return slots;
  }

  #isStraggling(nowMs: number): boolean {
    return this.#hasWaited(WHOLE_SHARE, STRAGGLING, nowMs) || this.#isLost(nowMs);
  }

  #isLost(nowMs: number): boolean {
    return this.#hasWaited(MOST_SHARE, LOST, nowMs);
  }

  #hasWaited(share: number, times: number, nowMs: number): boolean {
    if (this.#answered === 0 || this.#answered + this.#failed < share * this.#size) return false;
    return nowMs - this.#lastBeganAtMs > (times * this.#sum) / this.#answered;
  }

  #endRound(slots: number): void {
    if (this.#answered > 0) {
      const round = this.#round();
      if (round.meanMs + round.errorMs < this.fastestMs) this.#fastest = round;
    }
    this.#startRound(slots);
  }

  #slow(fastest: Round, slots: number): Round | null {
    if (this.#answered < ANSWERS_MIN) return null;
    const round = this.#round();
    const { meanMs, errorMs, inFlight } = round;
    // What is not in use cannot be too much: then calls are in flight because answers take long.
    if (inFlight < IN_USE * slots) return null;
    const error = ERRORS * Math.hypot(errorMs, fastest.errorMs);
    const bound = Math.max((1 + SLOWER_BY) * fastest.meanMs, fastest.meanMs + this.#noiseMs);
    return meanMs > bound && meanMs - fastest.meanMs > error ? round : null;
  }

  #isFailing(fastest: Round): boolean {
    const ended = this.#answered + this.#failed;
    const usual = Math.max(fastest.failureShare, USUAL_FAILING_MIN);
    if (this.#failed / ended - usual <= FAILING_BY) return false;
    return logChanceOf(this.#failed, ended, usual) < Math.log(CHANCE_OF_FAILING);
  }

  #round(): Round {
    const answered = this.#answered;
    const meanMs = this.#sum / answered;
    const variance = Math.max(0, this.#squares / answered - meanMs * meanMs);
    return {
      meanMs,
      errorMs: Math.sqrt(variance / answered),
      inFlight: this.#inFlightSum / this.#begun,
      failureShare: this.#failed / (answered + this.#failed),
    };
  }

  #startRound(slots: number): void {
    this.#number += 1;
    this.#size = Math.max(ROUND_MIN, Math.floor(slots / 4));
    this.#begun = 0;
    this.#answered = 0;
    this.#failed = 0;
    this.#sum = 0;
    this.#squares = 0;
    this.#inFlightSum = 0;
  }
}
