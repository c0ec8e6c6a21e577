/**
 * How a thread beside the main one has crises kept that the main one does not take in time (CR-4): it asks
 * who writes, which has the key, and never sees that.
 *
 * @module
 */

import type { MessagePort } from 'node:worker_threads';
import type { PlainError } from '../../machines/vocabulary/errors.ts';

/** A crisis that was answered under this id, and which nobody has accepted yet. */
export interface OutsideCrisis {
  readonly id: string;
  /** Its request, checked, as JSON. */
  readonly request: string;
}

/** What is asked over the line. */
export type ToSpill =
  | { readonly kind: 'keep'; readonly crisis: OutsideCrisis }
  /** It is on disk elsewhere, or delivered. Not answered. */
  | { readonly kind: 'drop'; readonly id: string };

/** The answer to each that is to be kept: it is synced to disk, or why not. */
export type FromSpill =
  | { readonly kind: 'kept'; readonly id: string }
  | { readonly kind: 'notKept'; readonly id: string; readonly error: PlainError };

/** The end of a line; to be transferred to the thread that asks. It closes when nobody writes any more. */
export type SpillLine = MessagePort;
