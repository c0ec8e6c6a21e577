/**
 * The crisis plans of subjects (CR-3): sealed records of their own, which outlive operations. A store knows them as
 * texts, found by a keyed fingerprint of their subject.
 *
 * @module
 */

/** The plan and the pin of one subject. */
export interface KeptCrisisPlan {
  readonly subject: string;
  /** The plan as it was given, letter for letter; `null` where the subject is pinned and has none. */
  readonly plan: string | null;
  /** True for a plan that is loaded when the store opens. */
  readonly isPinned: boolean;
  /** True for an earlier copy that somebody put back: a later one was kept, and is gone. Left out for false. */
  readonly isEarlier?: boolean;
}

/** A plan that can't be opened. */
export interface UnreadableCrisisPlan {
  /** The `ErrorCode` of the failure. */
  readonly unreadable: string;
}

/** The crisis plans that an opened store gives at once. */
export interface CrisisPlansAtOpen {
  /** The plans of the pinned subjects. */
  readonly pinned: readonly KeptCrisisPlan[];
  /** The `ErrorCode` of each pinned plan that can't be opened. */
  readonly unreadable: readonly string[];
  /** True if the store has no plan at all and misses none, so that none need be looked up. */
  readonly isEmpty: boolean;
}

/**
 * Writes the given fields and leaves the others. A subject without plan and pin is deleted. A repeat changes nothing.
 */
export interface CrisisPlanWrite {
  readonly kind: 'crisisPlan';
  readonly subject: string;
  /** In place of the one before; `null` takes that away. */
  readonly plan?: string | null | undefined;
  readonly isPinned?: boolean | undefined;
}

export type CrisisPlanResult =
  /** The subject's record after the write; `null` for none. */
  | { readonly kind: 'crisisPlanKept'; readonly kept: KeptCrisisPlan | null }
  /** A write that was to leave the plan as it is met one that can't be opened. Nothing was changed. */
  | { readonly kind: 'crisisPlanUnreadable'; readonly code: string };

export interface CrisisPlanPageQuery {
  /** End of the previous page; 0 for the first. */
  readonly after: number;
  /** Number of rows to read. */
  readonly limit: number;
}

/** Some of all that is kept. */
export interface CrisisPlanPage {
  readonly kept: readonly KeptCrisisPlan[];
  /** Number of plans on the page that can't be opened; on the last page, with those that somebody deleted. */
  readonly unreadable: number;
  /** The `after` of the next page; `null` after the last. */
  readonly next: number | null;
}

export interface CrisisPlanStore {
  /** The record of a subject; `null` for none. Quarantines nothing: the next write replaces an unreadable plan. */
  crisisPlan(subject: string): Promise<KeptCrisisPlan | UnreadableCrisisPlan | null>;
  /** The records of all subjects, a page at a time. */
  crisisPlanPage(query: CrisisPlanPageQuery): Promise<CrisisPlanPage>;
}
