/**
 * Operations of a store at rest, as the port shows them: what is changed here, the next process takes up.
 *
 * @module
 */

import type { Clock, Random } from '../machines/vocabulary/clock.ts';
import { type Hold, holdWrite } from '../persistence/port/review.ts';
import type { Store } from '../persistence/port/store.ts';
import { conflictAccessAtRest } from './conflict/conflictReview.ts';
import { NOTHING_IN_MEMORY, readCounts, readPage, viewOf } from './operation/rowView.ts';
import { WAITS_AT_REST } from './operation/waitView.ts';
import type { OperationRecords } from './port.ts';
import { crisisAccessAtRest } from './recovery/crisisAccess.ts';
import { deadLetterAccess } from './recovery/deadLetterAccess.ts';
import { quarantineAccess } from './recovery/quarantineAccess.ts';
import { accessAtRest } from './recovery/serviceAccess.ts';
import { rowAtRest, tellAtRest } from './recovery/storeHold.ts';
import { unreadableAtRest, withUnreadable } from './unreadableAccess.ts';

/** Operations of a store at rest, and its hold. */
export interface RecordsAtRest extends OperationRecords {
  /** Ends the hold; `false` where the store was not held. */
  release(): Promise<boolean>;
}

/** The operations of an open store that nothing runs on. */
export function recordsAtRest(
  store: Store,
  heldBy: Hold | null,
  clock: Clock,
  random: Pick<Random, 'uuid'>,
): RecordsAtRest {
  const access = accessAtRest(store);
  let hold = heldBy;
  return {
    list: (query) => readPage(store, query, NOTHING_IN_MEMORY, WAITS_AT_REST),
    counts: () => readCounts(store),
    view: async (id) => viewOf(await rowAtRest(store, id), WAITS_AT_REST),
    tell: (id, wish) => tellAtRest(store, clock, id, wish),
    crises: withUnreadable(crisisAccessAtRest(store, clock), unreadableAtRest(store)),
    conflicts: conflictAccessAtRest(store, clock, random),
    deadLetters: deadLetterAccess(access),
    quarantine: quarantineAccess(access),
    async release() {
      if (hold === null) return false;
      await store.commit([holdWrite(null)]);
      hold = null;
      return true;
    },
  };
}
