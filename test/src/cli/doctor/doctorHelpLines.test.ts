import { expect, test } from 'vitest';
import { checkHelpLines } from '../../../../src/cli/doctor/doctor.ts';
import { HELP_LINES } from '../../../../src/crisis/helpLines.ts';

const checkedAt = Math.max(...HELP_LINES.map(({ checkedOn }) => Date.parse(checkedOn)));
const YEAR_MS = 366 * 86_400_000;

test('CR-3 doctor warns, by its clock, of help lines that were last checked over a year ago', () => {
  const fresh = checkHelpLines(checkedAt);
  expect(fresh).toMatchObject({ name: 'help', status: 'ok' });
  expect(fresh.detail).toMatch(/each checked within a year, 0 of them by a call/);
  const { status, detail } = checkHelpLines(checkedAt + YEAR_MS + 1);
  expect(status).toBe('warn');
  expect(detail).toMatch(
    /^\d+ of \d+ help lines were last checked over a year ago: .*crisis\.resources/,
  );
});
