/**
 * What of a value can be kept, whatever it is (CR-4, CF-7).
 *
 * @module
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { soundJsonInPieces } from '../../../../machines/policy/crisis/soundJson.ts';
import { maskText } from '../../../../machines/policy/request/cardData.ts';
import { encodeBody } from '../../../../machines/policy/request/requestBody.ts';
import { type Json, utf8Length } from '../../../../machines/vocabulary/shape.ts';
import { wholeOf } from '../../../support/harness/wholeOf.ts';

const NO_EXEMPTION = { isExempt: () => false };

function soundText(...given: Parameters<typeof soundJsonInPieces>) {
  return wholeOf(soundJsonInPieces(...given));
}

function sound(value: unknown, bytesMax = 10_000) {
  return soundJson(value, 'payload', { bytesMax, ...NO_EXEMPTION });
}

function soundJson(...given: Parameters<typeof soundText>) {
  const { text, flaws } = soundText(...given);
  return { value: JSON.parse(text) as Json, flaws };
}

/** A list that holds itself, ever deeper lists, and the like. */
function nested(depth: number): unknown {
  let value: unknown = 'deep';
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

describe('what of a value can be kept', () => {
  test.each([
    ['sound JSON', { a: [1, 'x', null, true], b: {} }, { a: [1, 'x', null, true], b: {} }, []],
    ['an optional field', { a: 1, b: undefined }, { a: 1 }, []],
    ['nothing in a list', [undefined], [null], ['not JSON']],
    [
      'a number that JSON has not',
      { a: Number.NaN, b: -Infinity },
      { a: 'NaN', b: '-Infinity' },
      ['not JSON'],
    ],
    ['a whole number', { a: 12n }, { a: '12' }, ['not JSON']],
    ['a whole number without end', 10n ** 50n, '[left out]', ['not JSON']],
    ['a date', { at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }, ['not JSON']],
    ['no date', new Date(Number.NaN), '[left out]', ['not readable']],
    ['a function', { a: () => 1, b: 1 }, { a: '[left out]', b: 1 }, ['not JSON']],
    ['bytes', { a: new Uint8Array(3) }, { a: '[left out]' }, ['not JSON']],
    [
      'an object of a class',
      new (class Call {
        text = 'help';
      })(),
      { text: 'help' },
      ['not JSON'],
    ],
  ])('CR-4 %s', (_, value, kept, flaws) => {
    expect(sound(value)).toEqual({ value: kept, flaws });
  });

  test('CR-4 what holds itself, or is nested too deep, is kept up to there', () => {
    const circle: Record<string, unknown> = { text: 'help' };
    circle['self'] = { again: circle };
    expect(sound(circle)).toEqual({
      value: { text: 'help', self: { again: '[left out]' } },
      flaws: ['not JSON'],
    });
    const deep = sound(nested(1_000));
    expect(deep.flaws).toEqual(['not JSON']);
    expect(JSON.stringify(deep.value)).toContain('[left out]');
  });

  test('CR-4 a field that throws is marked, and its neighbours are kept', () => {
    const value = Object.defineProperty({ text: 'help' }, 'trap', {
      enumerable: true,
      get: () => {
        throw new Error('trap');
      },
    });
    expect(sound(value)).toEqual({
      value: { text: 'help', trap: '[left out]' },
      flaws: ['not readable'],
    });
  });

  test('CF-7 card data is masked in texts, numbers, names and codes; not where it is exempt', () => {
    const card = {
      number: 4111111111111111,
      cvv: '123',
      '4111111111111111': 1,
      text: 'at 4111 1111 1111 1111.',
    };
    expect(sound({ card })).toEqual({
      value: {
        card: {
          number: '************1111',
          cvv: '***',
          '************1111': 1,
          text: 'at ************1111.',
        },
      },
      flaws: ['card data masked'],
    });
    const exempt = soundJson({ card: { number: 4111111111111111 } }, 'payload', {
      bytesMax: 1_000,
      isExempt: (path) => path.join('.') === 'payload.card.number',
    });
    expect(exempt).toEqual({ value: { card: { number: 4111111111111111 } }, flaws: [] });
  });

  test('CR-4 what is too large is cut where it is large: a short text beside it stays whole', () => {
    const value = {
      image: 'x'.repeat(100_000),
      text: 'I need help',
      zzz: Array.from({ length: 9_999 }, () => 1),
    };
    const kept = sound(value, 1_000);
    expect(kept.flaws).toEqual(['cut to fit']);
    expect(kept.value).toMatchObject({
      text: 'I need help',
      image: expect.stringMatching(/^x+…$/),
    });
    expect(sound('x'.repeat(100_000), 1_000).value).toMatch(/^x{100,}…$/);
  });

  test('CF-7 no part of a card number stays where a text is cut', () => {
    for (let before = 0; before < 300; before += 1) {
      const text = `${'x'.repeat(before)} 4111 1111 1111 1111 ${'y'.repeat(2_000)}`;
      const { value } = sound(text, 200);
      expect(JSON.stringify(value).replace(/\*{12}1{4}/, '')).not.toMatch(/4111|1{4}/);
    }
  });
});

describe('CR-4 anything at all', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    maxDepth: 4,
  });
  const cards = fc.constantFrom(
    '4111 1111 1111 1111',
    '5555555555554444',
    'cvv: 123',
    378282246310005,
  );
  const value = fc.oneof(
    anything,
    fc.array(fc.oneof(cards, anything)),
    fc.dictionary(fc.string(), fc.oneof(cards, anything)),
  );

  test('CR-4 CF-7 OP-9 becomes something that every rule of requests allows, within its bounds', () => {
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: 2_000 }), (given, bytesMax) => {
        const kept = sound(given, bytesMax).value;
        const text = encodeBody(
          { payload: kept, base: undefined },
          { bytesMax: 1e9, ...NO_EXEMPTION },
        );
        // The least that JSON has, where there is no room for anything.
        expect(utf8Length(text)).toBeLessThanOrEqual(Math.max(bytesMax, 4) + '{"payload":}'.length);
      }),
      { numRuns: 500 },
    );
  });

  test('CR-4 what is sound JSON stays as it is, and is written as that of any request', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (given) => {
        const { text, bytes, flaws } = soundText(given, 'payload', {
          bytesMax: 1e6,
          ...NO_EXEMPTION,
        });
        if (flaws.includes('card data masked')) return;
        expect(flaws).toEqual([]);
        const body = encodeBody({ payload: given }, { bytesMax: 1e6, ...NO_EXEMPTION });
        expect(body).toBe(`{"payload":${text}}`);
        expect(bytes).toBe(utf8Length(text));
      }),
      { numRuns: 300 },
    );
  });

  test('CR-4 what just fits is kept whole', () => {
    const given = { list: Array.from({ length: 500 }, (_, at) => ({ at, text: 'é' })), ключ: {} };
    const size = utf8Length(JSON.stringify(given));
    expect(sound(given, size)).toMatchObject({ flaws: [] });
    expect(sound(given, size - 1)).toMatchObject({ flaws: ['cut to fit'] });
  });
});

/** What is done in each piece: names and items that are read, as a proxy sees it. */
function piecesOf(value: object, bytesMax = 1e6): { readonly reads: number[]; listed: number } {
  let reads = 0;
  const seen = { reads: [] as number[], listed: 0 };
  const watched = new Proxy(value, {
    get(target, name) {
      reads += 1;
      return Reflect.get(target, name) as unknown;
    },
    ownKeys(target) {
      seen.listed += 1;
      return Reflect.ownKeys(target);
    },
  });
  const pieces = soundJsonInPieces(watched, 'payload', { bytesMax, ...NO_EXEMPTION });
  for (;;) {
    const { done } = pieces.next();
    seen.reads.push(reads);
    reads = 0;
    if (done === true) return seen;
  }
}

describe('CR-1 however large it is', () => {
  test('CR-1 of 20,000 fields a few hundred are read in a piece, and their names are listed once', () => {
    const fields = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`f${at}`, at]));
    const { reads, listed } = piecesOf(fields);
    expect(Math.max(...reads)).toBeLessThan(1_000);
    expect(reads.length).toBeGreaterThan(25);
    expect(listed).toBe(1);
  });

  test('CR-1 fields that hold nothing, and items of a list, count as well', () => {
    const empty = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, at) => [`f${at}`, undefined]),
    );
    expect(Math.max(...piecesOf(empty).reads)).toBeLessThan(1_000);
    expect(Math.max(...piecesOf(Array.from({ length: 10_000 }, () => 1)).reads)).toBeLessThan(
      1_000,
    );
  });

  test('CR-1 a text is searched a window at a time, also where it is a name', () => {
    const turns = (value: unknown, bytesMax = 1e6): number => {
      const pieces = soundJsonInPieces(value, 'payload', { bytesMax, ...NO_EXEMPTION });
      let count = 1;
      while (pieces.next().done !== true) count += 1;
      return count;
    };
    const long = '4111 1111 1111 1111, '.repeat(5_000);
    expect(turns(long)).toBeGreaterThan(5);
    expect(turns({ [long]: 1 })).toBeGreaterThan(5);
    // Of one that is cut no more is read than is kept: five times, ever shorter, at most.
    expect(turns('x'.repeat(5_000_000), 100_000)).toBeLessThan(40);
  });

  test('CR-1 of what is cut the end is not read', () => {
    const { reads } = piecesOf(
      Array.from({ length: 200_000 }, () => 'help'),
      10_000,
    );
    expect(reads.reduce((sum, count) => sum + count, 0)).toBeLessThan(40_000);
  });

  test('CF-7 card data is masked wherever a window ends', () => {
    const cards = [
      '4111 1111 1111 1111',
      '4111111111111111',
      'cvv: 123',
      'card4111-1111-1111-1111',
    ];
    for (const card of cards) {
      for (let before = 4_000; before < 4_200; before += 3) {
        const text = `${'x'.repeat(before)} ${card} ${'y'.repeat(before)}`;
        const { value } = sound(text, 100_000);
        expect(value).toBe(maskText(text));
      }
    }
  });

  test('CF-7 CR-4 a long text is masked as a whole one would be, and its letters stay whole', () => {
    const words = fc.constantFrom(
      'help ',
      '4111 1111 1111 1111',
      '😀',
      '5555555555554444, ',
      '\n',
      '12 ',
      'cvv=999 ',
    );
    fc.assert(
      fc.property(fc.array(words, { minLength: 800, maxLength: 1_200 }), (parts) => {
        const text = parts.join('');
        const { value } = sound(text, 1e6);
        expect(value).toBe(maskText(text));
      }),
      { numRuns: 10 },
    );
  });

  test('CF-7 among too many names for a card to be looked for, a doubtful code is masked', () => {
    const many = Object.fromEntries(Array.from({ length: 3_000 }, (_, at) => [`f${at}`, at]));
    const kept = sound({ ...many, pin: '1234' }, 1e6).value as Record<string, unknown>;
    expect(kept['pin']).toBe('***');
    expect(sound({ pin: '1234' }).value).toEqual({ pin: '1234' });
  });
});
