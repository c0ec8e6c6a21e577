import { describe, expect, test } from 'vitest';
import {
  parseHttpDate,
  parseRetryAfter,
  RETRY_AFTER_MAX_MS,
} from '../../../../machines/policy/retry/retryAfter.ts';

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
  ])('RT-2 Retry-After %j says nothing', (header) => {
    expect(parseRetryAfter(header, NOW_MS)).toBeUndefined();
  });
});

describe('parseHttpDate', () => {
  test('RT-2 a two-digit year is never more than 50 years ahead', () => {
    expect(parseHttpDate('Sunday, 06-Nov-94 08:49:37 GMT', NOW_MS)).toBe(
      Date.UTC(1994, 10, 6, 8, 49, 37),
    );
    expect(parseHttpDate('Sun Nov  6 08:49:37 1994', NOW_MS)).toBe(
      Date.UTC(1994, 10, 6, 8, 49, 37),
    );
  });
});
