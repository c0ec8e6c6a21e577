/**
 * What the operation's chart is made of: its context, events, guards and actions, and the
 * transitions that several states share. The chart itself is in syncOperationMachine.ts.
 *
 * @module
 */

import { assign, type EventObject, fromCallback, setup } from 'xstate';
import { type Failure, mayBeApplied } from '../policy/retry/classifyFailure.ts';
import { CRASHED, isCulprit } from '../policy/retry/crashPolicy.ts';
import { singlesOut, spendsAttempt } from '../policy/retry/retryPolicy.ts';
import type { Entity } from '../vocabulary/entity.ts';
import type { Priority, Tier } from '../vocabulary/urgency.ts';
import type { StateTag } from './stateTag.ts';
import { type HistoryEntry, withEntry } from './syncOperationHistory.ts';

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

export interface SyncOperationContext extends SyncOperationInput {
  /** The attempt that is ordered or running, from 1; durable before it runs. */
  readonly attempt: number;
  /** True once that attempt is spent; the next order then takes the next number. */
  readonly isSpent: boolean;
  /** Failures that spent no attempt; absent while there was none. They count for the backoff (RT-1). */
  readonly unspentFailures?: number | undefined;
  /** True after a failure that singles it out, the next of which spends an attempt; absent else (RT-1). */
  readonly isSingledOut?: boolean | undefined;
  /** Crashes in a row that found it in flight; they spend no attempt (RT-4). */
  readonly crashes: number;
  /** True once an attempt may have been applied without an answer. */
  readonly isOutcomeUnknown: boolean;
  /** When the first attempt was ordered; `null` before, and while it is the one that was ordered at acceptance. */
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

/** How an attempt failed, and what the policies make of it. */
export interface FailureFacts {
  readonly startedAtMs: number;
  readonly atMs: number;
  readonly failure: Failure;
  /** When the retry policy would try again. */
  readonly retryAtMs: number;
  /** Whether a repeat under the same key can be relied on to do nothing twice. */
  readonly isRepeatSafe: boolean;
  /** Whether the upstream serves others: see `singlesOut`. */
  readonly isUpstreamWell: boolean;
}

export type SyncOperationEvent =
  /** What the barrier state ordered is durable. `turn` tells an accepted operation how it goes on. */
  | { readonly type: 'journal.committed'; readonly atMs: number; readonly turn?: Turn | undefined }
  | { readonly type: 'journal.failed' }
  | { readonly type: 'journal.duplicated' }
  /** A permit of the upstream is reserved for it. */
  | { readonly type: 'turn.granted'; readonly atMs: number }
  /** Its type goes to another upstream since it had its turn: it waits for that one. Nothing was spent. */
  | { readonly type: 'turn.revoked'; readonly atMs: number }
  | { readonly type: 'lane.freed'; readonly atMs: number }
  | { readonly type: 'handler.missing'; readonly atMs: number }
  | { readonly type: 'handler.registered'; readonly atMs: number }
  /** An attempt may have been applied, and doing it again is not known to do nothing twice. */
  | { readonly type: 'repeat.unsafe'; readonly atMs: number }
  | { readonly type: 'attempt.succeeded'; readonly atMs: number }
  | ({ readonly type: 'attempt.failed' } & FailureFacts)
  /** The runtime is stopping; the attempt was aborted and spends nothing. */
  | { readonly type: 'attempt.interrupted'; readonly atMs: number }
  /** The process is about to end in good order. */
  | { readonly type: 'process.stopping' }
  /** The process that held it in hand is gone. */
  | { readonly type: 'process.restarted'; readonly atMs: number }
  | { readonly type: 'retry.requested'; readonly atMs: number }
  | ({ readonly type: 'replay.requested' } & ReplayFacts)
  | { readonly type: 'cancel.requested'; readonly atMs: number }
  | { readonly type: 'expiry.due'; readonly atMs: number };

/** How a person wants a dead letter replayed. */
export interface ReplayFacts {
  readonly atMs: number;
  /** The new key of an edited request, which is another request to the upstream; `null` for the same one. */
  readonly idempotencyKey: string | null;
  /** The person knows that an attempt may have been applied, and wants it done all the same. */
  readonly isRepeatApproved: boolean;
}

/** Field by field, because this runs for every request and spreading so many fields is slow. */
export function newOperation(input: SyncOperationInput): SyncOperationContext {
  return {
    id: input.id,
    type: input.type,
    subject: input.subject,
    entity: input.entity,
    tier: input.tier,
    priority: input.priority,
    idempotencyKey: input.idempotencyKey,
    fingerprint: input.fingerprint,
    method: input.method,
    path: input.path,
    acceptedAtMs: input.acceptedAtMs,
    expiresAtMs: input.expiresAtMs,
    attemptsMax: input.attemptsMax,
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
  };
}

export const operationSetup = setup({
  types: {
    input: {} as SyncOperationInput,
    context: {} as SyncOperationContext,
    events: {} as SyncOperationEvent,
    tags: {} as StateTag,
    meta: {} as { readonly requirements: readonly string[] },
  },
  actors: {
    /** Performs one attempt through the handler. Given life in actors/; this default never answers. */
    attempt: fromCallback<EventObject, { readonly id: string }>(() => undefined),
  },
  guards: {
    isCrisis: ({ context }) => context.priority === 'crisis',
    isTurnGranted: (_, params: { turn?: Turn | undefined }) => params.turn === 'granted',
    isLaneBusy: (_, params: { turn?: Turn | undefined }) => params.turn === 'awaitsLane',
    isHandlerMissing: (_, params: { turn?: Turn | undefined }) => params.turn === 'awaitsHandler',
    hasCrashedTooOften: ({ context }) =>
      context.priority !== 'crisis' && isCulprit(context.crashes, true),
    isConflict: (_, { failure }: FailureFacts) => failure.failureClass === 'conflict',
    isPermanent: (_, { failure }: FailureFacts) => failure.failureClass === 'permanent',
    isRepeatUnsafe: (_, { failure, isRepeatSafe }: FailureFacts) =>
      mayBeApplied(failure) && !isRepeatSafe,
    hasAttemptsLeft: ({ context }, { failure, isUpstreamWell }: FailureFacts) =>
      context.attemptsMax === null ||
      context.attempt < context.attemptsMax ||
      !spendsAttempt(failure, isUpstreamWell, context.isSingledOut === true),
    /** A new key does not protect from what the old one may have done. */
    canReplay: ({ context }, { atMs, idempotencyKey, isRepeatApproved }: ReplayFacts) =>
      (context.expiresAtMs === null || context.expiresAtMs > atMs) &&
      (idempotencyKey === null || !context.isOutcomeUnknown || isRepeatApproved),
    /** A crisis never does (CR-4). */
    hasExpired: ({ context: { priority, expiresAtMs } }, { atMs }: { atMs: number }) =>
      priority !== 'crisis' && expiresAtMs !== null && atMs >= expiresAtMs,
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
    noteFailure: assign(({ context }, facts: FailureFacts) => {
      const { startedAtMs, atMs, failure, retryAtMs, isUpstreamWell } = facts;
      // A crisis has as many attempts as it takes; their number alone sets its pace.
      const wasSingledOut = context.isSingledOut === true;
      const isSpent =
        context.priority === 'crisis' || spendsAttempt(failure, isUpstreamWell, wasSingledOut);
      return {
        ...remembering(context, 'failed', atMs, { startedAtMs, ...failure }),
        ...(isSpent ? {} : { unspentFailures: (context.unspentFailures ?? 0) + 1 }),
        isSpent,
        isSingledOut: singlesOut(failure, isUpstreamWell) || undefined,
        crashes: 0,
        failure,
        isOutcomeUnknown: context.isOutcomeUnknown || mayBeApplied(failure),
        wakeAtMs: retryAtMs,
        delayMs: Math.max(0, retryAtMs - atMs),
      };
    }),
    noteCrash: assign(({ context }, { atMs }: { atMs: number }) => ({
      ...remembering(context, 'crashed', atMs),
      crashes: context.crashes + 1,
      isOutcomeUnknown: true,
      wakeAtMs: atMs,
    })),
    noteInterruption: assign(({ context }, { atMs }: { atMs: number }) => ({
      ...remembering(context, 'interrupted', atMs),
      isOutcomeUnknown: true,
      wakeAtMs: atMs,
    })),
    noteRetryRequest: assign(({ context }, { atMs }: { atMs: number }) => ({
      ...remembering(context, 'retryRequested', atMs),
      wakeAtMs: atMs,
    })),
    /** As newly accepted, but for its history and for what its earlier attempts may have done. */
    beginAfresh: assign(({ context }, { atMs, idempotencyKey, isRepeatApproved }: ReplayFacts) => {
      const isOutcomeUnknown = context.isOutcomeUnknown && !isRepeatApproved;
      const what = idempotencyKey === null ? 'replayRequested' : 'editedReplayRequested';
      return {
        history: withEntry(context.history, { atMs, what, attempt: context.attempt, code: null }),
        idempotencyKey: idempotencyKey ?? context.idempotencyKey,
        attempt: 1,
        isSpent: false,
        unspentFailures: undefined,
        isSingledOut: undefined,
        crashes: 0,
        isOutcomeUnknown,
        // Where nothing can have been applied, the upstream's memory of the key counts from now on.
        firstAttemptAtMs: isOutcomeUnknown ? context.firstAttemptAtMs : null,
        wakeAtMs: atMs,
        delayMs: null,
        failure: null,
        ending: null,
        settledAtMs: null,
      };
    }),
    approveRepeat: assign({ isOutcomeUnknown: false }),
    wakeNow: assign({ wakeAtMs: (_, params: { atMs: number }) => params.atMs }),
    /** One action for all that a success changes: it is the way most operations end. */
    complete: assign((_, params: { atMs: number }) => ({
      isSpent: true,
      crashes: 0,
      failure: null,
      ending: 'completed' as const,
      settledAtMs: params.atMs,
    })),
    deadLetter: assign((_, params: { atMs: number }) => ({
      ending: 'deadLettered' as const,
      settledAtMs: params.atMs,
    })),
    deadLetterAsCrasher: assign((_, params: { atMs: number }) => ({
      ending: 'deadLettered' as const,
      settledAtMs: params.atMs,
      failure: CRASHED,
    })),
    cancel: assign((_, params: { atMs: number }) => ({
      ending: 'cancelled' as const,
      settledAtMs: params.atMs,
    })),
    expire: assign((_, params: { atMs: number }) => ({
      ending: 'expired' as const,
      settledAtMs: params.atMs,
    })),
  },
});

/**
 * One more line of history. What happened to an attempt also shows that there was one: where none
 * was ordered since, it is the one that was ordered at acceptance.
 */
function remembering(
  context: SyncOperationContext,
  what: HistoryEntry['what'],
  atMs: number,
  failed?: Failure & { readonly startedAtMs: number },
): Pick<SyncOperationContext, 'history' | 'firstAttemptAtMs'> {
  const entry = { atMs, what, attempt: context.attempt, code: failed?.code ?? null };
  return {
    history: withEntry(
      context.history,
      failed === undefined
        ? entry
        : {
            ...entry,
            startedAtMs: failed.startedAtMs,
            failureClass: failed.failureClass,
            ...(failed.exception === undefined ? {} : { exception: failed.exception }),
          },
    ),
    firstAttemptAtMs: context.firstAttemptAtMs ?? context.acceptedAtMs,
  };
}

/** The event itself, for actions that read nothing but its facts. */
const facts = ({ event }: { event: { atMs: number } }): { atMs: number } => event;

/** The caller takes it back. */
export const cancelling = {
  target: '#syncOperation.settling',
  actions: [{ type: 'cancel', params: facts }],
} as const;

/** The instant after which the caller does not want it done any more. */
export const expiring = {
  target: '#syncOperation.settling',
  actions: [{ type: 'expire', params: facts }],
} as const;

/** What was ordered is durable too late: nothing begins after its expiry. */
export const expiringMeanwhile = {
  guard: { type: 'hasExpired', params: facts },
  ...expiring,
} as const;

/** What it waited for is there; it stands in line for the upstream from now on. */
export const becomingReady = {
  target: '#syncOperation.waiting',
  actions: [{ type: 'wakeNow', params: facts }],
} as const;

/** A person wants it tried again. */
export const retrying = {
  target: '#syncOperation.waiting',
  actions: [{ type: 'noteRetryRequest', params: facts }],
} as const;

/** A person has decided that it may be done again, whatever became of it before. */
export const approving = {
  target: '#syncOperation.waiting',
  actions: [{ type: 'noteRetryRequest', params: facts }, { type: 'approveRepeat' }],
} as const;

/** Its turn: the attempt is made durable first. */
export const beingOrdered = {
  target: '#syncOperation.ordering',
  actions: [{ type: 'orderAttempt', params: facts }],
} as const;

/** Its turn: a crisis does not wait for the disk (CR-4), everything else does. */
export const takingTurn = [
  {
    guard: { type: 'isCrisis' },
    target: '#syncOperation.attempting',
    actions: [{ type: 'orderAttempt', params: facts }],
  },
  beingOrdered,
] as const;

/** A restart found it in flight: it is suspect, and runs again apart from the others (docs/decisions/0014). */
export const comingUnderSuspicion = {
  target: '#syncOperation.suspect',
  actions: [{ type: 'noteCrash', params: facts }],
} as const;
