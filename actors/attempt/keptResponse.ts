/**
 * What is kept of what an upstream said: the response that a handler returns, and the answer around it.
 *
 * @module
 */

import { exemptionsOf, maskCardData } from '../../machines/policy/request/cardData.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Json } from '../../machines/vocabulary/json.ts';
import type { UpstreamAnswer } from '../../machines/vocabulary/upstreamAnswer.ts';

/** A longer response is not kept, in UTF-16 units of JSON: with what else is sealed it must fit a record. */
const RESPONSE_UNITS_MAX = 16 * 1_024 * 1_024;

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
): Json | undefined {
  return kept(response, RESPONSE_UNITS_MAX, exempt, (units) => {
    onError(tooLarge(`response to operation ${id}`, units, RESPONSE_UNITS_MAX));
  });
}

/** The same for the answer around it, which is much shorter; what is too long is left out with its body. */
export function keptAnswer(
  answer: UpstreamAnswer,
  id: string,
  exempt: readonly string[] | undefined,
  onError: (error: unknown) => void,
): UpstreamAnswer | undefined {
  const { body: _, ...withoutBody } = answer;
  const whole = kept(answer, ANSWER_UNITS_MAX, exempt, (units) => {
    onError(tooLarge(`answer kept of operation ${id}`, units, ANSWER_UNITS_MAX));
  });
  return whole ?? kept(withoutBody, ANSWER_UNITS_MAX, exempt, () => undefined);
}

function kept<Given>(
  given: Given,
  unitsMax: number,
  exempt: readonly string[] | undefined,
  onTooLarge: (units: number) => void,
): Given | undefined {
  try {
    const text: string | undefined = JSON.stringify(given);
    if (text === undefined) return undefined;
    if (text.length <= unitsMax) {
      return maskCardData(JSON.parse(text) as Json, exemptionsOf(exempt)) as Given;
    }
    onTooLarge(text.length);
    return undefined;
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
