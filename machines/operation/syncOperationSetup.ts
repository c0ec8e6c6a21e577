/**
 * What the operation's chart is made of: its guards and actions. What it knows is in
 * syncOperationContext.ts, what it is told in syncOperationEvents.ts, the transitions that several states
 * share in syncOperationTransitions.ts. The chart itself is in syncOperationMachine.ts.
 *
 * @module
 */

import { assign, type EventObject, fromCallback, setup } from 'xstate';
import { type Failure, FUNCTION_GONE, mayBeApplied } from '../policy/retry/classifyFailure.ts';
import {
  CRASHED,
  crashesAfter,
  isAtWorkTooLong,
  isCulprit,
  mayBeAtWork,
  workMark,
} from '../policy/retry/crashPolicy.ts';
import { type HistoryEntry, mayBeFirstOfOutage, withEntry } from '../policy/retry/failureRuns.ts';
import {
  givenUp,
  isGivenUp,
  singlesOut,
  spendsAttempt,
  upMark,
} from '../policy/retry/retryPolicy.ts';
import type { StateMeta } from '../vocabulary/stateMeta.ts';
import type { StateTag } from './stateTag.ts';
import type { SyncOperationContext, SyncOperationInput } from './syncOperationContext.ts';
import type {
  FailureFacts,
  MergeFacts,
  ReplayFacts,
  SyncOperationEvent,
  Turn,
  TurnFacts,
} from './syncOperationEvents.ts';

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
    meta: {} as StateMeta,
  },
  // Given life in actors/. What stands here never answers.
  actors: {
    /** Performs one attempt through the handler. */
    attempt: fromCallback<EventObject, { readonly id: string }>(() => undefined),
  },
  guards: {
    /** The operation may begin at once. */
    isTurnGranted: (_, params: { turn?: Turn | undefined }) => params.turn === 'granted',
    /** An operation that was accepted before it for the same entity has not ended. */
    isLaneBusy: (_, params: { turn?: Turn | undefined }) => params.turn === 'awaitsLane',
    /** No handler of its type is registered. */
    isHandlerMissing: (_, params: { turn?: Turn | undefined }) => params.turn === 'awaitsHandler',
    /** The operation has an instant from which it may begin, and that is not here yet. */
    isToStartLater: (_, params: { turn?: Turn | undefined }) => params.turn === 'awaitsStart',
    /** The instant from which it may begin is not here yet. */
    isBeforeStart: ({ context: { startAtMs } }, { atMs }: { atMs: number }) =>
      startAtMs !== undefined && atMs < startAtMs,
    /** The operation is an edit to its handler by now, and was not compared yet. */
    isToBeCompared: ({ context }, { isEdit = context.isEdit }: TurnFacts) =>
      isEdit === true && context.isCompared !== true,
    /** The operation may begin at once, and is an edit that was not compared yet. */
    isGrantedUncompared: ({ context }, params: { turn?: Turn | undefined }) =>
      params.turn === 'granted' && isUncompared(context),
    /** The operation was accepted as no edit, and has had no turn since its handler merges records. */
    isNoEdit: ({ context }) => context.isEdit !== true,
    /** The operation is an edit of a record that is merged. */
    isEdit: ({ context }) => context.isEdit === true,
    /** The body is new, and none that may have been applied is replaced by it: no key serves two bodies (OP-3). */
    canBeRebased: ({ context }, { round, isOutcomeKnown }: MergeFacts) =>
      context.isEdit === true &&
      // What was never sent keeps its key.
      round >=
        (context.round ?? 0) + (isUncompared(context) && !context.isOutcomeUnknown ? 0 : 1) &&
      (!context.isOutcomeUnknown || isOutcomeKnown === true),
    /** The operation was in flight at so many crashes, at the last of them alone, that it is taken for their cause. */
    hasCrashedTooOften: ({ context }, { wasAlone }: { wasAlone: boolean }) =>
      isCulprit(context.crashes, wasAlone),
    /** The upstream holds another version, or has said that it conflicts. */
    isConflict: (_, { failure }: FailureFacts) => failure.failureClass === 'conflict',
    /** The upstream refuses it for good: no repeat changes that. */
    isPermanent: (_, { failure }: FailureFacts) => failure.failureClass === 'permanent',
    /** The attempt may have been applied, and a repeat might do it twice. */
    isRepeatUnsafe: (_, { failure, isRepeatSafe }: FailureFacts) =>
      mayBeApplied(failure) && !isRepeatSafe,
    /** The operation was tried for as long as its policy allows, in time in which its upstream was up. */
    isGivenUp: ({ context }, { up, giveUpAfterMs }: FailureFacts) =>
      up !== undefined && isGivenUp(context.upMark, up, giveUpAfterMs),
    /**
     * It may be tried again: it has attempts left, the failure spent none, or an outage may be to blame, which
     * is judged at its next turn.
     */
    hasAttemptsLeft: ({ context }, facts: FailureFacts) => hasAttemptsLeft(context, facts),
    /**
     * The upstream was taken to be at work on an earlier attempt, and has said so for too long or to the last
     * attempt: it is a conflict (RT-2).
     */
    isConflictAfterAll: ({ context }, facts: FailureFacts) =>
      isAtWorkTooLong(context.workMark, facts.failure, facts.up) ||
      (facts.failure.conflictIs === 'possible' && !hasAttemptsLeft(context, facts)),
    /** What the upstream said last may mean that it holds another version. */
    hasMetConflict: ({ context }) => context.failure?.conflictIs !== undefined,
    /**
     * It has not expired, and nothing is done twice by a new key, where it takes one: no earlier attempt may have
     * been applied, or the person wants it all the same.
     */
    canReplay: ({ context }, { atMs, idempotencyKey, isRepeatApproved }: ReplayFacts) =>
      (context.expiresAtMs === null || context.expiresAtMs > atMs) &&
      (idempotencyKey === null || !context.isOutcomeUnknown || isRepeatApproved),
    /** The instant has come after which its caller does not want it done any more. */
    hasExpired: ({ context: { expiresAtMs } }, { atMs }: { atMs: number }) =>
      expiresAtMs !== null && atMs >= expiresAtMs,
    /** The caller wants it done by the function that came with it, or not at all. */
    isBoundToProcess: ({ context }) => context.isBoundToProcess === true,
    /** The ending is that it was done. */
    isCompleted: ({ context }) => context.ending === 'completed',
    /** The ending is that it was given up. */
    isDeadLettered: ({ context }) => context.ending === 'deadLettered',
    /** The ending is that its caller took it back. */
    isCancelled: ({ context }) => context.ending === 'cancelled',
  },
  actions: {
    /** Takes the next attempt number, or the same again where that was not spent: it never ran, or failed for an outage. */
    orderAttempt: assign(({ context }, facts: TurnFacts) => ({
      ...turnTaken(context, facts),
      firstAttemptAtMs: context.firstAttemptAtMs ?? facts.atMs,
      // An edit whose handler merges nothing now goes out as it is, and stays so under its key (OP-3).
      ...(isUncompared(context) ? { isCompared: true } : {}),
    })),
    /**
     * Takes the number of the next attempt, of an edit that is compared first: no attempt under its key is
     * ordered yet.
     */
    takeTurn: assign(({ context }, facts: TurnFacts) => ({
      ...turnTaken(context, facts),
      ...(context.isEdit === true ? {} : becomingEdit(context)),
    })),
    /** Notes that its body is decided, which is kept with the order that follows. */
    noteCompared: assign(({ context }, { atMs }: { atMs: number }) => ({
      isCompared: true,
      firstAttemptAtMs: context.firstAttemptAtMs ?? atMs,
    })),
    /** Takes a new body, under a key of its own: of what became of the one before, nothing counts but its history. */
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
    /** Notes that the upstream is at work on an earlier attempt still, and when it is sent again. */
    notePending: assign(({ context }, { atMs, retryAtMs }: PendingFacts) => ({
      isSpent: false,
      unspentFailures: (context.unspentFailures ?? 0) + 1,
      sinceAtMs: atMs,
      wakeAtMs: retryAtMs,
      delayMs: Math.max(0, retryAtMs - atMs),
    })),
    /** Keeps why the upstream does not let its record be read. */
    noteRefusal: assign(({ context }, { atMs, failure }: RefusalFacts) => ({
      ...remembering(context, 'failed', atMs, { startedAtMs: atMs, ...failure }),
      failure,
    })),
    /** Keeps how the attempt failed, whether that spent it, and when the next may follow. */
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
        // An upstream that is still at work on the attempt that a crash cut off says nothing of what follows its answer.
        crashes: mayBeAtWork(failure, context) ? context.crashes : 0,
        failure,
        isOutcomeUnknown: context.isOutcomeUnknown || mayBeApplied(failure),
        wakeAtMs: retryAtMs,
        delayMs: Math.max(0, retryAtMs - atMs),
      };
    }),
    /** Notes that it is a conflict: nothing more comes of trying again. */
    noteConflict: assign(({ context: { failure } }, { atMs }: { atMs: number }) => ({
      failure: failure && { ...failure, failureClass: 'conflict' as const },
      failedAtMs: undefined,
      sinceAtMs: atMs,
    })),
    /** Counts the crash that found it in flight; it spends no attempt. */
    noteCrash: assign(({ context }, { atMs, wasAlone }: CrashFacts) => ({
      ...remembering(context, 'crashed', atMs),
      crashes: crashesAfter(context.crashes, wasAlone),
      isOutcomeUnknown: true,
      wakeAtMs: atMs,
      sinceAtMs: atMs,
    })),
    /** Notes that its attempt was cut off, so that nobody knows what came of it; it spends nothing. */
    noteInterruption: assign(({ context }, { atMs }: { atMs: number }) => ({
      ...remembering(context, 'interrupted', atMs),
      isOutcomeUnknown: true,
      wakeAtMs: atMs,
      sinceAtMs: atMs,
    })),
    /** Notes that a person wants another attempt, whatever became of the last one. */
    noteRetryRequest: assign(({ context }, { atMs }: { atMs: number }) => ({
      // No attempt shows by it: it may have waited for its start, or for what its record is.
      history: remembering(context, 'retryRequested', atMs).history,
      ...beginningToWait(context, atMs),
      // A person wants another attempt, whatever became of the last one.
      failedAtMs: undefined,
    })),
    /** Begins as newly accepted, but for its history and for what its earlier attempts may have done. */
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
        // Also of work that becomes an edit later: its rounds follow the key that went out last.
        ...(idempotencyKey === null
          ? undefined
          : { isCompared: undefined, round: undefined, roundsKey: idempotencyKey }),
        // Somebody wants it done, by whichever handler there will be.
        ...(context.isBoundToProcess === true ? { isBoundToProcess: undefined } : undefined),
        ...(context.startAtMs === undefined ? undefined : { startAtMs: undefined }),
      };
    }),
    /** Notes that a person has decided: it may be done again. */
    approveRepeat: assign({ isOutcomeUnknown: false }),
    /** Notes that it stands in line from now on; its time until it is given up begins anew. */
    wakeNow: assign(({ context }, { atMs }: { atMs: number }) => beginningToWait(context, atMs)),
    /** Notes that it waits for something else from now on, or in another way. */
    noteWait: assign({ sinceAtMs: (_, params: { atMs: number }) => params.atMs }),
    /** Keeps until when the rate is used up, and what it has reserved of it. */
    noteRate: assign((_, { atMs, retryAtMs, reservation }: RateFacts) => ({
      rate: reservation,
      wakeAtMs: retryAtMs,
      sinceAtMs: atMs,
    })),
    /** Notes that it was done, with all that a success changes. */
    complete: assign((_, params: { atMs: number }) => ({
      isSpent: true,
      crashes: 0,
      failure: null,
      ending: 'completed' as const,
      settledAtMs: params.atMs,
    })),
    /** Notes that it ends in the dead letters. */
    deadLetter: assign((_, params: { atMs: number }) => ({
      ending: 'deadLettered' as const,
      settledAtMs: params.atMs,
    })),
    /** Notes that it ends in the dead letters, since it was tried for too long. */
    giveUp: assign(({ context }, params: { atMs: number }) => ({
      ending: 'deadLettered' as const,
      settledAtMs: params.atMs,
      failure: givenUp(context.failure),
    })),
    /** Notes that it ends in the dead letters, since it ends the process. */
    deadLetterAsCrasher: assign((_, params: { atMs: number }) => ({
      ending: 'deadLettered' as const,
      settledAtMs: params.atMs,
      failure: CRASHED,
    })),
    /** Notes that it ends in the dead letters, since the function that came with it is gone. */
    giveUpWithProcess: assign((_, params: { atMs: number }) => ({
      ending: 'deadLettered' as const,
      settledAtMs: params.atMs,
      failure: FUNCTION_GONE,
    })),
    /** Notes that it ends, taken back by its caller. */
    cancel: assign((_, params: { atMs: number }) => ({
      ending: 'cancelled' as const,
      settledAtMs: params.atMs,
    })),
    /** Notes that it ends, since its time is over. */
    expire: assign((_, params: { atMs: number }) => ({
      ending: 'expired' as const,
      settledAtMs: params.atMs,
    })),
  },
});

/**
 * It was accepted as no edit, and its handler merges records by now. What it has sent and was surely not applied goes
 * out merged, under a key of its own; what is in doubt keeps its key, and goes out as it is or not at all (OP-3).
 */
function becomingEdit(context: SyncOperationContext): Partial<SyncOperationContext> {
  if (isUnsent(context) || context.isOutcomeUnknown) return { isEdit: true };
  return { isEdit: true, round: (context.round ?? 0) + 1, firstAttemptAtMs: null };
}

/** Whether nothing can have gone out under its present key: a plain replay brings back one that was sent. */
function isUnsent({ firstAttemptAtMs, history }: SyncOperationContext): boolean {
  const last = history.at(-1);
  const isNew = last === undefined || last.what === 'editedReplayRequested';
  return firstAttemptAtMs === null && isNew;
}

function isUncompared({ isEdit, isCompared }: SyncOperationContext): boolean {
  return isEdit === true && isCompared !== true;
}

/** The operation has its turn: it takes the next attempt number, unless the one before never ran, or failed for an outage. */
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
