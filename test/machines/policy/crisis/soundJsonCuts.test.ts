/** What is cut, masked and left out of a value, to the name and to the byte (CR-4, CF-7). */

import { describe, expect, test } from 'vitest';
import { soundJsonInPieces } from '../../../../machines/policy/crisis/soundJson.ts';
import type { ValuePath } from '../../../../machines/vocabulary/errors.ts';
import { wholeOf } from '../../../support/harness/wholeOf.ts';

interface Rules {
  readonly bytesMax?: number;
  readonly isExempt?: ((path: ValuePath) => boolean) | null;
  readonly skipped?: ReadonlySet<string>;
}

const NONE = (): boolean => false;

function sound(value: unknown, { bytesMax = 100_000, isExempt = NONE, skipped }: Rules = {}) {
  const pieces = soundJsonInPieces(value, 'payload', { bytesMax, isExempt, skipped });
  const { text, flaws, bytes } = wholeOf(pieces);
  return { value: JSON.parse(text) as unknown, flaws, bytes };
}

/** In how many pieces it is read. */
function piecesOf(value: unknown): number {
  const pieces = soundJsonInPieces(value, 'payload', { bytesMax: 1e6, isExempt: NONE });
  let count = 1;
  while (pieces.next().done !== true) count += 1;
  return count;
}

const CARD = '4111 1111 1111 1111';
const LONG = 'x'.repeat(6_000);

describe('CF-7 a long text', () => {
  test('CF-7 that holds card data says so, and not where it may hold it', () => {
    const text = `${LONG} ${CARD} ${LONG}`;
    expect(sound(text)).toMatchObject({
      value: `${LONG} ************1111 ${LONG}`,
      flaws: ['card data masked'],
    });
    expect(sound(text, { isExempt: (path) => path[0] === 'payload' })).toMatchObject({
      value: text,
      flaws: [],
    });
    expect(sound({ text }, { isExempt: (path) => path[1] === 'text' })).toMatchObject({
      flaws: [],
    });
    // Where somebody else looks for it, nobody does here.
    expect(sound(text, { isExempt: null })).toMatchObject({ value: text, flaws: [] });
    expect(sound(CARD, { isExempt: null })).toMatchObject({ value: CARD, flaws: [] });
  });

  test('CR-4 that is cut ends with a mark, and says so; one that fits does not', () => {
    expect(sound(LONG, { bytesMax: 6_002 })).toEqual({ value: LONG, flaws: [], bytes: 6_002 });
    const cut = sound(LONG, { bytesMax: 6_001 });
    expect(cut).toMatchObject({ value: `${'x'.repeat(750)}…`, flaws: ['cut to fit'] });
  });
});

describe('CR-4 names', () => {
  test('CR-4 of the value itself that are skipped are not there, of values within it they are', () => {
    const value = { a: 1, type: 'x', within: { type: 'y' } };
    const skipped = new Set(['type']);
    expect(sound(value, { skipped })).toMatchObject({ value: { a: 1, within: { type: 'y' } } });
    expect(sound(value)).toMatchObject({ value });
  });

  test('CR-4 are in order, up to 2,048 of them', () => {
    const named = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`n${9_999 - at}`, 1]));
    const firstOf = (count: number) => Object.keys(sound(named(count)).value as object)[0];
    expect([firstOf(2_048), firstOf(2_049)]).toEqual(['n7952', 'n9999']);
  });

  test('CR-4 that are too many or too long are cut, and the others stay', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`n${100 + at}`, 1]));
    const kept = sound(many, { bytesMax: 500 });
    expect(kept.flaws).toEqual(['cut to fit']);
    expect(Object.keys(kept.value as object)).toHaveLength(16);
    const long = sound({ [LONG]: 1, a: 2 }, { bytesMax: 500 });
    expect(long).toMatchObject({ value: { a: 2 }, flaws: ['cut to fit'] });
  });
});

describe('CR-4 numbers and depth', () => {
  test('CR-4 whole numbers of up to forty digits are written', () => {
    const most = 10n ** 40n - 1n;
    expect([most, -most].map((each) => sound(each).value)).toEqual([`${most}`, `-${most}`]);
    expect([most + 1n, -most - 1n].map((each) => sound(each).value)).toEqual([
      '[left out]',
      '[left out]',
    ]);
  });

  test('CR-4 where there is no room for anything, it is null, and says so', () => {
    expect(sound({ a: 1 }, { bytesMax: 1 })).toEqual({
      value: null,
      flaws: ['cut to fit'],
      bytes: 4,
    });
  });
});

test('CR-1 others have their turn after some work, and not before', () => {
  expect(piecesOf(Array.from({ length: 600 }, () => true))).toBe(1);
  expect(piecesOf(Array.from({ length: 700 }, () => true))).toBe(2);
  const named = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`n${100 + at}`, true]));
  expect([piecesOf(named(580)), piecesOf(named(700))]).toEqual([1, 2]);
});
