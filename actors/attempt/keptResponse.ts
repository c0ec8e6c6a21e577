/**
 * What is kept of the response that a handler returns.
 *
 * @module
 */

import { exemptionsOf, maskCardData } from '../../machines/policy/request/cardData.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Json } from '../../machines/vocabulary/json.ts';

/** A longer response is not kept, in UTF-16 units of JSON: with what else is sealed it must fit a record. */
const RESPONSE_UNITS_MAX = 16 * 1_024 * 1_024;

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
  try {
    const text: string | undefined = JSON.stringify(response);
    if (text === undefined) return undefined;
    if (text.length <= RESPONSE_UNITS_MAX) {
      return maskCardData(JSON.parse(text) as Json, exemptionsOf(exempt));
    }
    onError(
      new HoldfastError(
        'HF_RESPONSE_TOO_LARGE',
        `The response to operation ${id} has ${text.length} characters of JSON, and at most ${RESPONSE_UNITS_MAX} are kept. The operation completes without it.`,
        { withStack: false },
      ),
    );
    return undefined;
  } catch {
    return undefined;
  }
}
