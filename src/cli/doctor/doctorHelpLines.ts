/**
 * The check of `holdfast doctor` that looks at the built-in help lines.
 *
 * @module
 */

import { HELP_LINES, uncheckedHelpLines } from '../../crisis/helpLines.ts';
import { type CheckResult, ok, warn } from './doctorFindings.ts';

const LISTED_MAX = 5;

/** Checks the age of help lines: numbers change, so those that were not checked for long may be wrong (CR-3). */
export function checkHelpLines(nowMs: number): CheckResult {
  const old = uncheckedHelpLines(nowMs);
  const total = HELP_LINES.length;
  if (old.length === 0) {
    const called = HELP_LINES.filter(({ checkedBy }) => checkedBy === 'call').length;
    return ok(
      'help',
      `${total} help lines, each checked within a year, ${called} of them by a call; call those of the people you serve`,
    );
  }
  const listed = old
    .slice(0, LISTED_MAX)
    .map(({ name, regions }) => `${name} (${regions.join(', ')})`)
    .join('; ');
  const more = old.length > LISTED_MAX ? '; …' : '';
  return warn(
    'help',
    `${old.length} of ${total} help lines were last checked over a year ago: ${listed}${more}. ` +
      'Update holdfast, or give those of your region as crisis.resources, which come first',
  );
}
