/**
 * Who did something, as the app says: it has made sure of that, holdfast takes its word.
 *
 * @module
 */

import type { MatchRule, OptionRules } from './optionRules.ts';

/**
 * The person who gives an order. The name is kept, shown to other people and part of facts: give an id of your
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

/**
 * Whether two ids are of one person. They are compared without case, width, kind of dash and characters that
 * nobody sees, so that another spelling of an id is no second person (CR-5, CR-6).
 */
export function isSamePerson(one: Pick<Person, 'id'>, other: Pick<Person, 'id'>): boolean {
  return comparedForm(one.id) === comparedForm(other.id);
}

/** Whether a person is the subject of what they decide about; of what has no subject, nobody is. */
export function isAlso({ id }: Pick<Person, 'id'>, subject: string | null): boolean {
  return subject !== null && comparedForm(id) === comparedForm(subject);
}

/** What ids are compared by, and never kept or shown as. */
function comparedForm(id: string): string {
  return (
    id
      .normalize('NFKC')
      .replace(/[\p{Default_Ignorable_Code_Point}\p{Format}\p{Control}]/gu, '')
      .replace(/[\p{Dash_Punctuation}\u2212]/gu, '-')
      .replace(/\s+/gu, ' ')
      .trim()
      // Up first: the capital of some letters is two, which their small one is not.
      .toUpperCase()
      .toLowerCase()
      .normalize('NFKC')
  );
}
