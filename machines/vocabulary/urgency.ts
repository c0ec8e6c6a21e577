/**
 * Who waits for whom: tiers, priorities, and the single order that both make.
 *
 * @module
 */

/** What the subject pays for, most urgent first. */
export const TIERS = ['premium', 'basic', 'trial'] as const;
export type Tier = (typeof TIERS)[number];

/** How urgent the request itself is, most urgent first. */
export const PRIORITIES = ['crisis', 'high', 'normal', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** Which retry policy applies (RT-1): the crisis priority, else the tier. */
export const RETRY_CLASSES = ['crisis', 'premium', 'basic', 'trial'] as const;
export type RetryClass = (typeof RETRY_CLASSES)[number];

/** The retry class of a request (docs/decisions/0017): crisis priority, else its tier. */
export function retryClassOf(priority: Priority, tier: Tier): RetryClass {
  return priority === 'crisis' ? 'crisis' : tier;
}

/**
 * The rank of a request among all that wait, 0 the most urgent. It is the only part of priority and
 * tier that is stored in the clear, so that the store can hand out the most urgent rows first.
 * Every crisis ranks 0 whatever its tier.
 */
export function urgencyOf(priority: Priority, tier: Tier): number {
  if (priority === 'crisis') return 0;
  return (PRIORITIES.indexOf(priority) - 1) * TIERS.length + TIERS.indexOf(tier) + 1;
}

/** The rank of the least urgent request: normal ranks run from 1 to this. */
export const URGENCY_MAX: number = (PRIORITIES.length - 1) * TIERS.length;

/**
 * The tier whose waits an operation keeps that runs at this rank: its own, or that of the more urgent
 * one behind it in its lane where that pays for more (OP-4). Order goes by rank, pace by tier: taking
 * the waits of the rank's tier alone would slow down a premium head that a trial of high priority waits for.
 */
export function paceTier(own: Tier, urgency: number): Tier {
  if (urgency < 1) return own;
  const index = Math.min(TIERS.indexOf(own), (urgency - 1) % TIERS.length);
  return TIERS[index] ?? own;
}
