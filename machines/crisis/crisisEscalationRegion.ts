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

const acknowledged = {
  target: '#crisis.escalation.open.taken.acknowledged',
  actions: [{ type: 'acknowledge', params: facts }],
} as const;

/** The person who had it has it no more: their step is notified again, and those after it. */
const lapsed = {
  target: '#crisis.escalation.open.telling.notifyDue',
  actions: [{ type: 'beginAfterLapse', params: facts }],
} as const;

export const escalationRegion = crisisSetup.createStateConfig({
  description: 'Which people were told that it is not delivered, and whether one has taken it on.',
  meta: { requirements: ['CR-5'], usualPath: ['quiet', 'attempt.succeeded', 'ended'] },
  initial: 'open',
  states: {
    open: {
      description:
        'It is neither delivered nor called off. A person may take it on: that is in force once somebody was told. What the first of two persons wants is kept, and that the person is safe.',
      meta: { requirements: ['CR-5'] },
      initial: 'quiet',
      on: {
        'attempt.succeeded': { guard: { type: 'isBeingSent' }, target: '#crisis.escalation.ended' },
        'callOff.requested': { target: '#crisis.escalation.ended' },
        'callOff.proposed': { actions: [{ type: 'noteProposal', params: facts }] },
        'safety.said': { actions: [{ type: 'noteSafety', params: facts }] },
        'acknowledgement.given': [
          { guard: { type: 'canBeTakenOn', params: facts }, ...acknowledged },
          { actions: [{ type: 'noteTaker', params: facts }] },
        ],
      },
      states: {
        quiet: {
          description: 'It may be delivered fast: nobody is told yet.',
          meta: {
            requirements: ['CR-5'],
            lasts:
              'Until it is delivered, or its fast attempts are used up, or it took too long: a minute, unless set otherwise.',
          },
          on: {
            'attempt.failed': [
              { guard: { type: 'isNotBeingSent' } },
              {
                guard: { type: 'hasUsedUpFastAttempts', params: facts },
                target: '#crisis.escalation.open.telling.notifyDue',
                actions: [{ type: 'escalateForFailures', params: facts }],
              },
            ],
            'step.due': {
              target: '#crisis.escalation.open.telling.notifyDue',
              actions: [{ type: 'escalateForTime', params: facts }],
            },
          },
        },
        telling: {
          description:
            'It has escalated: the steps of the chain are told one after the other. Those that are owed a call are called beside that.',
          meta: { requirements: ['CR-5'] },
          initial: 'notifyDue',
          on: {
            'step.due': [
              {
                guard: { type: 'hasStep', params: facts },
                target: '#crisis.escalation.open.telling.notifying',
                actions: [{ type: 'beginStep', params: facts }],
              },
              {
                guard: { type: 'isEveryStepTold', params: facts },
                target: '#crisis.escalation.open.telling.exhausted',
                actions: [{ type: 'noteExhausted', params: facts }],
              },
              { target: '#crisis.escalation.open.telling.stepsOwed' },
            ],
            'step.called': { actions: [{ type: 'countCall', params: facts }] },
            'step.notified': {
              target: '#crisis.escalation.open.telling.awaitingAcknowledgement',
              actions: [{ type: 'noteNotified', params: facts }],
            },
            'step.failed': { actions: [{ type: 'noteStepFailed', params: facts }] },
            'step.woken': { actions: [{ type: 'wakeStep', params: facts }] },
          },
          states: {
            notifyDue: {
              description: 'A step of the chain is to be told.',
              meta: { requirements: ['CR-5'], lasts: 'No time.' },
            },
            notifying: {
              description:
                'A step of the chain is being told. Where it is not heard it is called again as often as is set for it, and then makes way to the next; it is called again beside that, without end.',
              meta: {
                requirements: ['CR-5'],
                lasts: 'The time limit of the step: 10 s, unless set otherwise.',
              },
              on: {
                'step.failed': {
                  guard: { type: 'hasToMakeWay', params: facts },
                  target: '#crisis.escalation.open.telling.notifyDue',
                  actions: [
                    { type: 'noteStepFailed', params: facts },
                    { type: 'makeWay', params: facts },
                  ],
                },
              },
            },
            awaitingAcknowledgement: {
              description:
                'Somebody was told, and has time to say that they take it on. After that the next step is told. Steps that could not be told are called meanwhile.',
              meta: {
                requirements: ['CR-5'],
                lasts:
                  'The time that the step has to be acknowledged: 5 min, unless set otherwise.',
              },
            },
            stepsOwed: {
              description:
                'Each step of the chain was called, and one at least was not told, or it is not known whether it was: those are called again, without end.',
              meta: {
                requirements: ['CR-5'],
                lasts:
                  'Until one of them is told: it is called every 20 to 40 s, every 2 to 5 min where it may have been told, every 5 min where it refuses.',
              },
            },
            exhausted: {
              description:
                'Every step was told, or there is no chain, and nobody has taken it on. Health shows that until somebody does. The chain begins anew later, and one that has grown goes on.',
              meta: {
                requirements: ['CR-5'],
                lasts:
                  'Half an hour, then two hours each time, unless somebody takes it on, or it is delivered or called off.',
              },
              on: {
                // Nobody is left to be told.
                'step.due': { guard: { type: 'hasNoStep', params: facts } },
                'chain.anew': {
                  target: '#crisis.escalation.open.telling.notifyDue',
                  actions: [{ type: 'beginAnew', params: facts }],
                },
              },
            },
          },
        },
        taken: {
          description:
            'A person has taken it on, who is named. They may prolong that or give it back, and another may take it over. It is delivered all the same.',
          meta: { requirements: ['CR-5'] },
          initial: 'acknowledged',
          on: {
            'acknowledgement.given': acknowledged,
            'release.requested': {
              target: '#crisis.escalation.open.telling.notifyDue',
              actions: [
                { type: 'release', params: facts },
                { type: 'beginAfterLapse', params: facts },
              ],
            },
          },
          states: {
            acknowledged: {
              description: 'No further step is told.',
              meta: {
                requirements: ['CR-5'],
                lasts:
                  'Half an hour, or as long as they have said, 4 h at most; less the last five minutes.',
              },
              on: {
                'acknowledgement.ending': {
                  target: '#crisis.escalation.open.taken.lapsing',
                  actions: [{ type: 'noteLapsing', params: facts }],
                },
              },
            },
            lapsing: {
              description:
                'They are asked whether that goes on. Where they say nothing, their step is told again, then the next.',
              meta: { requirements: ['CR-5'], lasts: 'Five minutes.' },
              on: {
                'step.called': { actions: [{ type: 'countAsk' }] },
                'step.notified': { actions: [{ type: 'noteAsked' }] },
                'step.failed': { actions: [{ type: 'noteAskFailed', params: facts }] },
                'acknowledgement.lapsed': lapsed,
              },
            },
          },
        },
      },
    },
    ended: {
      description: 'It was delivered or called off: nobody is told any more.',
      meta: { requirements: ['CR-5'] },
      type: 'final',
    },
  },
});
