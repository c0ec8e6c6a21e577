/**
 * Why a call was not made, or failed.
 *
 * @module
 */

import type { CallAnswer } from '../../protocol.ts';
import { NO_ANSWER } from '../model/feedClient.ts';

type CallError = Extract<CallAnswer, { readonly ok: false }>['error'];

/** What the call said, in its own words, with the code by which it can be looked up; the page's own have none. */
export function errorInWords({ code, message }: CallError): string {
  if (message === '') return `It was not done: ${code}.`;
  return code.startsWith('HF_') ? `${message} (${code})` : message;
}

/** Why an order failed; where nobody knows whether it did, that. */
export function orderErrorInWords(error: CallError): string {
  const said = errorInWords(error);
  if (error.code !== NO_ANSWER) return said;
  return `${said} It may have been carried out all the same: look before you give it again.`;
}
