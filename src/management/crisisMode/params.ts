/**
 * Rules for the parameters of the calls about crisis mode.
 *
 * @module
 */

import type { OptionRule } from '../../../machines/vocabulary/optionRules.ts';

/** Whom it is for; left out, everybody. */
export const SUBJECT = {
  rule: 'must be a text of 1 to 256 characters',
  matches: (value) => typeof value === 'string' && value !== '' && value.length <= 256,
} as const satisfies OptionRule;

/** Anybody may decide for one subject; for everybody, only somebody who has a role there (CR-6). */
export function isForEverybody({ subject }: { readonly subject?: string | undefined }): boolean {
  return subject === undefined;
}
