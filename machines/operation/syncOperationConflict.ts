/**
 * The part of the operation's chart in which an edit is compared with what is known of its record, and in
 * which what the upstream refuses as another version waits for what becomes of that (CF-6, CF-8). The chart
 * itself is in syncOperationMachine.ts.
 *
 * An edit is compared at its turn, before its first attempt under a key: what was made of it is kept with the
 * order of that attempt. From then on nothing changes what goes out under that key (OP-3); another body comes
 * only from a conflict, and has a key of its own.
 *
 * @module
 */

import { operationSetup } from './syncOperationSetup.ts';
import {
  becomingReady,
  completing,
  facts,
  missingHandler,
  retrying,
} from './syncOperationTransitions.ts';

/** The edit was compared with what may not hold at its next turn, and nothing has gone out: it comes again. */
const comingAgain = {
  target: '#syncOperation.pending.queued.waiting',
  actions: [{ type: 'noteWait', params: facts }],
} as const;

export const comparing = operationSetup.createStateConfig({
  description:
    'It has its turn. Its record is compared with what is known of it now, and merged where that has changed, before it is sent. Nothing of that is kept before its order is.',
  tags: ['compare'],
  meta: {
    requirements: ['CF-6', 'CF-8', 'OP-3'],
    lasts: 'As long as it takes to merge what is known already.',
  },
  on: {
    'edit.compared': {
      target: '#syncOperation.pending.ordering',
      actions: [{ type: 'noteCompared', params: facts }],
    },
    'conflict.found': {
      target: '#syncOperation.pending.conflicted',
      actions: [{ type: 'noteWait', params: facts }],
    },
    'turn.revoked': comingAgain,
    'attempt.interrupted': comingAgain,
    'handler.missing': missingHandler,
  },
});

export const conflicted = operationSetup.createStateConfig({
  description:
    'The upstream holds another version (409 or 412). An edit is merged with that and goes out as a new body, unless a person has to be asked; anything else waits for a decision, or until its handler merges records.',
  tags: ['rest'],
  meta: {
    requirements: ['RT-2', 'CF-6', 'CF-8'],
    lasts:
      'An edit: until it is merged, which takes seconds where the upstream answers, or until a person has decided. Anything else: until a person has. Each: until it expires or is cancelled.',
  },
  on: {
    'conflict.merged': {
      guard: { type: 'canBeRebased', params: ({ event }) => event },
      target: '#syncOperation.pending.queued.waiting',
      actions: [{ type: 'noteMerged', params: ({ event }) => event }],
    },
    'conflict.applied': { guard: { type: 'isEdit' }, ...completing },
    'conflict.pending': {
      guard: { type: 'isEdit' },
      target: '#syncOperation.pending.queued.backingOff',
      actions: [{ type: 'notePending', params: ({ event }) => event }],
    },
    'conflict.refused': {
      guard: { type: 'isEdit' },
      target: '#syncOperation.settling',
      actions: [
        { type: 'noteRefusal', params: ({ event }) => event },
        { type: 'deadLetter', params: facts },
      ],
    },
    'handler.merges': { guard: { type: 'isNoEdit' }, ...becomingReady },
    'retry.requested': retrying,
  },
});
