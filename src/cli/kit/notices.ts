/**
 * Prints each kind of trouble of a runtime once.
 *
 * @module
 */

import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { errorText, type Output } from './output.ts';

const heard = new WeakSet<object>();

/** True if this error was already printed; the error that ends a command is reported twice. */
export function wasReported(error: unknown): boolean {
  return typeof error === 'object' && error !== null && heard.has(error);
}

/**
 * Makes the `onError` of a command's runtime: prints each kind of trouble once, since the same one may come a thousand
 * times a second. With HOLDFAST_DEBUG it prints all of them.
 */
export function reportOnce(output: Pick<Output, 'say'>): (error: unknown) => void {
  const said = new Set<string>();
  return (error) => {
    const kind = isHoldfastError(error) ? error.code : String(error);
    if (said.has(kind) && process.env['HOLDFAST_DEBUG'] === undefined) return;
    said.add(kind);
    if (error instanceof Error) heard.add(error);
    output.say(errorText(error));
  };
}
