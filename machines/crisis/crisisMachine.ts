/**
 * One crisis, from the call for help until somebody has it (CR-4).
 *
 * Three things go on beside each other, and none waits for another. Its **delivery** begins at once and is
 * repeated until the upstream took it: ten attempts (unless set otherwise) one soon after the other, then one
 * about every half minute, without end. Its **escalation** tells people that it is not delivered, one after the other, until
 * one of them takes it on. Its **record** is written beside that, so that it all goes on after a crash.
 *
 * What a crisis never does: it never expires, is never given up, and waits for no lane, no breaker, no
 * rate, no level of service and no disk. It has two ends: it was delivered, or a person called it off.
 *
 * What the chart is made of is in crisisSetup.ts, who is told in crisisEscalationRegion.ts; what each state asks of an engine, in crisisDemand.ts.
 * The answer that the person gets is not in this chart: it waits for nothing at all (CR-1).
 *
 * Requirements: CR-1, CR-2, CR-4, CR-5, OP-7, RT-4, PS-3.
 *
 * @module
 */

import type { SnapshotFrom } from 'xstate';
import { innermost, valueOfNames } from '../vocabulary/innermost.ts';
import { type CrisisContext, newCrisis } from './crisisContext.ts';
import { escalationRegion } from './crisisEscalationRegion.ts';
import { crisisSetup } from './crisisSetup.ts';
import type { CrisisStates } from './crisisState.ts';

export type { CrisisContext, CrisisInput } from './crisisContext.ts';
export type { CrisisEvent } from './crisisEvents.ts';
export type { CrisisDeliveryState, CrisisEscalationState, CrisisStates } from './crisisState.ts';

/** The event itself, for actions that read its facts. */
const facts = <Event>({ event }: { event: Event }): Event => event;

/** The next attempt is ordered, and goes out as soon as there is a place for it. */
const sending = {
  target: '#crisis.delivery.pending.awaitingPlace',
  actions: [{ type: 'orderAttempt', params: facts }],
} as const;

/** A person does not let it wait. */
const retrying = {
  target: '#crisis.delivery.pending.awaitingPlace',
  actions: [
    { type: 'noteRetryRequest', params: facts },
    { type: 'orderAttempt', params: facts },
  ],
} as const;

const missingHandler = {
  target: '#crisis.delivery.pending.awaitingHandler',
  actions: [{ type: 'noteWait', params: facts }],
} as const;

/** Nothing of it is under way. */
const callingOff = {
  target: '#crisis.delivery.calledOff',
  actions: [
    { type: 'noteCallOff', params: facts },
    { type: 'callOff', params: facts },
  ],
} as const;

/** What was under way has ended, or its process. */
const endingCalledOff = {
  target: '#crisis.delivery.calledOff',
  actions: [{ type: 'callOff', params: facts }],
} as const;

export const crisisMachine = crisisSetup.createMachine({
  id: 'crisis',
  version: '1',
  description: 'One crisis, from the call for help until somebody has it.',
  context: ({ input }) => newCrisis(input),
  type: 'parallel',
  states: {
    delivery: {
      description: 'How far it has come to whoever helps.',
      meta: {
        requirements: ['CR-2', 'CR-4'],
        usualPath: [
          'awaitingPlace',
          'place.granted',
          'attempting',
          'attempt.succeeded',
          'delivered',
        ],
      },
      initial: 'pending',
      states: {
        pending: {
          description:
            'It is not delivered, and nothing of it is under way: a person may call it off.',
          meta: { requirements: ['CR-4', 'OP-5'] },
          initial: 'awaitingPlace',
          on: { 'callOff.requested': callingOff },
          states: {
            awaitingPlace: {
              description:
                'It is to be sent now, and waits for one of the places that are kept for crises at its upstream; most often there is one at once.',
              tags: ['place'],
              meta: {
                requirements: ['CR-2', 'CR-4', 'RT-4'],
                lasts:
                  'Most often no time. A delivery that takes longer than 1 s makes room for another.',
              },
              invoke: {
                id: 'place',
                src: 'place',
                input: ({ context }) => ({ id: context.id }),
              },
              on: {
                'place.granted': { target: '#crisis.delivery.underWay.attempting' },
                'handler.missing': missingHandler,
                'process.restarted': {
                  target: '#crisis.delivery.pending.betweenAttempts.fastBackoff',
                  actions: [{ type: 'noteCrash', params: facts }],
                },
              },
            },
            betweenAttempts: {
              description:
                'It was not delivered, and is sent again; a person may have that done at once.',
              meta: { requirements: ['CR-4', 'RT-1'] },
              initial: 'fastBackoff',
              on: {
                'retry.due': sending,
                'retry.requested': retrying,
                'handler.missing': missingHandler,
              },
              states: {
                fastBackoff: {
                  description:
                    'It was not delivered, or its process ended meanwhile; it is sent again in a moment, at the latest when its upstream is back.',
                  tags: ['stay'],
                  meta: {
                    requirements: ['CR-4', 'RT-1', 'RT-4'],
                    lasts: 'Until it is sent again, 30 s at most.',
                  },
                },
                pacing: {
                  description:
                    'Its fast attempts are used up. It is sent again about every half minute, without end.',
                  tags: ['stay'],
                  meta: {
                    requirements: ['CR-4'],
                    lasts:
                      'Until it is sent again, 30 s at most; so it goes on until it is delivered or called off.',
                  },
                },
              },
            },
            awaitingHandler: {
              description:
                'The app has not said yet where crises of its type go (no handler of that type is registered). It goes out the moment that it does.',
              tags: ['stay'],
              meta: {
                requirements: ['OP-7', 'CR-4'],
                lasts:
                  'Until the app says where it goes. After a minute, unless set otherwise, people are told.',
              },
              on: {
                'handler.registered': sending,
              },
            },
          },
        },
        underWay: {
          description: 'It is being sent: what reaches somebody counts as delivered.',
          meta: { requirements: ['CR-2', 'CR-4'] },
          initial: 'attempting',
          on: {
            'attempt.succeeded': {
              target: '#crisis.delivery.delivered',
              actions: [{ type: 'complete', params: facts }],
            },
          },
          states: {
            attempting: {
              description:
                'It is being sent. At its time-out it counts as not delivered, and is sent again.',
              tags: ['delivery'],
              meta: {
                requirements: ['CR-2', 'CR-4', 'OP-3'],
                lasts: 'At most its time-out, which is between 5 s and 25 s.',
              },
              invoke: {
                id: 'attempt',
                src: 'attempt',
                input: ({ context }) => ({ id: context.id }),
              },
              on: {
                'attempt.failed': [
                  {
                    guard: { type: 'hasFastAttemptsLeft', params: facts },
                    target: '#crisis.delivery.pending.betweenAttempts.fastBackoff',
                    actions: [{ type: 'noteFailure', params: facts }],
                  },
                  {
                    target: '#crisis.delivery.pending.betweenAttempts.pacing',
                    actions: [{ type: 'noteFailure', params: facts }],
                  },
                ],
                'attempt.interrupted': {
                  target: '#crisis.delivery.pending.betweenAttempts.fastBackoff',
                  actions: [{ type: 'noteInterruption', params: facts }],
                },
                'callOff.requested': {
                  target: 'callingOff',
                  actions: [{ type: 'noteCallOff', params: facts }],
                },
              },
            },
            callingOff: {
              description:
                'A person has called it off while it was being sent, which is written. It is over once that has ended: what reached somebody all the same counts as delivered.',
              tags: ['recall'],
              meta: {
                requirements: ['CR-4', 'OP-5'],
                lasts: 'Until the attempt under way has ended, 25 s at most.',
              },
              on: {
                'attempt.failed': endingCalledOff,
                'attempt.interrupted': endingCalledOff,
                'process.restarted': endingCalledOff,
              },
            },
          },
        },
        delivered: {
          description: 'The upstream took it.',
          tags: ['over'],
          meta: { requirements: ['CR-4'] },
          type: 'final',
        },
        calledOff: {
          description:
            'A person has said that it needs no delivery any more. Nothing else ends it.',
          tags: ['over'],
          meta: { requirements: ['CR-4', 'OP-5'] },
          type: 'final',
        },
      },
    },
    escalation: escalationRegion,
    record: {
      description:
        'How far what is known of it has come to the disk. The delivery never waits for it.',
      meta: {
        requirements: ['CR-4', 'PS-2'],
        usualPath: ['writing', 'record.durable', 'durable', 'journal.committed', 'closed'],
      },
      initial: 'unwritten',
      states: {
        unwritten: {
          description: 'The database does not have it yet.',
          meta: { requirements: ['CR-4', 'PS-2'] },
          initial: 'writing',
          on: { 'record.durable': { target: '#crisis.record.untilOver.durable' } },
          states: {
            writing: {
              description: 'It is on its way to the disk, however long that takes.',
              meta: {
                requirements: ['CR-4', 'PS-2'],
                lasts: 'As long as the disk takes, or until it is kept beside the database.',
              },
              on: {
                'record.spilled': { target: 'spilled' },
                'record.unkept': { target: '#crisis.record.untilOver.unkept' },
              },
            },
            spilled: {
              description:
                'The database fails: it is in a file of its own beside it, sealed, and is written as soon as the database takes it.',
              meta: { requirements: ['CR-4'], lasts: 'Until the database takes it.' },
            },
          },
        },
        untilOver: {
          description: 'What is kept of it stays where it is until the crisis is over.',
          meta: {
            requirements: ['CR-4', 'PS-2'],
            lasts: 'Until the crisis is over and its ending is written.',
          },
          initial: 'durable',
          on: { 'journal.committed': { target: 'closed' } },
          states: {
            durable: {
              description: 'It is on disk: no crash loses it. What changes is written as it comes.',
              meta: {
                requirements: ['CR-4', 'PS-2'],
              },
              on: {
                'record.refused': { target: 'quarantined' },
              },
            },
            quarantined: {
              description:
                'Its record on disk is damaged and takes no change; it is delivered from memory all the same.',
              meta: {
                requirements: ['CR-4', 'PS-3'],
              },
            },
            unkept: {
              description:
                'The disk answers nothing, and as much as may waits for it: it is delivered, and lost if the process ends before that.',
              meta: {
                requirements: ['CR-4', 'OP-6'],
              },
            },
          },
        },
        closed: {
          description: 'How it ended is on disk.',
          tags: ['leave'],
          meta: { requirements: ['CR-4', 'PS-2'] },
          type: 'final',
        },
      },
    },
  },
});

export type CrisisSnapshot = SnapshotFrom<typeof crisisMachine>;

/** A crisis in these states, which is in their parents too. */
export function crisisAt(
  states: CrisisStates,
  context: CrisisContext,
  machine = crisisMachine,
): CrisisSnapshot {
  const value = valueOfNames(machine, states) as CrisisSnapshot['value'];
  return machine.resolveState({ value, context });
}

/** The innermost states that a crisis is in. */
export function crisisStatesOf({
  record,
  delivery,
  escalation,
}: CrisisSnapshot['value']): CrisisStates {
  return {
    record: innermost(record),
    delivery: innermost(delivery),
    escalation: innermost(escalation),
  };
}
