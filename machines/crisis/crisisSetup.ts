/**
 * What the crisis's chart is made of: its guards and actions. The chart itself is in crisisMachine.ts.
 *
 * @module
 */

import { assign, type EventObject, fromCallback, not, setup, stateIn } from 'xstate';
import { mayBeApplied } from '../policy/retry/classifyFailure.ts';
import { pauseOfCrashedCrisisMs } from '../policy/retry/crashPolicy.ts';
import { type HistoryEntry, withEntry } from '../policy/retry/history.ts';
import type { StateMeta } from '../vocabulary/stateMeta.ts';
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
    meta: {} as StateMeta,
  },
  // Given life in actors/. What stands here never answers.
  actors: {
    /** Asks for one of the places that are kept for crises. */
    place: fromCallback<EventObject, { readonly id: string }>(() => undefined),
    /** Performs one attempt through the handler. */
    attempt: fromCallback<EventObject, { readonly id: string }>(() => undefined),
    /** Tells one step of the chain. */
    notify: fromCallback<EventObject, { readonly context: CrisisContext }>(() => undefined),
  },
  guards: {
    /** It was tried less often than it is tried fast. */
    hasFastAttemptsLeft: ({ context }, { fastAttemptsMax }: CrisisFailureFacts) =>
      context.attempt < fastAttemptsMax,
    /** It is being sent at this moment, so that the news is of the attempt under way. */
    isBeingSent: stateIn({ delivery: 'attempting' }),
    /** It is not being sent at this moment: the news is of an attempt that is over. */
    isNotBeingSent: not(stateIn({ delivery: 'attempting' })),
    /** It was tried as often as it is tried fast. */
    hasUsedUpFastAttempts: ({ context }, { fastAttemptsMax }: CrisisFailureFacts) =>
      context.attempt >= fastAttemptsMax,
    /** A step of the chain is left that was not told yet. */
    hasStep: (_, { step }: StepDueFacts) => step !== null,
    /** The step may be called once more. */
    hasCallsLeft: (_, { retryAtMs }: StepFailedFacts) => retryAtMs !== null,
  },
  actions: {
    /** Takes the next attempt number, unless the one before it never failed. */
    orderAttempt: assign(({ context }, { atMs }: Instant) => ({
      attempt: context.isSpent ? context.attempt + 1 : context.attempt,
      isSpent: false,
      firstAttemptAtMs: context.firstAttemptAtMs ?? atMs,
    })),
    /** Keeps how the attempt failed, and when it is sent again: whatever the upstream said, it is repeated. */
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
    /** Notes that it escalates, since its fast attempts are used up. */
    escalateForFailures: assign(({ context }, { atMs }: Instant) =>
      escalated(context, 'attemptsUsedUp', atMs),
    ),
    /** Notes that it escalates, since it was not delivered in time. */
    escalateForTime: assign(({ context }, { atMs }: Instant) =>
      escalated(context, 'notInTime', atMs),
    ),
    /** Counts a call of the step that begins: the first, or one more. */
    beginStep: assign(({ context: { escalation } }, { step, atMs }: StepDueFacts) => {
      const calls = step === escalation.step ? escalation.calls + 1 : 1;
      return { escalation: { ...escalation, step, calls, dueAtMs: atMs, waitMs: 0 } };
    }),
    /** Notes that the step was told, and until when it has time to be acknowledged. */
    noteNotified: assign(({ context }, { atMs, acknowledgeWithinMs }: StepNotifiedFacts) => ({
      escalation: {
        ...withOutcome(context, 'notified', atMs),
        dueAtMs: atMs + acknowledgeWithinMs,
        waitMs: acknowledgeWithinMs,
      },
    })),
    /** Notes when the step is called again. */
    noteCallFailed: assign(({ context: { escalation } }, facts: StepFailedFacts) => {
      const dueAtMs = facts.retryAtMs ?? facts.atMs;
      return {
        escalation: { ...escalation, dueAtMs, waitMs: Math.max(0, dueAtMs - facts.atMs) },
      };
    }),
    /** Notes that the step could not be told: it makes way to the next. */
    noteStepFailed: assign(({ context }, { atMs, why }: StepFailedFacts) => ({
      escalation: { ...withOutcome(context, why, atMs), dueAtMs: atMs, waitMs: 0 },
    })),
    /** Keeps who has taken it on, and when. */
    acknowledge: assign(({ context }, { by, note, atMs }: AcknowledgementFacts) => ({
      escalation: withDecision(context.escalation, { what: 'acknowledged', by, note, atMs }),
    })),
    /** Counts the crash, which it may have caused: after many in a row it waits before it is sent again. */
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
    /** Notes that its attempt was cut off: it goes on at once, in this process or the next. */
    noteInterruption: assign(({ context }, { atMs }: Instant) => ({
      ...remembering(context, { atMs, what: 'interrupted', code: null }),
      isOutcomeUnknown: true,
      wakeAtMs: atMs,
      delayMs: 0,
      sinceAtMs: atMs,
    })),
    /** Notes that a person wants it sent now. */
    noteRetryRequest: assign(({ context }, { atMs }: Instant) =>
      remembering(context, { atMs, what: 'retryRequested', code: null }),
    ),
    /** Notes that it waits for something else from now on. */
    noteWait: assign({ sinceAtMs: (_, { atMs }: Instant) => atMs }),
    /** Notes that it was delivered, and when. */
    complete: assign((_, { atMs }: Instant) => ({
      isSpent: true,
      crashes: 0,
      failure: null,
      ending: 'completed' as const,
      settledAtMs: atMs,
    })),
    /** Keeps who has called it off, where that is known, and when. */
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
    /** Notes that it is over, called off. */
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
