/**
 * Several states of one record are cleaned as each would be by itself.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical, isObject, quoted } from '../../../../machines/merge/values/canonical.ts';
import { cleaner, cleanJson } from '../../../../machines/merge/values/cleanJson.ts';
import type { Json } from '../../../../machines/vocabulary/shape.ts';

const CARD = '4242 4242 4242 4242';
const leaf = fc.constantFrom(
  ...['a', 'b', 'José', 'Jose\u0301', CARD, '123', '', 0, -0, 1, Number.POSITIVE_INFINITY],
  ...[Number.NaN, true, null, undefined, 4_242_424_242_424_242],
);
const name = fc.constantFrom('b', 'a', 'cvc', 'card', 'pin', 'out', 'c2', CARD, '__proto__');
const { record } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, leaf, tie('list'), tie('record')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  record: fc
    .array(fc.tuple(name, tie('value')), { maxLength: 6 })
    .map((fields) => Object.fromEntries(fields)),
}));
const isLeftOut = (one: string) => one === 'out';

/** The same with one thing in it changed. */
function edited(value: unknown, path: number, put: unknown): unknown {
  if (typeof value !== 'object' || value === null) return put;
  const names = Object.keys(value);
  const chosen = names[path % (names.length + 1)];
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return chosen === undefined
      ? [...items, put]
      : items.map((one, at) => (String(at) === chosen ? edited(one, path >> 2, put) : one));
  }
  if (chosen === undefined) return { ...value, added: put };
  const fields = value as Readonly<Record<string, unknown>>;
  return { ...fields, [chosen]: edited(fields[chosen], path >> 2, put) };
}

const inOrder = (value: Json | undefined): Json | undefined =>
  isObject(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([one], [two]) => (one < two ? -1 : 1)))
    : value;

describe('CF-2 cleaning several states of a record', () => {
  test('CF-2 CF-7: each is as it would be by itself, and no change is passed over', () => {
    fc.assert(
      fc.property(record, fc.array(fc.tuple(fc.nat(999), leaf)), record, (base, edits, other) => {
        const clean = cleaner(isLeftOut);
        const first = clean(structuredClone(base)).value;
        expect(canonical(first)).toBe(canonical(cleanJson(base, isLeftOut)));
        const side = edits.reduce<unknown>((one, [path, put]) => edited(one, path, put), base);
        for (const state of [structuredClone(side), base, other, structuredClone(base)]) {
          const { value, changed } = clean(state);
          const alone = cleanJson(state, isLeftOut);
          expect(canonical(inOrder(value))).toBe(canonical(inOrder(alone)));
          if (!isObject(alone) || !isObject(first)) continue;
          const differing = Object.keys(alone).filter(
            (one) => canonical(alone[one]) !== canonical(first[one]),
          );
          expect(changed ?? Object.keys(alone)).toEqual(expect.arrayContaining(differing));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('CF-2: what is as in the first state is the same copy', () => {
    const clean = cleaner(() => false);
    const base = { b: { c: ['x'] }, a: 'José', list: [{ id: 1 }, { id: 2 }] };
    const first = clean(base).value as typeof base;
    expect(clean(structuredClone(base)).value).toBe(first);
    const grown = { ...structuredClone(base), list: [...base.list, { id: 3 }], a: 'b', z: 1 };
    const { value, changed } = clean(grown);
    expect((value as typeof base).b).toBe(first.b);
    expect((value as typeof base).list[1]).toBe(first.list[1]);
    expect(changed).toEqual(['a', 'list', 'z']);
    // Without a first one nothing is compared.
    const bare = cleaner(() => false);
    expect([bare(null), bare(base), bare(base)].map((one) => one.changed)).toEqual([
      null,
      null,
      null,
    ]);
  });

  test('CF-7: what was no code of a card is one where a card stands beside it', () => {
    const clean = cleaner(() => false);
    clean({ a: { pin: '123' }, pin: '123' });
    const { value } = clean({ a: { pin: '123' }, pin: '123', card_number: 'x' });
    expect(value).toMatchObject({ a: { pin: '123' }, pin: '***' });
    expect(cleanJson({ a: { pin: '123' }, card: { pin: '123' } })).toEqual({
      a: { pin: '123' },
      card: { pin: '***' },
    });
  });

  test('CF-2: a name that is masked is not taken for another one', () => {
    const [masked = ''] = Object.keys(cleanJson({ [CARD]: 1 }) ?? {});
    expect(masked).not.toBe(CARD);
    const clean = cleaner(() => false);
    clean({ [CARD]: 'x', [masked]: 'y' });
    expect(clean({ [masked]: 'y', z: 1 }).value).toEqual({ [masked]: 'y', z: 1 });
  });

  test('CF-2: a text is quoted as JSON quotes it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        expect(quoted(text)).toBe(JSON.stringify(text));
      }),
    );
    for (const text of ['"', '\\', '\u001f', '\u007f', '\ud83d', '😀', 'é'.repeat(65)]) {
      expect(quoted(`a${text}`)).toBe(JSON.stringify(`a${text}`));
    }
  });
});
