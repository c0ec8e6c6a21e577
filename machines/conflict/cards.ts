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
import type { Json } from '../vocabulary/json.ts';
import type { Pieces, Work } from '../vocabulary/pieces.ts';

/** Whether what stands at a path, which begins with `payload`, may be kept though it looks like card data. */
export type CardExemption = (path: ValuePath) => boolean;

/** Records of which it is known whether they hold any: each is looked at again and again. */
const known = new WeakMap<object, boolean>();

/** Of those that hold some, what may be kept where nothing is exempt. */
const masked = new WeakMap<object, Json>();

/** Looks for card data in pieces, and masks what it finds; after that the rest of this module knows. */
export function* searchForCards(value: Json, work: Work): Pieces<void> {
  if (typeof value !== 'object' || value === null || known.has(value)) return;
  const holdsSome = yield* holdsCardDataInPieces(value, work);
  if (holdsSome) masked.set(value, yield* maskedInPieces(value));
  known.set(value, holdsSome);
}

function* maskedInPieces(value: Json): Pieces<Json> {
  try {
    return yield* maskCardDataInPieces(value);
  } catch {
    return withoutDepth(value);
  }
}

/** Of what is nested deeper than the stack is. */
function withoutDepth(value: Json): Json {
  return cleanJson(value) ?? null;
}

/** The record as it may be kept; the same where it holds no card data. */
export function withoutCards(value: Json, isExempt: CardExemption = NOTHING_EXEMPT): Json {
  if (typeof value === 'object' && value !== null) {
    if (known.get(value) === false) return value;
    const copy = isExempt === NOTHING_EXEMPT ? masked.get(value) : undefined;
    if (copy !== undefined) return copy;
  }
  try {
    return maskCardData(value, ([, ...path]) => isExempt(['payload', ...path]));
  } catch {
    return withoutDepth(value);
  }
}

/** Whether a merge would mask something in it. */
export function holdsCards(value: Json): boolean {
  const isKnown = typeof value === 'object' && value !== null ? known.get(value) : undefined;
  return isKnown ?? withoutCards(value) !== value;
}
