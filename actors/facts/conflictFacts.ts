/**
 * The facts about conflicts: two sides have changed one record (CF-1 to CF-8). No fact names the record or
 * holds anything of it.
 *
 * @module
 */

import type { ConflictReason } from '../../machines/vocabulary/record.ts';
import type { Person } from '../../machines/vocabulary/subject.ts';
import type { Told } from './about.ts';

/** The conflict that a fact is about. */
export interface AboutConflict {
  readonly conflictId: string;
  /** The edit that met the conflict; `null` where a change from elsewhere did, and nothing waits. */
  readonly operationId: string | null;
  /** The type of the edit's request. */
  readonly type: string;
  /** The upstream of its handler; `null` where its type has no handler. */
  readonly upstream: string | null;
  /** The kind of the record, as `crisis_plan`; never its id. */
  readonly entityType: string;
}

/** An edit was based on an older version of its record than the upstream has. */
export interface ConflictDetected extends Told<'conflict.detected'>, AboutConflict {
  readonly reason: ConflictReason;
}

/** Both sides are merged, and the result is on disk. Its audit has what the rules decided. */
export interface ConflictMerged extends Told<'conflict.merged'>, AboutConflict {
  /** The round in which the edit sends the result, from 1; 0 where there is nothing to send. */
  readonly round: number;
  /** Questions for a person; 0 where the rules have decided everything. */
  readonly questions: number;
  /** Values that the rules did not take. */
  readonly decided: number;
  /** Time since the conflict was detected, in milliseconds. */
  readonly elapsedMs: number;
}

/** A person has to decide about a conflict. The merged value is in use meanwhile. */
export interface ConflictAwaitsReview extends Told<'conflict.awaitsReview'>, AboutConflict {
  readonly reason: ConflictReason;
  readonly questions: number;
  /** Whether the edit, and what is in its lane, waits for the decision. */
  readonly isHeld: boolean;
}

/** A value of this store is in question and no longer in the record: it is kept here until a person has decided. */
export interface ConflictDisplaced extends Told<'conflict.displaced'>, AboutConflict {
  /** The device that asks. */
  readonly askedBy: string;
}

/** A conflict is over: a person has decided, or later changes have answered the questions. */
export interface ConflictResolved extends Told<'conflict.resolved'>, AboutConflict {
  /** The person, as the app names them; `null` where no question was left. */
  readonly by: Person | null;
  /** Time since the conflict was detected, in milliseconds, by the wall clock. */
  readonly elapsedMs: number;
}

/** A person has undone a decision: the value from before it is sent as a new edit. */
export interface ConflictUndone extends Told<'conflict.undone'>, AboutConflict {
  readonly by: Person;
}

/** A conflict could not be merged. Both sides are kept as they are and wait for a person; other work goes on. */
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
