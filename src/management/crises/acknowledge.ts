/**
 * Management calls: a person takes on a crisis, or all of a subject, so that nobody else is told for a time.
 *
 * @module
 */

import type { CrisisDecided } from '../../../actors/port.ts';
import type { Person } from '../../../machines/vocabulary/person.ts';
import { storeCall } from '../call/managementCall.ts';
import { ofOperation } from '../call/overrides.ts';
import { DECIDER, ID, REASON, SUBJECT } from '../call/params.ts';

interface Acknowledgement {
  readonly by: Person;
  readonly note?: string | undefined;
  readonly forMs?: number | undefined;
}

/** At most four hours from the order, as often as asked: the person who has it says that they still do. */
export const FOR_MS = { min: 60_000, max: 14_400_000, whole: true } as const;

export const acknowledgeCrisis = storeCall<
  { readonly id: string } & Acknowledgement,
  CrisisDecided
>({
  name: 'crisis.acknowledge',
  summary:
    'A person takes a crisis on, for half an hour unless they say how long, or prolongs that: no further step of the chain is told meanwhile. It is delivered all the same.',
  capability: 'operate',
  params: { id: ID, by: DECIDER, note: REASON, forMs: FOR_MS },
  // What a person notes may be about the subject's health.
  audited: ['id', 'by', 'forMs'],
  override: ofOperation('crisis.acknowledge'),
  run: ({ records }, { id, by, note = null, forMs = null }) =>
    records.crises.decide(id, { what: 'acknowledge', by, note, forMs }),
});

export const acknowledgeSubject = storeCall<
  { readonly subject: string } & Acknowledgement,
  readonly CrisisDecided[]
>({
  name: 'crisis.acknowledgeSubject',
  summary:
    'A person takes on all crises of a subject that are not over now. One that comes later is told of.',
  capability: 'operate',
  params: { subject: { required: SUBJECT }, by: DECIDER, note: REASON, forMs: FOR_MS },
  audited: ['subject', 'by', 'forMs'],
  override: {
    what: 'crisis.acknowledge',
    about: (_, { length: count }) => (count === 0 ? null : { count }),
  },
  run: ({ records }, { subject, by, note = null, forMs = null }) =>
    records.crises.decideFor(subject, { what: 'acknowledge', by, note, forMs }),
});
