/**
 * The part of the operation's chart in which an attempt is ordered, runs and ends (OP-3). The chart itself
 * is in syncOperationMachine.ts.
 *
 * The lane is taken in all of these states. A handler that is told to stop and does not return holds it:
 * two calls of one lane at once would be the disorder that lanes are there to prevent (OP-4).
 *
 * @module
 */

import { operationSetup } from './syncOperationSetup.ts';
import {
  comingUnderSuspicion,
  expiringMeanwhile,
  facts,
  missingHandler,
  takingBack,
} from './syncOperationTransitions.ts';

export const ordering = operationSetup.createStateConfig({
  description:
    'The number of the next attempt is being written to disk, before the attempt runs. If it expires meanwhile, it does not run.',
  tags: ['order'],
  meta: { requirements: ['PS-2', 'RT-4', 'OP-5'], lasts: 'As long as the disk takes.' },
  on: {
    'journal.committed': [expiringMeanwhile, { target: '#syncOperation.underWay.attempting' }],
    'process.restarted': [
      {
        guard: { type: 'hasCrashedTooOften', params: ({ event }) => event },
        target: '#syncOperation.settling',
        actions: [{ type: 'deadLetterAsCrasher', params: facts }],
      },
      comingUnderSuspicion,
    ],
  },
});

export const attempting = operationSetup.createStateConfig({
  description:
    'The handler performs one attempt against the upstream. At its time-out it is aborted, and the state is left once it has returned.',
  tags: ['attempt'],
  meta: {
    requirements: ['OP-3', 'OP-4', 'RT-2'],
    lasts:
      'Until its handler returns. It is aborted at its time-out, and after three times that it is overhanging.',
  },
  invoke: { id: 'attempt', src: 'attempt', input: ({ context }) => ({ id: context.id }) },
  on: {
    'attempt.overhangs': {
      target: '#syncOperation.underWay.overhanging',
      actions: [{ type: 'noteWait', params: facts }],
    },
    'turn.revoked': {
      target: '#syncOperation.pending.queued.waiting',
      actions: [{ type: 'noteWait', params: facts }],
    },
    'handler.missing': missingHandler,
    'attempt.interrupted': {
      target: '#syncOperation.pending.queued.waiting',
      actions: [{ type: 'noteInterruption', params: facts }],
    },
  },
});

export const overhanging = operationSetup.createStateConfig({
  description:
    'The handler is silent far beyond its time-out. Its slot is given back, its lane is not: nothing else of it runs until the handler has returned, or the process has ended.',
  tags: ['overhang'],
  meta: {
    requirements: ['OP-3', 'OP-4', 'OP-6'],
    lasts: 'Until its handler returns, or the process ends.',
  },
});

export const cancelling = operationSetup.createStateConfig({
  description:
    'Cancelled while its handler was at work, which is durable; it ends once the handler has returned, or the process has ended. What was done all the same counts.',
  tags: ['cancel'],
  meta: {
    requirements: ['OP-4', 'OP-5'],
    lasts: 'Until its handler returns, or the process ends.',
  },
  on: {
    'attempt.interrupted': takingBack,
    // It overhung when it was cancelled.
    'attempt.failed': takingBack,
    'process.restarted': takingBack,
    // It was cancelled already.
    'cancel.requested': {},
    // It was quarantined, and comes back behind others of its lane.
    'lane.freed': takingBack,
  },
});
