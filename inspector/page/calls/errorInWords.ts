/**
 * Why a call was not made, or failed.
 *
 * @module
 */

import type { CallAnswer } from '../../protocol.ts';

type CallError = Extract<CallAnswer, { readonly ok: false }>['error'];

/** What the call said, in its own words, with the code by which it can be looked up. */
export function errorInWords({ code, message }: CallError): string {
  return message === '' ? `It was not done: ${code}.` : `${message} (${code})`;
}
