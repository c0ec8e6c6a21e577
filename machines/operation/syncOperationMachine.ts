/**
 * One sync request, from acceptance to one of its endings (OP-1).
 *
 * State before effect (PS-2): what must not be lost is ordered in one state, made durable, and
 * performed in the next. Each state has one tag, which says what it asks of an engine (stateTag.ts): the
 * states tagged `accept`, `order` and `settle` wait for `journal.committed`; those tagged `rest` wait with
 * nothing in flight and may live on disk only. What is on disk is always one of these: an attempt that
 * was running comes back as `ordering`. The crisis path is the one exception: its delivery starts at
 * once and is written beside it (CR-4).
 *
 * What the chart is made of is in syncOperationSetup.ts, the way back from the dead letters in
 * syncOperationReplay.ts.
 *
 * Requirements: OP-1, OP-2, OP-4, OP-5, OP-7, RT-2, RT-4, PS-2, CR-2, CR-4.
 *
 * @module
 */

import type { ActorRefFrom, SnapshotFrom } from 'xstate';
import { deadLettered, replayed } from './syncOperationReplay.ts';
import {
  approving,
  becomingReady,
  cancelling,
  comingUnderSuspicion,
  expiring,
  expiringMeanwhile,
  newOperation,
  operationSetup,
  retrying,
  takingTurn,
} from './syncOperationSetup.ts';

export type { HistoryEntry } from './syncOperationHistory.ts';
export {
  type Ending,
  newOperation,
  type ReplayFacts,
  type SyncOperationContext,
  type SyncOperationEvent,
  type SyncOperationInput,
  type Turn,
} from './syncOperationSetup.ts';

export const syncOperationMachine = operationSetup.createMachine({
  id: 'syncOperation',
  version: '2',
  description: 'One sync request, from acceptance to one of its endings.',
  context: ({ input }) => newOperation(input),
  initial: 'accepting',
  states: {
    accepting: {
      description:
        'The request and its first attempt number are being written to disk, as what it will be then: no row is kept in this state. A crisis waits for nothing.',
      tags: ['accept'],
      meta: { requirements: ['OP-1', 'OP-2', 'PS-2', 'CR-4'] },
      always: { guard: { type: 'isCrisis' }, target: 'attempting' },
      on: {
        'journal.committed': [
          expiringMeanwhile,
          {
            guard: { type: 'isTurnGranted', params: ({ event }) => event },
            target: 'attempting',
          },
          {
            guard: { type: 'isLaneBusy', params: ({ event }) => event },
            target: 'inLane',
          },
          {
            guard: { type: 'isHandlerMissing', params: ({ event }) => event },
            target: 'handlerMissing',
          },
          { target: 'waiting' },
        ],
        'journal.failed': { target: 'rejected' },
        'journal.duplicated': { target: 'duplicate' },
        'cancel.requested': cancelling,
        'expiry.due': expiring,
      },
    },
    inLane: {
      description: 'Waits until the operations accepted before it for the same entity have ended.',
      tags: ['rest'],
      meta: { requirements: ['OP-4', 'OP-6'] },
      on: {
        'lane.freed': becomingReady,
        'handler.missing': { target: 'handlerMissing' },
        'cancel.requested': cancelling,
        'expiry.due': expiring,
      },
    },
    waiting: {
      description:
        'Ready, and waits for its turn at the upstream: a free slot, a closed breaker, a level that admits it.',
      tags: ['rest'],
      meta: { requirements: ['OP-6', 'CB-1', 'DG-2', 'DG-3'] },
      on: {
        'turn.granted': takingTurn,
        'repeat.unsafe': { target: 'inReview' },
        'handler.missing': { target: 'handlerMissing' },
        'cancel.requested': cancelling,
        'expiry.due': expiring,
      },
    },
    handlerMissing: {
      description: 'No handler of its type is registered. Registering one frees it.',
      tags: ['rest'],
      meta: { requirements: ['OP-7'] },
      on: {
        'handler.registered': becomingReady,
        'cancel.requested': cancelling,
        'expiry.due': expiring,
      },
    },
    suspect: {
      description:
        'It was in flight when the process died, so it may be what killed it. Runs again with few others, in the end alone.',
      tags: ['standBy'],
      meta: { requirements: ['RT-4', 'SV-3'] },
      on: {
        'turn.granted': takingTurn,
        'repeat.unsafe': { target: 'inReview' },
        'handler.missing': { target: 'handlerMissing' },
        'process.stopping': { target: 'waiting' },
        'cancel.requested': cancelling,
        'expiry.due': expiring,
      },
    },
    ordering: {
      description:
        'The number of the next attempt is being written to disk, before the attempt runs. If it expires meanwhile, it does not run.',
      tags: ['order'],
      meta: { requirements: ['PS-2', 'RT-4', 'OP-5'] },
      on: {
        'journal.committed': [expiringMeanwhile, { target: 'attempting' }],
        'process.restarted': [
          {
            guard: { type: 'hasCrashedTooOften' },
            target: 'settling',
            actions: [{ type: 'deadLetterAsCrasher', params: ({ event }) => event }],
          },
          comingUnderSuspicion,
        ],
        'cancel.requested': cancelling,
        'expiry.due': expiring,
      },
    },
    attempting: {
      description: 'The handler performs one attempt against the upstream.',
      tags: ['attempt'],
      meta: { requirements: ['OP-3', 'RT-2', 'CR-2'] },
      invoke: { id: 'attempt', src: 'attempt', input: ({ context }) => ({ id: context.id }) },
      on: {
        'attempt.succeeded': {
          target: 'settling',
          actions: [{ type: 'complete', params: ({ event }) => event }],
        },
        'attempt.failed': [
          {
            // A crisis is repeated whatever the upstream said, until it is through (CR-4).
            guard: { type: 'isCrisis' },
            target: 'backingOff',
            actions: [{ type: 'noteFailure', params: ({ event }) => event }],
          },
          {
            guard: { type: 'isConflict', params: ({ event }) => event },
            target: 'conflicted',
            actions: [{ type: 'noteFailure', params: ({ event }) => event }],
          },
          {
            guard: { type: 'isPermanent', params: ({ event }) => event },
            target: 'settling',
            actions: [
              { type: 'noteFailure', params: ({ event }) => event },
              { type: 'deadLetter', params: ({ event }) => event },
            ],
          },
          {
            guard: { type: 'isRepeatUnsafe', params: ({ event }) => event },
            target: 'inReview',
            actions: [{ type: 'noteFailure', params: ({ event }) => event }],
          },
          {
            guard: { type: 'hasAttemptsLeft', params: ({ event }) => event },
            target: 'backingOff',
            actions: [{ type: 'noteFailure', params: ({ event }) => event }],
          },
          {
            target: 'settling',
            actions: [
              { type: 'noteFailure', params: ({ event }) => event },
              { type: 'deadLetter', params: ({ event }) => event },
            ],
          },
        ],
        'handler.missing': { target: 'handlerMissing' },
        'turn.revoked': { target: 'waiting' },
        'attempt.interrupted': {
          target: 'waiting',
          actions: [{ type: 'noteInterruption', params: ({ event }) => event }],
        },
        'cancel.requested': {
          // The attempt is aborted, and nobody knows how far it had come.
          target: 'settling',
          actions: [
            { type: 'noteInterruption', params: ({ event }) => event },
            { type: 'cancel', params: ({ event }) => event },
          ],
        },
      },
    },
    backingOff: {
      description: 'The attempt failed in a way that may pass; waits until the next one is due.',
      tags: ['rest'],
      meta: { requirements: ['RT-1', 'RT-4'] },
      on: {
        'turn.granted': takingTurn,
        'repeat.unsafe': { target: 'inReview' },
        'handler.missing': { target: 'handlerMissing' },
        'retry.requested': retrying,
        'cancel.requested': cancelling,
        'expiry.due': expiring,
      },
    },
    conflicted: {
      description: 'The upstream holds another version (409 or 412); waits for a decision.',
      tags: ['rest'],
      meta: { requirements: ['RT-2', 'CF-6'] },
      on: {
        'retry.requested': retrying,
        'cancel.requested': cancelling,
        'expiry.due': expiring,
      },
    },
    inReview: {
      description:
        'It may or may not have been applied, and repeating it is not safe; waits for a person.',
      tags: ['rest'],
      meta: { requirements: ['RT-2', 'CF-6'] },
      on: {
        'retry.requested': approving,
        'cancel.requested': cancelling,
        'expiry.due': expiring,
      },
    },
    settling: {
      description: 'The ending is being written to disk, before anybody is told.',
      tags: ['settle'],
      meta: { requirements: ['OP-1', 'PS-2', 'SE-5'] },
      on: {
        'journal.committed': [
          { guard: { type: 'isCompleted' }, target: 'completed' },
          { guard: { type: 'isDeadLettered' }, target: 'deadLettered' },
          { guard: { type: 'isCancelled' }, target: 'cancelled' },
          { target: 'expired' },
        ],
      },
    },
    completed: {
      description: 'The upstream took it.',
      tags: ['report'],
      meta: { requirements: ['OP-1'] },
      type: 'final',
    },
    deadLettered,
    replayed,
    cancelled: {
      description: 'Cancelled by its caller; an attempt that was running was aborted.',
      tags: ['report'],
      meta: { requirements: ['OP-1', 'OP-5'] },
      type: 'final',
    },
    expired: {
      description: 'Its time was over before it was done.',
      tags: ['report'],
      meta: { requirements: ['OP-1', 'OP-5'] },
      type: 'final',
    },
    rejected: {
      description: 'It could not be made durable, so it was never accepted.',
      tags: ['forget'],
      meta: { requirements: ['OP-2'] },
      type: 'final',
    },
    duplicate: {
      description: 'An operation with the same idempotency key was there already.',
      tags: ['forget'],
      meta: { requirements: ['OP-8'] },
      type: 'final',
    },
  },
});

export type { SyncOperationState } from './syncOperationState.ts';
export type SyncOperationRef = ActorRefFrom<typeof syncOperationMachine>;
export type SyncOperationSnapshot = SnapshotFrom<typeof syncOperationMachine>;
