/**
 * What the crisis's chart is made of: its guards and actions. The chart itself is in crisisMachine.ts.
 *
 * @module
 */

import { assign, type EventObject, fromCallback, not, setup, stateIn } from 'xstate';
import { mayBeApplied } from '../policy/retry/classifyFailure.ts';
import { pauseOfCrashedCrisisMs } from '../policy/retry/crashPolicy.ts';
import { type HistoryEntry, withEntry } from '../policy/retry/history.ts';
import { type CrisisContext, type CrisisInput } from './crisisContext.ts';
import {
  type CrisisEscalation,
  type EscalationCause,
  type StepFailure,
  withDecision,
  withTold,
} from './crisisEscalation.ts';
import type {
  AcknowledgementFacts,
  CallOffFacts,
  CrisisEvent,
  CrisisFailureFacts,
  StepDueFacts,
  StepFailedFacts,
  StepNotifiedFacts,
} from './crisisEvents.ts';
import type { CrisisTag } from './crisisTag.ts';

export interface Instant {
  readonly atMs: number;
}

export const crisisSetup = setup({
  types: {
    input: {} as CrisisInput,
    context: {} as CrisisContext,
    events: {} as CrisisEvent,
    tags: {} as CrisisTag,
    meta: {} as { readonly requirements: readonly string[] },
  },
  actors: {
    /** Asks for one of the places that are kept for crises. Given life in actors/. */
    place: fromCallback<EventObject, { readonly id: string }>(() => undefined),
    /** Performs one attempt through the handler. Given life in actors/; this default never answers. */
    attempt: fromCallback<EventObject, { readonly id: string }>(() => undefined),
    /** Tells one step of the chain. Given life in actors/. */
    notify: fromCallback<EventObject, { readonly context: CrisisContext }>(() => undefined),
  },
  guards: {
    hasFastAttemptsLeft: ({ context }, { fastAttemptsMax }: CrisisFailureFacts) =>
      context.attempt < fastAttemptsMax,
    /** What is told of an attempt is about the one under way: a late word ends no escalation. */
    isBeingSent: stateIn({ delivery: 'attempting' }),
    isNotBeingSent: not(stateIn({ delivery: 'attempting' })),
    hasUsedUpFastAttempts: ({ context }, { fastAttemptsMax }: CrisisFailureFacts) =>
      context.attempt >= fastAttemptsMax,
    hasStep: (_, { step }: StepDueFacts) => step !== null,
    hasCallsLeft: (_, { retryAtMs }: StepFailedFacts) => retryAtMs !== null,
  },
  actions: {
    /** Takes the next attempt number, unless the one before it never failed. */
    orderAttempt: assign(({ context }, { atMs }: Instant) => ({
      attempt: context.isSpent ? context.attempt + 1 : context.attempt,
      isSpent: false,
      firstAttemptAtMs: context.firstAttemptAtMs ?? atMs,
    })),
    /** Whatever the upstream said, it is repeated. */
    noteFailure: assign(({ context }, facts: CrisisFailureFacts) => {
      const { startedAtMs, atMs, failure, retryAtMs } = facts;
      const { code, failureClass, exception } = failure;
      const seen = { startedAtMs, failureClass, ...(exception === undefined ? {} : { exception }) };
      return {
        ...remembering(context, { atMs, what: 'failed', code, ...seen }),
        isSpent: true,
        crashes: 0,
        failure,
        isOutcomeUnknown: context.isOutcomeUnknown || mayBeApplied(failure),
        wakeAtMs: retryAtMs,
        delayMs: Math.max(0, retryAtMs - atMs),
        sinceAtMs: atMs,
      };
    }),
    escalateForFailures: assign(({ context }, { atMs }: Instant) =>
      escalated(context, 'attemptsUsedUp', atMs),
    ),
    escalateForTime: assign(({ context }, { atMs }: Instant) =>
      escalated(context, 'notInTime', atMs),
    ),
    /** A call of it begins: the first, or one more. */
    beginStep: assign(({ context: { escalation } }, { step, atMs }: StepDueFacts) => {
      const calls = step === escalation.step ? escalation.calls + 1 : 1;
      return { escalation: { ...escalation, step, calls, dueAtMs: atMs, waitMs: 0 } };
    }),
    noteNotified: assign(({ context }, { atMs, acknowledgeWithinMs }: StepNotifiedFacts) => ({
      escalation: {
        ...withOutcome(context, 'notified', atMs),
        dueAtMs: atMs + acknowledgeWithinMs,
        waitMs: acknowledgeWithinMs,
      },
    })),
    /** It is called again when its wait is over. */
    noteCallFailed: assign(({ context: { escalation } }, facts: StepFailedFacts) => {
      const dueAtMs = facts.retryAtMs ?? facts.atMs;
      return {
        escalation: { ...escalation, dueAtMs, waitMs: Math.max(0, dueAtMs - facts.atMs) },
      };
    }),
    /** It makes way to the next. */
    noteStepFailed: assign(({ context }, { atMs, why }: StepFailedFacts) => ({
      escalation: { ...withOutcome(context, why, atMs), dueAtMs: atMs, waitMs: 0 },
    })),
    acknowledge: assign(({ context }, { by, note, atMs }: AcknowledgementFacts) => ({
      escalation: withDecision(context.escalation, { what: 'acknowledged', by, note, atMs }),
    })),
    /** It may be what ended the process: at many crashes in a row it waits before it is sent again. */
    noteCrash: assign(({ context }, { atMs }: Instant) => {
      const crashes = context.crashes + 1;
      const delayMs = pauseOfCrashedCrisisMs(crashes);
      return {
        ...remembering(context, { atMs, what: 'crashed', code: null }),
        crashes,
        isOutcomeUnknown: true,
        wakeAtMs: atMs + delayMs,
        delayMs,
        sinceAtMs: atMs,
      };
    }),
    /** It goes on at once, in this process or the next. */
    noteInterruption: assign(({ context }, { atMs }: Instant) => ({
      ...remembering(context, { atMs, what: 'interrupted', code: null }),
      isOutcomeUnknown: true,
      wakeAtMs: atMs,
      delayMs: 0,
      sinceAtMs: atMs,
    })),
    noteRetryRequest: assign(({ context }, { atMs }: Instant) =>
      remembering(context, { atMs, what: 'retryRequested', code: null }),
    ),
    /** It waits for something else from now on. */
    noteWait: assign({ sinceAtMs: (_, { atMs }: Instant) => atMs }),
    complete: assign((_, { atMs }: Instant) => ({
      isSpent: true,
      crashes: 0,
      failure: null,
      ending: 'completed' as const,
      settledAtMs: atMs,
    })),
    noteCallOff: assign(({ context }, { atMs, by, note = null }: CallOffFacts) => {
      const { history, attempt, escalation } = context;
      return {
        history: withEntry(history, { atMs, what: 'calledOff', attempt, code: null }),
        escalation:
          by === undefined
            ? escalation
            : withDecision(escalation, { what: 'calledOff', by, note, atMs }),
      };
    }),
    callOff: assign((_, { atMs }: Instant) => ({
      ending: 'cancelled' as const,
      settledAtMs: atMs,
    })),
  },
});

/** Its first step is due at once. */
function escalated(
  { escalation }: CrisisContext,
  cause: EscalationCause,
  atMs: number,
): Pick<CrisisContext, 'escalation'> {
  return { escalation: { ...escalation, sinceAtMs: atMs, cause, dueAtMs: atMs, waitMs: 0 } };
}

/** What became of the step that was being told. */
function withOutcome(
  { escalation }: CrisisContext,
  outcome: 'notified' | StepFailure,
  atMs: number,
): CrisisEscalation {
  const { step, calls } = escalation;
  return step === null ? escalation : withTold(escalation, { name: step, outcome, calls, atMs });
}

/**
 * One more line of history. What happened to an attempt also shows that there was one: where none was
 * ordered since, it is the one that was ordered at acceptance.
 */
function remembering(
  { history, attempt, firstAttemptAtMs, acceptedAtMs }: CrisisContext,
  entry: Omit<HistoryEntry, 'attempt'>,
): Pick<CrisisContext, 'history' | 'firstAttemptAtMs'> {
  return {
    history: withEntry(history, { ...entry, attempt }),
    firstAttemptAtMs: firstAttemptAtMs ?? acceptedAtMs,
  };
}
