import { describe, expect, test } from 'vitest';
import { HoldfastError } from '../../../../machines/vocabulary/errors.ts';
import { parseCount, parseDuration } from '../../../../src/cli/kit/argumentParsers.ts';
import { errorText } from '../../../../src/cli/kit/output.ts';
import { EXIT, exitCodeOf } from '../../../../src/cli/kit/program.ts';
import { table } from '../../../../src/cli/kit/table.ts';

describe('errorText', () => {
  test('UX-2 gives message, code and place', () => {
    const error = new HoldfastError('HF_KEY_WRONG', 'The key does not open this store.', {
      path: '/keys/k',
    });
    expect(errorText(error)).toBe(
      'holdfast: The key does not open this store.\n  HF_KEY_WRONG · /keys/k',
    );
  });

  test('UX-2 an unexpected error shows no stack', () => {
    expect(errorText(new Error('odd'))).not.toContain(' at ');
  });
});

describe('exitCodeOf', () => {
  test.each([
    ['HF_STORE_OWNED', EXIT.storeUnavailable],
    ['HF_STORE_NEWER', EXIT.storeUnavailable],
    ['HF_KEY_WRONG', EXIT.storeUnavailable],
    ['HF_KEY_FILE_EXPOSED', EXIT.storeUnavailable],
    ['HF_OPTION_INVALID', EXIT.usage],
    ['HF_LINE_INVALID', EXIT.someBad],
    ['HF_KEY_FILE_EXISTS', EXIT.failed],
    ['HF_INPUT_UNREADABLE', EXIT.failed],
  ] as const)('UX-1 %s exits with %i', (code, exitCode) => {
    expect(exitCodeOf(new HoldfastError(code, 'x'))).toBe(exitCode);
  });
});

test('UX-1 durations need their unit', () => {
  expect(['500ms', '30s', '5m', '1.5h', '2d'].map(parseDuration)).toEqual([
    500, 30_000, 300_000, 5_400_000, 172_800_000,
  ]);
  for (const text of ['', '5', '-5s', '5 s', 's', '1w'])
    expect(() => parseDuration(text)).toThrow(/unit/);
});

test('UX-1 counts are whole and within bounds', () => {
  const parse = parseCount(1, 100);
  expect([parse('1'), parse('100')]).toEqual([1, 100]);
  for (const text of ['0', '101', '1.5', '', 'x', '-1'])
    expect(() => parse(text)).toThrow(/from 1 to 100/);
});

test('UX-1 a table lines up, numbers to the right', () => {
  expect(
    table(
      ['tier', 'done'],
      [
        ['premium', 7],
        ['basic', 12],
      ],
    ),
  ).toBe('tier     done\npremium     7\nbasic      12');
});
