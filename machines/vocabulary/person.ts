/**
 * Who did something, as the app says: it has made sure of that, holdfast takes its word.
 *
 * @module
 */

import type { MatchRule, OptionRules } from './optionRules.ts';

/**
 * Somebody who gives an order. It is kept, shown to other people and told in facts: give an id of your
 * own for them and not their name.
 */
export interface Person {
  readonly id: string;
  /** What they are there, as the app calls it: `clinician`. */
  readonly role?: string | undefined;
}

const LENGTH_MAX = 100;

const WORD: MatchRule = {
  rule: `must be a text of 1 to ${LENGTH_MAX} characters, none of them at its ends a space`,
  matches: (value) =>
    typeof value === 'string' &&
    value !== '' &&
    value.length <= LENGTH_MAX &&
    value.trim() === value &&
    value.normalize('NFC') === value &&
    !/[\p{Surrogate}\p{Control}\p{Format}]/u.test(value),
};

/** What a person may be. Two spellings of one id would be two persons, so there is one way to write each. */
export const PERSON_RULES: OptionRules<Person> = { id: { required: WORD }, role: WORD };
