/**
 * Fields of a payment card of which nothing is ever kept, whatever they hold (CF-7). What looks like a card's
 * number or code in another field is masked by `cleanJson`.
 *
 * @module
 */

/** In small letters. */
export const CARD_FIELDS: readonly string[] = [
  'pan',
  'cardnumber',
  'card_number',
  'cvc',
  'cvc2',
  'cvv',
  'cvv2',
  'csc',
  'securitycode',
  'security_code',
];
