/**
 * Urgency: tiers, priorities, and the one order that both make.
 *
 * @module
 */

/** The built-in tiers, most urgent first: what the subject pays for. */
export const TIERS = ['premium', 'basic', 'trial'] as const;
/** A built-in tier. */
export type Tier = (typeof TIERS)[number];

/** The name of a tier: a built-in one, or one of the app's own (option `tiers`). */
export type TierName = Tier | (string & Record<never, never>);

/** The tier where none is named, for apps without tiers. */
export const DEFAULT_TIER: Tier = 'basic';

/** The app's own tiers by name, each with the built-in tier that it is like. */
export type OwnTiers = ReadonlyMap<string, Tier>;
export const NO_OWN_TIERS: OwnTiers = new Map();

/** What the tier of a request or an operation is. */
export interface Tiered {
  readonly tier: TierName;
  /** The built-in tier that an own one is like; absent for a built-in one. */
  readonly like?: Tier | undefined;
}

const NAME_PATTERN = /^[A-Za-z][\w-]{0,31}$/;
export const TIER_NAME_RULE =
  'must be a name of 1 to 32 letters, digits, - and _ that begins with a letter, and not crisis';
/** Each own tier is a label of metrics, and counts its answers. */
export const OWN_TIERS_MAX = 8;

/** Whether a tier can have this name. */
export function isTierName(value: unknown): value is string {
  return typeof value === 'string' && NAME_PATTERN.test(value) && value !== 'crisis';
}

/** The built-in tier that gives a tier its rank, its admission at each level and its room in the queue. */
export function builtInOf({ tier, like }: Tiered): Tier {
  return like ?? (tier as Tier);
}

/** The tier of this name; `undefined` where there is none. */
export function tierNamed(name: TierName, own: OwnTiers): Tiered | undefined {
  const like = own.get(name);
  if (like !== undefined) return { tier: name, like };
  return TIERS.includes(name as Tier) ? { tier: name } : undefined;
}

/** How urgent the request itself is, most urgent first. */
export const PRIORITIES = ['crisis', 'high', 'normal', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** The built-in retry classes (RT-1): the crisis priority, else the tier. */
export const RETRY_CLASSES = ['crisis', ...TIERS] as const;
export type RetryClass = (typeof RETRY_CLASSES)[number];

/** A value for each tier, the app's own too. */
export type ByTier<Value> = Readonly<Record<Tier, Value> & Partial<Record<string, Value>>>;
/** A value for each retry class, the app's own tiers too. */
export type ByClass<Value> = ByTier<Value> & Readonly<Record<'crisis', Value>>;

/** The value for this work (docs/decisions/0017): of crises, of its tier, or where that is gone of the tier it is like. */
export function ofClass<Value>(
  values: ByClass<Value>,
  work: Tiered & { readonly priority: Priority },
): Value {
  if (work.priority === 'crisis') return values.crisis;
  return values[work.tier] ?? values[builtInOf(work)];
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
export function paceTier(own: Tiered, urgency: number): Tiered {
  const tier = TIERS[(urgency - 1) % TIERS.length];
  const isAhead = tier !== undefined && TIERS.indexOf(tier) < TIERS.indexOf(builtInOf(own));
  return isAhead ? { tier } : own;
}

export type RankSet = number;

export const NO_RANKS: RankSet = 0;

/** Only this rank. */
export function only(rank: number): RankSet {
  return 1 << rank;
}

/** This rank and all that are more urgent; none of a rank below 0, by which no number can be shifted. */
export function upTo(rank: number): RankSet {
  return rank < 0 ? NO_RANKS : (2 << rank) - 1;
}

/** The ranks of a set that are less urgent than this rank. */
export function lessUrgent(ranks: RankSet, rank: number): RankSet {
  return ranks & ~upTo(rank);
}

/** The most urgent of a set; `Infinity` of none. */
export function mostUrgent(ranks: RankSet): number {
  return ranks === NO_RANKS ? Number.POSITIVE_INFINITY : 31 - Math.clz32(ranks & -ranks);
}

/** The least urgent of a set; -1 of none. */
export function leastUrgent(ranks: RankSet): number {
  return 31 - Math.clz32(ranks);
}
