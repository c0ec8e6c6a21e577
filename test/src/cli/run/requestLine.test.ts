import { describe, expect, test } from 'vitest';
import { parseRequestLine } from '../../../../src/cli/run/inputFile.ts';

const parse = (text: string, number = 1) => parseRequestLine({ number, text, problem: null });
const line = (more: object = {}) =>
  JSON.stringify({
    type: 'payments.push',
    subject: 'user-1',
    tier: 'basic',
    payload: { a: 1 },
    ...more,
  });

describe('parseRequestLine', () => {
  test('OP-8 a line keeps its own key', () => {
    expect(parse(line({ idempotencyKey: 'mine' })).request.idempotencyKey).toBe('mine');
  });

  test('OP-8 a line without one gets a key from content and position', () => {
    const key = (text: string, number: number) => parse(text, number).request.idempotencyKey;
    expect(key(line(), 7)).toMatch(/^line-7-[0-9a-f]{32}$/);
    expect(key(line(), 7)).toBe(key(line(), 7));
    expect(key(line(), 7)).not.toBe(key(line(), 8));
    expect(key(line(), 7)).not.toBe(key(line({ payload: { a: 2 } }), 7));
  });

  test('OP-8 the order in which fields were written means nothing', () => {
    const one = '{"type":"a","subject":"s","tier":"trial","payload":{"x":[{"p":1,"q":2}],"y":2}}';
    const two = '{"payload":{"y":2,"x":[{"q":2,"p":1}]},"tier":"trial","subject":"s","type":"a"}';
    expect(parse(one).request.idempotencyKey).toBe(parse(two).request.idempotencyKey);
  });

  test.each([
    ['no JSON', '{"type":', undefined, /not JSON/],
    ['an array', '[]', 'request', /object/],
    ['null', 'null', 'request', /object/],
    ['a missing subject', '{"type":"a","tier":"trial"}', 'subject', /subject/],
    ['an unknown tier', line({ tier: 'gold' }), 'tier', /tier/],
    ['an unknown field', line({ prioritiy: 'high' }), 'request', /did you mean priority/],
    ['a card number', line({ payload: { n: '4111111111111111' } }), 'payload', /card number/],
  ])('UX-2 %s is refused with line and field', (_what, text, field, message) => {
    expect(() => parse(text, 12)).toThrow(
      expect.objectContaining({
        code: 'HF_LINE_INVALID',
        line: 12,
        field,
        message: expect.stringMatching(message),
      }),
    );
  });

  test('SE-5 the message of a bad line does not repeat it', () => {
    expect(() => parse('{"name":"Ann" is ill}')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('Ann') }),
    );
  });
});
