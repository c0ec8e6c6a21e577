/**
 * What the pool asks of the part that looks after edits of merged records (CF-1, CF-6): `ConflictDesk`
 * (actors/conflict/conflictDesk.ts). It works beside the line: nothing but the edits themselves waits for it.
 *
 * @module
 */

import type { WorkContext } from '../charts/chartOfWork.ts';
import type { Handler } from '../operation/handler.ts';
import type { Resident } from '../operation/resident.ts';

export interface Edits {
  /** Work was accepted, and is on disk; an edit, perhaps. */
  accepted(context: WorkContext, handler: Handler | null): void;
  /** Compares an edit that has its turn with what is known of its record, and tells it what came of that. */
  compare(resident: Resident): void;
  /** Takes note that an edit rests for a conflict, which is on disk. */
  conflicted(resident: Resident): void;
  /** Whether its ending says something of its record. */
  isToBeRecorded(resident: Resident, context: WorkContext): boolean;
  /** The upstream has taken it: keeps what its record is now, and goes on once that is durable. */
  record(resident: Resident, goOn: () => void): void;
  /** Lets go of an edit that has ended, or is about to: nobody works on a conflict of it any more. */
  ended(resident: Resident, context: WorkContext): void;
}
