/**
 * Management calls about crises, and how a runtime offers them: who was notified, who took one on, calling one off.
 *
 * @module
 */

import type { CrisisDecided, CrisisView } from '../../actors/port.ts';
import type { AnswerShape } from '../../inspector/server/answerShape.ts';
import type { Person } from '../../machines/vocabulary/subject.ts';
import {
  type Caller,
  DECIDER,
  ID,
  ofOperation,
  REASON,
  SUBJECT,
  storeCall,
} from './managementCall.ts';

/** A crisis, with the roles of those who decided, and no names. */
const CRISIS_SHOWN = {
  fields: {
    id: 'plain',
    type: 'plain',
    tier: 'plain',
    delivery: 'plain',
    escalation: 'plain',
    attempt: 'plain',
    failure: 'plain',
    acceptedAtMs: 'plain',
    escalatedAtMs: 'plain',
    cause: 'plain',
    upstream: 'plain',
    toldAtMs: 'plain',
    steps: {
      each: {
        fields: {
          name: 'plain',
          outcome: 'plain',
          calls: 'plain',
          atMs: 'plain',
          owedAtMs: 'plain',
        },
      },
    },
    takenOn: { fields: { by: { fields: { role: 'plain' } }, untilMs: 'plain' } },
    decisions: {
      each: { fields: { what: 'plain', by: { fields: { role: 'plain' } }, atMs: 'plain' } },
    },
    settledAtMs: 'plain',
  },
} as const satisfies AnswerShape<CrisisView>;

const DECIDED_SHOWN = {
  fields: { crisis: CRISIS_SHOWN, what: 'plain', isDurable: 'plain' },
} as const satisfies AnswerShape<CrisisDecided>;

/** The decision to take a crisis on. */
export interface CrisisAcknowledgement {
  readonly by: Person;
  /** A note in their own words, sealed with the crisis and sent to nobody. */
  readonly note?: string | undefined;
  /** How long they have it, in milliseconds: from a minute to four hours. Default half an hour. */
  readonly forMs?: number | undefined;
}

/**
 * The crises of a runtime. `by` is the person, as your app has authenticated them: an id of your own, with their role.
 */
export interface Crises {
  /**
   * Lists the open crises, in order of acceptance. With `unacknowledged`, only those that have escalated and that
   * nobody has taken on.
   *
   * @example
   * for (const { id, subject } of await runtime.crises.list({ unacknowledged: true })) console.log(id, subject);
   */
  list(query?: { readonly unacknowledged?: boolean | undefined }): Promise<readonly CrisisView[]>;
  /** @throws HoldfastError (rejects) `HF_OPERATION_UNKNOWN`; `HF_CRISIS_OVER` for what is no crisis. */
  show(id: string): Promise<CrisisView>;
  /**
   * Takes a crisis on for a time: from the call on no further step of the chain is notified. Delivery goes on all the
   * same. Calling it again prolongs the time, or hands the crisis over to another person. Five minutes before the
   * time is over that person is asked; after it the chain goes on. Before anybody was notified it is only a note
   * (`what: 'noted'`): the first step is notified, with the note. Who, when and `note` are sealed with the crisis.
   *
   * @example
   * await runtime.crises.acknowledge(id, { by: { id: 'staff-7', role: 'clinician' }, forMs: 3_600_000 });
   *
   * @throws HoldfastError (rejects) `HF_OPERATION_UNKNOWN`, `HF_CRISIS_OVER`, `HF_OPTION_INVALID`;
   * `HF_SECOND_PERSON_NEEDED` where `by` is its subject; `HF_STORE_HELD` for one from before the hold.
   */
  acknowledge(id: string, decision: CrisisAcknowledgement): Promise<CrisisDecided>;
  /**
   * Takes on all open crises of one subject, each as above. One that is accepted later is notified as usual.
   *
   * @example
   * await runtime.crises.acknowledge({ subject: 'user-42' }, { by: { id: 'staff-7', role: 'clinician' } });
   */
  acknowledge(
    of: { readonly subject: string },
    decision: CrisisAcknowledgement,
  ): Promise<readonly CrisisDecided[]>;
  /**
   * Gives a crisis back: the step by which it was taken on is notified again, then the next ones. Where nobody has
   * it, nothing changes.
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
   * Calls a crisis off: it is no longer delivered, and nobody else is notified. A delivery under way is aborted, and
   * counts where it arrived. At rest it is over once a process next runs on the store. Before anybody was notified it
   * takes two persons: the first is refused with `HF_SECOND_PERSON_NEEDED`, and their decision is kept. A person who
   * is alone passes the last 8 characters of the id as `confirm`, which is kept as the decision of one person.
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
   * Records that the person says they are safe, with a `note` where they want to say more: sealed with each of their
   * open crises, shown by `list` and `show`, and part of the notifications that follow (`saidSafeAtMs`). It ends
   * nothing: delivery and chain go on until somebody else calls the crisis off. A crisis that is accepted later has
   * no such note.
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

/** Crises through the calls of `caller`. */
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

export const listCrises = storeCall<
  { readonly unacknowledged?: boolean | undefined },
  readonly CrisisView[]
>({
  name: 'crisis.list',
  summary: 'The open crises, with who was notified of each and who has taken it on.',
  capability: 'viewSubjects',
  params: { unacknowledged: 'boolean' },
  override: null,
  shown: { params: ['unacknowledged'], answer: { each: CRISIS_SHOWN } },
  async run({ records }, { unacknowledged = false }) {
    const open = await records.crises.open();
    if (!unacknowledged) return open;
    return open.filter(
      ({ escalatedAtMs, escalation }) =>
        escalatedAtMs !== null && escalation !== 'acknowledged' && escalation !== 'lapsing',
    );
  },
});

export const showCrisis = storeCall<{ readonly id: string }, CrisisView>({
  name: 'crisis.show',
  summary: 'One crisis: its delivery, who was notified, and who has decided.',
  capability: 'viewSubjects',
  params: { id: ID },
  override: null,
  shown: { params: ['id'], answer: CRISIS_SHOWN },
  run: ({ records }, { id }) => records.crises.find(id),
});

interface Acknowledgement {
  readonly by: Person;
  readonly note?: string | undefined;
  readonly forMs?: number | undefined;
}

/**
 * The bounds of the time. Four hours is the most, so that the person who has the crisis confirms that they still do.
 */
export const FOR_MS = { min: 60_000, max: 14_400_000, whole: true } as const;

export const acknowledgeCrisis = storeCall<
  { readonly id: string } & Acknowledgement,
  CrisisDecided
>({
  name: 'crisis.acknowledge',
  summary:
    'A person takes a crisis on for a time, half an hour by default, or prolongs that: no further step of the chain is notified meanwhile. Delivery goes on.',
  capability: 'operate',
  params: { id: ID, by: DECIDER, note: REASON, forMs: FOR_MS },
  // What a person notes may be about the subject's health.
  override: ofOperation('crisis.acknowledge'),
  shown: { params: ['id', 'by', 'note', 'forMs'], answer: DECIDED_SHOWN },
  run: ({ records }, { id, by, note = null, forMs = null }) =>
    records.crises.decide(id, { what: 'acknowledge', by, note, forMs }),
});

export const acknowledgeSubject = storeCall<
  { readonly subject: string } & Acknowledgement,
  readonly CrisisDecided[]
>({
  name: 'crisis.acknowledgeSubject',
  summary:
    'A person takes on all open crises of a subject. One that comes later is notified as usual.',
  capability: 'operate',
  params: { subject: { required: SUBJECT }, by: DECIDER, note: REASON, forMs: FOR_MS },
  override: {
    what: 'crisis.acknowledge',
    about: (_, { length: count }) => (count === 0 ? null : { count }),
  },
  run: ({ records }, { subject, by, note = null, forMs = null }) =>
    records.crises.decideFor(subject, { what: 'acknowledge', by, note, forMs }),
});

export const releaseCrisis = storeCall<
  { readonly id: string; readonly by: Person; readonly note?: string | undefined },
  CrisisDecided
>({
  name: 'crisis.release',
  summary:
    'A person gives a crisis back: the step by which it was taken on is notified again, then the next ones.',
  capability: 'operate',
  params: { id: ID, by: DECIDER, note: REASON },
  // What a person notes may be about the subject's health.
  override: ofOperation('crisis.release'),
  shown: { params: ['id', 'by', 'note'], answer: DECIDED_SHOWN },
  run: ({ records }, { id, by, note = null }) =>
    records.crises.decide(id, { what: 'release', by, note }),
});

export const callOffCrisis = storeCall<
  {
    readonly id: string;
    readonly by: Person;
    readonly reason: string;
    readonly confirm?: string | undefined;
  },
  CrisisDecided
>({
  name: 'crisis.callOff',
  summary:
    'A person calls a crisis off: it is no longer delivered, and nobody else is notified. Before anybody was notified it takes two persons, or the end of its id.',
  capability: 'operate',
  params: { id: ID, by: DECIDER, reason: { required: REASON }, confirm: 'text' },
  // The reason may be about the subject's health.
  override: ofOperation('crisis.callOff'),
  shown: { params: ['id', 'by', 'reason', 'confirm'], answer: DECIDED_SHOWN },
  run: ({ records }, { id, by, reason, confirm = null }) =>
    records.crises.decide(id, { what: 'callOff', by, note: reason, confirm }),
});

export const saySafe = storeCall<
  { readonly subject: string; readonly note?: string | undefined },
  readonly CrisisDecided[]
>({
  name: 'crisis.saySafe',
  summary:
    'A person says that they are safe: a note with all their open crises, for those who are notified. Delivery and chain go on.',
  capability: 'operate',
  params: { subject: { required: SUBJECT }, note: REASON },
  // What they say may be about their health.
  override: {
    what: 'crisis.saySafe',
    about: (_, { length: count }) => (count === 0 ? null : { count }),
  },
  run: ({ records }, { subject, note = null }) =>
    records.crises.decideFor(subject, {
      what: 'saySafe',
      by: { id: subject, role: 'subject' },
      note,
    }),
});
