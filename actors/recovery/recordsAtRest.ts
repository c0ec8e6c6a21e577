/**
 * Operations of a store at rest, as the port shows them: what is changed here, the next process takes up.
 *
 * @module
 */

import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import type { Person } from '../../machines/vocabulary/subject.ts';
import type { AnchorVerdict } from '../../persistence/port/anchor.ts';
import { type Hold, holdWrite } from '../../persistence/port/review.ts';
import type { Store } from '../../persistence/port/store.ts';
import type { ConflictAccess } from '../conflict/conflictAccess.ts';
import { conflictAccessAtRest } from '../conflict/conflictReview.ts';
import type { Override } from '../facts/fact.ts';
import { AuditNotes } from '../journal/auditTrail.ts';
import type { OperationView } from '../operation/outcome.ts';
import {
  NOTHING_IN_MEMORY,
  type OperationPage,
  type OperationPageQuery,
  readCounts,
  readPage,
  type StoreCounts,
  viewOf,
} from '../operation/rowView.ts';
import { WAITS_AT_REST } from '../operation/waitView.ts';
import type { Wish } from '../work/operationPool.ts';
import { type AuditAccess, auditAccessAtRest } from './auditAccess.ts';
import { type CrisisAccess, crisisAccessAtRest } from './crisisAccess.ts';
import { type DeadLetterAccess, deadLetterAccess } from './deadLetterAccess.ts';
import { type QuarantineAccess, quarantineAccess } from './quarantineAccess.ts';
import { accessAtRest } from './serviceAccess.ts';
import { rowAtRest, tellAtRest } from './storeHold.ts';
import {
  type AtOpen,
  NOTHING_AT_OPEN,
  type SubjectAccess,
  subjectAccess,
  subjectSourcesAtRest,
} from './subjectRecords.ts';
import { unreadableAtRest, withUnreadable } from './unreadableAccess.ts';

/** Names of wishes among the facts. */
export const OVERRIDES = {
  'cancel.requested': 'operation.cancel',
  'retry.requested': 'operation.retryNow',
} as const satisfies Readonly<Record<Wish, Override>>;

/** What can be asked of operations at rest, whether or not an engine runs on them. */
export interface OperationRecords {
  /** A bounded piece of the operations that match, as they stand now. */
  list(query: OperationPageQuery): Promise<OperationPage>;
  /** How many there are, as the store keeps count. */
  counts(): Promise<StoreCounts>;
  /**
   * One as it stands now.
   *
   * @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_QUARANTINED`, `HF_RECORD_NEWER`.
   */
  view(id: string): Promise<OperationView>;
  /**
   * Tells one what somebody wants of it; `false` where it takes no notice, as one does that has ended. Resolves
   * once what follows is durable; at rest it goes on from there when a process next runs.
   *
   * @param by who wants it, which is told in `override.made`.
   *
   * @throws HoldfastError as {@link view}; `HF_STORE_…` or `HF_CLOSED`: it may hold or not, ask again.
   */
  tell(id: string, wish: Wish, by?: Person): Promise<boolean>;
  /** Crises that are not over, and what people decide about them (CR-5). */
  readonly crises: CrisisAccess;
  /** Conflicts about records of the app, and what people decide about them (CF-6). */
  readonly conflicts: ConflictAccess;
  /** What was given up and waits for a person (OP-5). */
  readonly deadLetters: DeadLetterAccess;
  /** What could not be opened or read and was quarantined (PS-3). */
  readonly quarantine: QuarantineAccess;
  /** Log of what was done, by whom and to whom (AU-1). */
  readonly audit: AuditAccess;
  /** Everything about one person (AC-3). */
  readonly subjects: SubjectAccess;
}

/** Operations of a store at rest, and its hold. */
export interface RecordsAtRest extends OperationRecords {
  /**
   * Ends the hold; `false` where the store was not held, nor was to be.
   *
   * @param found how the store stands to its anchor; `null` where that was not looked at: a store that is behind it is
   * held again then at its next start.
   */
  release(found: AnchorVerdict | null): Promise<boolean>;
}

/**
 * The operations of an open store that nothing runs on.
 *
 * @param atOpen what its opening gave that is in no table, or is read then alone; left out: nothing
 */
export function recordsAtRest(
  store: Store,
  heldBy: Hold | null,
  clock: Clock,
  random: Pick<Random, 'uuid'>,
  atOpen: AtOpen = NOTHING_AT_OPEN,
): RecordsAtRest {
  const notes = new AuditNotes(() => clock.now(), random);
  const access = accessAtRest(store, notes);
  let hold = heldBy;
  return {
    list: (query) => readPage(store, query, NOTHING_IN_MEMORY, WAITS_AT_REST),
    counts: () => readCounts(store),
    view: async (id) => viewOf(await rowAtRest(store, id), WAITS_AT_REST),
    tell: (id, wish) => tellAtRest(store, clock, id, wish),
    crises: withUnreadable(crisisAccessAtRest(store, clock), unreadableAtRest(store)),
    conflicts: conflictAccessAtRest(store, clock, random, notes),
    deadLetters: deadLetterAccess(access),
    quarantine: quarantineAccess(access),
    audit: auditAccessAtRest(store, notes),
    subjects: subjectAccess(subjectSourcesAtRest(store, atOpen)),
    async release(found) {
      if (hold === null && found?.standing !== 'behind') return false;
      await store.commit([holdWrite(null, found?.epoch ?? undefined)]);
      hold = null;
      return true;
    },
  };
}
