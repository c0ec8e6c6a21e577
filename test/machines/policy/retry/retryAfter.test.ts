import { describe, expect, test } from 'vitest';
import {
  parseHttpDate,
  parseRetryAfter,
  RETRY_AFTER_MAX_MS,
} from '../../../../machines/policy/retry/retryPolicy.ts';

const NOW_MS = Date.UTC(2026, 10, 24, 12, 0, 0);

describe('parseRetryAfter', () => {
  test.each([
    ['0', 0],
    ['1', 1_000],
    [' 120 ', 120_000],
    ['0.25', 250],
    ['99999999999', RETRY_AFTER_MAX_MS],
    ['Tue, 24 Nov 2026 12:00:30 GMT', 30_000],
    ['Tue, 24 Nov 2026 11:00:00 GMT', 0],
    ['Wed, 25 Nov 2026 12:00:00 GMT', RETRY_AFTER_MAX_MS],
    ['Tuesday, 24-Nov-26 12:00:10 GMT', 10_000],
    ['Tue Nov 24 12:00:20 2026', 20_000],
    ['Tue, 24 Nov 2026 12:00:00 GMT', 0],
    ['0.0004', 1],
  ])('RT-2 Retry-After %j is %i ms', (header, expected) => {
    expect(parseRetryAfter(header, NOW_MS)).toBe(expected);
  });

  test.each([
    null,
    undefined,
    '',
    '-5',
    '1e3',
    'soon',
    '5 minutes',
    'Tue, 24 Foo 2026 12:00:30 GMT',
    'Tuesday, 24-Foo-26 12:00:30 GMT',
    'Tue Foo 24 12:00:30 2026',
    'x5',
    '5x',
    '5.',
    'x Tue, 24 Nov 2026 12:00:30 GMT',
    'Tue, 24 Nov 2026 12:00:30 GMT x',
    'x Tuesday, 24-Nov-26 12:00:10 GMT',
    'Tuesday, 24-Nov-26 12:00:10 GMT x',
    'x Tue Nov 24 12:00:20 2026',
    'Tue Nov 24 12:00:20 2026 x',
  ])('RT-2 Retry-After %j says nothing', (header) => {
    expect(parseRetryAfter(header, NOW_MS)).toBeUndefined();
  });
});

describe('parseHttpDate', () => {
  test.each([
    ...[
      'Jan',
      'Feb',
      'Mar',
      'Apr',
      'May',
      'Jun',
      'Jul',
      'Aug',
      'Sep',
      'Oct',
      'Nov',
      'Dec',
    ].entries(),
  ])('RT-2 month %i is %s, in each of the three forms', (index, month) => {
    const atMs = Date.UTC(2026, index, 9, 1, 2, 3);
    expect(parseHttpDate(`Mon, 09 ${month} 2026 01:02:03 GMT`, NOW_MS)).toBe(atMs);
    expect(parseHttpDate(`Monday, 09-${month}-26 01:02:03 GMT`, NOW_MS)).toBe(atMs);
    expect(parseHttpDate(`Mon ${month}  9 01:02:03 2026`, NOW_MS)).toBe(atMs);
  });

  test('RT-2 a two-digit year is never more than 50 years ahead', () => {
    expect(parseHttpDate('Sunday, 06-Nov-94 08:49:37 GMT', NOW_MS)).toBe(
      Date.UTC(1994, 10, 6, 8, 49, 37),
    );
    const yearOf = (text: string, nowMs = NOW_MS) =>
      new Date(parseHttpDate(`Sunday, 06-Nov-${text} 08:49:37 GMT`, nowMs) ?? 0).getUTCFullYear();
    expect([yearOf('76'), yearOf('77'), yearOf('00')]).toEqual([2076, 1977, 2000]);
    expect(parseHttpDate('Sun Nov  6 08:49:37 1994', NOW_MS)).toBe(
      Date.UTC(1994, 10, 6, 8, 49, 37),
    );
  });
});
