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
import {
  type Component,
  type FailedStart,
  isRestartedWith,
  noteFailedStart,
  planStart,
} from '../policy/service/restartPolicy.ts';
import { type ErrorCode, toPlainError } from '../vocabulary/errors.ts';
import type { StateMeta } from '../vocabulary/stateMeta.ts';

export interface SupervisorInput {
  readonly startedAtMs: number;
}

export interface SupervisorContext {
  readonly startedAtMs: number;
  /** Whether the store is held: nothing of it runs until a person lets it go. */
  readonly isHeld: boolean;
  /** Whether the store has an anchor that it is to be compared with. */
  readonly isToCompare: boolean;
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
  /** A component has failed. */
  | ({ readonly type: 'component.failed' } & ComponentFacts)
  /** The instant has come at which a component may be restarted. */
  | { readonly type: 'restart.due'; readonly atMs: number }
  /** A start that failed is due to be tried again, or it has to be decided when. */
  | { readonly type: 'start.due'; readonly atMs: number }
  /** Somebody asks for a start that failed to be tried again now. */
  | { readonly type: 'start.requested' }
  /** Somebody asks for a stop in good order, with its deadline. */
  | ({ readonly type: 'stop.requested' } & StopFacts)
  /** The deadline of the stop is over. */
  | { readonly type: 'drain.due'; readonly atMs: number }
  /** Somebody asks for a stop at once. */
  | { readonly type: 'stop.forced' }
  /** A person has let the held store go, and that is on disk. */
  | { readonly type: 'hold.released' }
  /** The store was found to be behind its anchor after work had begun, and nothing more begins. */
  | { readonly type: 'hold.began' }
  /** Raised by the chart itself, from one of its halves to the other. */
  | { readonly type: 'components.restarted'; readonly components: readonly Component[] }
  /** Raised by the chart itself: reading back has failed. */
  | { readonly type: 'recovery.failed' };

/** Facts about a store that was opened. */
export interface StoreOpened {
  readonly isHeld: boolean;
  readonly isToCompare: boolean;
}

export const supervisorSetup = setup({
  types: {
    context: {} as SupervisorContext,
    events: {} as SupervisorEvent,
    input: {} as SupervisorInput,
    tags: {} as 'accepting',
    output: {} as Pick<SupervisorContext, 'failure'>,
    meta: {} as StateMeta,
  },
  // Provided by actors/. What stands here does nothing, so that the chart can be run by itself.
  actors: {
    /** Unlocks the keys, and opens the store with them. */
    openStore: fromPromise<StoreOpened>(async () => ({ isHeld: false, isToCompare: false })),
    /** Compares the store with its anchor, for 30 s at most. */
    compareAnchor: fromPromise<{ readonly isHeld: boolean }>(async () => ({ isHeld: false })),
    /** Brings back breakers, levels and what else the work needs. */
    restoreComponents: fromPromise<void>(async () => {}),
    /** Reads back the operations that an earlier process left behind. */
    recoverOperations: fromPromise<void>(async () => {}),
    /** Reads back the crises that an earlier process left behind, while all else is held. */
    recoverCrises: fromPromise<void>(async () => {}),
    /** Restarts components that failed, in the order of start-up. */
    restartComponents: fromPromise<void, { components: readonly Component[] }>(async () => {}),
    /** Lets what is in flight finish, until the deadline. */
    drain: fromPromise<void, { deadlineAtMs: number }>(async () => {}),
    /** Brings to disk what was written, and closes the store. */
    closeStore: fromPromise<void>(async () => {}),
  },
  guards: {
    /** The store is held: it was restored, copied or rolled back, or lost its last commits, and nobody has let it go. */
    isHeld: ({ context }) => context.isHeld,
    /** The store has an anchor that it is to be compared with. */
    isToCompare: ({ context }) => context.isToCompare,
    /** The store is behind its anchor. */
    isBehind: (_, params: { readonly isHeld: boolean }) => params.isHeld,
    /** What failed is what reads back operations, or what that can not go on without. */
    isRecoveryLost: (_, params: ComponentFacts) => isRestartedWith('operations', params.component),
    /** What reads back operations was restarted. */
    hasRestartedOperations: (_, params: { components: readonly Component[] }) =>
      params.components.includes('operations'),
    /** The component is known to be down already. */
    isKnownToBeDown: ({ context }, params: ComponentFacts) =>
      isDown(context.ledger, params.component),
    /** The component was not restarted too often of late, and nothing that it needs is down. */
    canRestart: ({ context }, params: ComponentFacts) =>
      canRestartNow(context.ledger, params.component, params.atMs),
    /** The component was restarted as often of late as may be. */
    isRestartedTooOften: ({ context }, params: ComponentFacts) =>
      restartAllowedAtMs(context.ledger, params.component, params.atMs) > params.atMs,
    /** A component that is down may be restarted now. */
    hasRestartDue: ({ context }, params: { atMs: number }) =>
      nextToRestart(context.ledger, params.atMs) !== null,
    /** What reads back operations is down. */
    hasOperationsDown: ({ context }) => isDown(context.ledger, 'operations'),
    /** A component is down. */
    isAnythingDown: ({ context }) => context.ledger.down.length > 0,
    /** The cause may pass by itself, and the last start failed for the same. */
    hasFailedAsBefore: ({ context: { failedStart } }) =>
      failedStart?.mayPass === true && !failedStart.isNews,
    /** The cause may pass by itself. */
    canPass: ({ context }) => context.failedStart?.mayPass === true,
    /** It was decided already when the start is tried again, and that is now. */
    isStartPlanned: ({ context }) => (context.failedStart?.dueAtMs ?? null) !== null,
    /** The deadline of the stop is over. */
    isDrainOver: ({ context }, params: { atMs: number }) =>
      context.drainUntilAtMs === null || params.atMs >= context.drainUntilAtMs,
  },
  actions: {
    /** Tells the people who watch. */
    raiseAlert: (_args, _alert: Alert) => {},
    /** Notes whether the store is held. */
    noteHold: assign((_, params: { readonly isHeld: boolean }) => ({ isHeld: params.isHeld })),
    /** Notes whether the store is to be compared with its anchor. */
    noteAnchor: assign((_, params: StoreOpened) => ({ isToCompare: params.isToCompare })),
    /** Notes that a person has let the store go. */
    endHold: assign({ isHeld: false }),
    /** Keeps why the stop failed. */
    recordFailure: assign((_, params: { error: unknown }) => ({
      failure: { code: toPlainError(params.error).code },
    })),
    /** Keeps why the start failed, and whether it failed so before. */
    recordFailedStart: assign(({ context }, params: { error: unknown }) => {
      const failedStart = noteFailedStart(context.failedStart, params.error);
      return { failedStart, failure: { code: failedStart.code } };
    }),
    /** Decides when the start is tried again. */
    planStart: assign(({ context: { failedStart } }, params: { atMs: number }) => ({
      failedStart: failedStart && planStart(failedStart, params.atMs),
    })),
    /** Forgets the failed starts, since one has succeeded. */
    forgetFailedStart: assign({ failedStart: null, failure: null }),
    /** Notes what is restarted now: the component that failed, and what can not go on without it. */
    beginRestart: assign(({ context: { ledger } }, params: ComponentFacts) => ({
      ledger: beginRestart(ledger, params.component, params.atMs),
    })),
    /** Notes what is restarted now: the component whose restart is due, and what can not go on without it. */
    beginDueRestart: assign(({ context: { ledger } }, { atMs }: { atMs: number }) => ({
      ledger: beginRestart(ledger, nextToRestart(ledger, atMs), atMs),
    })),
    /** Notes that the restart has succeeded. */
    endRestart: assign(({ context }) => ({ ledger: endRestart(context.ledger) })),
    /** Notes that the restart has failed, and when it is tried again. */
    failRestart: assign(({ context }) => ({ ledger: failRestart(context.ledger) })),
    /** Notes that the component is down, and from when on it may be restarted. */
    noteDown: assign(({ context: { ledger } }, params: ComponentFacts) => ({
      ledger: withDown(ledger, params.component, params.atMs),
    })),
    // Nobody said when it failed, so it is due at once; the timer's answer brings the instant.
    /** Notes that what reads back operations is down; it is restarted at once. */
    noteRecoveryFailed: assign(({ context }) => ({
      ledger: withDown(context.ledger, 'operations', 0),
    })),
    /** Decides anew when the next restart is due. */
    reviewRestarts: assign(({ context: { ledger } }, params: { atMs: number }) => ({
      ledger: reviewRestarts(ledger, params.atMs),
    })),
    /** Tells the other half of the chart what was restarted. */
    reportRestarted: raise(({ context }) => ({
      type: 'components.restarted' as const,
      components: context.ledger.restarting,
    })),
    /** Tells the other half of the chart that reading back has failed. */
    reportRecoveryFailed: raise({ type: 'recovery.failed' }),
    /** Keeps until when what is in flight may finish. */
    startDrain: assign((_, params: StopFacts) => ({ drainUntilAtMs: params.deadlineAtMs })),
    /** Takes an earlier deadline; a later one changes nothing. */
    hastenDrain: assign(({ context }, { deadlineAtMs }: StopFacts) => ({
      drainUntilAtMs: Math.min(context.drainUntilAtMs ?? deadlineAtMs, deadlineAtMs),
    })),
    /** Forgets the deadline of the stop. */
    endDrain: assign({ drainUntilAtMs: null }),
  },
});
