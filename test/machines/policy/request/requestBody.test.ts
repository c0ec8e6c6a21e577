/**
 * The body of a request: its text, its size, what JSON can't carry, and what a refusal says of the place.
 *
 * @module
 */

import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import {
  type BodyRules,
  cardRefused,
  encodeBody,
  invalidField,
  PAYLOAD_BYTES_MAX,
  parseBody,
  wholeField,
} from '../../../../machines/policy/request/requestBody.ts';
import { isHoldfastError } from '../../../../machines/vocabulary/errors.ts';

const NONE: BodyRules['isExempt'] = () => false;

function encode(payload: unknown, bytesMax = PAYLOAD_BYTES_MAX, base?: unknown): string {
  return encodeBody({ payload, base }, { bytesMax, isExempt: NONE });
}

function refusal(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (isHoldfastError(error)) return error;
    throw error;
  }
  throw new Error('was not refused');
}

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;
const nestedIn = (levels: number): unknown => {
  let value: unknown = [];
  for (let level = 1; level < levels; level += 1) value = [value];
  return value;
};

describe('the text', () => {
  test.each<[payload: unknown, text: string]>([
    [undefined, 'null'],
    [null, 'null'],
    [true, 'true'],
    [-1.5, '-1.5'],
    ['a"b', '"a\\"b"'],
    [[], '[]'],
    [{}, '{}'],
    [[1, [2], 'x'], '[1,[2],"x"]'],
    [{ b: 1, a: { d: 2, c: 3 } }, '{"a":{"c":3,"d":2},"b":1}'],
    [{ a: undefined, b: 1, c: undefined, d: 2 }, '{"b":1,"d":2}'],
    [{ 'a"': 1 }, '{"a\\"":1}'],
  ])('OP-8 of %j', (payload, text) => {
    expect(encode(payload)).toBe(`{"payload":${text}}`);
    expect(parseBody(encode(payload)).payload).toEqual(JSON.parse(text));
    expect(encode(1, PAYLOAD_BYTES_MAX, payload ?? null)).toBe(`{"base":${text},"payload":1}`);
  });

  test('OP-9 an object without a class is carried, one of another realm too, and one that stands twice', () => {
    const bare = Object.assign(Object.create(null) as object, { a: 1 });
    const foreign: unknown = runInNewContext('({ a: 1, b: [2] })');
    expect(encode([bare, foreign])).toBe('{"payload":[{"a":1},{"a":1,"b":[2]}]}');
    const twice = { a: [1] };
    expect(encode({ x: twice, y: [twice, twice] })).toBe(
      '{"payload":{"x":{"a":[1]},"y":[{"a":[1]},{"a":[1]}]}}',
    );
  });
});

describe('OP-9 values that are written in runs', () => {
  test('OP-9 are written as JSON has them, between whatever stands beside them', () => {
    const list = [1, -0, 1e21, 0.1, null, true, 'a', false, [2, 3], {}, 4];
    expect(encode(list)).toBe(`{"payload":${JSON.stringify(list)}}`);
    expect(encode({ b: 1, a: [null], c: undefined, B: false })).toBe(
      '{"payload":{"B":false,"a":[null],"b":1}}',
    );
  });

  test('CF-7 a card number and a code among them are found, and their places are told', () => {
    const numbers = [1, 2, 4111111111111111, 3];
    expect(refusal(() => encode({ list: numbers }))).toMatchObject({
      ...{ code: 'HF_CARD_NUMBER_REFUSED', at: ['payload', 'list', 2] },
    });
    expect(refusal(() => encode({ a: 1, cvv: 123, z: 2 }))).toMatchObject({
      ...{ code: 'HF_CARD_NUMBER_REFUSED', at: ['payload', 'cvv'] },
    });
    expect(refusal(() => encode({ cvv: [1, 123] }))).toMatchObject({
      code: 'HF_CARD_NUMBER_REFUSED',
    });
  });

  test('UX-2 what JSON can not carry among them is refused by its place', () => {
    const invalid = { code: 'HF_REQUEST_INVALID' };
    expect(refusal(() => encode([1, 2, Number.NaN, 3]))).toMatchObject({
      ...{ ...invalid, at: ['payload', 2] },
    });
    const sparse: unknown[] = [1, 2];
    sparse[3] = 4;
    expect(refusal(() => encode(sparse))).toMatchObject({ ...invalid, at: ['payload', 2] });
  });
});

describe('the size', () => {
  const anyJson = fc
    .jsonValue({ maxDepth: 3 })
    .filter((value) => !/\d{3}|cv|csc|ca[vr]|c?id|pin|code/i.test(JSON.stringify(value)));

  test('OP-9 a body of exactly the limit is taken, and not one of a byte more', () => {
    fc.assert(
      fc.property(anyJson, fc.option(anyJson, { nil: undefined }), (payload, base) => {
        const bytes = bytesOf(encode(payload, PAYLOAD_BYTES_MAX, base));
        expect(() => encode(payload, bytes, base)).not.toThrow();
        const { code } = refusal(() => encode(payload, bytes - 1, base));
        expect(code).toBe('HF_PAYLOAD_TOO_LARGE');
      }),
    );
  });

  test.each([
    '\u007f',
    '\u0080',
    '\u07ff',
    '\u0800',
    '\ud7ff',
    '\u{10000}',
    '\u{10ffff}',
    '\ue000',
  ])('OP-9 a character counts as UTF-8 has it: %j', (character) => {
    const payload = character.repeat(40);
    const bytes = bytesOf(`{"payload":${JSON.stringify(payload)}}`);
    expect(() => encode(payload, bytes)).not.toThrow();
    expect(refusal(() => encode(payload, bytes - 1)).code).toBe('HF_PAYLOAD_TOO_LARGE');
  });

  test('UX-2 the refusal says how much is allowed, and where that is set', () => {
    expect(refusal(() => encode('x'.repeat(90), 100))).toMatchObject({
      field: 'payload',
      message:
        'payload takes more than 100 bytes as JSON. Send less, or raise payloadBytesMax. Nothing was stored.',
    });
    expect(PAYLOAD_BYTES_MAX).toBe(1_048_576);
  });

  test('OP-9 fields that are left out are bounded too, by the limit or the usual one', () => {
    const absent = Object.fromEntries(
      Array.from({ length: 1_024 }, (_, index) => [`f${index}`, undefined]),
    );
    const many = (count: number) => new Array<unknown>(count).fill(absent);
    expect(encode(many(1_024), 10_000)).toBe(`{"payload":[${many(1_024).fill('{}').join(',')}]}`);
    for (const bytesMax of [10_000, PAYLOAD_BYTES_MAX]) {
      expect(refusal(() => encode(many(1_025), bytesMax)).code).toBe('HF_PAYLOAD_TOO_LARGE');
    }
    expect(() => encode(many(1_025), PAYLOAD_BYTES_MAX + 1_024)).not.toThrow();
  });

  test('OP-9 a name that is too long is never encoded', () => {
    const name = 'x'.repeat(200);
    const encoded = vi.spyOn(JSON, 'stringify');
    try {
      expect(refusal(() => encode({ [name]: 1 }, 150)).code).toBe('HF_PAYLOAD_TOO_LARGE');
      expect(encoded).not.toHaveBeenCalledWith(name);
    } finally {
      encoded.mockRestore();
    }
  });

  test('OP-9 what was written before counts: later fields are not read once there is no room', () => {
    const read: string[] = [];
    const field = (name: string) => ({
      enumerable: true,
      get: () => {
        read.push(name);
        return 'x'.repeat(40);
      },
    });
    const payload = Object.defineProperties({}, { a: field('a'), b: field('b'), c: field('c') });
    expect(refusal(() => encode(payload, 70)).code).toBe('HF_PAYLOAD_TOO_LARGE');
    expect(read.splice(0)).toEqual(['a', 'b']);
    // What stands between the items of a list counts, and between fields.
    const list = { A: new Array(20).fill(1) };
    const fields = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`A${at + 10}`, 1]));
    for (const [before, bytesMax] of [
      [list, 80],
      [fields, 200],
    ] as const) {
      const both = Object.defineProperties({ ...before }, { b: field('b'), c: field('c') });
      expect(refusal(() => encode(both, bytesMax)).code).toBe('HF_PAYLOAD_TOO_LARGE');
      expect(read.splice(0)).toEqual(['b']);
    }
  });
});

describe('what is refused', () => {
  const place = (payload: unknown) => refusal(() => encode(payload));

  test('UX-2 more than 100 levels, whether of lists or of objects', () => {
    expect(() => encode(nestedIn(100))).not.toThrow();
    const message = 'payload is nested deeper than 100 levels or holds itself. Nothing was stored.';
    expect(place(nestedIn(101))).toMatchObject({ code: 'HF_REQUEST_INVALID', message });
    const cycle: unknown[] = [];
    cycle.push({ cycle });
    expect(place(cycle)).toMatchObject({ field: 'payload', message, at: undefined });
    // It is not taken for one that is too large.
    const large: Record<string, unknown> = { a: 'x'.repeat(100_000) };
    large['b'] = large;
    expect(place(large).message).toBe(message);
  });

  test('UX-2 at the end of 100 levels a value may stand, and no list', () => {
    const ending = (value: unknown): unknown => {
      let nested = value;
      for (let level = 0; level < 100; level += 1) nested = { a: nested };
      return nested;
    };
    expect(() => encode(ending('x'))).not.toThrow();
    expect(place(ending([])).message).toContain('nested deeper');
  });

  test.each<[what: string, payload: unknown, message: string]>([
    ['not a number', Number.NaN, 'holds a number that JSON cannot carry'],
    ['nothing in a list', [0, undefined], 'holds undefined, which JSON cannot carry (item 2)'],
    ['a date', { b: 1, a: new Date(0) }, 'holds a Date, which JSON cannot carry (field 2)'],
    ['a function', [[() => 1]], 'holds a function, which JSON cannot carry (item 1, item 1)'],
    ['a symbol', Symbol('x'), 'holds a symbol, which JSON cannot carry'],
    [
      'an odd object',
      [Object.create(Object.create(Object.create(null)))],
      'holds a object of no class, which JSON cannot carry (item 1)',
    ],
  ])('UX-2 %s', (_, payload, message) => {
    expect(place(payload)).toMatchObject({
      field: 'payload',
      message: `payload ${message}. Nothing was stored.`,
    });
  });

  test('UX-2 a base is looked at as itself, and its place is counted in it', () => {
    const base = { x: 1, y: [new Date(0)] };
    expect(refusal(() => encode({ a: 1 }, PAYLOAD_BYTES_MAX, base))).toMatchObject({
      field: 'base',
      message: 'base holds a Date, which JSON cannot carry (field 2, item 1). Nothing was stored.',
      at: ['base', 'y', 0],
    });
  });
});

describe('CF-7 card data', () => {
  const VISA = '4111111111111111';

  test.each<[payload: unknown, words: string, at: readonly (string | number)[]]>([
    [VISA, 'a card number', ['payload']],
    [{ a: [1, VISA] }, 'a card number (field 1, item 2)', ['payload', 'a', 1]],
    [{ a: 1, [VISA]: 2 }, 'a card number (field 2)', ['payload', VISA]],
    [{ n: Number(VISA) }, 'a card number (field 1)', ['payload', 'n']],
    [{ x: { cvv: 123 } }, "a card's security code (field 1, field 1)", ['payload', 'x', 'cvv']],
  ])('CF-7 is refused with its place: %j', (payload, words, at) => {
    expect(refusal(() => encode(payload))).toMatchObject({
      code: 'HF_CARD_NUMBER_REFUSED',
      field: 'payload',
      message:
        `payload holds what looks like ${words}. Send the token of your payment provider instead; ` +
        'where it is something else, name its field in cardDataExempt of the handler. Nothing was stored.',
      at,
    });
  });

  test('CF-7 may stand where it is exempt, which is asked by field and path', () => {
    const asked: unknown[] = [];
    const rules = {
      bytesMax: 1_000,
      isExempt: (path: readonly unknown[]) => asked.push(path) > 0,
    };
    encodeBody({ payload: { a: [VISA] }, base: { cvv: '123' } }, rules);
    expect(asked).toEqual([
      ['payload', 'a', 0],
      ['base', 'cvv'],
    ]);
  });
});

test('UX-2 a refusal of a whole field names it without a place, and its parts for a program', () => {
  expect(wholeField('entity.id')).toEqual({ words: '', at: ['entity', 'id'] });
  const card = cardRefused('entity.id', 'a card number', wholeField('entity.id'));
  expect(card).toMatchObject({ field: 'entity.id', at: ['entity', 'id'] });
  expect(card.message).toMatch(/^entity\.id holds what looks like a card number\. Send/);
  expect(invalidField('tier', 'is missing', ['tier'])).toMatchObject({
    code: 'HF_REQUEST_INVALID',
    field: 'tier',
    message: 'tier is missing. Nothing was stored.',
    at: ['tier'],
  });
});
