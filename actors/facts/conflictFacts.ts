/**
 * The facts about conflicts: two sides have changed one record (CF-1 to CF-8). None says which record it is, or
 * anything that stands in it.
 *
 * @module
 */

import type { ConflictReason } from '../../machines/vocabulary/conflictReason.ts';
import type { Person } from '../../machines/vocabulary/person.ts';
import type { Told } from './about.ts';

/** Which conflict a fact is about. */
export interface AboutConflict {
  readonly conflictId: string;
  /** The edit that met it; `null` where a change from elsewhere did, and nothing waits for it. */
  readonly operationId: string | null;
  /** The type of its requests. */
  readonly type: string;
  /** The upstream of its handler; `null` where no handler of its type is registered. */
  readonly upstream: string | null;
  /** What kind of record it is, as `crisis_plan`; never which. */
  readonly entityType: string;
}

/** An edit was made on another version of its record than the one there is now. */
export interface ConflictDetected extends Told<'conflict.detected'>, AboutConflict {
  readonly reason: ConflictReason;
}

/** Both sides are put together, and that is on disk. What was decided by rules is in its audit. */
export interface ConflictMerged extends Told<'conflict.merged'>, AboutConflict {
  /** The round of the edit that sends it, from 1; 0 where there is nothing to send. */
  readonly round: number;
  /** How many things a person is asked; 0 where the rules have decided all of it. */
  readonly questions: number;
  /** How many values the rules did not take. */
  readonly decided: number;
  /** Since it was detected, in milliseconds. */
  readonly elapsedMs: number;
}

/** A person has to decide something of it. The merged value is in use meanwhile. */
export interface ConflictAwaitsReview extends Told<'conflict.awaitsReview'>, AboutConflict {
  readonly reason: ConflictReason;
  readonly questions: number;
  /** Whether the edit, and what is in its lane, waits for the decision. */
  readonly isHeld: boolean;
}

/** What this store wrote is in question, and the record does not hold it any more: it is kept here until that is decided. */
export interface ConflictDisplaced extends Told<'conflict.displaced'>, AboutConflict {
  /** The device that asks. */
  readonly askedBy: string;
}

/** It is over: a person has decided, or what they were asked is settled by what came later. */
export interface ConflictResolved extends Told<'conflict.resolved'>, AboutConflict {
  /** As the app asserts them; `null` where nobody had to be asked any more. */
  readonly by: Person | null;
  /** Since it was detected, in milliseconds, by the wall clock. */
  readonly elapsedMs: number;
}

/** A person has taken back what was decided: the value from before is sent as an edit of its own. */
export interface ConflictUndone extends Told<'conflict.undone'>, AboutConflict {
  readonly by: Person;
}

/** It could not be merged. Both sides are kept as they are and wait for a person; other work goes on. */
export interface ConflictQuarantined extends Told<'conflict.quarantined'>, AboutConflict {
  readonly reason: ConflictReason;
}

export type ConflictFact =
  | ConflictDetected
  | ConflictMerged
  | ConflictAwaitsReview
  | ConflictDisplaced
  | ConflictResolved
  | ConflictUndone
  | ConflictQuarantined;
