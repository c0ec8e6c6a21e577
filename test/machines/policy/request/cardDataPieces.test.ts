/**
 * What is large is looked through in pieces, whatever it holds: between two of them a person is answered (CR-1).
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import {
  holdsCardDataInPieces,
  maskCardData,
  maskCardDataInPieces,
} from '../../../../machines/policy/request/cardData.ts';
import { checkRequest } from '../../../../machines/policy/request/request.ts';
import { encodeBody } from '../../../../machines/policy/request/requestBody.ts';
import { HoldfastError } from '../../../../machines/vocabulary/errors.ts';
import { type Pieces, Work } from '../../../../machines/vocabulary/pieces.ts';
import type { Json } from '../../../../machines/vocabulary/shape.ts';

const SIZE = 60_000;
/** No piece looks at more: some of it for its characters, some for the values that they are in. */
const PIECE_MAX = 8_192;

function fields(count: number, field: (at: number) => readonly [string, Json]): Json {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => field(at)));
}

function list(count: number, item: (at: number) => Json): Json {
  return Array.from({ length: count }, (_, at) => item(at));
}

/** What takes the search the longest, by its kind. */
const WORST: Readonly<Record<string, Json>> = {
  'groups of digits': '4111 4111 '.repeat(SIZE / 10),
  'groups with dashes': '4111-'.repeat(SIZE / 5),
  'pairs of digits': '12 '.repeat(SIZE / 3),
  'codes that are none': 'cc-cvv=[ '.repeat(SIZE / 9),
  'words of base64': `N${'a'.repeat(25)} `.repeat(SIZE / 27),
  'digits of another script': '٠١٢٣ '.repeat(SIZE / 5),
  'texts of digits': list(SIZE / 20, () => '4111 4111 4111 41'),
  'large numbers': list(SIZE / 17, (at) => 8_111_411_141_114_100 + at),
  'small numbers': list(SIZE / 2, () => 1),
  'empty lists': list(SIZE / 3, () => []),
  'many fields': fields(SIZE / 14, (at) => [`f${at}`, 1]),
  'fields that may be codes': list(SIZE / 10, () => ({ pin: 1 })),
  'long names': fields(20, (at) => [`${at} ${'4111 '.repeat(SIZE / 100)}`, 1]),
};

/** What comes of the pieces, and how many there are. */
function countPieces<Result>(pieces: Pieces<Result>): { result: Result; count: number } {
  for (let count = 1; ; count += 1) {
    const next = pieces.next();
    if (next.done === true) return { result: next.value, count };
  }
}

describe('CF-7 CR-1 card data is looked for in pieces', () => {
  for (const [name, value] of Object.entries(WORST)) {
    const units = JSON.stringify(value).length;

    test(`CF-7 in an answer: ${name}`, () => {
      const searched = countPieces(holdsCardDataInPieces(value, new Work()));
      expect(searched.result).toBe(false);
      expect(searched.count).toBeGreaterThan(units / PIECE_MAX);
      // With a card number at its end all of it is copied, and masked as it is in one piece.
      const given = [value, { card: '4111 1111 1111 1111' }] as const;
      const masked = countPieces(maskCardDataInPieces(given));
      expect(masked.count).toBeGreaterThan((2 * units) / PIECE_MAX);
      expect(JSON.stringify(masked.result)).toBe(JSON.stringify(maskCardData(given)));
      expect(JSON.stringify(masked.result)).toContain('************1111');
    });

    test(`CF-7 in a request: ${name}`, () => {
      const searches: Pieces<void>[] = [];
      const rules = {
        bytesMax: 4 * SIZE,
        isExempt: () => false,
        searchesLater: (search: Pieces<void>) => searches.push(search),
      };
      const bad = { payload: { value, z: `${'x'.repeat(20_000)} 4111111111111111` } };
      const good = { payload: { value, z: 'x'.repeat(20_000) } };
      expect(JSON.parse(encodeBody(good, rules))).toEqual(good);
      const [search] = searches.splice(0);
      // What is short, and all that is searched at once is, is no work for later.
      if (search !== undefined) countPieces(search);
      expect(() => {
        encodeBody(bad, rules);
        countPieces(searches[0] as Pieces<void>);
      }).toThrowError(HoldfastError);
    });
  }

  test('CF-7 what changes make of a large record is what is searched', () => {
    const searches: Pieces<void>[] = [];
    const rules = {
      isEdited: () => true,
      takenOutOf: () => () => ({ paths: [], needsBy: false }),
      searchesLater: (search: Pieces<void>) => searches.push(search),
    };
    const note = `${'x'.repeat(20_000)} 4111111111111111`;
    const request = {
      ...{ type: 'plans.put', subject: 'user-42', entity: { type: 'plan', id: 'p-1' } },
      base: { version: '"1"', value: { note: 'x'.repeat(20_000) } },
      changes: [{ op: 'replace', path: '/note', value: note }],
    };
    checkRequest(request, rules);
    expect(searches).toHaveLength(1);
    expect(() => countPieces(searches[0] as Pieces<void>)).toThrowError(HoldfastError);
  });

  test('CF-7 what may stand somewhere is kept there, and a name that is a number is masked', () => {
    const value = {
      __proto__: null,
      ok: { order: 4_111_111_111_111_111, card: { cvv: 737 } },
      ['4111111111111111']: '4111111111111111',
      texts: ['a'.repeat(9_000), `${'a'.repeat(9_000)} 4111111111111111`, null, true],
    } as unknown as Json;
    const own = JSON.parse('{"__proto__":{"cvv":"123"}}') as Json;
    const isExempt = (path: readonly (string | number)[]): boolean => path.at(-1) === 'order';
    for (const given of [value, own, [own, value]]) {
      const { result } = countPieces(maskCardDataInPieces(given, isExempt));
      expect(JSON.stringify(result)).toBe(JSON.stringify(maskCardData(given, isExempt)));
    }
  });

  test('CF-7 a value without any is not copied', () => {
    const value = WORST['many fields'] as Json;
    expect(countPieces(maskCardDataInPieces(value)).result).toBe(value);
  });
});
