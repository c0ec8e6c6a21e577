/**
 * What is kept of what an upstream said: the response that a handler returns, and the answer around it.
 *
 * @module
 */

import {
  exemptionsOf,
  maskCardData,
  maskCardDataInPieces,
} from '../../machines/policy/request/cardData.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Json } from '../../machines/vocabulary/json.ts';
import type { Pieces } from '../../machines/vocabulary/pieces.ts';
import type { UpstreamAnswer } from '../../machines/vocabulary/upstreamAnswer.ts';

/** A longer response is not kept, in UTF-16 units of JSON: with what else is sealed it must fit a record. */
const RESPONSE_UNITS_MAX = 16 * 1_024 * 1_024;

/** So many units of a response are searched for card data at once; a longer one is in slices. */
const AT_ONCE_MAX = 16_384;

/** A response that is too long to be searched for card data in one piece. */
export class LargeResponse {
  /** The pieces of work that make what is kept of the answer. They never throw. */
  readonly pieces: Pieces<Json | undefined>;

  constructor(pieces: Pieces<Json | undefined>) {
    this.pieces = pieces;
  }
}

/** Of an answer it is what a person may want to read. */
const ANSWER_UNITS_MAX = 64 * 1_024;

/**
 * A response that JSON can't carry, or no record, is dropped: the work is done, and only its echo is
 * lost. A copy is kept, because it is written later, and what the handler does to its own until then
 * could stop that; its card data is masked (CF-7).
 *
 * @param exempt where card data may stand, as the handler says
 * @param onError is told of a response that is too long
 */
export function keptResponse(
  response: Json | undefined,
  id: string,
  exempt: readonly string[] | undefined,
  onError: (error: unknown) => void,
): Json | undefined | LargeResponse {
  const text = textOf(response);
  if (text === undefined) return undefined;
  if (text.length <= AT_ONCE_MAX) return masked(text, exempt);
  if (text.length <= RESPONSE_UNITS_MAX) return new LargeResponse(maskedInPieces(text, exempt));
  onError(tooLarge(`response to operation ${id}`, text.length, RESPONSE_UNITS_MAX));
  return undefined;
}

/** The same for the answer around it, which is much shorter; what is too long is left out with its body. */
export function keptAnswer(
  answer: UpstreamAnswer,
  id: string,
  exempt: readonly string[] | undefined,
  onError: (error: unknown) => void,
): UpstreamAnswer | undefined {
  const { body: _, ...withoutBody } = answer;
  const whole = textOf(answer);
  const isShort = whole !== undefined && whole.length <= ANSWER_UNITS_MAX;
  if (whole !== undefined && !isShort) {
    onError(tooLarge(`answer kept of operation ${id}`, whole.length, ANSWER_UNITS_MAX));
  }
  const text = isShort ? whole : textOf(withoutBody);
  if (text === undefined || text.length > ANSWER_UNITS_MAX) return undefined;
  return masked(text, exempt) as UpstreamAnswer | undefined;
}

/** `undefined` for what JSON can't carry. */
function textOf(given: unknown): string | undefined {
  try {
    return JSON.stringify(given);
  } catch {
    return undefined;
  }
}

/** `undefined` for what is nested deeper than the stack is. */
function masked(text: string, exempt: readonly string[] | undefined): Json | undefined {
  try {
    return maskCardData(JSON.parse(text) as Json, exemptionsOf(exempt));
  } catch {
    return undefined;
  }
}

function* maskedInPieces(
  text: string,
  exempt: readonly string[] | undefined,
): Pieces<Json | undefined> {
  try {
    return yield* maskCardDataInPieces(JSON.parse(text) as Json, exemptionsOf(exempt));
  } catch {
    return undefined;
  }
}

function tooLarge(what: string, units: number, unitsMax: number): HoldfastError {
  return new HoldfastError(
    'HF_RESPONSE_TOO_LARGE',
    `The ${what} has ${units} characters of JSON, and at most ${unitsMax} are kept. The operation goes on without what is too much.`,
    { withStack: false },
  );
}
