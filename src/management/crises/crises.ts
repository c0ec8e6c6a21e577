/**
 * Crises that are not over, as a runtime offers them: who was told, and what a person decides (CR-5). Made of
 * the calls, so it is the same over a running process and a store at rest.
 *
 * @module
 */

import type { CrisisDecided, CrisisView } from '../../../actors/port.ts';
import type { Person } from '../../../machines/vocabulary/person.ts';
import type { Caller } from '../call/managementCall.ts';
import { acknowledgeCrisis } from './acknowledge.ts';
import { callOffCrisis } from './callOff.ts';
import { listCrises } from './list.ts';
import { showCrisis } from './show.ts';

/** What a runtime offers. `by` is whom the app has made sure of: an id of your own, with their role. */
export interface Crises {
  /**
   * Those that are not over, in order of acceptance; `unacknowledged` leaves out those that have not escalated
   * and those that somebody has taken on.
   *
   * @example
   * for (const { id, subject } of await runtime.crises.list({ unacknowledged: true })) console.log(id, subject);
   */
  list(query?: { readonly unacknowledged?: boolean | undefined }): Promise<readonly CrisisView[]>;
  /** @throws HoldfastError (rejects) `HF_OPERATION_UNKNOWN`; `HF_CRISIS_OVER` for what is no crisis. */
  show(id: string): Promise<CrisisView>;
  /**
   * Takes it on: no further step of the chain is told, from the moment of the call. It is delivered all the
   * same. Another person may take it over. Who, when and `note` are kept sealed with it.
   *
   * @example
   * await runtime.crises.acknowledge(id, { by: { id: 'staff-7', role: 'clinician' }, note: 'calling now' });
   *
   * @throws HoldfastError (rejects) `HF_OPERATION_UNKNOWN`, `HF_CRISIS_OVER`, `HF_OPTION_INVALID`;
   * `HF_STORE_HELD` for one from before the hold.
   */
  acknowledge(
    id: string,
    decision: { readonly by: Person; readonly note?: string | undefined },
  ): Promise<CrisisDecided>;
  /**
   * Calls it off: it is delivered no more, and nobody else is told. What is being sent is told to stop, and
   * counts where it arrived. At rest it is over once a process next runs on the store.
   *
   * @example
   * await runtime.crises.callOff(id, { by: { id: 'staff-7', role: 'clinician' }, reason: 'a test call' });
   *
   * @throws HoldfastError (rejects) as {@link acknowledge}.
   */
  callOff(
    id: string,
    decision: { readonly by: Person; readonly reason?: string | undefined },
  ): Promise<CrisisDecided>;
}

/** Crises by the calls that `caller` carries. */
export function crises(caller: Caller): Crises {
  return {
    list: (query = {}) => caller.call(listCrises, query),
    show: (id) => caller.call(showCrisis, { id }),
    acknowledge: (id, decision) => caller.call(acknowledgeCrisis, { ...decision, id }),
    callOff: (id, decision) => caller.call(callOffCrisis, { ...decision, id }),
  };
}
