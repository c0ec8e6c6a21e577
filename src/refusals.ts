/**
 * Why a call on the runtime is refused before anything is stored.
 *
 * @module
 */

import { HoldfastError } from '../machines/vocabulary/errors.ts';

/** As many types are named; what an app registers is in its own code. */
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

export function closed(): HoldfastError {
  return new HoldfastError('HF_CLOSED', 'The runtime is closed. Nothing was stored.', {
    retry: 'later',
  });
}

/** The disk took too long; what it was given may become durable all the same. */
export function storeStalled(deadlineMs: number): HoldfastError {
  return new HoldfastError(
    'HF_STORE_STALLED',
    `The disk did not confirm the request within ${deadlineMs} ms. Send it again later with the same idempotencyKey: if it became durable after all, that finds it.`,
    { retry: 'later', mayBeStored: true, withStack: false },
  );
}

/** The store was not open in time: its key or its disk is waited for. */
export function storeNotOpen(deadlineMs: number): HoldfastError {
  return new HoldfastError(
    'HF_STORE_STALLED',
    `The store was not open within ${deadlineMs} ms, and is still being opened. Nothing was stored: send it again later.`,
    { retry: 'later', withStack: false },
  );
}
