/**
 * What is kept of crisis mode: a record for each person for whom it is on, and one for everybody (CR-6). Its content means
 * nothing to a store.
 *
 * @module
 */

/** Crisis mode of one person, or of everybody, as it is kept. */
export interface KeptCrisisMode {
  /** `null` for everybody. */
  readonly subject: string | null;
  /** The text as it was given. */
  readonly state: string;
}

/** Crisis modes at the opening of the store. */
export interface CrisisModesAtOpen {
  /** All that can be opened, those included that are not the last ones written. */
  readonly kept: readonly KeptCrisisMode[];
  /** A record is missing, can't be opened, or is an earlier copy: for whom it is on, nobody knows. */
  readonly isInDoubt: boolean;
}

/** Keeps the crisis mode of one person, or of everybody. */
export interface CrisisModeWrite {
  readonly kind: 'crisisMode';
  /** In the form by which subjects are compared; kept as a keyed blind index, and sealed. `null` for everybody. */
  readonly subject: string | null;
  /** `null` erases it. */
  readonly state: string | null;
}

/** Keeps these crisis modes in place of all that is there, whatever that is: no doubt is left of them. */
export interface CrisisModesWrite {
  readonly kind: 'crisisModes';
  readonly all: readonly KeptCrisisMode[];
}

export type CrisisModeResult = { readonly kind: 'crisisModesKept' };
