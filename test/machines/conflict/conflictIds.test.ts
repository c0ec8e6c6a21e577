import { expect, test } from 'vitest';
import { conflictIdOf, nextConflictId } from '../../../machines/conflict/conflictRecord.ts';

test('CF-6 the conflicts of one operation are counted, beyond nine too', () => {
  expect(conflictIdOf({ id: 'op-1' })).toBe('op-1-c1');
  expect(nextConflictId('op-1-c1')).toBe('op-1-c2');
  expect(nextConflictId('op-1-c9')).toBe('op-1-c10');
  expect(nextConflictId('op-1-c19')).toBe('op-1-c20');
});
