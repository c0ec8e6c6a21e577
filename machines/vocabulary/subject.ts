/**
 * Whom work is about. Ids of one subject are compared in one form: Unicode NFC, since the same name is typed
 * in several on different devices, and never in another case. Upstreams get the id as it was given (CR-3).
 *
 * @module
 */

import type { MatchRule, OptionRules } from './optionFields.ts';

export const SUBJECT_LENGTH_MAX = 256;
/** Half a surrogate pair would be lost in UTF-8. */
const UNFIT_CHARACTERS = /\p{Surrogate}|\0/u;
/** Beyond printable ASCII, which is in NFC already. */
const MAY_HAVE_FORMS = /[^ -~]/;
/** Writing a larger whole number in decimal digits takes long. */
const WHOLE_MAX = 10n ** 40n;

/** The form by which a subject is found and compared, everywhere. */
export function subjectForm(subject: string): string {
  return MAY_HAVE_FORMS.test(subject) ? subject.normalize('NFC') : subject;
}

/** Whether this can be kept as a subject. */
export function isSubject(given: unknown): given is string {
  return (
    typeof given === 'string' &&
    given !== '' &&
    given.length <= SUBJECT_LENGTH_MAX &&
    !UNFIT_CHARACTERS.test(given)
  );
}

/** The text of an id that may be a number, which is its digits; anything else as it is. */
export function asSubjectText(given: unknown): unknown {
  const isDigits =
    (typeof given === 'number' && Number.isFinite(given)) ||
    (typeof given === 'bigint' && given < WHOLE_MAX && given > -WHOLE_MAX);
  return isDigits ? String(given) : given;
}

/** The form of what a request of unknown origin says it is about; `null` for what is no subject. */
export function subjectOf(given: unknown): string | null {
  const text = asSubjectText(given);
  return isSubject(text) ? subjectForm(text) : null;
}

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
