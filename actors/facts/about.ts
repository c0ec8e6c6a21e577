/**
 * What facts say of when they happened, and of the operation or attempt that they are about.
 *
 * @module
 */

import type { Priority, TierName } from '../../machines/vocabulary/urgency.ts';

/** What every fact says. */
export interface Told<Kind extends string> {
  readonly kind: Kind;
  /** When it happened, in milliseconds since the epoch, by the wall clock. */
  readonly atMs: number;
}

/** Which operation a fact is about: nothing of it that says whose it is or what it holds. */
export interface AboutOperation {
  readonly operationId: string;
  /** The type of its request. */
  readonly type: string;
  /** The upstream of its handler; `null` where no handler of its type is registered. */
  readonly upstream: string | null;
  readonly tier: TierName;
  readonly priority: Priority;
}

/** Which attempt of which operation. */
export interface AboutAttempt extends AboutOperation {
  /** The number of the attempt, from 1. A failure that spent none is followed by one of the same number. */
  readonly attempt: number;
}
