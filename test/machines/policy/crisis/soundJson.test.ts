/**
 * What of a value can be kept, whatever it is (CR-4, CF-7).
 *
 * @module
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { soundJson } from '../../../../machines/policy/crisis/soundJson.ts';
import { encodeBody, utf8Length } from '../../../../machines/policy/request/requestBody.ts';

const NO_EXEMPTION = { isExempt: () => false };

function sound(value: unknown, bytesMax = 10_000) {
  return soundJson(value, 'payload', { bytesMax, ...NO_EXEMPTION });
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

  test('CR-4 what is sound JSON stays as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (given) => {
        const kept = sound(given, 1e6);
        if (!kept.flaws.includes('card data masked'))
          expect(kept).toEqual({ value: given, flaws: [] });
      }),
      { numRuns: 300 },
    );
  });
});
