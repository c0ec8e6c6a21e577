/**
 * Crises that are not over, as a runtime offers them: who was told, and what a person decides (CR-5). Made of
 * the calls, so it is the same over a running process and a store at rest.
 *
 * @module
 */

import type { CrisisDecided, CrisisView } from '../../../actors/port.ts';
import type { Person } from '../../../machines/vocabulary/person.ts';
import type { Caller } from '../call/managementCall.ts';
import { acknowledgeCrisis, acknowledgeSubject } from './acknowledge.ts';
import { callOffCrisis } from './callOff.ts';
import { listCrises } from './list.ts';
import { releaseCrisis } from './release.ts';
import { saySafe } from './saySafe.ts';
import { showCrisis } from './show.ts';

/** Who takes a crisis on. */
export interface CrisisAcknowledgement {
  readonly by: Person;
  /** In their own words; sealed with the crisis, and told to nobody. */
  readonly note?: string | undefined;
  /** How long they have it, in milliseconds: a minute to four hours, half an hour where they do not say. */
  readonly forMs?: number | undefined;
}

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
   * Takes it on for a time: no further step of the chain is told meanwhile, from the moment of the call. It is
   * delivered all the same. Called again, it prolongs that, from the call on; another person takes it over so.
   * Five minutes before it lapses the person who has it is asked; after that people are told again. Before anybody was
   * told it is a note, which `what: 'noted'` says: the first step is told, and hears of it. Who, when and `note`
   * are kept sealed with it.
   *
   * @example
   * await runtime.crises.acknowledge(id, { by: { id: 'staff-7', role: 'clinician' }, forMs: 3_600_000 });
   *
   * @throws HoldfastError (rejects) `HF_OPERATION_UNKNOWN`, `HF_CRISIS_OVER`, `HF_OPTION_INVALID`;
   * `HF_SECOND_PERSON_NEEDED` where `by` is its subject; `HF_STORE_HELD` for one from before the hold.
   */
  acknowledge(id: string, decision: CrisisAcknowledgement): Promise<CrisisDecided>;
  /**
   * Takes on all of one subject that are not over now, each as above. One that is accepted later is told of.
   *
   * @example
   * await runtime.crises.acknowledge({ subject: 'user-42' }, { by: { id: 'staff-7', role: 'clinician' } });
   */
  acknowledge(
    of: { readonly subject: string },
    decision: CrisisAcknowledgement,
  ): Promise<readonly CrisisDecided[]>;
  /**
   * Gives it back: the step by which it was taken on is told again, then the next ones. Where nobody has it,
   * nothing is changed.
   *
   * @example
   * await runtime.crises.release(id, { by: { id: 'staff-7', role: 'clinician' }, note: 'off shift' });
   *
   * @throws HoldfastError (rejects) as {@link acknowledge}.
   */
  release(
    id: string,
    decision: { readonly by: Person; readonly note?: string | undefined },
  ): Promise<CrisisDecided>;
  /**
   * Calls it off: it is delivered no more, and nobody else is told. What is being sent is told to stop, and
   * counts where it arrived. At rest it is over once a process next runs on the store. Before anybody was told
   * it takes two persons: the first is refused with `HF_SECOND_PERSON_NEEDED`, and their word is kept. One who
   * is alone gives the last 8 characters of the id as `confirm`, which is kept as one person's word.
   *
   * @example
   * await runtime.crises.callOff(id, {
   *   by: { id: 'staff-7', role: 'clinician' }, reason: 'a test call', confirm: id.slice(-8),
   * });
   *
   * @throws HoldfastError (rejects) as {@link acknowledge}, and `HF_SECOND_PERSON_NEEDED` as above.
   */
  callOff(
    id: string,
    decision: {
      readonly by: Person;
      readonly reason: string;
      readonly confirm?: string | undefined;
    },
  ): Promise<CrisisDecided>;
  /**
   * The person says that they are safe. That is their own word, with a `note` where they want to say more: kept
   * sealed with each crisis of theirs that is not over now, shown by `list` and `show`, and told by the notices that
   * follow (`saidSafeAtMs`). It ends nothing: delivery and chain go on until somebody else calls it off. One that is
   * accepted later has no such note.
   *
   * @example
   * await runtime.crises.saySafe({ subject: 'user-42', note: 'my sister is here' });
   *
   * @throws HoldfastError (rejects) `HF_OPTION_INVALID`; `HF_STORE_HELD` for one from before the hold.
   */
  saySafe(of: {
    readonly subject: string;
    readonly note?: string | undefined;
  }): Promise<readonly CrisisDecided[]>;
}

/** Crises by the calls that `caller` carries. */
export function crises(caller: Caller): Crises {
  function acknowledge(id: string, decision: CrisisAcknowledgement): Promise<CrisisDecided>;
  function acknowledge(
    of: { readonly subject: string },
    decision: CrisisAcknowledgement,
  ): Promise<readonly CrisisDecided[]>;
  function acknowledge(
    of: string | { readonly subject: string },
    decision: CrisisAcknowledgement,
  ): Promise<CrisisDecided | readonly CrisisDecided[]> {
    return typeof of === 'object' && of !== null
      ? caller.call(acknowledgeSubject, { ...decision, subject: of.subject })
      : caller.call(acknowledgeCrisis, { ...decision, id: of });
  }
  return {
    list: (query = {}) => caller.call(listCrises, query),
    show: (id) => caller.call(showCrisis, { id }),
    acknowledge,
    release: (id, decision) => caller.call(releaseCrisis, { ...decision, id }),
    callOff: (id, decision) => caller.call(callOffCrisis, { ...decision, id }),
    saySafe: (of) => caller.call(saySafe, of),
  };
}
