/**
 * When an upstream that is down is asked again, by how many probes, and with how many slots it starts
 * after that (CB-2, CB-6, DG-3).
 *
 * @module
 */

import type { FlowPolicy } from './flowPolicy.ts';

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
