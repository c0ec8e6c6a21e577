/**
 * Rules for the parameters of the calls about crisis mode.
 *
 * @module
 */

import { requireOption } from '../../../machines/vocabulary/optionFields.ts';
import type { OptionRule } from '../../../machines/vocabulary/optionRules.ts';
import type { Person } from '../../../machines/vocabulary/person.ts';
import { PERSON_RULES } from '../../../machines/vocabulary/person.ts';

/** Whom it is for; left out, everybody. */
export const SUBJECT = {
  rule: 'must be a text of 1 to 256 characters',
  matches: (value) => typeof value === 'string' && value !== '' && value.length <= 256,
} as const satisfies OptionRule;

/** Who gives the order. */
export const PERSON = { required: { fields: PERSON_RULES } } as const satisfies OptionRule;

/** Anybody may decide for one subject; for everybody, only somebody who has a role there (CR-6). */
export function requireRole(subject: string | undefined, { role }: Person): void {
  requireOption(
    subject !== undefined || role !== undefined,
    'by.role',
    'is missing: crisis mode for everybody is decided by somebody with a role',
  );
}
