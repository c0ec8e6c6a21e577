/**
 * The third region of the crisis's chart: who is told that it is not delivered (CR-5). It holds up neither
 * the delivery nor the record, and neither holds up it. Which step comes next, and when, is told by the
 * engine, which knows the chain: `step.due`.
 *
 * @module
 */

import { crisisSetup } from './crisisSetup.ts';

/** The event itself, for actions and guards that read its facts. */
const facts = <Event>({ event }: { event: Event }): Event => event;

/** Whatever ends the crisis ends the chain. */
const over = {
  'attempt.succeeded': { guard: { type: 'isBeingSent' }, target: 'ended' },
  'callOff.requested': { target: 'ended' },
} as const;

const takenOn = {
  'acknowledgement.given': {
    target: 'acknowledged',
    actions: [{ type: 'acknowledge', params: facts }],
  },
} as const;

/** The next step of the chain is told, where one is left. */
const next = [
  {
    guard: { type: 'hasStep', params: facts },
    target: 'notifying',
    actions: [{ type: 'beginStep', params: facts }],
  },
  { target: 'exhausted' },
] as const;

export const escalationRegion = crisisSetup.createStateConfig({
  description: 'Which people were told that it is not delivered, and whether one has taken it on.',
  meta: { requirements: ['CR-5'] },
  initial: 'quiet',
  states: {
    quiet: {
      description: 'It may be delivered fast: nobody is told yet.',
      meta: {
        requirements: ['CR-5'],
        lasts:
          'Until it is delivered, or its fast attempts are used up, or it took too long: a minute, unless set otherwise.',
      },
      on: {
        ...over,
        ...takenOn,
        'attempt.failed': [
          { guard: { type: 'isNotBeingSent' } },
          {
            guard: { type: 'hasUsedUpFastAttempts', params: facts },
            target: 'notifyDue',
            actions: [{ type: 'escalateForFailures', params: facts }],
          },
        ],
        'step.due': [
          {
            guard: { type: 'hasStep', params: facts },
            target: 'notifying',
            actions: [
              { type: 'escalateForTime', params: facts },
              { type: 'beginStep', params: facts },
            ],
          },
          { target: 'exhausted', actions: [{ type: 'escalateForTime', params: facts }] },
        ],
      },
    },
    notifyDue: {
      description:
        'A step of the chain is to be told: at once, or in a moment where a call of it has failed.',
      meta: { requirements: ['CR-5'], lasts: 'No time, or a moment before a call is repeated.' },
      on: {
        ...over,
        ...takenOn,
        'step.due': next,
        'step.failed': {
          target: 'notifyDue',
          actions: [{ type: 'noteStepFailed', params: facts }],
        },
      },
    },
    notifying: {
      description:
        'A step of the chain is being told. At its time limit the call counts as failed, and is made again as often as is set for the step.',
      meta: {
        requirements: ['CR-5'],
        lasts: 'The time limit of the step: 10 s, unless set otherwise.',
      },
      invoke: { id: 'notify', src: 'notify', input: ({ context }) => ({ context }) },
      on: {
        ...over,
        ...takenOn,
        'step.notified': {
          target: 'awaitingAcknowledgement',
          actions: [{ type: 'noteNotified', params: facts }],
        },
        'step.failed': [
          {
            guard: { type: 'hasCallsLeft', params: facts },
            target: 'notifyDue',
            actions: [{ type: 'noteCallFailed', params: facts }],
          },
          { target: 'notifyDue', actions: [{ type: 'noteStepFailed', params: facts }] },
        ],
      },
    },
    awaitingAcknowledgement: {
      description:
        'Somebody was told, and has time to say that they take it on. After that the next step is told.',
      meta: {
        requirements: ['CR-5'],
        lasts: 'The time that the step has to be acknowledged: 5 min, unless set otherwise.',
      },
      on: { ...over, ...takenOn, 'step.due': next },
    },
    exhausted: {
      description:
        'Nobody is left to be told and nobody has taken it on: every step was told, or there is no chain. Health shows that until somebody does, and a chain that has grown goes on.',
      meta: {
        requirements: ['CR-5'],
        lasts:
          'Until somebody takes it on, or it is delivered or called off. A step that is added goes on with it.',
      },
      on: { ...over, ...takenOn, 'step.due': [next[0]] },
    },
    acknowledged: {
      description:
        'A person has taken it on, who is named: no further step is told. Another may take it over. It is delivered all the same.',
      meta: { requirements: ['CR-5'], lasts: 'Until it is delivered or called off.' },
      on: { ...over, ...takenOn },
    },
    ended: {
      description: 'It was delivered or called off: nobody is told any more.',
      meta: { requirements: ['CR-5'] },
      type: 'final',
    },
  },
});
