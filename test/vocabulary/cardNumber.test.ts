import { describe, expect, test } from 'vitest';
import { findCardNumber, findSecurityCode } from '../../machines/vocabulary/cardNumber.ts';

describe('card numbers', () => {
  /** Test numbers that the schemes and payment providers publish. */
  const known = [
    ['Visa', '4111111111111111'],
    ['Visa', '4012888888881881'],
    ['Visa of 13 digits', '4222222222222'],
    ['Mastercard', '5555555555554444'],
    ['Mastercard of the 2 series', '2223003122003222'],
    ['American Express', '378282246310005'],
    ['Diners Club', '30569309025904'],
    ['Diners Club', '38520000023237'],
    ['Discover', '6011111111111117'],
    ['JCB', '3530111333300000'],
    ['UnionPay', '6200000000000005'],
    ['Maestro', '6759649826438453'],
    ['Maestro', '6304000000000000'],
  ] as const;

  test.each(known)('CF-7 %s %s is found, plain and as a JSON number or string', (_, number) => {
    expect(findCardNumber(number)).toBe(0);
    expect(findCardNumber(JSON.stringify({ a: Number(number) }))).toBeGreaterThan(0);
    expect(findCardNumber(JSON.stringify({ a: [{ b: `card ${number}, ok` }] }))).toBeGreaterThan(0);
  });

  test.each([
    '4111 1111 1111 1111',
    '4111-1111-1111-1111',
    '3782 822463 10005',
    'Visa: 4111 1111 1111 1111.',
    'card\n4111111111111111',
    '12/26 4111 1111 1111 1111 123',
    '4111\u00a01111\u00a01111\u00a01111',
    'PAN=4111111111111111;',
    '"{\\"pan\\":\\"4111111111111111\\"}"',
  ])('CF-7 grouped, or beside other digits: %j', (text) => {
    expect(findCardNumber(text)).toBeGreaterThanOrEqual(0);
    expect(findCardNumber(JSON.stringify({ text }))).toBeGreaterThanOrEqual(0);
  });

  test.each([
    ['a number whose check digit is wrong', '4111111111111112'],
    ['milliseconds since 1970', '1764032604000'],
    ['nanoseconds since 1970', '1764032604000000000'],
    ['a date and time', '20261125103000'],
    ['a UUID', '550e8400-e29b-41d4-a716-446655440000'],
    ['a UUID of digits', '41111111-1111-4111-8111-111111111111'],
    ['an order number', '100000000000000000008'],
    ['an order number with a prefix', 'ORD-4111111111111111'],
    ['a part of a longer word', 'a4111111111111111f'],
    ['a decimal', '0.4111111111111111'],
    ['an international phone number', '+4915112345678'],
    ['a phone number', '+49 1511 2345678'],
    ['an IBAN', 'DE89370400440532013000'],
    ['an IBAN in groups', 'DE89 3704 0044 0532 0130 00'],
    ['an IBAN in groups', 'GB29 NWBK 6016 1331 9268 19'],
    ['an IBAN in groups', 'ES91 2100 0418 4502 0005 1332'],
    ['text', 'a short text without digits'],
  ])('CF-7 %s is not taken for one: %s', (_, text) => {
    expect(findCardNumber(text)).toBe(-1);
    expect(findCardNumber(JSON.stringify({ text }))).toBe(-1);
  });

  test('CF-7 a long text of digits is searched in a time that grows with its length only', () => {
    expect(findCardNumber('1'.repeat(1_000_000))).toBe(-1);
    expect(findCardNumber(`${'1-'.repeat(500_000)}x`)).toBe(-1);
    expect(findCardNumber(`${'7 '.repeat(100_000)}x`)).toBe(-1);
  });
});

describe('security codes', () => {
  test.each([
    { cvv: '123' },
    { CVC: 123 },
    { cvv2: '1234' },
    { cvc_2: '123' },
    { securityCode: '123' },
    { security_code: 1234 },
    { cardSecurityCode: '123' },
    { CARD_SECURITY_CODE: '123' },
    { card_cvv: '007' },
    { a: [{ b: { Cvv: ' 123 ' } }] },
    { nested: JSON.stringify({ cvv: '123' }) },
  ])('CF-7 are found: %j', (value) => {
    expect(findSecurityCode(JSON.stringify(value))).toBeGreaterThanOrEqual(0);
  });

  test.each([
    { cvv: null },
    { cvv: 'match' },
    { cvvResult: '123' },
    { cvc: 12 },
    { securityCode: '12345' },
    { code: '123' },
    { securityCode: 'SC-123' },
    { note: 'cvv 123' },
    { cvc: 123.5 },
  ])('CF-7 are not seen where there is none: %j', (value) => {
    expect(findSecurityCode(JSON.stringify(value))).toBe(-1);
  });
});
