/**
 * The part of the operation's chart that a dead letter takes: it waits for a person, who replays or
 * purges it (OP-5). The chart itself is in syncOperationMachine.ts.
 *
 * Its return is ordered in `replayed`, which is on disk before anything runs (PS-2): no actor lives
 * in that state until its turn has come.
 *
 * @module
 */

import { operationSetup } from './syncOperationSetup.ts';
import { becomingReady } from './syncOperationTransitions.ts';

export const deadLettered = operationSetup.createStateConfig({
  description:
    'Given up: a permanent failure, no attempts left, tried for too long, or it kills the process. Waits for a person, who replays or purges it.',
  tags: ['report'],
  meta: {
    requirements: ['OP-1', 'OP-5', 'RT-4'],
    lasts: 'Until a person replays or purges it, or its retention is over.',
  },
  on: {
    'replay.requested': {
      guard: { type: 'canReplay', params: ({ event }) => event },
      target: '#syncOperation.pending.queued.replayed',
      actions: [{ type: 'beginAfresh', params: ({ event }) => event }],
    },
  },
});

export const replayed = operationSetup.createStateConfig({
  description:
    'A person has brought it back from the dead letters; it waits for its turn or its lane, its attempts afresh.',
  tags: ['rest'],
  meta: {
    requirements: ['OP-4', 'OP-5', 'PS-2'],
    lasts: 'Until its turn or its lane; until it expires or is cancelled.',
  },
  on: {
    'lane.freed': becomingReady,
    'handler.registered': becomingReady,
    // It is as new: nothing has failed yet that it could be judged by.
    'attempts.exhausted': {},
    'giveup.due': {},
  },
});
