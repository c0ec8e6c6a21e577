/**
 * The crisis plans of subjects (CR-3): sealed records of a kind of their own, which outlive operations.
 * A store knows them as texts, found by their subject, which never stands in the clear.
 *
 * @module
 */

/** What is kept of one subject. */
export interface KeptCrisisPlan {
  readonly subject: string;
  /** As it was given, letter for letter; `null` where the subject is pinned and has none. */
  readonly plan: string | null;
  /** It is among those given back when the store opens. */
  readonly isPinned: boolean;
}

/** What is kept of one subject can't be opened. */
export interface UnreadableCrisisPlan {
  /** The `ErrorCode` of the failure. */
  readonly unreadable: string;
}

/** What is known of crisis plans as the store opens. */
export interface CrisisPlansAtOpen {
  /** What is kept of each pinned subject. */
  readonly pinned: readonly KeptCrisisPlan[];
  /** The `ErrorCode` of each pinned one that can't be opened. */
  readonly unreadable: readonly string[];
  /** Nothing is kept of anybody, so that nobody need be looked for. */
  readonly isEmpty: boolean;
}

/**
 * Keeps what it gives and leaves the rest as it is. Where neither a plan nor a pin is left, nothing is
 * kept of the subject. A repeat changes nothing.
 */
export interface CrisisPlanWrite {
  readonly kind: 'crisisPlan';
  readonly subject: string;
  /** In place of the one before; `null` takes that away. */
  readonly plan?: string | null | undefined;
  readonly isPinned?: boolean | undefined;
}

export type CrisisPlanResult =
  /** What is kept of the subject now; `null` for nothing. */
  | { readonly kind: 'crisisPlanKept'; readonly kept: KeptCrisisPlan | null }
  /** A write that was to leave the plan as it is met one that can't be opened. Nothing was changed. */
  | { readonly kind: 'crisisPlanUnreadable'; readonly code: string };

export interface CrisisPlanPageQuery {
  /** Where the page before ended; 0 for the first. */
  readonly after: number;
  /** So many rows are looked at. */
  readonly limit: number;
}

/** Some of all that is kept. */
export interface CrisisPlanPage {
  readonly kept: readonly KeptCrisisPlan[];
  /** How many of them can't be opened. */
  readonly unreadable: number;
  /** What to ask for next; `null` where that were all. */
  readonly next: number | null;
}

export interface CrisisPlanStore {
  /** What is kept of a subject; `null` for nothing. Sets nothing aside: whoever mends it writes it anew. */
  crisisPlan(subject: string): Promise<KeptCrisisPlan | UnreadableCrisisPlan | null>;
  /** What is kept of all subjects, a page at a time. */
  crisisPlanPage(query: CrisisPlanPageQuery): Promise<CrisisPlanPage>;
}
