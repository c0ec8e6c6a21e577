/**
 * What the operation's chart is made of: its guards and actions. What it knows is in
 * syncOperationContext.ts, what it is told in syncOperationEvents.ts, the transitions that several states
 * share in syncOperationTransitions.ts. The chart itself is in syncOperationMachine.ts.
 *
 * @module
 */

import { assign, type EventObject, fromCallback, setup } from 'xstate';
import { isAtWorkTooLong, workMark } from '../policy/retry/atWork.ts';
import { type Failure, mayBeApplied } from '../policy/retry/classifyFailure.ts';
import { CRASHED, crashesAfter, isCulprit } from '../policy/retry/crashPolicy.ts';
import { mayBeFirstOfOutage } from '../policy/retry/excuse.ts';
import { FUNCTION_GONE } from '../policy/retry/functionGone.ts';
import { givenUp, isGivenUp, upMark } from '../policy/retry/giveUp.ts';
import { type HistoryEntry, withEntry } from '../policy/retry/history.ts';
import { singlesOut, spendsAttempt } from '../policy/retry/retryPolicy.ts';
import type { StateTag } from './stateTag.ts';
import type { SyncOperationContext, SyncOperationInput } from './syncOperationContext.ts';
import type {
  FailureFacts,
  MergeFacts,
  ReplayFacts,
  SyncOperationEvent,
  Turn,
} from './syncOperationEvents.ts';

type TurnFacts = Extract<SyncOperationEvent, { type: 'turn.granted' }>;
type RateFacts = Extract<SyncOperationEvent, { type: 'rate.limited' }>;
type PendingFacts = Extract<SyncOperationEvent, { type: 'conflict.pending' }>;
type RefusalFacts = Extract<SyncOperationEvent, { type: 'conflict.refused' }>;
type CrashFacts = Extract<SyncOperationEvent, { type: 'process.restarted' }>;

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
    isTurnGranted: (_, params: { turn?: Turn | undefined }) => params.turn === 'granted',
    isLaneBusy: (_, params: { turn?: Turn | undefined }) => params.turn === 'awaitsLane',
    isHandlerMissing: (_, params: { turn?: Turn | undefined }) => params.turn === 'awaitsHandler',
    isToStartLater: (_, params: { turn?: Turn | undefined }) => params.turn === 'awaitsStart',
    isBeforeStart: ({ context: { startAtMs } }, { atMs }: { atMs: number }) =>
      startAtMs !== undefined && atMs < startAtMs,
    /** One that became an edit after an attempt was ordered goes on as it began: its body may be applied (OP-3). */
    isToBeCompared: ({ context }, { isEdit = context.isEdit }: TurnFacts) =>
      isEdit === true &&
      context.isCompared !== true &&
      (context.isEdit === true || isUnsent(context)),
    isGrantedUncompared: ({ context }, params: { turn?: Turn | undefined }) =>
      params.turn === 'granted' && isUncompared(context),
    isEdit: ({ context }) => context.isEdit === true,
    /** A body that may have been applied is not replaced by another (OP-3), and no key serves two bodies. */
    canBeRebased: ({ context }, { round, isOutcomeKnown }: MergeFacts) =>
      context.isEdit === true &&
      round > (context.round ?? 0) &&
      (!context.isOutcomeUnknown || isOutcomeKnown === true),
    hasCrashedTooOften: ({ context }, { wasAlone }: { wasAlone: boolean }) =>
      isCulprit(context.crashes, wasAlone),
    isConflict: (_, { failure }: FailureFacts) => failure.failureClass === 'conflict',
    isPermanent: (_, { failure }: FailureFacts) => failure.failureClass === 'permanent',
    isRepeatUnsafe: (_, { failure, isRepeatSafe }: FailureFacts) =>
      mayBeApplied(failure) && !isRepeatSafe,
    isGivenUp: ({ context }, { up, giveUpAfterMs }: FailureFacts) =>
      up !== undefined && isGivenUp(context.upMark, up, giveUpAfterMs),
    hasAttemptsLeft: ({ context }, facts: FailureFacts) => hasAttemptsLeft(context, facts),
    /** What was taken for an upstream at work is a conflict after all (RT-2). */
    isConflictAfterAll: ({ context }, facts: FailureFacts) =>
      isAtWorkTooLong(context.workMark, facts.failure, facts.up) ||
      (facts.failure.conflictIs === 'possible' && !hasAttemptsLeft(context, facts)),
    hasMetConflict: ({ context }) => context.failure?.conflictIs !== undefined,
    /** A new key does not protect from what the old one may have done. */
    canReplay: ({ context }, { atMs, idempotencyKey, isRepeatApproved }: ReplayFacts) =>
      (context.expiresAtMs === null || context.expiresAtMs > atMs) &&
      (idempotencyKey === null || !context.isOutcomeUnknown || isRepeatApproved),
    hasExpired: ({ context: { expiresAtMs } }, { atMs }: { atMs: number }) =>
      expiresAtMs !== null && atMs >= expiresAtMs,
    isBoundToProcess: ({ context }) => context.isBoundToProcess === true,
    isCompleted: ({ context }) => context.ending === 'completed',
    isDeadLettered: ({ context }) => context.ending === 'deadLettered',
    isCancelled: ({ context }) => context.ending === 'cancelled',
  },
  actions: {
    /** Takes the next attempt number, unless the one before it never ran, or failed for an outage. */
    orderAttempt: assign(({ context }, facts: TurnFacts) => ({
      ...turnTaken(context, facts),
      firstAttemptAtMs: context.firstAttemptAtMs ?? facts.atMs,
      // An edit whose handler merges nothing now goes out as it is, and stays so under its key (OP-3).
      ...(isUncompared(context) ? { isCompared: true } : {}),
    })),
    /** The same, of an edit that is compared first: no attempt under its key is ordered yet. */
    takeTurn: assign(({ context }, facts: TurnFacts) => ({
      ...turnTaken(context, facts),
      ...(context.isEdit === true ? {} : { isEdit: true }),
    })),
    /** Its body is decided, and is kept with the order that follows. */
    noteCompared: assign(({ context }, { atMs }: { atMs: number }) => ({
      isCompared: true,
      firstAttemptAtMs: context.firstAttemptAtMs ?? atMs,
    })),
    /** A new body, under a key of its own: of what became of the one before, nothing counts but its history. */
    noteMerged: assign(({ context }, { atMs, round }: MergeFacts) => ({
      ...remembering(context, 'merged', atMs),
      ...beginningToWait(context, atMs),
      isCompared: true,
      round,
      isSpent: false,
      firstAttemptAtMs: null,
      isOutcomeUnknown: false,
      crashes: 0,
      failure: null,
    })),
    notePending: assign(({ context }, { atMs, retryAtMs }: PendingFacts) => ({
      isSpent: false,
      unspentFailures: (context.unspentFailures ?? 0) + 1,
      sinceAtMs: atMs,
      wakeAtMs: retryAtMs,
      delayMs: Math.max(0, retryAtMs - atMs),
    })),
    noteRefusal: assign(({ context }, { atMs, failure }: RefusalFacts) => ({
      ...remembering(context, 'failed', atMs, { startedAtMs: atMs, ...failure }),
      failure,
    })),
    noteFailure: assign(({ context }, facts: FailureFacts) => {
      const { startedAtMs, atMs, failure, retryAtMs, isUpstreamWell, up } = facts;
      // What becomes of an edit that meets another version is bounded by its rounds.
      const isMerged = context.isEdit === true && failure.failureClass === 'conflict';
      const isSpent =
        !isMerged && spendsAttempt(failure, isUpstreamWell, context.isSingledOut === true);
      const isJudgedLater = isSpent && mayPass(failure);
      return {
        ...remembering(context, 'failed', atMs, { startedAtMs, ...failure }),
        ...(isSpent || isMerged ? {} : { unspentFailures: (context.unspentFailures ?? 0) + 1 }),
        ...(up === undefined ? {} : { upMark: upMark(context.upMark, up) }),
        ...atWork(context, failure, up),
        failedAtMs: isJudgedLater ? facts.steadyAtMs : undefined,
        sinceAtMs: atMs,
        isSpent,
        isSingledOut: singlesOut(failure, isUpstreamWell) || undefined,
        crashes: 0,
        failure,
        isOutcomeUnknown: context.isOutcomeUnknown || mayBeApplied(failure),
        wakeAtMs: retryAtMs,
        delayMs: Math.max(0, retryAtMs - atMs),
      };
    }),
    /** Nothing more will come of trying again: it is what it said. */
    noteConflict: assign(({ context: { failure } }, { atMs }: { atMs: number }) => ({
      failure: failure && { ...failure, failureClass: 'conflict' as const },
      failedAtMs: undefined,
      sinceAtMs: atMs,
    })),
    noteCrash: assign(({ context }, { atMs, wasAlone }: CrashFacts) => ({
      ...remembering(context, 'crashed', atMs),
      crashes: crashesAfter(context.crashes, wasAlone),
      isOutcomeUnknown: true,
      wakeAtMs: atMs,
      sinceAtMs: atMs,
    })),
    noteInterruption: assign(({ context }, { atMs }: { atMs: number }) => ({
      ...remembering(context, 'interrupted', atMs),
      isOutcomeUnknown: true,
      wakeAtMs: atMs,
      sinceAtMs: atMs,
    })),
    noteRetryRequest: assign(({ context }, { atMs }: { atMs: number }) => ({
      // No attempt shows by it: it may have waited for its start, or for what its record is.
      history: remembering(context, 'retryRequested', atMs).history,
      ...beginningToWait(context, atMs),
      // A person wants another attempt, whatever became of the last one.
      failedAtMs: undefined,
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
        failedAtMs: undefined,
        upMark: undefined,
        workMark: undefined,
        rate: undefined,
        sinceAtMs: atMs,
        crashes: 0,
        isOutcomeUnknown,
        // Where nothing can have been applied, the upstream's memory of the key counts from now on.
        firstAttemptAtMs: isOutcomeUnknown ? context.firstAttemptAtMs : null,
        wakeAtMs: atMs,
        delayMs: null,
        failure: null,
        ending: null,
        settledAtMs: null,
        ...(context.isEdit === true && idempotencyKey !== null
          ? { isCompared: undefined, round: undefined, roundsKey: idempotencyKey }
          : undefined),
        // Somebody wants it done, by whichever handler there will be.
        ...(context.isBoundToProcess === true ? { isBoundToProcess: undefined } : undefined),
        ...(context.startAtMs === undefined ? undefined : { startAtMs: undefined }),
      };
    }),
    approveRepeat: assign({ isOutcomeUnknown: false }),
    wakeNow: assign(({ context }, { atMs }: { atMs: number }) => beginningToWait(context, atMs)),
    /** It waits for something else from now on, or in another way. */
    noteWait: assign({ sinceAtMs: (_, params: { atMs: number }) => params.atMs }),
    noteRate: assign((_, { atMs, retryAtMs, reservation }: RateFacts) => ({
      rate: reservation,
      wakeAtMs: retryAtMs,
      sinceAtMs: atMs,
    })),
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
    giveUp: assign(({ context }, params: { atMs: number }) => ({
      ending: 'deadLettered' as const,
      settledAtMs: params.atMs,
      failure: givenUp(context.failure),
    })),
    deadLetterAsCrasher: assign((_, params: { atMs: number }) => ({
      ending: 'deadLettered' as const,
      settledAtMs: params.atMs,
      failure: CRASHED,
    })),
    giveUpWithProcess: assign((_, params: { atMs: number }) => ({
      ending: 'deadLettered' as const,
      settledAtMs: params.atMs,
      failure: FUNCTION_GONE,
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

/** Whether nothing can have gone out under its present key: a plain replay brings back one that was sent. */
function isUnsent({ firstAttemptAtMs, history }: SyncOperationContext): boolean {
  const last = history.at(-1);
  const isNew = last === undefined || last.what === 'editedReplayRequested';
  return firstAttemptAtMs === null && isNew;
}

function isUncompared({ isEdit, isCompared }: SyncOperationContext): boolean {
  return isEdit === true && isCompared !== true;
}

/** It has its turn: it takes the next attempt number, unless the one before never ran, or failed for an outage. */
function turnTaken(
  { attempt, isSpent, unspentFailures = 0, failedAtMs, rate }: SyncOperationContext,
  { wasOutage }: TurnFacts,
): Partial<SyncOperationContext> {
  const isExcused = isSpent && wasOutage === true;
  return {
    attempt: isSpent && !isExcused ? attempt + 1 : attempt,
    isSpent: false,
    ...(isExcused ? { unspentFailures: unspentFailures + 1 } : {}),
    ...(failedAtMs === undefined ? {} : { failedAtMs: undefined }),
    ...(rate === undefined ? {} : { rate: undefined }),
  };
}

/** Whether another attempt could fare otherwise, and an outage may be to blame. */
function mayPass({ failureClass }: Failure): boolean {
  return failureClass === 'transient' || failureClass === 'unknownOutcome';
}

/** Where it may lie in an outage, as far as is known now, it has one more turn, at which it is judged. */
function hasAttemptsLeft(
  { attempt, attemptsMax, isSingledOut }: SyncOperationContext,
  { failure, isUpstreamWell, isDoubted }: FailureFacts,
): boolean {
  return (
    isDoubted ||
    mayBeFirstOfOutage(failure) ||
    attemptsMax === null ||
    attempt < attemptsMax ||
    !spendsAttempt(failure, isUpstreamWell, isSingledOut === true)
  );
}

/** Since when its upstream may be at work on an attempt in doubt; most failures tell nothing of that. */
function atWork(
  context: SyncOperationContext,
  failure: Failure,
  up: FailureFacts['up'],
): Pick<SyncOperationContext, 'workMark'> {
  const mark = workMark(context.workMark, failure, up);
  return mark === context.workMark ? {} : { workMark: mark };
}

/** What it waited for is there. Its time until it is given up does not count that, and begins anew. */
function beginningToWait(
  { upMark: mark, workMark: atWorkMark, startAtMs }: SyncOperationContext,
  atMs: number,
): Partial<SyncOperationContext> {
  return {
    wakeAtMs: atMs,
    sinceAtMs: atMs,
    ...(mark === undefined ? {} : { upMark: undefined }),
    ...(atWorkMark === undefined ? {} : { workMark: undefined }),
    ...(startAtMs === undefined ? {} : { startAtMs: undefined }),
  };
}

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
