/**
 * Whether two records are the same is seen without copies of them where it can be: the answer is that of the copies.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSameRecord } from '../../../machines/conflict/items.ts';
import { canonical } from '../../../machines/merge/values/canonical.ts';
import { cleanJson } from '../../../machines/merge/values/cleanJson.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';

const CARD = '4111 1111 1111 1111';
const names = fc.constantFrom(
  'a',
  'id',
  'cvc',
  'card',
  'constructor',
  '\u0000g',
  CARD,
  '4111111111111111',
  'é',
  'e\u0301',
);
const leaf = fc.constantFrom<Json>(
  ...[
    null,
    true,
    false,
    0,
    -0,
    1,
    123,
    Number.NaN,
    4_111_111_111_111_111,
    '',
    'a',
    'b',
    '12',
    '123',
    '124',
  ],
  ...[CARD, '•••• 1111', 'é', 'e\u0301', 'K', '\u212A'],
);
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(names, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));

/** The value with one place of it another. */
function changed(one: Json, at: number, put: Json): Json {
  if (typeof one !== 'object' || one === null) return put;
  const keys = Object.keys(one);
  const key = keys[at % Math.max(1, keys.length)];
  if (key === undefined) return put;
  const inner = changed((one as Record<string, Json>)[key] ?? null, at >> 1, put);
  if (Array.isArray(one))
    return one.map((item: Json, place) => (String(place) === key ? inner : item));
  return Object.fromEntries(
    Object.entries(one)
      .toReversed()
      .map(([name, item]) => [name, name === key ? inner : item]),
  );
}

const pair = fc
  .tuple(value, value, fc.nat(7), fc.boolean())
  .map(([one, other, at, isApart]): readonly [Json, Json] => [
    one,
    isApart ? other : changed(one, at, other),
  ]);

test('CF-1 two records are the same where a merge takes them the same', () => {
  fc.assert(
    fc.property(pair, ([one, other]) => {
      const isSame = canonical(cleanJson(one)) === canonical(cleanJson(other));
      expect(isSameRecord(one, other)).toBe(isSame);
    }),
    { numRuns: 3_000 },
  );
});
