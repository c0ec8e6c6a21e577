/**
 * Wires between parts: parts are made in the order of what they need, and what one hands to a part that is made after it
 * stands in a table beside them.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';

/** A wire: an event at one part, and the parts that are told. */
export interface Wire {
  /** Name of the part. */
  readonly from: string;
  /** Name of its field that holds what it calls. */
  readonly event: string;
  /** Names of the parts that are told. */
  readonly to: string;
}

/** Gives a part what it calls; a part that is not there needs none. */
export function wire<
  Parts extends object,
  From extends keyof Parts & string,
  Event extends keyof NonNullable<Parts[From]> & string,
>(
  parts: Parts,
  from: From,
  event: Event,
  to: string,
  called: NonNullable<Parts[From]>[Event],
): Wire {
  const part = parts[from];
  if (part !== null && part !== undefined) part[event] = called;
  return { from, event, to };
}

/** Stands in for a hook before it is connected: parts that are still being made have nothing to tell. */
export function notConnected(): never {
  throw new HoldfastError('HF_INTERNAL', 'A part has told something before it was connected.');
}
