/**
 * Says why a call was not made, or failed.
 *
 * @module
 */

import type { CallAnswer } from '../../protocol.ts';
import { NO_ANSWER } from '../model/feedClient.ts';

type CallError = Extract<CallAnswer, { readonly ok: false }>['error'];

/** The message of the call with its code, by which it can be looked up; errors of the page itself have no code. */
export function errorInWords({ code, message }: CallError): string {
  if (message === '') return `It was not done: ${code}.`;
  return code.startsWith('HF_') ? `${message} (${code})` : message;
}

/** Why an order failed, or that nobody knows whether it did. */
export function orderErrorInWords(error: CallError): string {
  const said = errorInWords(error);
  if (error.code !== NO_ANSWER) return said;
  return `${said} It may have been carried out all the same: check before you repeat it.`;
}
