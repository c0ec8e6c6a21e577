import { expect, test } from 'vitest';
import {
  conflictIdOf,
  editIdOf,
  nextConflictId,
} from '../../../machines/conflict/conflictRecord.ts';

test('CF-6 the conflicts of one operation are counted, beyond nine too', () => {
  expect(conflictIdOf({ id: 'op-1' })).toBe('op-1-c1');
  expect(nextConflictId('op-1-c1')).toBe('op-1-c2');
  expect(nextConflictId('op-1-c9')).toBe('op-1-c10');
  expect(nextConflictId('op-1-c19')).toBe('op-1-c20');
});

test('CF-6 AU-1 the edit of a conflict is found by its id, and the id of an operation stays as it is', () => {
  const id = '01b8dec9-1a0c-762c-ad22-c41597538882';
  expect(editIdOf(conflictIdOf({ id }))).toBe(id);
  expect(editIdOf(nextConflictId(`${id}-c9`))).toBe(id);
  // One of 2,800 ids ends in a c and eleven digits.
  expect(editIdOf(id)).toBe(id);
});
