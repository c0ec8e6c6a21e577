/** What a merge takes of what devices say, whatever that is. */

import { describe, expect, test } from 'vitest';
import { isAbsent, sidesOf } from '../../../machines/merge/sides.ts';
import { cleanerInPieces } from '../../../machines/merge/values/cleanJson.ts';
import { atOnce, Work } from '../../../machines/vocabulary/pieces.ts';
import { MINUTE, NOW } from '../../support/merge/two.ts';

const read = (sides: unknown, nowMs = NOW) =>
  atOnce(
    sidesOf(
      sides,
      nowMs,
      cleanerInPieces(() => false, new Work()),
    ),
  );
const side = (meta: unknown, value: unknown = { a: 1 }) => ({ value, meta });
const originOf = (meta: unknown, nowMs = NOW) => read([side(meta)], nowMs)[0]?.origin;

describe('CF-1 CF-2 the sides of a merge', () => {
  test('CF-2 a side is what it says, as far as that is of its kind', () => {
    const tombstones = [{ path: '/a', confirmed: true, by: 'ann', at: 5, reason: 'old' }];
    const meta = { actor: 'phone', hlc: { ms: NOW - 9, c: 2 }, verified: true, asOf: NOW - 3 };
    expect(originOf({ ...meta, receivedAt: NOW - 1, tombstones })).toEqual({
      ...{ actor: 'phone', ms: NOW - 9, counter: 2, givenMs: NOW - 9, receivedAtMs: NOW - 1 },
      ...{ isVerified: true, asOfMs: NOW - 3 },
      removals: new Map([['/a', { isConfirmed: true, by: 'ann', atMs: 5, reason: 'old' }]]),
    });
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'x'],
    ['a list', [{ actor: 'phone' }]],
    ['fields of other kinds', { actor: 7, hlc: 'x', verified: 1, asOf: '5', tombstones: {} }],
    ['numbers that are none', { hlc: { ms: Number.NaN, c: Infinity }, asOf: Number.NaN }],
  ])('CF-2 of metadata that is %s nothing is believed', (_, meta) => {
    expect(originOf(meta)).toEqual({
      ...{ actor: '', ms: 0, counter: 0, givenMs: 0, receivedAtMs: null },
      ...{ isVerified: false, asOfMs: null, removals: new Map() },
    });
  });

  test('CF-2 what is no list has no sides', () => {
    for (const none of [undefined, null, 'x', { length: 1 }]) expect(read(none)).toEqual([]);
    expect(read([null])).toMatchObject([{ value: undefined }]);
  });

  test('CF-1 a time far ahead is that of its receipt, or of the present', () => {
    const hlc = { ms: NOW + 10 * MINUTE, c: 0 };
    expect(originOf({ hlc, asOf: hlc.ms })).toMatchObject({
      ms: NOW,
      asOfMs: NOW,
      givenMs: hlc.ms,
    });
    expect(originOf({ hlc, receivedAt: NOW + 9 * MINUTE })).toMatchObject({ ms: hlc.ms });
    expect(originOf({ hlc, receivedAt: NOW - MINUTE })).toMatchObject({ ms: NOW - MINUTE });
    // Without a present nothing is far ahead.
    expect(originOf({ hlc, asOf: hlc.ms }, Number.NaN)).toMatchObject({
      ms: hlc.ms,
      asOfMs: hlc.ms,
    });
  });

  test('CF-7 a removal has a pointer, and what is known of it', () => {
    const removalsOf = (...tombstones: unknown[]) => [
      ...(originOf({ tombstones })?.removals ?? []),
    ];
    expect(removalsOf({ path: 'a' }, { path: '' }, { path: 7 }, null)).toEqual([]);
    expect(removalsOf({ path: '/a', confirmed: 'yes', by: 7, at: '5', reason: 7 })).toEqual([
      ['/a', { isConfirmed: false, by: '', atMs: null, reason: null }],
    ]);
  });

  test('CF-7 of two for one place the confirmed one stands, of two alike one of them, in any order', () => {
    const ann = { path: '/a', by: 'ann', at: 5, reason: 'x' };
    const bob = { path: '/a', by: 'bob', at: 4, reason: 'a' };
    const standing = (...tombstones: unknown[]) => originOf({ tombstones })?.removals.get('/a');
    expect(standing(ann, { ...bob, confirmed: true })).toMatchObject({ by: 'bob' });
    expect(standing({ ...bob, confirmed: true }, ann)).toMatchObject({ by: 'bob' });
    expect(standing(ann, bob)).toMatchObject({ by: 'ann' });
    expect(standing(bob, ann)).toMatchObject({ by: 'ann' });
    const later = { ...ann, at: 6 };
    expect([standing(ann, later), standing(later, ann)]).toMatchObject([{ atMs: 5 }, { atMs: 5 }]);
    const other = { ...ann, reason: 'y' };
    expect([standing(ann, other), standing(other, ann)]).toMatchObject([
      { reason: 'x' },
      { reason: 'x' },
    ]);
  });
});

describe('CF-1 a side that another has seen', () => {
  const seen = (vv: unknown, path: string) => side({ vv, tombstones: [{ path }] });
  const pathsOf = (sides: unknown[]) =>
    read(sides).map(({ origin }) => [...origin.removals.keys()]);

  test('CF-1 is none any more, and what it removed is removed', () => {
    expect(pathsOf([seen({ a: 1 }, '/old'), seen({ a: 2 }, '/new')])).toEqual([['/old', '/new']]);
    expect(pathsOf([seen({ a: 2 }, '/new'), seen({ a: 1 }, '/old')])).toEqual([['/old', '/new']]);
  });

  test('CF-1 sides that have not seen each other stay both, as do those that do not say', () => {
    expect(pathsOf([seen({ a: 1 }, '/x'), seen({ b: 1 }, '/y')])).toEqual([['/x'], ['/y']]);
    expect(pathsOf([seen({ a: 1 }, '/x'), seen({ a: 1 }, '/y')])).toEqual([['/x'], ['/y']]);
    expect(pathsOf([seen({ a: 1 }, '/x'), seen(undefined, '/y')])).toEqual([['/x'], ['/y']]);
    expect(pathsOf([seen(undefined, '/x'), seen({ a: 1 }, '/y')])).toEqual([['/x'], ['/y']]);
  });

  test('CF-7 a device that has nothing has removed nothing', () => {
    expect([undefined, null, 0, '', false, {}].map((one) => isAbsent(one as never))).toEqual([
      ...[true, true, false, false, false, false],
    ]);
  });
});
