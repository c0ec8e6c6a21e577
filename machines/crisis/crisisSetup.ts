/**
 * What the crisis's chart is made of: its guards and actions. The chart itself is in crisisMachine.ts.
 *
 * @module
 */

import { assign, type EventObject, fromCallback, not, setup, stateIn } from 'xstate';
import { mayBeApplied } from '../policy/retry/classifyFailure.ts';
import { pauseOfCrashedCrisisMs } from '../policy/retry/crashPolicy.ts';
import { type HistoryEntry, withEntry } from '../policy/retry/failureRuns.ts';
import type { StateMeta } from '../vocabulary/stateMeta.ts';
import { type CrisisContext, type CrisisInput } from './crisisContext.ts';
import {
  askAfterMs,
  type EscalationCause,
  inNextRound,
  stepOf,
  withDecision,
  withStep,
} from './crisisEscalation.ts';
import type {
  AcknowledgementFacts,
  CallOffFacts,
  CrisisEvent,
  CrisisFailureFacts,
  DecisionFacts,
  StepCalledFacts,
  StepDueFacts,
  StepFailedFacts,
  StepNotifiedFacts,
} from './crisisEvents.ts';
import type { CrisisTag } from './crisisShape.ts';

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
  },
  guards: {
    /** The crisis was tried less often than it is tried fast. */
    hasFastAttemptsLeft: ({ context }, { fastAttemptsMax }: CrisisFailureFacts) =>
      context.attempt < fastAttemptsMax,
    /** The crisis is being sent at this moment, so that the news is of the attempt under way. */
    isBeingSent: stateIn({ delivery: { underWay: 'attempting' } }),
    /** The crisis is not being sent at this moment: the news is of an attempt that is over. */
    isNotBeingSent: not(stateIn({ delivery: { underWay: 'attempting' } })),
    /** The crisis was tried as often as it is tried fast. */
    hasUsedUpFastAttempts: ({ context }, { fastAttemptsMax }: CrisisFailureFacts) =>
      context.attempt >= fastAttemptsMax,
    /** A step of the chain is left that was not called in this round. */
    hasStep: (_, { step }: StepDueFacts) => step !== null,
    /** No step of the chain is left that was not called in this round. */
    hasNoStep: (_, { step }: StepDueFacts) => step === null,
    /** Each step of the chain was told in this round, or there is no chain. */
    isEveryStepTold: (_, facts: StepDueFacts) => facts.isEveryStepTold,
    /** The step is the one that the chain has come to, and is not called again in a moment: it makes way. */
    hasToMakeWay: ({ context }, { step, isSoon }: StepFailedFacts) =>
      !isSoon && step === context.escalation.step,
    /** Somebody was told of it, or there is nobody to be told: it can be taken on. */
    canBeTakenOn: ({ context }, { hasChain }: AcknowledgementFacts) =>
      !hasChain || context.escalation.toldAtMs !== null,
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
    /** Notes which step the chain has come to. */
    beginStep: assign(({ context: { escalation } }, { step, atMs }: StepDueFacts) => ({
      escalation: { ...escalation, step, dueAtMs: atMs, waitMs: 0 },
    })),
    /** Counts a call of a step. Until it has ended it is owed, so that another process makes it again. */
    countCall: assign(({ context: { escalation } }, { step: name, atMs }: StepCalledFacts) => {
      const step = stepOf(escalation, name, atMs);
      return {
        escalation: withStep(escalation, {
          ...step,
          calls: step.calls + 1,
          cutOff: step.cutOff + 1,
          mayKnow: step.mayKnow || step.cutOff > 0,
          owedAtMs: atMs,
          waitMs: 0,
        }),
      };
    }),
    /** Notes that the step was told, and until when it has time to be acknowledged. */
    noteNotified: assign(({ context: { escalation } }, facts: StepNotifiedFacts) => {
      const { atMs, acknowledgeWithinMs } = facts;
      const step = stepOf(escalation, facts.step, atMs);
      const dueAtMs = Math.max(escalation.dueAtMs, atMs + acknowledgeWithinMs);
      return {
        escalation: {
          ...withStep(escalation, {
            ...step,
            ...{ outcome: 'told', calls: Math.max(1, step.calls), failures: 0 },
            ...{ throws: 0, cutOff: 0 },
            ...{ mayKnow: true, atMs, owedAtMs: null, waitMs: 0 },
          }),
          ...{ dueAtMs, waitMs: dueAtMs - atMs, toldAtMs: escalation.toldAtMs ?? atMs },
        },
      };
    }),
    /** Notes that a call has failed, and when the step is called again. */
    noteStepFailed: assign(({ context: { escalation } }, facts: StepFailedFacts) => {
      const { atMs, why: outcome, retryAtMs } = facts;
      const step = stepOf(escalation, facts.step, atMs);
      return {
        escalation: withStep(escalation, {
          ...step,
          ...{ outcome, atMs, cutOff: 0, owedAtMs: retryAtMs },
          failures: step.outcome === outcome ? step.failures + 1 : 1,
          throws: facts.isThrown ? step.throws + 1 : 0,
          mayKnow: step.mayKnow || outcome === 'maybeHeard',
          waitMs: Math.max(0, retryAtMs - atMs),
        }),
      };
    }),
    /** What is owed to the step is due, since it can be reached. */
    wakeStep: assign(({ context: { escalation } }, { step: name, atMs }: StepCalledFacts) => {
      const step = stepOf(escalation, name, atMs);
      return step.owedAtMs === null || step.owedAtMs <= atMs
        ? {}
        : { escalation: withStep(escalation, { ...step, owedAtMs: atMs, waitMs: 0 }) };
    }),
    /** Notes that the next step is due, since this one makes way. */
    makeWay: assign(({ context: { escalation } }, { atMs }: Instant) => ({
      escalation: { ...escalation, dueAtMs: atMs, waitMs: 0 },
    })),
    /** Notes when the chain begins anew. */
    noteExhausted: assign(({ context: { escalation } }, { atMs, anewInMs }: StepDueFacts) => {
      return { escalation: { ...escalation, dueAtMs: atMs + anewInMs, waitMs: anewInMs } };
    }),
    /** The chain begins anew, from its start. */
    beginAnew: assign(({ context: { escalation } }, { atMs }: Instant) => ({
      escalation: inNextRound(escalation, { atMs, from: null, anew: escalation.anew + 1 }),
    })),
    /** The chain begins anew, with the step by which whoever had it was told. */
    beginAfterLapse: assign(({ context: { escalation } }, { atMs }: Instant) => ({
      escalation: inNextRound(escalation, {
        ...{ atMs, from: escalation.takenOn?.step ?? null, anew: 0 },
      }),
    })),
    /** Keeps who has taken it on, until when, and the step that was told last by then. */
    acknowledge: assign(({ context }, facts: AcknowledgementFacts) => {
      const { by, note, atMs, untilMs } = facts;
      const { steps } = context.escalation;
      const last = steps.findLast(({ outcome }) => outcome === 'told');
      const waitMs = Math.max(0, askAfterMs(untilMs - atMs));
      const ask = { asks: 0, askAtMs: null, askWaitMs: 0 };
      return {
        escalation: {
          ...withDecision(context.escalation, { what: 'acknowledged', by, note, atMs }),
          takenOn: { by, atMs, untilMs, step: last?.name ?? null, ...ask },
          dueAtMs: atMs + waitMs,
          waitMs,
        },
      };
    }),
    /** Keeps who wanted to take it on before anybody was told: they are named to whoever is told. */
    noteTaker: assign(({ context }, { by, note, atMs }: AcknowledgementFacts) => ({
      escalation: withDecision(context.escalation, { what: 'noted', by, note, atMs }),
    })),
    /** The person who has taken it on is to be asked, and has until it lapses. */
    noteLapsing: assign(({ context: { escalation } }, { atMs }: Instant) => {
      const { takenOn } = escalation;
      if (takenOn === null) return {};
      const lastsMs = takenOn.untilMs - takenOn.atMs;
      // By a clock that was set back since, the end that was told may be years away.
      const leftMs = Math.min(lastsMs - askAfterMs(lastsMs), takenOn.untilMs - atMs);
      const waitMs = Math.max(0, leftMs);
      return {
        escalation: {
          ...escalation,
          takenOn: { ...takenOn, askAtMs: atMs, askWaitMs: 0 },
          dueAtMs: atMs + waitMs,
          waitMs,
        },
      };
    }),
    /** Counts a call by which whoever has taken it on is asked. */
    countAsk: assign(({ context: { escalation } }) => {
      const { takenOn } = escalation;
      if (takenOn === null) return {};
      return { escalation: { ...escalation, takenOn: { ...takenOn, asks: takenOn.asks + 1 } } };
    }),
    /** Notes that they were asked. */
    noteAsked: assign(({ context: { escalation } }) => {
      const { takenOn } = escalation;
      if (takenOn === null) return {};
      return { escalation: { ...escalation, takenOn: { ...takenOn, askAtMs: null } } };
    }),
    /** Notes when they are asked again, since that call has failed. */
    noteAskFailed: assign(
      ({ context: { escalation } }, { atMs, retryAtMs: askAtMs }: StepFailedFacts) => {
        const { takenOn } = escalation;
        if (takenOn === null) return {};
        const askWaitMs = Math.max(0, askAtMs - atMs);
        return { escalation: { ...escalation, takenOn: { ...takenOn, askAtMs, askWaitMs } } };
      },
    ),
    /** Keeps who has given it back. */
    release: assign(({ context }, { by, note, atMs }: DecisionFacts) => ({
      escalation: withDecision(context.escalation, { what: 'released', by, note, atMs }),
    })),
    /** Keeps that whose crisis it is has said that they are safe. */
    noteSafety: assign(({ context }, { by, note, atMs }: DecisionFacts) => ({
      escalation: withDecision(context.escalation, { what: 'saidSafe', by, note, atMs }),
    })),
    /** Keeps who was the first to call it off. */
    noteProposal: assign(({ context }, { by, note, atMs }: DecisionFacts) => ({
      escalation: withDecision(context.escalation, { what: 'callOffProposed', by, note, atMs }),
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
    noteCallOff: assign(({ context }, { atMs, by, note = null, isAlone = false }: CallOffFacts) => {
      const { history, attempt, escalation } = context;
      return {
        history: withEntry(history, { atMs, what: 'calledOff', attempt, code: null }),
        escalation:
          by === undefined
            ? escalation
            : withDecision(escalation, {
                ...{ what: 'calledOff', by, note, atMs },
                ...(isAlone ? { isAlone } : {}),
              }),
      };
    }),
    /** Notes that it is over, called off. */
    callOff: assign((_, { atMs }: Instant) => ({
      ending: 'cancelled' as const,
      settledAtMs: atMs,
    })),
  },
});

/** Escalation with the first step due at once. */
function escalated(
  { escalation }: CrisisContext,
  cause: EscalationCause,
  atMs: number,
): Pick<CrisisContext, 'escalation'> {
  return { escalation: { ...escalation, sinceAtMs: atMs, cause, dueAtMs: atMs, waitMs: 0 } };
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
