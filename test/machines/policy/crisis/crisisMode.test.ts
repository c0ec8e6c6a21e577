/** For whom crisis mode is on, and what that means for a priority (CR-6). */

import { expect, test } from 'vitest';
import { crisisModeFor, raisedPriority } from '../../../../machines/policy/crisis/crisisMode.ts';

test('CR-6 the mode of a subject comes before that of everybody', () => {
  const subjects = new Set(['user-42']);
  const mode = (isGlobal: boolean, subject: unknown) =>
    crisisModeFor({ isGlobal, subjects }, subject);
  expect(mode(false, 'user-42')).toBe('subject');
  expect(mode(true, 'user-42')).toBe('subject');
  expect(mode(true, 'user-7')).toBe('global');
  expect(mode(false, 'user-7')).toBe('none');
  expect(mode(false, { id: 'user-42' })).toBe('none');
});

test('CR-6 work of the subject is high at least, and a crisis stays one', () => {
  expect((['low', 'normal', 'high', 'crisis'] as const).map(raisedPriority)).toEqual([
    'high',
    'high',
    'high',
    'crisis',
  ]);
});
