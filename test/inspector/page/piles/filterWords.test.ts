import { describe, expect, test } from 'vitest';
import { letterFilter, named, whichLetters } from '../../../../inspector/page/piles/filterWords.ts';
import { checkFields } from '../../../../machines/vocabulary/optionFields.ts';
import { FILTER_RULES } from '../../../../src/management/deadLetters.ts';

describe('OP-5 which dead letters are listed', () => {
  const query = { type: 'payments.push', upstream: '', code: 'HF_UPSTREAM_REFUSED', since: 'day' };

  test('OP-5 the address says it, in the parameters that the call takes', () => {
    const filter = letterFilter(query, 100_000_000);
    expect(filter).toEqual({
      typePart: 'payments.push',
      code: 'HF_UPSTREAM_REFUSED',
      sinceMs: 13_600_000,
    });
    expect(() => {
      checkFields(filter, FILTER_RULES, 'filter');
    }).not.toThrow();
    expect(letterFilter({ since: 'ever' }, 5)).toEqual({});
  });

  test('OP-5 an order about all of them says which they are', () => {
    expect(whichLetters({ type: 'a.b', upstream: 'mail' }, {})).toBe(
      'all dead letters with “a.b” in their type, for mail',
    );
    expect(whichLetters({}, {})).toBe('all dead letters');
    // A list that was opened hours ago still shows those of the hour before that.
    const opened = new Date(2026, 10, 26, 3, 12).getTime();
    const hour = { since: 'hour' };
    expect(whichLetters(hour, letterFilter(hour, opened + 3_600_000))).toBe(
      'all dead letters, given up in the last hour (since 26 Nov 03:12)',
    );
    expect(named({ type: 'x', other: 'y' }, ['type', 'code'])).toEqual({ type: 'x' });
  });
});
