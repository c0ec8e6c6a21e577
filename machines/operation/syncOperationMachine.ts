/**
 * One sync request, from acceptance to one of its endings (OP-1).
 *
 * State before effect (PS-2): what must not be lost is ordered in one state, made durable, and
 * performed in the next. Each state has one tag, which says what it asks of an engine (stateTag.ts): the
 * states tagged `accept`, `order` and `settle` wait for `journal.committed`; those tagged `rest` wait with
 * nothing in flight and may live on disk only. What is on disk is always one of these: an attempt that
 * was running comes back as `ordering`. A crisis is on a chart of its own (machines/crisis).
 *
 * What the chart is made of is in syncOperationSetup.ts; the states of an attempt are in
 * syncOperationAttempt.ts, those of edits and conflicts in syncOperationConflict.ts, the way back from the dead letters in syncOperationReplay.ts.
 *
 * Requirements: OP-1, OP-2, OP-3, OP-4, OP-5, OP-7, OP-13, RT-2, RT-4, PS-2, CF-6, CF-8.
 *
 * @module
 */

import type { SnapshotFrom } from 'xstate';
import { valueOfNames } from '../vocabulary/innermost.ts';
import { attempting, cancelling, ordering, overhanging } from './syncOperationAttempt.ts';
import { comparing, conflicted } from './syncOperationConflict.ts';
import { newOperation, type SyncOperationContext } from './syncOperationContext.ts';
import { deadLettered, replayed } from './syncOperationReplay.ts';
import { operationSetup } from './syncOperationSetup.ts';
import { type SyncOperationState } from './syncOperationState.ts';
import {
  approving,
  becomingReady,
  beingCancelled,
  beingCompared,
  completing,
  endingWithItsFunction,
  expiring,
  expiringMeanwhile,
  failing,
  givingUp,
  goingToReview,
  keepingItsRate,
  missingHandler,
  retrying,
  runningOut,
  takingBack,
  takingTurn,
  waitingForStart,
} from './syncOperationTransitions.ts';

export type { HistoryEntry } from '../policy/retry/failureRuns.ts';
export {
  type Ending,
  newOperation,
  type SyncOperationContext,
  type SyncOperationInput,
} from './syncOperationContext.ts';
export type { ReplayFacts, SyncOperationEvent, Turn } from './syncOperationEvents.ts';

export const syncOperationMachine = operationSetup.createMachine({
  id: 'syncOperation',
  version: '1',
  description: 'One sync request, from acceptance to one of its endings.',
  context: ({ input }) => newOperation(input),
  meta: {
    requirements: ['OP-1'],
    usualPath: [
      'accepting',
      'journal.committed',
      'attempting',
      'attempt.succeeded',
      'settling',
      'journal.committed',
      'completed',
    ],
  },
  initial: 'pending',
  states: {
    pending: {
      description:
        'It is not over, and no handler is at work on it: its caller may take it back, and its time may be over.',
      meta: { requirements: ['OP-5'] },
      initial: 'accepting',
      on: {
        'cancel.requested': takingBack,
        'expiry.due': expiring,
      },
      states: {
        accepting: {
          description:
            'The request and its first attempt number are being written to disk, as what it will be then: no row is kept in this state.',
          tags: ['accept'],
          meta: {
            requirements: ['OP-1', 'OP-2', 'PS-2'],
            lasts: 'As long as the disk takes. Where that hangs, its caller is told.',
          },
          on: {
            'journal.committed': [
              expiringMeanwhile,
              beingCompared,
              {
                guard: { type: 'isTurnGranted', params: ({ event }) => event },
                target: '#syncOperation.underWay.attempting',
              },
              {
                guard: { type: 'isLaneBusy', params: ({ event }) => event },
                target: '#syncOperation.pending.inLane',
              },
              {
                guard: { type: 'isHandlerMissing', params: ({ event }) => event },
                target: 'handlerMissing',
              },
              {
                guard: { type: 'isToStartLater', params: ({ event }) => event },
                target: 'scheduled',
              },
              { target: '#syncOperation.pending.queued.waiting' },
            ],
            'journal.failed': { target: '#syncOperation.rejected' },
            'journal.duplicated': { target: '#syncOperation.duplicate' },
          },
        },
        scheduled: {
          description:
            'Waits for the instant from which it may begin, by the wall clock, and holds its lane meanwhile. A person may let it begin at once.',
          tags: ['rest'],
          meta: {
            requirements: ['OP-13', 'OP-4'],
            lasts: 'Until the instant that its caller has given; until it expires or is cancelled.',
          },
          on: {
            'start.due': becomingReady,
            'retry.requested': retrying,
          },
        },
        handlerMissing: {
          description:
            'No handler of its type is registered. Registering one frees it. One that was to end with its function is given up at once.',
          tags: ['rest'],
          meta: {
            requirements: ['OP-7'],
            lasts:
              'Until the app registers a handler of its type; until it expires or is cancelled.',
          },
          always: endingWithItsFunction,
          on: {
            'handler.registered': [waitingForStart, becomingReady],
          },
        },
        inLane: {
          description:
            'Waits until the operations accepted before it for the same entity have ended.',
          tags: ['rest'],
          meta: {
            requirements: ['OP-4', 'OP-6'],
            lasts: 'Until those before it have ended; until it expires or is cancelled.',
          },
          on: {
            'lane.freed': [waitingForStart, becomingReady],
            'handler.missing': missingHandler,
          },
        },
        queued: {
          description:
            'Nothing is in its way but its turn at the upstream. At its turn it is judged first: whether its rate is used up, whether a repeat is safe, and whether what its attempts have come to gives it up.',
          meta: { requirements: ['OP-4', 'OP-5', 'OP-6', 'RT-1', 'RT-2', 'PF-5'] },
          initial: 'waiting',
          on: {
            'turn.granted': takingTurn,
            'rate.limited': keepingItsRate,
            'repeat.unsafe': goingToReview,
            'attempts.exhausted': runningOut,
            'giveup.due': givingUp,
            'handler.missing': missingHandler,
          },
          states: {
            waiting: {
              description:
                'Ready, and waits for its turn at the upstream: a free slot, a closed breaker, a level that admits it.',
              tags: ['rest'],
              meta: {
                requirements: ['OP-6', 'CB-1', 'DG-2', 'DG-3'],
                lasts:
                  'Until its turn, which each has, whatever else arrives; until it expires or is cancelled.',
              },
            },
            suspect: {
              description:
                'It was in flight when the process died, so it may be what killed it. Runs again with few others, in the end alone.',
              tags: ['standBy'],
              meta: {
                requirements: ['RT-4', 'SV-3'],
                lasts:
                  'Until it has its turn apart from the others, after a pause of 5 s at most; until it expires or is cancelled.',
              },
              on: {
                'process.stopping': { target: 'waiting' },
              },
            },
            backingOff: {
              description:
                'The attempt failed in a way that may pass; waits until the next one is due. At its turn it is judged whether that failure spent an attempt.',
              tags: ['rest'],
              meta: {
                requirements: ['RT-1', 'RT-4', 'OP-5'],
                lasts:
                  'Until the next attempt is due: the waits grow up to the cap of its policy. After 72 h with its upstream up, unless set otherwise, it is given up.',
              },
              on: {
                'retry.requested': retrying,
              },
            },
            rateLimited: {
              description:
                'The rate of its subject or its tier is used up (PF-5); waits until its token is due. Nothing is spent.',
              tags: ['rest'],
              meta: {
                requirements: ['PF-5', 'OP-6'],
                lasts:
                  'Until a token is due, which it has reserved; until it expires or is cancelled.',
              },
            },
            replayed,
          },
        },
        comparing,
        ordering,
        conflicted,
        inReview: {
          description:
            'It may or may not have been applied, and repeating it is not safe; waits for a person.',
          tags: ['rest'],
          meta: {
            requirements: ['RT-2', 'CF-6'],
            lasts: 'Until a person decides; until it expires or is cancelled.',
          },
          on: {
            'retry.requested': approving,
          },
        },
      },
    },
    underWay: {
      description: 'Its handler was called, and has not returned. What it has done counts.',
      meta: { requirements: ['OP-3', 'OP-4', 'RT-1'] },
      initial: 'attempting',
      on: {
        'attempt.succeeded': completing,
        'attempt.failed': failing,
        'cancel.requested': beingCancelled,
      },
      states: { attempting, overhanging, cancelling },
    },
    settling: {
      description: 'The ending is being written to disk, before anybody is told.',
      tags: ['settle'],
      meta: { requirements: ['OP-1', 'PS-2', 'SE-5'], lasts: 'As long as the disk takes.' },
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
export type SyncOperationSnapshot = SnapshotFrom<typeof syncOperationMachine>;

/** An operation in a state, which is in its parents too. */
export function operationAt(
  state: SyncOperationState,
  context: SyncOperationContext,
  machine = syncOperationMachine,
): SyncOperationSnapshot {
  const value = valueOfNames(machine, state) as SyncOperationSnapshot['value'];
  return machine.resolveState({ value, context });
}
