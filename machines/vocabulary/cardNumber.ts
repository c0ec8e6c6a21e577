/**
 * Finds payment card numbers and security codes, which holdfast refuses everywhere (CF-7, PCI DSS
 * 3.3 and 3.5).
 *
 * @module
 */

/**
 * 13 or more digits, perhaps in groups, not part of a word, a decimal or an international phone
 * number. In the text of JSON a line break before them is `\n`, which is no word. Cheap enough to
 * run over every payload.
 */
const DIGITS = /(?:(?<![\w.+-])|(?<=\\[bfnrt]))\d(?:[ \u00a0-]?\d){12,}(?![\w-]|\.\d)/g;
const SEPARATOR = /[ \u00a0-]/;
const CARD_DIGITS_MIN = 13;
const CARD_DIGITS_MAX = 19;

/**
 * A field named like a card's security code, in JSON, with three or four digits as its value; also
 * in JSON that is itself a string in JSON.
 */
const SECURITY_CODE =
  /"(?:card[_-]?)?(?:cv[vc][_-]?2?|security[_-]?code)(?:\\*")\s*:\s*(?:\\*")?\s*\d{3,4}(?=\s*[\\",}])/i;

/** Where a card number stands in `text`, or -1. */
export function findCardNumber(text: string): number {
  if (text.length < CARD_DIGITS_MIN) return -1;
  DIGITS.lastIndex = 0;
  for (let match = DIGITS.exec(text); match !== null; match = DIGITS.exec(text)) {
    if (holdsCardNumber(match[0].split(SEPARATOR))) return match.index;
  }
  return -1;
}

/** Where a card's security code stands in the JSON `text`, or -1. */
export function findSecurityCode(text: string): number {
  return text.search(SECURITY_CODE);
}

/** Whether some neighbouring groups make a card number: others may stand beside it, an expiry say. */
function holdsCardNumber(groups: readonly string[]): boolean {
  return groups.some((_, first) => {
    let digits = '';
    for (let i = first; i < groups.length && digits.length < CARD_DIGITS_MAX; i += 1) {
      digits += groups[i] ?? '';
      if (isCardNumber(digits)) return true;
    }
    return false;
  });
}

function isCardNumber(digits: string): boolean {
  return (
    digits.length >= CARD_DIGITS_MIN &&
    digits.length <= CARD_DIGITS_MAX &&
    beginsLikeACard(digits) &&
    passesLuhn(digits)
  );
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
  if (/^3(?:0[0-5]|[689])/.test(digits)) return length === 14 || length === 16; // Diners Club
  if (/^35(?:2[89]|[3-8])/.test(digits)) return length >= 16; // JCB
  if (/^(?:50(?:18|20|38)|5893|6304|67)/.test(digits)) return true; // Maestro
  return /^6(?:011|2|4[4-9]|5)/.test(digits) && length >= 16; // Discover, UnionPay
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
