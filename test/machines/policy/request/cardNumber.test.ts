import { describe, expect, test } from 'vitest';
import { findCardNumbers } from '../../../../machines/policy/request/cardNumber.ts';

/** Test numbers that the schemes and payment providers publish. */
const KNOWN = [
  ['Visa', '4111111111111111'],
  ['Visa', '4012888888881881'],
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

const VISA = '4111111111111111';
const FULLWIDTH = '４１１１１１１１１１１１１１１１';
const ARABIC = '٤١١١١١١١١١١١١١١١';
const BOLD = Array.from(VISA, (digit) => String.fromCodePoint(0x1d7ce + Number(digit))).join('');
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const hex = (text: string): string => Buffer.from(text).toString('hex');

describe('card numbers', () => {
  test.each(KNOWN)('CF-7 %s %s is found', (_, number) => {
    expect(findCardNumbers(number)).toMatchObject([{ start: 0, end: number.length }]);
    expect(findCardNumbers(`card ${number}, ok`)).toMatchObject([{ start: 5 }]);
    expect(findCardNumbers(base64(number))).toHaveLength(1);
    expect(findCardNumbers(`key=${base64(number).replaceAll('=', '')};`)).toHaveLength(1);
    expect(findCardNumbers(hex(number))).toHaveLength(1);
  });

  test.each([
    ['in groups', '4111 1111 1111 1111'],
    ['in groups', '4111-1111-1111-1111'],
    ['in groups', '3782 822463 10005'],
    ['in groups', '3056 930902 5904'],
    ['with an end', 'Visa: 4111 1111 1111 1111.'],
    ['on a line of its own', 'card\n4111111111111111'],
    ['beside other digits', '12/26 4111 1111 1111 1111 123'],
    ['with no-break spaces', '4111\u00a01111\u00a01111\u00a01111'],
    ['with thin spaces', '4111\u20091111\u20091111\u20091111'],
    ['with two spaces', '4111  1111  1111  1111'],
    ['with tabs', '4111\t1111\t1111\t1111'],
    ['over lines', '4111\n1111\n1111\n1111'],
    ['with dots', '4111.1111.1111.1111'],
    ['with dashes that are none of ASCII', '4111–1111–1111–1111'],
    ['with characters of no width', '4111\u200b1111\u200b1111\u200b1111'],
    ['digit by digit', '4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1'],
    ['in pairs', '41 11 11 11 11 11 11 11'],
    ['in halves', '41111111 11111111'],
    ['in a form', 'PAN=4111111111111111;'],
    ['in JSON that is text', '"{\\"pan\\":\\"4111111111111111\\"}"'],
    ['after a line break in JSON that is text', 'card\\n4111111111111111'],
    ['against its word', 'card4111111111111111'],
    ['against its word', 'VISA-4111111111111111'],
    ['against its word', 'creditCardNumber_4111111111111111'],
    ['track 1', '%B4111111111111111^DOE/JOHN^25121010000000000000?'],
    ['track 2', ';4111111111111111=25121010000000000000?'],
    ['track 2', '4111111111111111D2512101000000000'],
    ['in full width', FULLWIDTH],
    ['in Arabic digits', ARABIC],
    ['in mathematical digits', BOLD],
  ])('CF-7 %s: %j', (_, text) => {
    expect(findCardNumbers(text)).toHaveLength(1);
  });

  test.each([
    ['a number whose check digit is wrong', '4111111111111112'],
    ['a number of 13 digits', '4222222222222'],
    ['an EAN', '4006381333931'],
    ['milliseconds since 1970', '1764032604000'],
    ['nanoseconds since 1970', '1764032604000000000'],
    ['a date and time', '20261125103000'],
    ['a UUID', '550e8400-e29b-41d4-a716-446655440000'],
    ['a UUID of digits', '41111111-1111-4111-8111-111111111111'],
    ['an order number', '100000000000000000008'],
    ['an order number with a prefix', 'ORD-4111111111111111'],
    ['an order number with a prefix', 'Casino4111111111111111'],
    ['a part of a longer word', 'a4111111111111111f'],
    ['a part of a longer number', '41111111111111110000000'],
    ['a decimal', '0.4111111111111111'],
    ['a decimal', '4.111111111111111'],
    ['a decimal', '4111111111111111.5'],
    ['a negative number', '-4111111111111111'],
    ['an international phone number', '+4915112345678'],
    ['a phone number', '+49 1511 2345678'],
    ['an IBAN', 'DE89370400440532013000'],
    ['an IBAN in groups', 'DE89 3704 0044 0532 0130 00'],
    ['an IBAN in groups', 'DE20 5105 0015 0000 0000 10'],
    ['an IBAN in groups', 'GB29 NWBK 6016 1331 9268 19'],
    ['an IBAN in groups', 'ES91 2100 0418 4502 0005 1332'],
    ['an IP address', '192.168.100.254'],
    ['a list of measures', '120 80 72 98 120 80 71 97 41 11'],
    ['base64 of something else', base64('4111x11111111111')],
    ['text', 'a short text without digits'],
  ])('CF-7 %s is not taken for one: %s', (_, text) => {
    expect(findCardNumbers(text)).toEqual([]);
  });

  test('CF-7 control: the groups of an IBAN are a card number where they are none', () => {
    // The account is chosen so that its groups pass for a Mastercard.
    expect(findCardNumbers('5105 1051 0510 5100 10')).toHaveLength(1);
    expect(findCardNumbers('DE25 5105 1051 0510 5100 10')).toEqual([]);
    expect(findCardNumbers('DE26 5105 1051 0510 5100 10')).toHaveLength(1);
  });

  test('CF-7 the last four digits may stay; of one that is encoded nothing does', () => {
    const masksOf = (text: string): readonly string[] =>
      findCardNumbers(text).map(({ masked }) => masked);
    expect(masksOf('5555 5555 5555 4444')).toEqual(['************4444']);
    expect(masksOf(BOLD)).toEqual(['************1111']);
    expect(masksOf(base64(VISA))).toEqual(['[card number]']);
    expect(masksOf(`${VISA}, 378282246310005`)).toEqual(['************1111', '***********0005']);
  });
});

describe('false alarms', () => {
  /** A fixed sequence, so that the shares are the same in every run. */
  function sequence(seed: number): () => number {
    let state = seed;
    return () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
  }

  function digits(draw: () => number, length: number): string {
    return Array.from(
      { length },
      (_, at) => Math.floor(draw() * (at === 0 ? 9 : 10)) + (at === 0 ? 1 : 0),
    ).join('');
  }

  function ean13(draw: () => number): string {
    const head = `4${digits(draw, 11)}`;
    const sum = Array.from(head, Number).reduce(
      (all, digit, at) => all + digit * (at % 2 === 0 ? 1 : 3),
      0,
    );
    return `${head}${(10 - (sum % 10)) % 10}`;
  }

  /** Made within 25 years of the epoch it counts from. */
  const snowflake = (draw: () => number): string =>
    String((BigInt(Math.floor(draw() * 7.9e11)) << 22n) | BigInt(Math.floor(draw() * 2 ** 22)));

  /** The shares of what is taken for a card number that docs/card-data.md tells. */
  test.each<[kind: string, atMost: number, make: (draw: () => number) => string]>([
    ['an EAN-13 that begins with 4', 0, ean13],
    ['a random id of 12 digits', 0, (draw) => digits(draw, 12)],
    ['a random id of 16 digits', 0.028, (draw) => digits(draw, 16)],
    ['a random id of 18 digits', 0.001, (draw) => digits(draw, 18)],
    ['a snowflake', 0.001, snowflake],
    ['milliseconds', 0, (draw) => String(1_500_000_000_000 + Math.floor(draw() * 5e11))],
    ['a decimal', 0, (draw) => String(draw())],
  ])('CF-7 %s is taken for a card number in at most %d of all cases', (_, atMost, make) => {
    const draw = sequence(7);
    const count = 20_000;
    let taken = 0;
    for (let i = 0; i < count; i += 1) taken += findCardNumbers(make(draw)).length;
    expect(taken / count).toBeLessThanOrEqual(atMost);
  });
});
