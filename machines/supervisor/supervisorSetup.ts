/**
 * What the supervisor's chart is made of: its events, guards and actions, and the actors it invokes.
 * The chart itself is in supervisorMachine.ts.
 *
 * @module
 */

import { assign, fromPromise, raise, setup } from 'xstate';
import {
  beginRestart,
  type ComponentLedger,
  canRestartNow,
  endRestart,
  failRestart,
  isDown,
  nextToRestart,
  restartAllowedAtMs,
  reviewRestarts,
  withDown,
} from '../policy/service/componentLedger.ts';
import { type Component, isRestartedWith } from '../policy/service/restartPolicy.ts';
import { type FailedStart, noteFailedStart, planStart } from '../policy/service/startRetry.ts';
import { type ErrorCode, toPlainError } from '../vocabulary/errors.ts';

export interface SupervisorInput {
  readonly startedAtMs: number;
}

export interface SupervisorContext {
  readonly startedAtMs: number;
  /** Whether the store is held: nothing of it runs until a person lets it go. */
  readonly isHeld: boolean;
  readonly ledger: ComponentLedger;
  /** The last start, where it failed; kept until one succeeds. */
  readonly failedStart: FailedStart | null;
  /** Why the start or the stop failed. */
  readonly failure: { readonly code: ErrorCode } | null;
  /** When draining ends at the latest; `null` when it does not drain. */
  readonly drainUntilAtMs: number | null;
}

/** `componentDown`: it is not restarted for now, because it failed too often or needs one that is down. */
export type AlertReason = 'startFailed' | 'recoveryFailed' | 'componentDown' | 'restartFailed';

/** What a person has to know. `component` is `null` where the whole runtime is meant. */
export interface Alert {
  readonly component: Component | null;
  readonly reason: AlertReason;
}

export interface ComponentFacts {
  readonly component: Component;
  readonly atMs: number;
}

export interface StopFacts {
  readonly atMs: number;
  readonly deadlineAtMs: number;
}

export type SupervisorEvent =
  | ({ readonly type: 'component.failed' } & ComponentFacts)
  | { readonly type: 'restart.due'; readonly atMs: number }
  /** A start that failed is due to be tried again, or it has to be decided when. */
  | { readonly type: 'start.due'; readonly atMs: number }
  /** Somebody asks for a start that failed to be tried again now. */
  | { readonly type: 'start.requested' }
  | ({ readonly type: 'stop.requested' } & StopFacts)
  | { readonly type: 'drain.due'; readonly atMs: number }
  | { readonly type: 'stop.forced' }
  /** A person has let the held store go, and that is on disk. */
  | { readonly type: 'hold.released' }
  /** Raised by the chart itself, from one of its halves to the other. */
  | { readonly type: 'components.restarted'; readonly components: readonly Component[] }
  | { readonly type: 'recovery.failed' };

export const supervisorSetup = setup({
  types: {
    context: {} as SupervisorContext,
    events: {} as SupervisorEvent,
    input: {} as SupervisorInput,
    tags: {} as 'accepting',
    output: {} as Pick<SupervisorContext, 'failure'>,
    meta: {} as { readonly requirements: readonly string[] },
  },
  // Provided by actors/. What stands here does nothing, so that the chart can be run by itself.
  actors: {
    openStore: fromPromise<{ readonly isHeld: boolean }>(async () => ({ isHeld: false })),
    restoreComponents: fromPromise<void>(async () => {}),
    recoverOperations: fromPromise<void>(async () => {}),
    recoverCrises: fromPromise<void>(async () => {}),
    restartComponents: fromPromise<void, { components: readonly Component[] }>(async () => {}),
    drain: fromPromise<void, { deadlineAtMs: number }>(async () => {}),
    closeStore: fromPromise<void>(async () => {}),
  },
  guards: {
    isHeld: ({ context }) => context.isHeld,
    isRecoveryLost: (_, params: ComponentFacts) => isRestartedWith('operations', params.component),
    hasRestartedOperations: (_, params: { components: readonly Component[] }) =>
      params.components.includes('operations'),
    isKnownToBeDown: ({ context }, params: ComponentFacts) =>
      isDown(context.ledger, params.component),
    canRestart: ({ context }, params: ComponentFacts) =>
      canRestartNow(context.ledger, params.component, params.atMs),
    isRestartedTooOften: ({ context }, params: ComponentFacts) =>
      restartAllowedAtMs(context.ledger, params.component, params.atMs) > params.atMs,
    hasRestartDue: ({ context }, params: { atMs: number }) =>
      nextToRestart(context.ledger, params.atMs) !== null,
    hasOperationsDown: ({ context }) => isDown(context.ledger, 'operations'),
    isAnythingDown: ({ context }) => context.ledger.down.length > 0,
    hasFailedAsBefore: ({ context: { failedStart } }) =>
      failedStart?.mayPass === true && !failedStart.isNews,
    canPass: ({ context }) => context.failedStart?.mayPass === true,
    isStartPlanned: ({ context }) => (context.failedStart?.dueAtMs ?? null) !== null,
    isDrainOver: ({ context }, params: { atMs: number }) =>
      context.drainUntilAtMs === null || params.atMs >= context.drainUntilAtMs,
  },
  actions: {
    /** Provided by actors/: tells the people who watch. */
    raiseAlert: (_args, _alert: Alert) => {},
    noteHold: assign((_, params: { isHeld: boolean }) => ({ isHeld: params.isHeld })),
    endHold: assign({ isHeld: false }),
    recordFailure: assign((_, params: { error: unknown }) => ({
      failure: { code: toPlainError(params.error).code },
    })),
    recordFailedStart: assign(({ context }, params: { error: unknown }) => {
      const failedStart = noteFailedStart(context.failedStart, params.error);
      return { failedStart, failure: { code: failedStart.code } };
    }),
    planStart: assign(({ context: { failedStart } }, params: { atMs: number }) => ({
      failedStart: failedStart && planStart(failedStart, params.atMs),
    })),
    forgetFailedStart: assign({ failedStart: null, failure: null }),
    beginRestart: assign(({ context: { ledger } }, params: ComponentFacts) => ({
      ledger: beginRestart(ledger, params.component, params.atMs),
    })),
    beginDueRestart: assign(({ context: { ledger } }, { atMs }: { atMs: number }) => ({
      ledger: beginRestart(ledger, nextToRestart(ledger, atMs), atMs),
    })),
    endRestart: assign(({ context }) => ({ ledger: endRestart(context.ledger) })),
    failRestart: assign(({ context }) => ({ ledger: failRestart(context.ledger) })),
    noteDown: assign(({ context: { ledger } }, params: ComponentFacts) => ({
      ledger: withDown(ledger, params.component, params.atMs),
    })),
    // Nobody said when it failed, so it is due at once; the timer's answer brings the instant.
    noteRecoveryFailed: assign(({ context }) => ({
      ledger: withDown(context.ledger, 'operations', 0),
    })),
    reviewRestarts: assign(({ context: { ledger } }, params: { atMs: number }) => ({
      ledger: reviewRestarts(ledger, params.atMs),
    })),
    reportRestarted: raise(({ context }) => ({
      type: 'components.restarted' as const,
      components: context.ledger.restarting,
    })),
    reportRecoveryFailed: raise({ type: 'recovery.failed' }),
    startDrain: assign((_, params: StopFacts) => ({ drainUntilAtMs: params.deadlineAtMs })),
    hastenDrain: assign(({ context }, { deadlineAtMs }: StopFacts) => ({
      drainUntilAtMs: Math.min(context.drainUntilAtMs ?? deadlineAtMs, deadlineAtMs),
    })),
    endDrain: assign({ drainUntilAtMs: null }),
  },
});
