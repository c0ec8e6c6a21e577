/**
 * A value as merges take it: a copy of its own, its keys in order, its texts in Unicode's normal form C,
 * without names that reach an object's prototype, and without card data (CF-2, CF-7).
 *
 * @module
 */

import {
  type CardContext,
  contextOfField,
  maskLeaf,
  maskText,
  NO_CARD,
} from '../../policy/request/cardData.ts';
import type { Json } from '../../vocabulary/json.ts';

/** Names that would reach beyond the object. */
const RESERVED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Security codes have three or four. */
const CODE_DIGITS_MIN = 3;

/** No name of a card or a code is without one of these. */
const MAY_BE_CODE = /c|pin/i;

type Target = Json[] | Record<string, Json>;

interface Open {
  readonly source: object;
  readonly target: Target;
  readonly context: CardContext;
}

/**
 * The copy; `undefined` for what JSON cannot hold, so that it counts as missing. A number beyond all bounds
 * is such a thing.
 *
 * @param isLeftOut names of fields, in small letters, of which nothing may be kept
 */
export function cleanJson(
  value: unknown,
  isLeftOut: (name: string) => boolean = () => false,
): Json | undefined {
  // A stack of its own: a hostile value may be nested deeper than the program's.
  const open: Open[] = [];
  const copyOf = (one: unknown, context: CardContext): Json | undefined => {
    if (typeof one !== 'object' || one === null) return leafOf(one, context);
    const target: Target = Array.isArray(one) ? [] : {};
    open.push({ source: one, target, context });
    return target;
  };
  const whole = copyOf(value, NO_CARD);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { source, target, context } = next;
    if (Array.isArray(target)) {
      for (const item of source as readonly unknown[]) {
        const copied = copyOf(item, context);
        if (copied !== undefined) target.push(copied);
      }
    } else {
      copyFields(source as Readonly<Record<string, unknown>>, target, context);
    }
  }
  return whole;

  function copyFields(
    source: Readonly<Record<string, unknown>>,
    target: Record<string, Json>,
    context: CardContext,
  ): void {
    const names = Object.keys(source).toSorted();
    for (const name of names) {
      if (RESERVED.has(name) || isLeftOut(name.toLowerCase())) continue;
      const isNoCard = context === NO_CARD && !MAY_BE_CODE.test(name);
      const copied = copyOf(
        source[name],
        isNoCard ? NO_CARD : contextOfField(name, names, context),
      );
      if (copied !== undefined) target[mayHoldCard(name) ? maskText(name) : name] = copied;
    }
  }
}

function leafOf(value: unknown, context: CardContext): Json | undefined {
  if (typeof value === 'string') {
    const text = isPlain(value) ? value : value.normalize('NFC');
    return mayHoldCard(text) ? maskLeaf(text, context) : text;
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return undefined;
    return value === 0 ? 0 : maskLeaf(value, context);
  }
  return typeof value === 'boolean' || value === null ? value : undefined;
}

/** Whether a text holds nothing that a normal form changes: what combines begins at U+0300. */
function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) >= 0x3_00) return false;
  return true;
}

/** Whether a text has the digits of a security code, which is shorter than a number. */
function mayHoldCard(text: string): boolean {
  let digits = 0;
  for (let at = 0; at < text.length && digits < CODE_DIGITS_MIN; at++) {
    const code = text.charCodeAt(at);
    // All that is not ASCII may be a digit of another script.
    if ((code >= 48 && code <= 57) || code > 127) digits += 1;
  }
  return digits === CODE_DIGITS_MIN;
}
