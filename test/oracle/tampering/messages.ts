/**
 * Messages between a campaign of edits and the process that has the store.
 *
 * @module
 */

/** What was accepted in the life of a store, by the name that its payload carries to the upstream. */
export interface Named {
  readonly name: string;
  readonly id: string;
}

/** Makes the store live; `part` is one of two processes. */
export interface LifeOrder {
  readonly order: 'life';
  readonly part: 'first' | 'second';
  readonly folder: string;
  /** Where a copy of the folder is left after each step. */
  readonly copies: string;
  readonly url: string;
  /** Whether its last crises are kept beside the database, which another connection has locked. */
  readonly spills: boolean;
}

export interface LifeReport {
  readonly accepted: readonly Named[];
}

/** Starts a store, lets it come to rest and stops it. */
export interface RunOrder {
  readonly order: 'run';
  readonly folder: string;
  readonly url: string;
  readonly accepted: readonly Named[];
}

/** What a start of a store told and showed until it came to rest. */
export interface RunReport {
  /** The code with which the store did not open. */
  readonly refused: string | null;
  readonly hold: string | null;
  readonly cameToRest: boolean;
  /** Codes that `onError` got, and the errors themselves as text. */
  readonly errors: readonly string[];
  readonly messages: readonly string[];
  /** Findings of health at the end, and how many discrepancies the check told. */
  readonly findings: readonly string[];
  readonly discrepancies: number;
  readonly quarantined: readonly { readonly id: string; readonly code: string }[];
  /** What people in crisis were shown. */
  readonly plans: readonly ShownPlan[];
  /** The state of each operation, or the code with which it is not shown. */
  readonly states: Readonly<Record<string, string>>;
  /** Each record as it is shown, as JSON, or the code with which it is not. */
  readonly records: Readonly<Record<string, string>>;
  /** Requests that were handed in again under their keys, and were taken for new. */
  readonly takenForNew: readonly string[];
}

export interface ShownPlan {
  readonly subject: string;
  readonly plan: string;
  /** Names that come from the plan. */
  readonly names: readonly string[];
  readonly crisisMode: string;
}

/** Closes the store of the life's second part. */
export interface EndOrder {
  readonly order: 'end';
}

export type Order = LifeOrder | RunOrder | EndOrder;
