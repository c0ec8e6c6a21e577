/**
 * Finds payment card numbers in text (CF-7, PCI DSS 3.3 and 3.5): digits of a length, with first
 * digits and a check digit that a card scheme uses, written in one piece or in the groups of a card.
 *
 * Every step looks at a bounded stretch, so the time grows with the length of the text only. What is
 * not found is in docs/card-data.md.
 *
 * @module
 */

/** A stretch of a text that is not to be kept. */
export interface CardSpan {
  readonly start: number;
  readonly end: number;
  /** What may stand in its place. */
  readonly masked: string;
}

const CARD_DIGITS_MIN = 14;
const CARD_DIGITS_MAX = 19;

/** How schemes print their numbers, in digits a group. */
const GROUPINGS: readonly (readonly number[])[] = [
  [4, 4, 4, 4],
  [4, 4, 4, 4, 3],
  [4, 6, 5],
  [4, 6, 4],
];
const GROUPS_MAX = Math.max(...GROUPINGS.map(({ length }) => length));

/** What may stand between two groups, up to three times: a space, a dash or a dot of any script. */
const SEPARATOR =
  /^[\s.\-\u00ad\u00b7\u200b-\u200d\u2010-\u2015\u2022\u2060\u2212\ufe58\ufe63\uff0d\uff0e]$/;
const SEPARATOR_LENGTH_MAX = 3;

/** Words that a number may be written against: `card4111…`. */
const CARD_WORD =
  /(?:card|karte|visa|master|amex|maestro|discover|diners|jcb|unionpay|number|(?<![a-z])(?:pan|ccn?|mc|no|nr|num))[-._]?$/i;
const CARD_WORD_LENGTH_MAX = 16;

/** Digits alone in base64 begin with M, N or O; 14 to 19 of them take 18 to 26 letters. */
const BASE64 = /(?<![\w+/-])[MNO][\w+/-]{17,25}(?![\w+/-])/g;
const BASE64_LENGTH_MIN = 18;
const BASE64_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Most texts end here: digits enough for a card, near enough to each other. */
const ENOUGH_DIGITS = /\d(?:\D{0,3}\d){13}/;

/** Where card numbers stand in `text`, in order. */
export function findCardNumbers(text: string): readonly CardSpan[] {
  if (text.length < CARD_DIGITS_MIN) return [];
  const found: CardSpan[] = [];
  if (ENOUGH_DIGITS.test(text) || /[^\0-\u007f]/.test(text)) searchDigits(text, found);
  if (text.length >= BASE64_LENGTH_MIN) searchBase64(text, found);
  return found.length < 2 ? found : apart(found);
}

function searchDigits(text: string, found: CardSpan[]): void {
  const run = new Run(text, found);
  let start = -1;
  let digits = 0;
  let gap = 0;
  for (let at = 0; at < text.length; at += 1) {
    const isDigit = digitAt(text, at) >= 0;
    if (isDigit) {
      if (start < 0) start = at;
      digits += 1;
      // The other half of a pair.
      if (isHighSurrogate(text, at)) at += 1;
      continue;
    }
    if (start >= 0) {
      run.add({ start, end: at, digits });
      start = -1;
      digits = 0;
      gap = 0;
    }
    gap += 1;
    if (!run.isEmpty && (gap > SEPARATOR_LENGTH_MAX || !isSeparator(text, at))) run.end();
  }
  if (start >= 0) run.add({ start, end: text.length, digits });
  run.end();
}

function searchBase64(text: string, found: CardSpan[]): void {
  // Most texts end here.
  if (text.search(BASE64) === -1) return;
  for (const { 0: letters, index: start } of text.matchAll(BASE64)) {
    if (isCardNumber(digitsOfBase64(letters))) {
      found.push({ start, end: start + letters.length, masked: ENCODED });
    }
  }
}

/** Digits without anything between them. */
interface Group {
  readonly start: number;
  readonly end: number;
  readonly digits: number;
}

const ENCODED = '[card number]';

/**
 * Groups that only separators part. A card number is one of them, some in the groups of a card, or
 * all of them where they are equal. Of a run that is too long for that only the last few are kept.
 */
class Run {
  readonly #text: string;
  readonly #found: CardSpan[];
  #groups: Group[] = [];
  #isLong = false;
  #start = 0;
  #foundBefore = 0;

  constructor(text: string, found: CardSpan[]) {
    this.#text = text;
    this.#found = found;
  }

  get isEmpty(): boolean {
    return this.#groups.length === 0;
  }

  add(group: Group): void {
    const groups = this.#groups;
    if (groups.length === 0) {
      this.#start = group.start;
      this.#foundBefore = this.#found.length;
    }
    groups.push(group);
    if (groups.length > CARD_DIGITS_MAX) {
      this.#isLong = true;
      groups.splice(0, groups.length - GROUPS_MAX);
    }
    searchGroup(this.#text, group, this.#found);
    for (const sizes of GROUPINGS) {
      if (sizes.at(-1) !== group.digits) continue;
      const first = groups.length - sizes.length;
      if (sizes.every((size, index) => groups[first + index]?.digits === size)) {
        searchGroups(this.#text, groups.slice(first), this.#found);
      }
    }
  }

  end(): void {
    const groups = this.#groups;
    if (groups.length === 0) return;
    if (!this.#isLong && areEqual(groups)) searchGroups(this.#text, groups, this.#found);
    if (this.#found.length > this.#foundBefore && this.#isIban()) {
      this.#found.length = this.#foundBefore;
    }
    this.#groups = [];
    this.#isLong = false;
  }

  /** ISO 13616: two letters, and all of it in order modulo 97. Its groups look like a card's. */
  #isIban(): boolean {
    const [head] = this.#groups;
    const letters = this.#text.slice(Math.max(0, this.#start - 2), this.#start);
    if (this.#isLong || head?.digits !== 2 || !/^[A-Z]{2}$/.test(letters)) return false;
    const digits = this.#groups.map((group) => digitsOf(this.#text, group)).join('');
    const [first = 0, second = 0] = Array.from(letters, (letter) => letter.charCodeAt(0) - 55);
    return (
      digits.length <= IBAN_LENGTH_MAX &&
      Number(BigInt(`${digits.slice(2)}${first}${second}${digits.slice(0, 2)}`) % 97n) === 1
    );
  }
}

/** Whether all groups have one size, but for a last one that may be smaller. */
function areEqual(groups: readonly Group[]): boolean {
  const size = groups[0]?.digits ?? 0;
  const last = groups.length - 1;
  return (
    last > 0 &&
    groups.every(({ digits }, index) => (index < last ? digits === size : digits <= size))
  );
}

function searchGroup(text: string, group: Group, found: CardSpan[]): void {
  if (group.digits < CARD_DIGITS_MIN || group.digits > 2 * CARD_DIGITS_MAX) return;
  const { start, end } = group;
  const digits = digitsOf(text, group);
  if (digits.length <= CARD_DIGITS_MAX) {
    if (isCardNumber(digits) && standsAlone(text, start, end)) {
      found.push({ start, end, masked: maskedDigits(digits) });
    }
    // The hexadecimal of ASCII digits: 34 31 31 31 …
  } else if (/^(?:3\d)+$/.test(digits) && isCardNumber(digits.replace(/3(\d)/g, '$1'))) {
    found.push({ start, end, masked: ENCODED });
  }
}

function searchGroups(text: string, groups: readonly Group[], found: CardSpan[]): void {
  const start = groups[0]?.start ?? 0;
  const end = groups.at(-1)?.end ?? 0;
  const digits = groups.map((group) => digitsOf(text, group)).join('');
  if (!isCardNumber(digits) || !standsAlone(text, start, end)) return;
  const separators = new Set(
    groups.slice(1).map((group, index) => text.slice(groups[index]?.end, group.start)),
  );
  // A dot parts the digits of a decimal, too: only a number that has nothing but dots is a card's.
  if (separators.size > 1 && [...separators].some((one) => one.includes('.'))) return;
  found.push({ start, end, masked: maskedDigits(digits) });
}

/** Whether the digits are no part of a word, a decimal or an international phone number. */
function standsAlone(text: string, start: number, end: number): boolean {
  return beginsAlone(text, start, end) && endsAlone(text, end);
}

function beginsAlone(text: string, start: number, end: number): boolean {
  const before = text[start - 1] ?? ' ';
  if (!/[\w.+-]/.test(before)) return true;
  if (before === '+') return false;
  // In JSON that is text, a line break is `\n`.
  if (/[bfnrt]/.test(before) && text[start - 2] === '\\') return true;
  // Track 1 of a magnetic stripe: %B4111…^NAME^…
  if (before === 'B' && text[end] === '^') return true;
  return CARD_WORD.test(text.slice(Math.max(0, start - CARD_WORD_LENGTH_MAX), start));
}

function endsAlone(text: string, end: number): boolean {
  const after = text.slice(end, end + 5);
  // Track 2: 4111…D2512…
  return !/^(?:\w|-\w|\.\d)/.test(after) || /^D\d{4}/.test(after);
}

const IBAN_LENGTH_MAX = 34;

/** The last four digits say to its owner which card it was, and to nobody else. */
function maskedDigits(digits: string): string {
  return '*'.repeat(digits.length - 4) + digits.slice(-4);
}

function digitsOf(text: string, { start, end }: Group): string {
  let digits = '';
  for (let at = start; at < end; at += 1) {
    const digit = digitAt(text, at);
    if (digit >= 0) digits += String(digit);
  }
  return digits;
}

/** The digit at a place of the text, also one of another script or style (as NFKC has it); -1 for none. */
function digitAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code < 0x80) return code >= 0x30 && code <= 0x39 ? code - 0x30 : -1;
  if (code < 0xb2) return -1;
  if (isHighSurrogate(text, at)) {
    const low = text.charCodeAt(at + 1);
    if (code === 0xd835 && low >= 0xdfce && low <= 0xdfff) return (low - 0xdfce) % 10; // mathematical
    return code === 0xd83e && low >= 0xdff0 && low <= 0xdff9 ? low - 0xdff0 : -1; // segmented
  }
  for (const zero of ZEROS) if (code >= zero && code <= zero + 9) return code - zero;
  if (code >= 0x2460 && code <= 0x2468) return code - 0x2460 + 1; // circled
  return OTHER_DIGITS.get(code) ?? -1;
}

/** Full width, Arabic twice, superscript and subscript. */
const ZEROS = [0xff10, 0x0660, 0x06f0, 0x2070, 0x2080];
const OTHER_DIGITS = new Map([
  [0xb2, 2],
  [0xb3, 3],
  [0xb9, 1],
  [0x24ea, 0],
]);

function isSeparator(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || code === 0x2d || SEPARATOR.test(text.charAt(at));
}

function isHighSurrogate(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0xd800 && code <= 0xdbff;
}

/** The digits that `letters` stand for; empty where they stand for anything else. */
function digitsOfBase64(letters: string): string {
  let digits = '';
  let bits = 0;
  let held = 0;
  for (const letter of letters) {
    const value = BASE64_LETTERS.indexOf(letter === '-' ? '+' : letter === '_' ? '/' : letter);
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    const byte = (held >> bits) & 0xff;
    if (byte < 0x30 || byte > 0x39) return '';
    digits += String.fromCharCode(byte);
  }
  return digits;
}

/** In order, and none within another. */
function apart(spans: CardSpan[]): readonly CardSpan[] {
  spans.sort((one, other) => one.start - other.start || other.end - one.end);
  let end = 0;
  return spans.filter((span) => {
    const isApart = span.start >= end;
    if (isApart) end = span.end;
    return isApart;
  });
}

/** First digits and lengths of the schemes (ISO/IEC 7812); numbers of 13 digits are no longer issued. */
const SCHEMES: readonly (readonly [first: RegExp, lengths: readonly number[]])[] = [
  [/^4/, [16, 19]], // Visa
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]], // Mastercard
  [/^3[47]/, [15]], // American Express
  [/^3(?:0[0-5]|[689])/, [14]], // Diners Club
  [/^35(?:2[89]|[3-8])/, [16]], // JCB
  [/^6(?:011|4[4-9]|5)/, [16, 19]], // Discover
  [/^62/, [16, 19]], // UnionPay
  [/^(?:50(?:18|20|38)|5893|6304|67(?:59|6[1-3]))/, [16, 18, 19]], // Maestro
  [/^220[0-4]/, [16]], // Mir
  [/^9792/, [16]], // Troy
];

function isCardNumber(digits: string): boolean {
  const { length } = digits;
  return (
    length >= CARD_DIGITS_MIN &&
    length <= CARD_DIGITS_MAX &&
    passesLuhn(digits) &&
    SCHEMES.some(([first, lengths]) => lengths.includes(length) && first.test(digits))
  );
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
