/** What an edit mentions of its record, and what it does not, place by place. */

import { describe, expect, test } from 'vitest';
import {
  baseAfter,
  isAllMentioned,
  withUnmentioned,
} from '../../../machines/conflict/unmentioned.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';

/** `{ in: { in: … } }`, so deep. */
const nested = (depth: number, value: Json): Json =>
  Array.from({ length: depth }).reduce<Json>((inner) => ({ in: inner }), value);

describe('CF-7 whether an edit mentions all of what was there', () => {
  test.each<[string, Json, Json | undefined, boolean]>([
    ['the same value', 'a', 'a', true],
    ['another value in its place', 'a', 'b', true],
    ['nothing was there', null, undefined, true],
    ['it is left out', 'a', undefined, false],
    ['it is null', 'a', null, false],
    ['a text that is emptied', 'a', '', false],
    ['a number that becomes none', 1, 0, true],
    ['every field', { a: 1, b: 2 }, { b: 3, a: 4 }, true],
    ['one field less', { a: 1, b: 2 }, { a: 1 }, false],
    ['a field of what every object has', { toString: 1 }, {}, false],
    ['a field of null, left out', { a: null }, {}, true],
    ['a field less, two levels down', { a: { b: { c: 1 } } }, { a: { b: {} } }, false],
    ['an object that becomes a text', { a: 1 }, 'x', false],
    ['an object that becomes a list', { a: 1 }, [1], false],
    ['a list that becomes a text', ['a'], 'x', false],
    ['a text that becomes a list', 'a', ['b'], true],
    [
      'items in another order, by their ids',
      [{ id: 1 }, { id: '2' }],
      [{ id: '2' }, { id: '1' }],
      true,
    ],
    ['an item by its key', [{ key: 'k', a: 1 }], [{ key: 'x' }, { key: 'k', a: 2 }], true],
    ['an item less', [{ id: 'x' }, { id: 'y' }], [{ id: 'y' }], false],
    ['a field of an item less', [{ id: 'x', a: 1 }], [{ id: 'x' }], false],
    ['an item without an id, at its place', [{ a: 1 }, { a: 2 }], [{ a: 3 }, { a: 4 }], true],
    ['an item without an id, elsewhere as it was', ['x', 'y'], ['y', 'x'], true],
    ['an item without an id that is another now', ['x', 'y'], ['z'], false],
    ['an id that is none', [{ id: true, a: 1 }], [{ id: true }, { id: true, a: 1 }], true],
    ['an id that is an object, and a field less', [{ id: {}, a: 1 }], [{ id: {} }], false],
    ['deep, and all of it', nested(30, { a: 1 }), nested(30, { a: 1 }), true],
    ['too deep to look into, and another', nested(30, { a: 1 }), nested(30, { a: 2 }), false],
    ['as deep as is looked into', nested(23, { a: 1 }), nested(23, { a: 2 }), true],
  ])('CF-7 %s', (_, before, after, expected) => {
    expect(isAllMentioned(before, after)).toBe(expected);
  });
});

describe('CF-7 what neither side mentions is laid over what an edit was made of', () => {
  test.each<[string, Json, Json, Json, Json]>([
    ['a field that is in the record alone', { a: 1 }, { a: 2 }, { a: 1, z: 9 }, { a: 1, z: 9 }],
    ['a field that the edit takes out', { a: 1, b: 1 }, { a: 1 }, { a: 1, b: 1 }, { a: 1, b: 1 }],
    ['a field that the edit adds, too', { a: 1 }, { a: 1, z: 2 }, { a: 1, z: 9 }, { a: 1 }],
    [
      'a field two levels down',
      { a: { b: 1 } },
      { a: { b: 2 } },
      { a: { b: 1, z: 9 } },
      { a: { b: 1, z: 9 } },
    ],
    ['what is no object', 'a', 'b', { z: 1 }, 'a'],
    ['an object and a list', { a: 1 }, [], { a: 1, z: 9 }, { a: 1 }],
    ['a list and an object', [{ id: 'x' }], { a: 1 }, [{ id: 'x', z: 1 }], [{ id: 'x' }]],
    ['a list that became none', [{ id: 'x' }], [{ id: 'x' }], 'x', [{ id: 'x' }]],
    [
      'a field of an item, whatever its place',
      [{ id: 'x' }, { id: 'y' }],
      [{ id: 'y' }, { id: 'x' }],
      [{ id: 'y', z: 9 }, { id: 'x' }],
      [{ id: 'x' }, { id: 'y', z: 9 }],
    ],
    ['an item that the edit takes out', [{ id: 'x' }], [], [{ id: 'x', z: 9 }], [{ id: 'x' }]],
    ['an item that the record has no more', [{ id: 'x' }], [{ id: 'x' }], [], [{ id: 'x' }]],
    ['an item without an id', [{ a: 1 }], [{ a: 1 }], [{ a: 1, z: 9 }], [{ a: 1 }]],
    [
      'too deep to look into',
      nested(30, {}),
      nested(30, { a: 1 }),
      nested(30, { z: 9 }),
      nested(30, {}),
    ],
    [
      'as deep as is looked into',
      nested(24, {}),
      nested(24, { a: 1 }),
      nested(24, { z: 9 }),
      nested(24, { z: 9 }),
    ],
  ])('CF-7 %s', (_, base, edited, record, expected) => {
    const laid = withUnmentioned(base, edited, record);
    expect(laid).toEqual(expected);
    // As it was given where nothing is laid over it, so that what is known of it stays known.
    expect(laid === base).toBe(JSON.stringify(laid) === JSON.stringify(base));
  });

  test('CF-1 the base of the next edit has what this one leaves out, and not what it removes', () => {
    const value = { a: 1, b: 2, c: { d: 3 } };
    const edit = { payload: { a: 9 }, base: { version: '"1"', value }, removals: [{ path: '/b' }] };
    expect(baseAfter('op-1', edit)).toEqual({
      version: '"1"',
      value: { a: 9, b: null, c: { d: 3 } },
      edit: 'op-1',
    });
    const unknown = { payload: { a: 9 }, removals: [{ path: '/x' }] };
    expect(baseAfter('op-1', unknown)).toEqual({ version: null, value: { a: 9 }, edit: 'op-1' });
    expect(baseAfter('op-1', { ...edit, removals: [{ path: '/x/y' }] }).value).toEqual({
      ...value,
      a: 9,
    });
  });
});
