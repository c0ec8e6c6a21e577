/**
 * The messages between the main thread and the writer thread.
 *
 * @module
 */

import type { MessagePort } from 'node:worker_threads';
import type { PlainError } from '../../../machines/vocabulary/errors.ts';
import type { PlannedFault } from '../../port/faultPoints.ts';
import type { Sealing } from '../../sealing/engines.ts';
import type { OpenedStore, Replies, StoreKey, StoreRequest } from './requests.ts';

/** Options of a writer. */
export interface WriterOptions {
  readonly folder: string;
  /** The file name of the program; a thread does not know it. */
  readonly program: string;
  /** True if the store is given back at once, so that others wait for it. */
  readonly isBrief: boolean;
}

/** Options of the thread. */
export interface ThreadOptions extends WriterOptions {
  readonly sealing: Sealing;
  /** None outside tests. */
  readonly faults: readonly PlannedFault[];
}

export type ToWriter =
  /** Comes once, after `owned`. */
  | {
      readonly kind: 'unlock';
      readonly key: StoreKey;
      readonly create: boolean;
      readonly generation: number | null;
    }
  | { readonly kind: 'requests'; readonly requests: readonly StoreRequest[] }
  /** Another thread asks over this line from now on. */
  | { readonly kind: 'line'; readonly line: MessagePort }
  /** Comes last. */
  | { readonly kind: 'close' };

export type FromWriter =
  | { readonly kind: 'owned'; readonly hasData: boolean }
  | { readonly kind: 'opened'; readonly store: OpenedStore }
  /** Opening failed; `closed` follows. */
  | { readonly kind: 'failed'; readonly error: PlainError }
  /** Answers all requests of the next `messages` messages. */
  | ({ readonly kind: 'replies'; readonly messages: number } & Replies)
  | { readonly kind: 'closed' };
