import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import { errorText, type Output } from './output.ts';

/**
 * What a command gives as `onError` of its runtime: says each kind of trouble once, for the same
 * one may come a thousand times a second. With HOLDFAST_DEBUG it says all of them.
 */
export function sayOnce(output: Pick<Output, 'say'>): (error: unknown) => void {
  const said = new Set<string>();
  return (error) => {
    const kind = isHoldfastError(error) ? error.code : String(error);
    if (said.has(kind) && process.env['HOLDFAST_DEBUG'] === undefined) return;
    said.add(kind);
    output.say(errorText(error));
  };
}
