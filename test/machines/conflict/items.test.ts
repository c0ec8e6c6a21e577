/** What is in a record by its pointers, and what one version of it has that another has not. */

import { describe, expect, test } from 'vitest';
import {
  holdsChanges,
  isSameRecord,
  missingFrom,
  pointersIn,
  takenOutBy,
} from '../../../machines/conflict/items.ts';
import { declareEntity } from '../../../machines/merge/declaration/entityRules.ts';
import { anything } from '../../../machines/merge/rules/anything.ts';
import { list, set } from '../../../machines/merge/rules/list.ts';
import { ownRule } from '../../../machines/merge/rules/ownRule.ts';
import { both, latest } from '../../../machines/merge/rules/single.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { noteRules } from '../../support/conflict/note.ts';

const rules = noteRules('waits');
const person = (id: string, name = id.toUpperCase()) => ({ id, name });
const CARD = '4111 1111 1111 1111';

describe('CF-1 whether two records are the same', () => {
  test.each<[string, Json, Json, boolean]>([
    [
      'whatever the order of their fields',
      { a: 1, b: { c: 2, d: 3 } },
      { b: { d: 3, c: 2 }, a: 1 },
      true,
    ],
    ['but not of their items', [1, 2], [2, 1], false],
    ['a field more', { a: 1 }, { a: 1, b: 2 }, false],
    ['a field less', { a: 1, b: 2 }, { a: 1 }, false],
    ['another field', { a: 1 }, { b: 1 }, false],
    ['a field of what every object has', { toString: 1 }, {}, false],
    ['an item more', [1], [1, 2], false],
    ['a list and an object', [], {}, false],
    ['an object and a text', {}, 'x', false],
    ['a text and a number', '1', 1, false],
    ['none, and nothing in it', null, {}, false],
    ['an accent, composed or not', 'e\u0301', '\u00e9', true],
    ['zero of either sign', 0, -0, true],
    [
      'another within many that are the same',
      { a: [1, { b: 'x' }] },
      { a: [1, { b: 'y' }] },
      false,
    ],
    [
      'what is known to differ, beside what is not',
      { a: CARD, b: 1 },
      { a: '•••• 1111', b: 2 },
      false,
    ],
    ['a number that JSON has not, which a list leaves out', [Number.NaN, 1], [1], true],
    ['the same object', RECORD(), RECORD(), true],
  ])('CF-1 %s', (_, one, other, expected) => {
    expect(isSameRecord(one, other)).toBe(expected);
    expect(isSameRecord(other, one)).toBe(expected);
  });

  function RECORD(): Json {
    return { people: [person('a')], tags: ['x'], title: null };
  }
});

describe('CF-7 what is in a record, by its pointers', () => {
  test('CF-7 each field, item and entry has its own, an entry that is a text two', () => {
    const value = { title: 't', people: [person('a')], tags: ['x/y'], more: { deep: 1 } };
    expect([...pointersIn(rules, value)].toSorted()).toEqual(
      [
        ...['/title', '/people', '/people/a', '/people/a/id', '/people/a/name'],
        ...['/tags', '/tags/"x~1y"', '/tags/x~1y', '/more', '/more/deep'],
      ].toSorted(),
    );
    expect([...pointersIn(rules, null)]).toEqual([]);
    expect([...pointersIn(rules, { title: null })]).toEqual([]);
  });

  test('CF-7 there are none where rules of the app throw', () => {
    const failing = declareEntity({
      ...{ type: 'f', title: 'f', authority: 'nobody', fields: {} },
      other: {
        ...latest(),
        note: () => {
          throw new Error('planted');
        },
      },
    });
    expect([...pointersIn(failing, { a: 1 })]).toEqual([]);
    expect(missingFrom(failing, { a: 1 }, {})).toEqual([]);
    expect(takenOutBy(failing)({ a: 1 }, {})).toEqual({ paths: [], needsBy: false });
  });

  test('CF-7 items that are in one and not in the other are missing', () => {
    const before = { people: [person('a'), person('b')], tags: ['x', 'y'], title: 't' };
    expect(missingFrom(rules, before, { people: [person('b')], tags: ['y'], title: 'u' })).toEqual([
      '/people/a',
      '/tags/"x"',
    ]);
    expect(missingFrom(rules, before, before)).toEqual([]);
  });
});

describe('CF-7 what a patch takes out', () => {
  const before = { people: [person('a'), person('b')], tags: ['x', 'y'], title: 't' };
  const takenOut = takenOutBy(rules);

  test('CF-7 an item is named once, without what is in it', () => {
    expect(takenOut(before, { ...before, people: [person('b')] })).toEqual({
      paths: ['/people/a'],
      needsBy: true,
    });
    expect(takenOut(before, before)).toEqual({ paths: [], needsBy: false });
  });

  test('CF-7 an entry that is a text is named by one of its names', () => {
    const { paths } = takenOut(before, { ...before, tags: ['y'] });
    expect(paths).toEqual(['/tags/x']);
  });

  test('CF-7 a field goes without the word of a person', () => {
    const free = declareEntity({
      ...{ type: 'r', title: 'r', authority: 'nobody' },
      fields: {
        tags: set(),
        people: list({ id: 'id', item: anything(latest()), removing: 'declared' }),
      },
      other: anything(latest()),
    });
    const all = { people: [person('a')], tags: ['x'], title: 't' };
    expect(takenOutBy(free)(all, { ...all, tags: [] })).toEqual({
      paths: ['/tags/x'],
      needsBy: false,
    });
    expect(takenOutBy(free)(all, { ...all, people: [] })).toEqual({
      paths: ['/people/a'],
      needsBy: false,
    });
  });
});

describe('CF-1 whether one record has all that another changed', () => {
  const base = { people: [person('a')], title: 'old' };

  test.each<[string, Json, Json, boolean]>([
    ['nothing was changed', base, base, true],
    ['the same change', { ...base, title: 'new' }, { ...base, title: 'new', text: 'more' }, true],
    [
      'another change of the same field',
      { ...base, title: 'new' },
      { ...base, title: 'other' },
      false,
    ],
    ['it has none of it', { ...base, title: 'new' }, base, false],
    [
      'the same item, in another place',
      { ...base, people: [person('b'), person('a')] },
      { ...base, people: [person('a'), person('b')] },
      true,
    ],
    ['an item less', { ...base, people: [person('a'), person('b')] }, base, false],
  ])('CF-1 %s', (_, one, other, expected) => {
    expect(holdsChanges(rules, base, one, other)).toBe(expected);
  });

  test('CF-1 rules that do not know a side of it say nothing of it', () => {
    const own = declareEntity({
      ...{ type: 'o', title: 'o', authority: 'nobody' },
      fields: { n: ownRule({ says: 'It is none.', resolve: () => ({ value: 0 }) }) },
      other: both(),
    });
    expect(holdsChanges(own, { n: 1 }, { n: 2 }, { n: 2 })).toBe(true);
    expect(holdsChanges(own, { n: 1 }, { n: 2 }, { n: 3 })).toBe(false);
  });
});
