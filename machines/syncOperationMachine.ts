/**
 * One sync request, from acceptance to one of its endings (OP-1).
 *
 * State before effect (PS-2): what must not be lost is ordered in one state, made durable, and
 * performed in the next. The states tagged `barrier` wait for `journal.committed`; the states tagged
 * `resting` wait with nothing in flight and may live on disk only. What is on disk is always a
 * barrier or resting state: an attempt that was running comes back as `ordering`. The crisis path is
 * the one exception: its delivery starts at once and is written beside it (CR-4).
 *
 * Requirements: OP-1, OP-2, OP-4, OP-5, OP-7, RT-2, RT-4, PS-2, CR-2, CR-4.
 *
 * @module
 */

import {
  type ActorRefFrom,
  assign,
  type EventObject,
  fromCallback,
  type SnapshotFrom,
  setup,
} from 'xstate';
import type { Failure } from './policy/classifyFailure.ts';
import { CRASHES_IN_A_ROW_MAX } from './policy/crashPolicy.ts';
import type { Entity } from './vocabulary/entity.ts';
import type { ErrorCode } from './vocabulary/errors.ts';
import type { Priority, Tier } from './vocabulary/urgency.ts';

export interface SyncOperationInput {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly entity: Entity | null;
  readonly tier: Tier;
  readonly priority: Priority;
  /** What the upstream sees: the caller's key, or the operation's id. */
  readonly idempotencyKey: string;
  /** Digest of what a repeat with the same key must equal; `null` when the caller gave no key. */
  readonly fingerprint: string | null;
  readonly method: string | null;
  readonly path: string | null;
  readonly acceptedAtMs: number;
  readonly expiresAtMs: number | null;
  /** Attempts in all; `null` for as long as it takes (crisis). */
  readonly attemptsMax: number | null;
}

/** How an operation ended. */
export type Ending = 'completed' | 'deadLettered' | 'cancelled' | 'expired';

/** One line of an operation's history (AU-1). */
export interface HistoryEntry {
  readonly atMs: number;
  readonly what: 'failed' | 'crashed' | 'interrupted' | 'retryRequested';
  readonly attempt: number;
  readonly code: ErrorCode | null;
}

export interface SyncOperationContext extends SyncOperationInput {
  /** The attempt that is ordered or running, from 1; durable before it runs. */
  readonly attempt: number;
  /** True once that attempt has ended; the next order then takes the next number. */
  readonly isSpent: boolean;
  /** Crashes in a row that found it in flight; they spend no attempt (RT-4). */
  readonly crashes: number;
  /** True once an attempt may have been applied without an answer. */
  readonly isOutcomeUnknown: boolean;
  readonly firstAttemptAtMs: number | null;
  /** When it may be tried again. */
  readonly wakeAtMs: number;
  /** The last backoff, the base of the next one. */
  readonly delayMs: number | null;
  readonly failure: Failure | null;
  readonly ending: Ending | null;
  readonly settledAtMs: number | null;
  /** The newest {@link HISTORY_MAX} entries. */
  readonly history: readonly HistoryEntry[];
}

/** Whether an operation may begin once it is accepted, or what it must wait for. */
export type Turn = 'granted' | 'awaitsUpstream' | 'awaitsLane' | 'awaitsHandler';

export type SyncOperationEvent =
  /** What the barrier state ordered is durable. `turn` tells an accepted operation how it goes on. */
  | { readonly type: 'journal.committed'; readonly atMs: number; readonly turn?: Turn | undefined }
  | { readonly type: 'journal.failed' }
  | { readonly type: 'journal.duplicated' }
  /** A permit of the upstream is reserved for it. */
  | { readonly type: 'turn.granted'; readonly atMs: number }
  | { readonly type: 'lane.freed'; readonly atMs: number }
  | { readonly type: 'handler.missing'; readonly atMs: number }
  | { readonly type: 'handler.registered'; readonly atMs: number }
  | { readonly type: 'attempt.succeeded'; readonly atMs: number }
  | {
      readonly type: 'attempt.failed';
      readonly atMs: number;
      readonly failure: Failure;
      /** When the retry policy would try again. */
      readonly retryAtMs: number;
      /** Whether a repeat under the same key can be relied on to do nothing twice. */
      readonly isRepeatSafe: boolean;
    }
  /** The runtime is stopping; the attempt was aborted and spends nothing. */
  | { readonly type: 'attempt.interrupted'; readonly atMs: number }
  /** The process is about to end in good order. */
  | { readonly type: 'process.stopping' }
  /** The process that held it in hand is gone. */
  | { readonly type: 'process.restarted'; readonly atMs: number }
  | { readonly type: 'retry.requested'; readonly atMs: number }
  | { readonly type: 'cancel.requested'; readonly atMs: number }
  | { readonly type: 'expiry.due'; readonly atMs: number };

/** How many history entries are kept with the operation. */
export const HISTORY_MAX = 32;

const CRASHED: Failure = {
  code: 'HF_CRASHES_PROCESS',
  failureClass: 'permanent',
  message: 'The process died each time this operation was in flight, in the end alone.',
};

const operationSetup = setup({
  types: {
    input: {} as SyncOperationInput,
    context: {} as SyncOperationContext,
    events: {} as SyncOperationEvent,
    tags: {} as 'barrier' | 'resting' | 'settled',
    meta: {} as { readonly requirements: readonly string[] },
  },
  actors: {
    /** Performs one attempt through the handler. Given life in actors/; this default never answers. */
    attempt: fromCallback<EventObject, { readonly id: string }>(() => undefined),
  },
  guards: {
    isCrisis: ({ context }) => context.priority === 'crisis',
    isTurnGranted: (_, params: { turn: Turn | undefined }) => params.turn === 'granted',
    isLaneBusy: (_, params: { turn: Turn | undefined }) => params.turn === 'awaitsLane',
    isHandlerMissing: (_, params: { turn: Turn | undefined }) => params.turn === 'awaitsHandler',
    hasCrashedTooOften: ({ context }) =>
      context.priority !== 'crisis' && context.crashes >= CRASHES_IN_A_ROW_MAX,
    isConflict: (_, params: { failure: Failure }) => params.failure.failureClass === 'conflict',
    isPermanent: (_, params: { failure: Failure }) => params.failure.failureClass === 'permanent',
    isRepeatUnsafe: (_, params: { failure: Failure; isRepeatSafe: boolean }) =>
      params.failure.failureClass === 'unknownOutcome' && !params.isRepeatSafe,
    hasAttemptsLeft: ({ context }) =>
      context.attemptsMax === null || context.attempt < context.attemptsMax,
    isCompleted: ({ context }) => context.ending === 'completed',
    isDeadLettered: ({ context }) => context.ending === 'deadLettered',
    isCancelled: ({ context }) => context.ending === 'cancelled',
  },
  actions: {
    /** Takes the next attempt number, unless the one already ordered never ran. */
    orderAttempt: assign(({ context }, params: { atMs: number }) => ({
      attempt: context.isSpent ? context.attempt + 1 : context.attempt,
      isSpent: false,
      firstAttemptAtMs: context.firstAttemptAtMs ?? params.atMs,
    })),
    noteFailure: assign(
      ({ context }, params: { atMs: number; failure: Failure; retryAtMs: number }) => ({
        isSpent: true,
        crashes: 0,
        failure: params.failure,
        isOutcomeUnknown:
          context.isOutcomeUnknown || params.failure.failureClass === 'unknownOutcome',
        wakeAtMs: params.retryAtMs,
        delayMs: Math.max(0, params.retryAtMs - params.atMs),
        history: remember(context, 'failed', params.atMs, params.failure.code),
      }),
    ),
    noteSuccess: assign({ isSpent: true, crashes: 0, failure: null }),
    noteCrash: assign(({ context }, params: { atMs: number }) => ({
      crashes: context.crashes + 1,
      isOutcomeUnknown: true,
      wakeAtMs: params.atMs,
      history: remember(context, 'crashed', params.atMs, null),
    })),
    noteInterruption: assign(({ context }, params: { atMs: number }) => ({
      isOutcomeUnknown: true,
      wakeAtMs: params.atMs,
      history: remember(context, 'interrupted', params.atMs, null),
    })),
    noteRetryRequest: assign(({ context }, params: { atMs: number }) => ({
      wakeAtMs: params.atMs,
      history: remember(context, 'retryRequested', params.atMs, null),
    })),
    wakeNow: assign({ wakeAtMs: (_, params: { atMs: number }) => params.atMs }),
    end: assign((_, params: { ending: Ending; atMs: number }) => ({
      ending: params.ending,
      settledAtMs: params.atMs,
    })),
    endAsCrasher: assign((_, params: { atMs: number }) => ({
      ending: 'deadLettered' as const,
      settledAtMs: params.atMs,
      failure: CRASHED,
    })),
  },
});

function remember(
  context: SyncOperationContext,
  what: HistoryEntry['what'],
  atMs: number,
  code: ErrorCode | null,
): readonly HistoryEntry[] {
  return [
    ...context.history.slice(1 - HISTORY_MAX),
    { atMs, what, attempt: context.attempt, code },
  ];
}

const cancel = {
  target: '#syncOperation.settling',
  actions: [
    {
      type: 'end',
      params: ({ event }: { event: { atMs: number } }) => ({
        ending: 'cancelled' as const,
        atMs: event.atMs,
      }),
    },
  ],
} as const;

const expire = {
  target: '#syncOperation.settling',
  actions: [
    {
      type: 'end',
      params: ({ event }: { event: { atMs: number } }) => ({
        ending: 'expired' as const,
        atMs: event.atMs,
      }),
    },
  ],
} as const;

const atMs = ({ event }: { event: { atMs: number } }) => ({ atMs: event.atMs });

/** A restart found it in flight: it is suspect, and runs again apart from the others (DESIGN §5). */
const restarted = [
  {
    guard: { type: 'hasCrashedTooOften' },
    target: '#syncOperation.settling',
    actions: [{ type: 'endAsCrasher', params: atMs }],
  },
  { target: '#syncOperation.suspect', actions: [{ type: 'noteCrash', params: atMs }] },
] as const;

const turnGranted = [
  {
    guard: { type: 'isCrisis' },
    target: '#syncOperation.attempting',
    actions: [{ type: 'orderAttempt', params: atMs }],
  },
  {
    target: '#syncOperation.ordering',
    actions: [{ type: 'orderAttempt', params: atMs }],
  },
] as const;

const retryRequested = {
  target: '#syncOperation.waiting',
  actions: [{ type: 'noteRetryRequest', params: atMs }],
} as const;

export const syncOperationMachine = operationSetup.createMachine({
  id: 'syncOperation',
  version: '1',
  description: 'One sync request, from acceptance to one of its endings.',
  context: ({ input }) => ({
    ...input,
    attempt: 1,
    isSpent: false,
    crashes: 0,
    isOutcomeUnknown: false,
    firstAttemptAtMs: null,
    wakeAtMs: input.acceptedAtMs,
    delayMs: null,
    failure: null,
    ending: null,
    settledAtMs: null,
    history: [],
  }),
  initial: 'accepting',
  states: {
    accepting: {
      description:
        'The request and its first attempt number are being written to disk. A crisis does not wait for that.',
      tags: ['barrier'],
      meta: { requirements: ['OP-1', 'OP-2', 'PS-2', 'CR-4'] },
      always: {
        guard: { type: 'isCrisis' },
        target: 'attempting',
        actions: [
          { type: 'orderAttempt', params: ({ context }) => ({ atMs: context.acceptedAtMs }) },
        ],
      },
      on: {
        'journal.committed': [
          {
            guard: { type: 'isTurnGranted', params: ({ event }) => ({ turn: event.turn }) },
            target: 'attempting',
            actions: [{ type: 'orderAttempt', params: atMs }],
          },
          {
            guard: { type: 'isLaneBusy', params: ({ event }) => ({ turn: event.turn }) },
            target: 'inLane',
          },
          {
            guard: { type: 'isHandlerMissing', params: ({ event }) => ({ turn: event.turn }) },
            target: 'handlerMissing',
          },
          { target: 'waiting' },
        ],
        'journal.failed': { target: 'rejected' },
        'journal.duplicated': { target: 'duplicate' },
        'process.restarted': restarted,
        'lane.freed': { target: 'waiting', actions: [{ type: 'wakeNow', params: atMs }] },
        'turn.granted': turnGranted,
        'handler.missing': { target: 'handlerMissing' },
        'cancel.requested': cancel,
        'expiry.due': expire,
      },
    },
    inLane: {
      description: 'Waits until the operations accepted before it for the same entity have ended.',
      tags: ['resting'],
      meta: { requirements: ['OP-4', 'OP-6'] },
      on: {
        'lane.freed': { target: 'waiting', actions: [{ type: 'wakeNow', params: atMs }] },
        'handler.missing': { target: 'handlerMissing' },
        'cancel.requested': cancel,
        'expiry.due': expire,
      },
    },
    waiting: {
      description:
        'Ready, and waits for its turn at the upstream: a free place, a closed breaker, a level that admits it.',
      tags: ['resting'],
      meta: { requirements: ['OP-6', 'CB-1', 'DG-2', 'DG-3'] },
      on: {
        'turn.granted': turnGranted,
        'handler.missing': { target: 'handlerMissing' },
        'cancel.requested': cancel,
        'expiry.due': expire,
      },
    },
    handlerMissing: {
      description: 'No handler of its type is registered. Registering one frees it.',
      tags: ['resting'],
      meta: { requirements: ['OP-7'] },
      on: {
        'handler.registered': { target: 'waiting', actions: [{ type: 'wakeNow', params: atMs }] },
        'cancel.requested': cancel,
        'expiry.due': expire,
      },
    },
    suspect: {
      description:
        'It was in flight when the process died, so it may be what killed it. Runs again with few others, in the end alone.',
      meta: { requirements: ['RT-4', 'SV-3'] },
      on: {
        'turn.granted': turnGranted,
        'handler.missing': { target: 'handlerMissing' },
        'process.stopping': { target: 'waiting' },
        'cancel.requested': cancel,
        'expiry.due': expire,
      },
    },
    ordering: {
      description:
        'The number of the next attempt is being written to disk, before the attempt runs.',
      tags: ['barrier'],
      meta: { requirements: ['PS-2', 'RT-4'] },
      on: {
        'journal.committed': { target: 'attempting' },
        'process.restarted': restarted,
        'cancel.requested': cancel,
      },
    },
    attempting: {
      description: 'The handler performs one attempt against the upstream.',
      meta: { requirements: ['OP-3', 'RT-2', 'CR-2'] },
      invoke: { id: 'attempt', src: 'attempt', input: ({ context }) => ({ id: context.id }) },
      on: {
        'attempt.succeeded': {
          target: 'settling',
          actions: [
            { type: 'noteSuccess' },
            { type: 'end', params: ({ event }) => ({ ending: 'completed', atMs: event.atMs }) },
          ],
        },
        'attempt.failed': [
          {
            // A crisis is repeated whatever the upstream said, until it is through (CR-4).
            guard: { type: 'isCrisis' },
            target: 'backingOff',
            actions: [{ type: 'noteFailure', params: ({ event }) => event }],
          },
          {
            guard: { type: 'isConflict', params: ({ event }) => ({ failure: event.failure }) },
            target: 'conflicted',
            actions: [{ type: 'noteFailure', params: ({ event }) => event }],
          },
          {
            guard: { type: 'isPermanent', params: ({ event }) => ({ failure: event.failure }) },
            target: 'settling',
            actions: [
              { type: 'noteFailure', params: ({ event }) => event },
              {
                type: 'end',
                params: ({ event }) => ({ ending: 'deadLettered', atMs: event.atMs }),
              },
            ],
          },
          {
            guard: { type: 'isRepeatUnsafe', params: ({ event }) => event },
            target: 'inReview',
            actions: [{ type: 'noteFailure', params: ({ event }) => event }],
          },
          {
            guard: { type: 'hasAttemptsLeft' },
            target: 'backingOff',
            actions: [{ type: 'noteFailure', params: ({ event }) => event }],
          },
          {
            target: 'settling',
            actions: [
              { type: 'noteFailure', params: ({ event }) => event },
              {
                type: 'end',
                params: ({ event }) => ({ ending: 'deadLettered', atMs: event.atMs }),
              },
            ],
          },
        ],
        'handler.missing': { target: 'handlerMissing' },
        'attempt.interrupted': {
          target: 'waiting',
          actions: [{ type: 'noteInterruption', params: atMs }],
        },
        'cancel.requested': cancel,
      },
    },
    backingOff: {
      description: 'The attempt failed in a way that may pass; waits until the next one is due.',
      tags: ['resting'],
      meta: { requirements: ['RT-1', 'RT-4'] },
      on: {
        'turn.granted': turnGranted,
        'handler.missing': { target: 'handlerMissing' },
        'retry.requested': retryRequested,
        'cancel.requested': cancel,
        'expiry.due': expire,
      },
    },
    conflicted: {
      description: 'The upstream holds another version (409 or 412); waits for a decision.',
      tags: ['resting'],
      meta: { requirements: ['RT-2', 'CF-6'] },
      on: {
        'retry.requested': retryRequested,
        'cancel.requested': cancel,
        'expiry.due': expire,
      },
    },
    inReview: {
      description:
        'It may or may not have been applied, and repeating it is not safe; waits for a person.',
      tags: ['resting'],
      meta: { requirements: ['RT-2', 'CF-6'] },
      on: {
        'retry.requested': retryRequested,
        'cancel.requested': cancel,
        'expiry.due': expire,
      },
    },
    settling: {
      description: 'The ending is being written to disk, before anybody is told.',
      tags: ['barrier'],
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
      tags: ['settled'],
      meta: { requirements: ['OP-1'] },
      type: 'final',
    },
    deadLettered: {
      description: 'Given up: a permanent failure, no attempts left, or it kills the process.',
      tags: ['settled'],
      meta: { requirements: ['OP-1', 'OP-5', 'RT-4'] },
      type: 'final',
    },
    cancelled: {
      description: 'Cancelled by its caller; an attempt that was running was aborted.',
      tags: ['settled'],
      meta: { requirements: ['OP-1', 'OP-5'] },
      type: 'final',
    },
    expired: {
      description: 'Its time was over before it was done.',
      tags: ['settled'],
      meta: { requirements: ['OP-1', 'OP-5'] },
      type: 'final',
    },
    rejected: {
      description: 'It could not be made durable, so it was never accepted.',
      meta: { requirements: ['OP-2'] },
      type: 'final',
    },
    duplicate: {
      description: 'An operation with the same idempotency key was there already.',
      meta: { requirements: ['OP-8'] },
      type: 'final',
    },
  },
});

export type SyncOperationRef = ActorRefFrom<typeof syncOperationMachine>;
export type SyncOperationSnapshot = SnapshotFrom<typeof syncOperationMachine>;
export type SyncOperationState = SyncOperationSnapshot['value'];
