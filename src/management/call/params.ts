/**
 * Rules for parameters that more than one management call takes.
 *
 * @module
 */

import type { OptionRule } from '../../../machines/vocabulary/optionRules.ts';
import { PERSON_RULES, type Person } from '../../../machines/vocabulary/person.ts';

/** The id of an operation. Ids come from outside, and one that is no text must not reach the store. */
export const ID = {
  required: {
    rule: 'must be the id of an operation, a text',
    matches: (value) => typeof value === 'string',
  },
} as const satisfies OptionRule;

/** Where a page begins: 0 for the first, then what the page before said comes next. */
export const PAGE_FROM = { required: 'sequence' } as const satisfies OptionRule;

/** The name of an upstream; whether there is one of that name, the runtime knows. */
export const UPSTREAM = { required: 'text' } as const satisfies OptionRule;

/** A reason is kept with the breaker, and written at each of its changes. */
const REASON_LENGTH_MAX = 1_000;

/** Who gives an order, as the caller names them: kept and shown. */
export const BY = {
  rule: 'must be a text of 1 to 100 characters',
  matches: (value) => typeof value === 'string' && value.trim() !== '' && value.length <= 100,
} as const satisfies OptionRule;

/**
 * What a person writes freely: why they do something, or a note, for other people to read. Card data in it is
 * masked before the call is made ({@link Management}).
 */
export const REASON = {
  rule: `must be a text of 1 to ${REASON_LENGTH_MAX} characters`,
  matches: (value) =>
    typeof value === 'string' && value.trim() !== '' && value.length <= REASON_LENGTH_MAX,
} as const satisfies OptionRule;

/** Who gives an order; some need a role (`needsRole`). */
export const PERSON = { required: { fields: PERSON_RULES } } as const satisfies OptionRule;

/** Who gives an order that may be given without a name. */
export const BY_PERSON = { fields: PERSON_RULES } as const satisfies OptionRule;

/** An order that may say who gives it: it is told in the fact `override.made`. */
export interface Ordered {
  readonly by?: Person | undefined;
}

/** Who decides, with their role: who reads of it later has to know whom to ask (CR-5, CF-6). */
export const DECIDER = {
  required: { fields: { id: PERSON_RULES.id, role: { required: PERSON_RULES.role } } },
} as const satisfies OptionRule;

/** Whom something is about. */
export const SUBJECT = {
  rule: 'must be a text of 1 to 256 characters',
  matches: (value) => typeof value === 'string' && value !== '' && value.length <= 256,
} as const satisfies OptionRule;
