/**
 * Card data in a record that an upstream holds: nothing of it is kept, and a record that has some is merged by nobody,
 * since what is masked must not be sent back in its place (CF-7).
 *
 * @module
 */

import { cleanJson } from '../merge/values/cleanJson.ts';
import {
  holdsCardDataInPieces,
  maskCardData,
  maskCardDataInPieces,
  NOTHING_EXEMPT,
} from '../policy/request/cardData.ts';
import type { ValuePath } from '../vocabulary/errors.ts';
import type { Pieces, Work } from '../vocabulary/pieces.ts';
import type { Json } from '../vocabulary/shape.ts';

/** Whether what stands at a path, which begins with `payload`, may be kept though it looks like card data. */
export type CardExemption = (path: ValuePath) => boolean;

/** Records of which it is known whether they hold any: each is looked at again and again. */
const known = new WeakMap<object, boolean>();

/** The exempt values that may be kept, of those that hold some. */
const masked = new WeakMap<object, Map<CardExemption, Json>>();

/** Looks for card data in pieces, and masks what it finds; after that the rest of this module knows. */
export function* searchForCards(
  value: Json,
  work: Work,
  isExempt: CardExemption = NOTHING_EXEMPT,
): Pieces<void> {
  if (typeof value !== 'object' || value === null) return;
  if (!known.has(value)) known.set(value, yield* holdsCardDataInPieces(value, work));
  if (known.get(value) === false) return;
  const copies = masked.get(value) ?? new Map<CardExemption, Json>();
  masked.set(value, copies);
  if (!copies.has(isExempt)) copies.set(isExempt, yield* maskedInPieces(value, isExempt));
}

function* maskedInPieces(value: Json, isExempt: CardExemption): Pieces<Json> {
  try {
    return yield* maskCardDataInPieces(value, inPayload(isExempt));
  } catch {
    return withoutDepth(value);
  }
}

/** Paths of a response, as those of a payload. */
function inPayload(isExempt: CardExemption): CardExemption {
  return ([, ...path]) => isExempt(['payload', ...path]);
}

/** The code for what is nested deeper than the stack is. */
function withoutDepth(value: Json): Json {
  return cleanJson(value) ?? null;
}

/** The record as it may be kept; the same where it holds no card data. */
export function withoutCards(value: Json, isExempt: CardExemption = NOTHING_EXEMPT): Json {
  if (typeof value === 'object' && value !== null) {
    if (known.get(value) === false) return value;
    const copy = masked.get(value)?.get(isExempt);
    if (copy !== undefined) return copy;
  }
  try {
    return maskCardData(value, inPayload(isExempt));
  } catch {
    return withoutDepth(value);
  }
}

/** Whether a merge would mask something in it. */
export function holdsCards(value: Json): boolean {
  const isKnown = typeof value === 'object' && value !== null ? known.get(value) : undefined;
  return isKnown ?? withoutCards(value) !== value;
}
