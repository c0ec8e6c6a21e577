/**
 * Fields that many facts share: when it happened, and the operation or attempt that it is about.
 *
 * @module
 */

import type { Priority, TierName } from '../../machines/vocabulary/urgency.ts';

/** Fields of every fact. */
export interface Told<Kind extends string> {
  readonly kind: Kind;
  /** When it happened, in milliseconds since the epoch, by the wall clock. */
  readonly atMs: number;
}

/** The operation that a fact is about, without anything that says whose it is or what it holds. */
export interface AboutOperation {
  readonly operationId: string;
  /** The type of its request. */
  readonly type: string;
  /** The upstream of its handler; `null` where its type has no handler. */
  readonly upstream: string | null;
  readonly tier: TierName;
  readonly priority: Priority;
}

/** The attempt that a fact is about. */
export interface AboutAttempt extends AboutOperation {
  /** The number of the attempt, from 1. A failure that spent none is followed by one of the same number. */
  readonly attempt: number;
}
