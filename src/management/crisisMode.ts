/**
 * Management calls about crisis mode, and how a runtime offers it (CR-6).
 *
 * @module
 */

import type { CrisisModeEnd, CrisisModeState } from '../../actors/port.ts';
import type { AnswerShape } from '../../inspector/server/answerShape.ts';
import {
  MODE_MS_DEFAULT,
  MODE_MS_MAX,
  MODE_MS_MIN,
} from '../../machines/policy/crisis/crisisMode.ts';
import type { Person } from '../../machines/vocabulary/subject.ts';
import type { Management } from './management.ts';
import { PERSON, REASON, runtimeCall, SUBJECT } from './managementCall.ts';

/** A crisis mode, without the person it is for. */
const MODE_SHOWN = {
  fields: {
    id: 'plain',
    sinceAtMs: 'plain',
    endsAtMs: 'plain',
    isEnding: 'plain',
    isDurable: 'plain',
  },
} as const satisfies AnswerShape<CrisisModeState>;

/**
 * Crisis mode: a person declares that a subject, or everybody, is in danger until further notice.
 *
 * While it is on for a subject, new work of theirs has at least the priority `high`, so that only crises go before
 * it; their crisis plan is ready in memory; and answers to their crises say so. While it is on for everybody, the
 * level of the process is at least `criticalOnly`: work that is not urgent makes way. Answers and deliveries of
 * crises never wait for it.
 *
 * It ends by a second person or by its time-out, survives restarts, and shows in health.
 */
export interface CrisisMode {
  /**
   * Switches it on, or prolongs it. It is in force when the call returns, even before the store is open. Resolves
   * once it is on disk, or after 2 s at most; `isDurable` says which. Prolonging never makes it end sooner.
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
   * Ends it: it is off when the call returns, which resolves as {@link enter} does. `wasOn` is false where it was not
   * on.
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
  /** Lists all that are on, that of everybody first, then the earliest. Reads memory only, in every phase. */
  list(): readonly CrisisModeState[];
}

export function crisisMode(management: Management): CrisisMode {
  return {
    enter: (order) => management.call(enterCrisisMode, order),
    leave: (order) => management.call(leaveCrisisMode, order),
    list: () => management.now(listCrisisMode, {}),
  };
}

/** Whether it is for everybody, which needs a person with a role (CR-6). */
function isForEverybody({ subject }: { readonly subject?: string | undefined }): boolean {
  return subject === undefined;
}

export const listCrisisMode = runtimeCall<object, readonly CrisisModeState[]>({
  name: 'crisisMode.list',
  summary: 'The crisis modes that are on: for whom, by whom, why and until when.',
  capability: 'viewSubjects',
  params: {},
  override: null,
  shown: { params: [], answer: { each: MODE_SHOWN } },
  run: (runtime) => runtime.crisisModes.states,
});

export const enterCrisisMode = runtimeCall<
  {
    readonly subject?: string | undefined;
    readonly by: Person;
    readonly reason?: string | undefined;
    readonly forMs?: number | undefined;
  },
  Promise<CrisisModeState>
>({
  name: 'crisisMode.enter',
  summary: 'Switches crisis mode on for a subject, or for everybody; prolongs it where it is on.',
  capability: 'operate',
  needsRole: isForEverybody,
  params: {
    subject: SUBJECT,
    by: PERSON,
    reason: REASON,
    forMs: { min: MODE_MS_MIN, max: MODE_MS_MAX, whole: true },
  },
  override: { what: 'crisisMode.enter', about: () => ({}) },
  shown: { params: ['by', 'reason', 'forMs'], answer: MODE_SHOWN },
  async run(runtime, { subject, by, reason, forMs }) {
    return await runtime.crisisModes.enter({
      subject: subject ?? null,
      by,
      reason: reason ?? null,
      forMs: forMs ?? MODE_MS_DEFAULT,
    });
  },
});

export const leaveCrisisMode = runtimeCall<
  { readonly subject?: string | undefined; readonly by: Person },
  Promise<CrisisModeEnd>
>({
  name: 'crisisMode.leave',
  summary: 'Ends crisis mode, by a person who neither switched it on nor prolonged it.',
  capability: 'operate',
  needsRole: isForEverybody,
  params: { subject: SUBJECT, by: PERSON },
  override: {
    what: 'crisisMode.leave',
    about: (_, { wasOn }) => (wasOn ? {} : null),
  },
  shown: { params: ['by'], answer: { fields: { wasOn: 'plain', isDurable: 'plain' } } },
  async run(runtime, { subject, by }) {
    return await runtime.crisisModes.leave(subject ?? null, by);
  },
});
