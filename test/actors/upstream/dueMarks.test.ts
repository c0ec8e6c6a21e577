import { expect, test } from 'vitest';
import { DueMarks } from '../../../actors/upstream/claims.ts';
import { only, upTo } from '../../../machines/vocabulary/urgency.ts';

const ALL = upTo(9) & ~only(0);

test('DG-3 a row of unknown rank may be due in any, until a claim has answered', () => {
  const marks = new DueMarks();
  expect([marks.dueBy(5), marks.firstAtMs]).toEqual([0, Number.POSITIVE_INFINITY]);
  expect(marks.note(5, null)).toBe(true);
  expect([marks.dueBy(4), marks.dueBy(5)]).toEqual([0, ALL]);
  marks.asked(0, 4);
  marks.answered(0, 4, 20);
  expect(marks.dueBy(5)).toBe(ALL & ~upTo(4));
  expect([marks.nextAfter(5), marks.dueBy(20)]).toEqual([20, ALL]);
});

test('DG-3 what is noted while a claim is out is no news to it', () => {
  const marks = new DueMarks();
  marks.note(1, 2);
  marks.asked(0, 9);
  expect(marks.note(1, 2)).toBe(false);
  marks.answered(0, 9, null);
  expect(marks.dueBy(1)).toBe(only(2));
  marks.asked(0, 9);
  marks.answered(0, 9, null);
  expect([marks.dueBy(1), marks.firstAtMs]).toEqual([0, Number.POSITIVE_INFINITY]);
});

test('DG-3 of one rank only the earliest is news', () => {
  const marks = new DueMarks();
  expect([marks.note(7, 3), marks.note(9, 3), marks.note(9, 4), marks.note(6, 3)]).toEqual([
    true,
    false,
    true,
    true,
  ]);
  expect([marks.dueBy(6), marks.nextAfter(6)]).toEqual([only(3), 9]);
});
