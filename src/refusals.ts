/**
 * Errors that refuse a call before anything is stored.
 *
 * @module
 */

import { HoldfastError } from '../machines/vocabulary/errors.ts';

/** Limit on types named in an error; an app's types are in its own code. */
const TYPES_NAMED_MAX = 8;

export function handlerUnknown(handlers: ReadonlyMap<string, unknown>): HoldfastError {
  const types = [...handlers.keys()].slice(0, TYPES_NAMED_MAX).join(', ');
  const others = handlers.size - TYPES_NAMED_MAX;
  const known =
    handlers.size === 0
      ? 'none is registered'
      : `registered are ${types}${others > 0 ? ` and ${others} more` : ''}`;
  return new HoldfastError(
    'HF_HANDLER_UNKNOWN',
    `type has no handler; ${known}. Register one with the option handlers or with runtime.handle(). Nothing was stored.`,
    { field: 'type' },
  );
}
