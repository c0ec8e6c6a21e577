import { describe, expect, test } from 'vitest';
import {
  exemptionsOf,
  maskCardData,
  maskText,
} from '../../../../machines/policy/request/cardData.ts';
import { checkRequest } from '../../../../machines/policy/request/request.ts';
import { isHoldfastError } from '../../../../machines/vocabulary/errors.ts';
import type { Json } from '../../../../machines/vocabulary/shape.ts';

const GOOD = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;

/** What a request with this payload is refused for; `null` when it is not. */
function datumIn(payload: unknown): string | null {
  try {
    checkRequest({ ...GOOD, payload });
    return null;
  } catch (error) {
    if (!isHoldfastError(error) || error.code !== 'HF_CARD_NUMBER_REFUSED') throw error;
    return /what looks like (a card[^.(]*\w)/.exec(error.message)?.[1] ?? error.message;
  }
}

describe('security codes', () => {
  test.each([
    { cvv: '123' },
    { CVC: 123 },
    { cvv2: '1234' },
    { cvc_2: '123' },
    { csc: '123' },
    { cvn: '123' },
    { cav2: 123 },
    { CVD: '123' },
    { securityCode: '123' },
    { security_code: 1234 },
    { cardSecurityCode: '123' },
    { CARD_SECURITY_CODE: '123' },
    { card_cvv: '007' },
    { ccCvv: '007' },
    { a: [{ b: { Cvv: ' 123 ' } }] },
    { cvv: ['123'] },
    { cvv: { value: '123' } },
    { card: { cid: '1234' } },
    { paymentCard: { holder: { pin: '1234' } } },
    { exp_month: 12, cid: 1234 },
    { cardNumber: 'token', pin: '1234' },
    { card_pin: '1234' },
    { nested: JSON.stringify({ cvv: '123' }) },
    { nested: JSON.stringify(JSON.stringify({ cvv: 123 })) },
    { nested: JSON.stringify({ cvv: ['123'] }) },
    { form: 'name=x&cvv=123&zip=1' },
    { xml: '<card><cvv2>123</cvv2></card>' },
    { log: 'card cvc: 123' },
  ])('CF-7 are found: %j', (payload) => {
    expect(datumIn(payload)).toBe("a card's security code");
  });

  test.each([
    { cvv: null },
    { cvv: 'match' },
    { cvvResult: '123' },
    { cvc: 12 },
    { securityCode: '12345' },
    { code: '123' },
    { securityCode: 'SC-123' },
    { securityCode: { status: 200 } },
    { note: 'cvv 123' },
    { cvc: 123.5 },
    { cid: 1234, pin: '1234' },
    { card: 'token', device: { pin: '1234' } },
    { cardiology: { cid: 1234 } },
    { verificationCode: '1234' },
    { nested: JSON.stringify({ cid: 1234 }) },
    { url: 'https://example.com/?cid=1234' },
  ])('CF-7 are not seen where there is none: %j', (payload) => {
    expect(datumIn(payload)).toBe(null);
  });
});

describe('card numbers in a payload', () => {
  test.each([
    { a: 4_111_111_111_111_111 },
    { a: '4111111111111111' },
    { a: [{ b: 'card 4111 1111 1111 1111, ok' }] },
    { '4111111111111111': true },
    ['4111111111111111'],
    '4111111111111111',
    { nested: JSON.stringify({ pan: '4111111111111111' }) },
  ])('CF-7 are found wherever they stand: %j', (payload) => {
    expect(datumIn(payload)).toBe('a card number');
  });

  test.each([
    { a: -4_111_111_111_111_111 },
    { a: 0.411_111_111_111_111_1 },
    { a: 4.111_111_111_111_111 },
  ])('CF-7 a number that is no whole one is none: %j', (payload) => {
    expect(datumIn(payload)).toBe(null);
  });
});

describe('masking', () => {
  test('CF-7 a text keeps all but its card data', () => {
    expect(maskText('Card 4111 1111 1111 1111 (cvv: 123, cid: 1234) was declined.')).toBe(
      'Card ************1111 (cvv: ***, cid: ***) was declined.',
    );
    expect(maskText('cid: 1234, declined')).toBe('cid: 1234, declined');
    const clean = 'The upstream answered 402.';
    expect(maskText(clean)).toBe(clean);
  });

  test('CF-7 a value keeps its shape', () => {
    expect(
      maskCardData({
        ok: true,
        none: null,
        amount: 12.5,
        echo: { number: 4_111_111_111_111_111, cvv: 123, list: ['5555 5555 5555 4444', 1] },
        '4111111111111111': 'key',
      }),
    ).toEqual({
      ok: true,
      none: null,
      amount: 12.5,
      echo: { number: '************1111', cvv: '***', list: ['************4444', 1] },
      '************1111': 'key',
    });
    expect(maskCardData('4111111111111111')).toBe('************1111');
  });

  test('CF-7 what was masked is masked no further, and nothing is found in it', () => {
    const masked = maskCardData({ a: ['4111111111111111'], cvv: '123' });
    expect(maskCardData(masked)).toBe(masked);
    expect(datumIn(masked)).toBe(null);
  });

  test('CF-7 a value without card data is the same value', () => {
    const value: Json = { a: [1, { b: 'x' }], c: null, d: Number.MAX_SAFE_INTEGER };
    expect(maskCardData(value)).toBe(value);
  });
});

describe('exemptions', () => {
  test('CF-7 a path stands for all that is below it and for each item of a list', () => {
    const isExempt = exemptionsOf(['payload.orderId', 'payload.items.ean', 'base.meta']);
    expect(isExempt(['payload', 'orderId'])).toBe(true);
    expect(isExempt(['payload', 'items', 3, 'ean'])).toBe(true);
    expect(isExempt(['base', 'meta', 'a', 0, 'b'])).toBe(true);
    expect(isExempt(['payload', 'order'])).toBe(false);
    expect(isExempt(['payload', 'meta'])).toBe(false);
    expect(isExempt(['payload', 'items', 0])).toBe(false);
  });

  test('CF-7 a response keeps what is exempt', () => {
    const response = { orderId: '4111111111111111', card: '4111111111111111' };
    expect(maskCardData(response, exemptionsOf(['response.orderId']))).toEqual({
      orderId: '4111111111111111',
      card: '************1111',
    });
    expect(maskCardData(response, exemptionsOf(['response']))).toBe(response);
  });

  test('CF-7 only the exempt fields of a request may hold what looks like a card number', () => {
    const check = (request: object): unknown =>
      checkRequest(
        { ...GOOD, ...request },
        {
          exemptionsOf: (type) =>
            exemptionsOf(type === GOOD.type ? ['payload.orderId', 'entity.id'] : []),
        },
      );
    const number = '4111111111111111';
    expect(() =>
      check({ payload: { orderId: number }, entity: { type: 'order', id: number } }),
    ).not.toThrow();
    expect(() => check({ payload: { orderId: { a: [number] } } })).not.toThrow();
    expect(() => check({ payload: { orderId: number, note: number } })).toThrow(/\(field 2\)/);
    expect(() => check({ payload: { orderId: number }, type: 'other.push' })).toThrow(
      /card number/,
    );
    expect(() => check({ subject: number })).toThrow(/^subject holds/);
  });

  test('UX-2 the message names the option, and the way is told without being shown', () => {
    let caught: unknown;
    try {
      checkRequest({ ...GOOD, payload: { diagnosis: { jane: ['x', '4111111111111111'] } } });
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ at: ['payload', 'diagnosis', 'jane', 1] });
    expect(String(caught)).toMatch(/\(field 1, field 1, item 2\).*cardDataExempt/);
    expect(`${String(caught)}${JSON.stringify(caught)}`).not.toMatch(/diagnosis|jane/);
    expect(Object.keys(caught as object)).not.toContain('at');
  });
});
