/**
 * Fields of a payment card that are never kept, whatever they hold (CF-7). `cleanJson` masks what looks like a card's
 * number or code in other fields.
 *
 * @module
 */

/** Names of the fields, in lower case. */
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
