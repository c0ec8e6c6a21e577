/**
 * How many operations may wait at once (OP-6).
 *
 * @module
 */

import type { Tier } from '../../vocabulary/urgency.ts';

/** Accepted and not yet ended. A million take some 2 GB of disk. */
export const OPERATIONS_MAX = 1_000_000;

/**
 * The part of the queue that each tier may not fill, in percent: those who pay less are refused first when
 * it is full, so that their flood leaves room for the others. Crises are counted and never refused
 * (CR-2).
 */
const KEPT_PERCENT: Readonly<Record<Tier, number>> = { premium: 0, basic: 5, trial: 10 };

/** How much of the room is kept from this tier. */
export function roomKeptFrom(tier: Tier, operationsMax: number): number {
  return Math.floor((operationsMax * KEPT_PERCENT[tier]) / 100);
}
