/**
 * Manual crisis mode, as a runtime offers it (CR-6). Made of the management calls.
 *
 * @module
 */

import type { CrisisModeEnd, CrisisModeState } from '../../../actors/port.ts';
import type { Person } from '../../../machines/vocabulary/person.ts';
import type { Management } from '../call/management.ts';
import { enterCrisisMode } from './enter.ts';
import { leaveCrisisMode } from './leave.ts';
import { listCrisisMode } from './list.ts';

/**
 * Crisis mode: a person says that a subject, or everybody, is in danger until further notice.
 *
 * While it is on for a subject, what is accepted of its work has the priority `high` at least, so that only
 * crises go before it; its crisis plan is ready in memory; and answers to its crises say so. While it is on for
 * everybody, the level of the process is `criticalOnly` at least: what is not urgent makes way, and goes on
 * in what that leaves. Answers and deliveries of crises wait for none of it, on or off.
 *
 * It ends by a second person or by its time-out, goes on over restarts, and shows in health.
 */
export interface CrisisMode {
  /**
   * Switches it on, or prolongs it: in force when the call returns, before the store is open too. Resolves
   * once that is on disk, or after 2 s at most, and `isDurable` says which; it is written as soon as it can be.
   * It never ends sooner for being prolonged.
   *
   * @param order `subject` left out means everybody, for which `by` needs a role; `by` is whom the app has
   * made sure of: an id of your own, which is kept, shown and told in facts; `reason` is a label for other
   * people of up to 1000 characters, in which card data is masked; `forMs` is 4 hours unless it is given, a minute to 24 hours.
   *
   * @example
   * await runtime.crisisMode.enter({
   *   subject: 'user-42',
   *   by: { id: 'staff-7', role: 'clinician' },
   *   reason: 'called twice tonight',
   *   forMs: 12 * 3_600_000,
   * });
   *
   * @throws HoldfastError (rejects) `HF_OPTION_INVALID` naming the field, also where it is on for 200 other
   * subjects; `HF_CLOSED`.
   */
  enter(order: {
    readonly subject?: string | undefined;
    readonly by: Person;
    readonly reason?: string | undefined;
    readonly forMs?: number | undefined;
  }): Promise<CrisisModeState>;
  /**
   * Ends it: off when the call returns; resolves as {@link enter} does. `wasOn` is false where it was not on.
   *
   * @example
   * await runtime.crisisMode.leave({ subject: 'user-42', by: { id: 'staff-9', role: 'clinician' } });
   *
   * @throws HoldfastError (rejects) `HF_SECOND_PERSON_NEEDED` where `by` is one of those who switched it on
   * or prolonged it, in whatever spelling, or its subject; `HF_OPTION_INVALID`, `HF_CLOSED`.
   */
  leave(order: {
    readonly subject?: string | undefined;
    readonly by: Person;
  }): Promise<CrisisModeEnd>;
  /** All that are on, that of everybody first, then the earliest. Reads memory only, in every phase. */
  list(): readonly CrisisModeState[];
}

export function crisisMode(management: Management): CrisisMode {
  return {
    enter: (order) => management.call(enterCrisisMode, order),
    leave: (order) => management.call(leaveCrisisMode, order),
    list: () => management.now(listCrisisMode, {}),
  };
}
