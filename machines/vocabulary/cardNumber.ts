/**
 * Finds payment card numbers, which holdfast refuses everywhere (CF-7, PCI DSS 3.5).
 *
 * @module
 */

/**
 * 13 to 19 digits, perhaps in groups, not part of a longer run of digits or letters, and beginning
 * like a card of a known scheme. Cheap enough to run over every payload.
 */
const CANDIDATE = /(?<![\w.-])[2-6](?:[ -]?\d){12,18}(?![\w-]|\.\d)/g;

/** Where a card number stands in `text`, or -1. */
export function findCardNumber(text: string): number {
  CANDIDATE.lastIndex = 0;
  for (let match = CANDIDATE.exec(text); match !== null; match = CANDIDATE.exec(text)) {
    const digits = match[0].replaceAll(/[ -]/g, '');
    if (beginsLikeACard(digits) && passesLuhn(digits)) return match.index;
  }
  return -1;
}

/**
 * Lengths and first digits of the large schemes (ISO/IEC 7812 ranges). It keeps millisecond
 * timestamps and order numbers, of which one in ten passes Luhn by chance, from being refused.
 */
function beginsLikeACard(digits: string): boolean {
  const { length } = digits;
  const six = Number(digits.slice(0, 6));
  if (digits.startsWith('4')) return length === 13 || length === 16 || length === 19; // Visa
  if ((six >= 510_000 && six < 560_000) || (six >= 222_100 && six < 272_100)) return length === 16; // Mastercard
  if (/^3[47]/.test(digits)) return length === 15; // American Express
  if (/^3(?:0[0-5]|[689])/.test(digits)) return length >= 14; // Diners Club
  if (/^35(?:2[89]|[3-8])/.test(digits)) return length >= 16; // JCB
  return digits.startsWith('6') && length >= 16; // Discover, UnionPay, Maestro
}

/** The check digit of ISO/IEC 7812-1 (Luhn). */
function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    let digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    if (i % 2 === 1) digit = digit < 5 ? digit * 2 : digit * 2 - 9;
    sum += digit;
  }
  return sum % 10 === 0;
}
