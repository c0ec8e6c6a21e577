/**
 * How fast slots open after an outage once as much is in flight as is known to be worked on (DG-3, PF-6).
 *
 * @module
 */

import type { FlowPolicy } from './flowPolicy.ts';
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

/** The time to a probe is spread by this share both ways, so that many clients do not come at once. */
const JITTER_SHARE = 0.1;

/** Several probes together fail by chance no more often than this. */
const CHANCE_OF_A_FALSE_NO = 0.2;

/**
 * The time from now to the next probe, in whole milliseconds:
 * `min(probeMsMax, max(probeMsMin, probeShare * downMs)) * (1 ± 10 %)`.
 *
 * By a share of the outage and not by trips that are remembered: what is lost after the upstream is
 * back is a share of what was lost anyway, and n probes reach an age of `probeMsMin * (1 + share)^n`, so
 * that an outage of 30 s costs some 40 of them. At the default of 7.5 % an upstream that is back is found
 * within 7 % of its outage nine times in ten, and always within twice that. Nothing is carried over from one outage to the next.
 *
 * @param downMs since the first failure of the run that revealed the outage
 * @param draw from [0, 1); what is none counts as the middle
 */
export function probeGapMs(
  policy: Pick<FlowPolicy, 'probeMsMin' | 'probeShare' | 'probeMsMax'>,
  downMs: number,
  draw: number,
): number {
  const { probeMsMin, probeShare, probeMsMax } = policy;
  const ageMs = downMs > 0 ? downMs : 0;
  const gapMs = Math.min(probeMsMax, Math.max(probeMsMin, probeShare * ageMs));
  const spread = draw >= 0 && draw <= 1 ? 2 * draw - 1 : 0;
  return Math.max(1, Math.round(gapMs * (1 + JITTER_SHARE * spread)));
}

/**
 * How many probes go out together: the fewest that all fail by chance, on an upstream that is back, at
 * most one time in five. `p^n <= 0.2`: one up to 20 %, 2 up to 45 %, 3 up to 58 %.
 */
export function probesAtOnce(
  policy: Pick<FlowPolicy, 'probesMax'>,
  usualFailureShare: number,
): number {
  const share = Math.min(0.99, usualFailureShare > 0 ? usualFailureShare : 0);
  const probes = Math.ceil(Math.log(CHANCE_OF_A_FALSE_NO) / Math.log(share) - 1e-9);
  return Math.max(1, Math.min(policy.probesMax, probes));
}

/**
 * Slots that are open after an outage: a share of those before it, for it may come back weaker than it
 * was, and at least half of what a start has.
 */
export function slotsAfterOutage(
  policy: Pick<FlowPolicy, 'slotsMin' | 'slotsMax' | 'slotsAtStart' | 'slotsShareAfterOutage'>,
  slotsBefore: number,
): number {
  const share = slotsBefore > 0 ? policy.slotsShareAfterOutage * slotsBefore : 0;
  const least = Math.max(policy.slotsMin, policy.slotsAtStart / 2);
  return Math.min(policy.slotsMax, Math.max(least, Math.round(share)));
}

/** So many slots, or the nearest number that there may be. */
export function slotsWithin(
  { slotsMin, slotsMax }: Pick<FlowPolicy, 'slotsMin' | 'slotsMax'>,
  slots: number,
): number {
  return Math.min(slotsMax, Math.max(slotsMin, slots));
}
