/**
 * The line by which a thread beside the main one has crises kept that the main one does not take in time (CR-4): it
 * asks the writer, which has the key, and never sees the key itself.
 *
 * @module
 */

import type { MessagePort } from 'node:worker_threads';
import type { PlainError } from '../../machines/vocabulary/errors.ts';

/** A crisis that was answered under this id and not accepted yet. */
export interface OutsideCrisis {
  readonly id: string;
  /** The request, checked, as JSON. */
  readonly request: string;
}

/** Requests over the line. */
export type ToSpill =
  | { readonly kind: 'keep'; readonly crisis: OutsideCrisis }
  /** Drops a crisis that is on disk elsewhere, or delivered. Not answered. */
  | { readonly kind: 'drop'; readonly id: string };

/** The answer for each crisis to keep: synced to disk, or why not. */
export type FromSpill =
  | { readonly kind: 'kept'; readonly id: string }
  | { readonly kind: 'notKept'; readonly id: string; readonly error: PlainError };

/** The end of a line, to be transferred to the thread that asks. It closes when the writer ends. */
export type SpillLine = MessagePort;
