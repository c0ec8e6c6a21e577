/** Places in a record, by the pointers of questions and of removals. */

import { describe, expect, test } from 'vitest';
import { keysOf, valueAt, withValueAt } from '../../../machines/conflict/items.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';

const RECORD = {
  name: 'n',
  'a/b~c': 1,
  people: [
    { id: 'x', name: 'X' },
    { key: 7, name: 'Y' },
    { email: 'z@example.org', name: 'Z' },
  ],
  tags: ['one', 2],
};

describe('CF-6 what stands at a path', () => {
  test.each<[string, Json | undefined]>([
    ['', RECORD],
    ['/name', 'n'],
    ['/a~1b~0c', 1],
    ['/none', undefined],
    ['/toString', undefined],
    ['/name/length', undefined],
    ['/none/further', undefined],
    ['/people/x/name', 'X'],
    ['/people/7/name', 'Y'],
    ['/people/z@example.org/name', 'Z'],
    ['/people/0', undefined],
    ['/people/nobody', undefined],
    ['/tags/"one"', 'one'],
    ['/tags/="one"', 'one'],
    ['/tags/2', 2],
    ['/tags/one', undefined],
  ])('CF-6 %s', (path, expected) => {
    expect(valueAt(RECORD, path)).toEqual(expected);
  });

  test('CF-6 an id comes before a key, and both before any other field', () => {
    const list = [
      { other: 'a', n: 1 },
      { key: 'a', n: 2 },
      { id: 'a', n: 3 },
    ];
    expect(valueAt({ list }, '/list/a/n')).toBe(3);
    expect(valueAt({ list: list.slice(0, 2) }, '/list/a/n')).toBe(2);
    expect(valueAt({ list: list.slice(0, 1) }, '/list/a/n')).toBe(1);
    expect(valueAt({ list: [{ id: null, n: 1 }] }, '/list/null')).toBeUndefined();
  });

  test('CF-6 the keys of a path', () => {
    expect(keysOf('')).toEqual([]);
    expect(keysOf('/a~1b/~01/')).toEqual(['a/b', '~1', '']);
  });
});

describe('CF-6 what is put at a path', () => {
  test.each<[string, Json, string, Json, Json]>([
    ['a field', { b: 1, a: 1 }, '/b', 2, { a: 1, b: 2 }],
    ['a field that was not there', { b: 1 }, '/a', 2, { a: 2, b: 1 }],
    ['null in a field', { a: 1 }, '/a', null, { a: null }],
    ['the whole record', { a: 1 }, '', 7, 7],
    ['a path made on the way', { a: 'x' }, '/a/b/c', 1, { a: { b: { c: 1 } } }],
    ['below what every object has', {}, '/toString/a', 1, { toString: { a: 1 } }],
    [
      'an item',
      { l: [{ id: 'x', n: 1 }, { id: 'y' }] },
      '/l/x/n',
      2,
      { l: [{ id: 'x', n: 2 }, { id: 'y' }] },
    ],
    ['an item taken out', { l: [{ id: 'x' }, { id: 'y' }] }, '/l/x', null, { l: [{ id: 'y' }] }],
    [
      'a field of an item taken to null',
      { l: [{ id: 'x', n: 1 }] },
      '/l/x/n',
      null,
      { l: [{ id: 'x', n: null }] },
    ],
    ['an item that the list does not have', { l: ['a'] }, '/l/"b"', 'b', { l: ['a', 'b'] }],
    ['one that it does not have, taken out', { l: ['a'] }, '/l/"b"', null, { l: ['a'] }],
    ['a field of one that it does not have', { l: [] }, '/l/x/n', 1, { l: [{ n: 1 }] }],
  ])('CF-6 %s', (_, record, path, value, expected) => {
    const put = withValueAt(record, path, value);
    expect(put).toEqual(expected);
    expect(JSON.stringify(put)).toBe(JSON.stringify(expected));
  });
});
