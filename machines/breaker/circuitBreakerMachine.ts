/**
 * Circuit breaker: decides whether calls to one upstream may go out (CB-1 to CB-4, CB-6).
 *
 * - Calls send it no event. While closed, results are counted in a `CallWindow`, and the chart is
 *   told by `failures.exceeded`. What may go out is read from {@link breakerDecision}.
 * - Every change of state starts a new generation. A result that belongs to another generation, or
 *   to a permit that is no longer out, changes nothing.
 * - A permit is asked for by event only while half open; it was granted if {@link hasPermit} says
 *   so afterwards. Each is a lease: it ends by itself if nobody reports.
 * - A crisis asks nobody: the engine lets it pass in every state (CB-3).
 * - Instants are those of a clock that never goes back (docs/decisions/0047), so a restart neither
 *   shortens nor lengthens a wait. Where that clock is lost, a wait is cut to what it was.
 *
 * @module
 */

import { assign, type SnapshotFrom, setup } from 'xstate';
import { BREAKER_MODES, type BreakerDecision } from '../policy/breaker/breakerDecision.ts';
import type { BreakerPolicy } from '../policy/breaker/breakerPolicy.ts';
import type { TripCause } from '../policy/breaker/callWindow.ts';
import {
  firstLeaseEnd,
  heldLeases,
  isLeaseHeld,
  type PermitFacts,
  type ProbeLease,
  withLease,
} from '../policy/breaker/probeLeases.ts';
import {
  clamped,
  NO_TRIPS,
  recovered,
  type TripFacts,
  type TripHistory,
  tripped,
} from '../policy/breaker/tripHistory.ts';

export interface CircuitBreakerInput {
  readonly upstream: string;
  readonly policy: BreakerPolicy;
}

export interface CircuitBreakerContext extends TripHistory {
  readonly upstream: string;
  readonly policy: BreakerPolicy;
  /** Grows by one with every change of state; 1 at first. */
  readonly generation: number;
  readonly probes: readonly ProbeLease[];
  readonly probeSuccesses: number;
  /** The label an operator gave when taking over; `null` when nobody holds it. */
  readonly operatorReason: string | null;
}

interface Instant {
  readonly atMs: number;
}

interface ProbeFacts extends PermitFacts {
  readonly generation: number;
}

interface ExceededFacts extends TripFacts {
  readonly generation: number;
  readonly cause: TripCause;
}

interface OperatorFacts extends Instant {
  /** A short label, not a name or a story: it is kept and shown. */
  readonly reason?: string | undefined;
}

interface RestartFacts extends Instant {
  /** The policy configured now, which may differ from the one that was kept. */
  readonly policy?: BreakerPolicy | undefined;
}

export type CircuitBreakerEvent =
  | ({ readonly type: 'failures.exceeded' } & ExceededFacts)
  | ({ readonly type: 'cooldown.due' } & Instant)
  | ({ readonly type: 'permit.requested' } & PermitFacts)
  | ({ readonly type: 'probe.succeeded' } & ProbeFacts)
  | ({ readonly type: 'probe.failed' } & ProbeFacts & TripFacts)
  | ({ readonly type: 'probe.ignored' } & ProbeFacts)
  | ({ readonly type: 'lease.due' } & Instant)
  | ({ readonly type: 'operator.forcedOpen' } & OperatorFacts)
  | ({ readonly type: 'operator.disabled' } & OperatorFacts)
  | ({ readonly type: 'operator.released' } & Instant)
  /** Sent once after a restore, before anything else. */
  | ({ readonly type: 'process.restarted' } & RestartFacts);

const breakerSetup = setup({
  types: {
    context: {} as CircuitBreakerContext,
    events: {} as CircuitBreakerEvent,
    input: {} as CircuitBreakerInput,
    meta: {} as { readonly requirements: readonly string[] },
  },
  guards: {
    isCurrent: ({ context }, params: { generation: number }) =>
      params.generation === context.generation,
    isCooldownOver: ({ context }, params: Instant) =>
      context.openUntilAtMs === null || params.atMs >= context.openUntilAtMs,
    canProbe: ({ context: { probes, policy } }, params: PermitFacts) =>
      !isLeaseHeld(probes, params) && heldLeases(probes, params.atMs).length < policy.probesMax,
    isProbeOut: ({ context }, params: ProbeFacts) => isProbeOut(context, params),
    isLastNeededProbe: ({ context }, params: ProbeFacts) =>
      isProbeOut(context, params) && context.probeSuccesses + 1 >= context.policy.probesToClose,
  },
  actions: {
    startGeneration: assign({ generation: ({ context }) => context.generation + 1 }),
    trip: assign(({ context }, params: TripFacts) => tripped(context, context.policy, params)),
    endCooldown: assign({ openUntilAtMs: null }),
    grantPermit: assign(({ context: { probes, policy } }, params: PermitFacts) => ({
      probes: withLease(probes, policy, params),
    })),
    endLeases: assign(({ context: { probes } }, params: Instant) => ({
      probes: heldLeases(probes, params.atMs),
    })),
    returnPermit: assign(({ context }, params: { permitId: string }) => ({
      probes: context.probes.filter(({ id }) => id !== params.permitId),
    })),
    countProbe: assign({ probeSuccesses: ({ context }) => context.probeSuccesses + 1 }),
    forgetProbes: assign({ probes: [], probeSuccesses: 0 }),
    recordRecovery: assign(({ context }, params: Instant) => recovered(context, params.atMs)),
    // While an operator holds it, time says nothing about the upstream: the outage is not measured.
    handToOperator: assign((_, params: { reason?: string | undefined }) => ({
      operatorReason: params.reason ?? null,
      openedAtMs: null,
      trippedAtMs: null,
      closedSinceAtMs: null,
    })),
    takeBackFromOperator: assign({ operatorReason: null }),
    forgetTrips: assign({ tripsInARow: 0, lastOpenMs: 0 }),
    resumeAfterRestart: assign(({ context }, params: RestartFacts) => ({
      ...clamped(context, params.atMs),
      policy: params.policy ?? context.policy,
      probes: [], // Whoever held these died with the process.
    })),
  },
});

function isProbeOut(context: CircuitBreakerContext, probe: ProbeFacts): boolean {
  return probe.generation === context.generation && isLeaseHeld(context.probes, probe);
}

export const circuitBreakerMachine = breakerSetup.createMachine({
  id: 'circuitBreaker',
  version: '1',
  description: 'Decides whether calls to one upstream may go out.',
  context: ({ input }) => ({
    ...NO_TRIPS,
    upstream: input.upstream,
    policy: input.policy,
    generation: 0,
    probes: [],
    probeSuccesses: 0,
    operatorReason: null,
  }),
  options: { maxIterations: 1000 },
  initial: 'closed',
  on: {
    'operator.forcedOpen': {
      target: '.forcedOpen',
      actions: [{ type: 'handToOperator', params: ({ event }) => event }],
    },
    'operator.disabled': {
      target: '.disabled',
      actions: [{ type: 'handToOperator', params: ({ event }) => event }],
    },
    'process.restarted': {
      actions: [{ type: 'resumeAfterRestart', params: ({ event }) => event }],
    },
  },
  states: {
    closed: {
      description: 'The upstream works: every call goes out, and results are counted.',
      meta: { requirements: ['CB-1', 'CB-5', 'CB-6'] },
      entry: ['startGeneration'],
      on: {
        'failures.exceeded': {
          guard: { type: 'isCurrent', params: ({ event }) => event },
          target: 'open',
          actions: [{ type: 'trip', params: ({ event }) => event }],
        },
      },
    },
    open: {
      description:
        'The upstream fails: calls wait until the cooldown is over. Crises still go out.',
      meta: { requirements: ['CB-1', 'CB-2', 'CB-3', 'CB-4'] },
      entry: ['startGeneration'],
      exit: ['endCooldown'],
      on: {
        'cooldown.due': {
          guard: { type: 'isCooldownOver', params: ({ event }) => event },
          target: 'halfOpen',
        },
      },
    },
    halfOpen: {
      description:
        'The upstream may be back: a few calls go out as probes, the others wait for their results.',
      meta: { requirements: ['CB-1', 'CB-2', 'CB-3'] },
      entry: ['startGeneration'],
      exit: ['forgetProbes'],
      on: {
        'permit.requested': [
          {
            guard: { type: 'canProbe', params: ({ event }) => event },
            actions: [{ type: 'grantPermit', params: ({ event }) => event }],
          },
          { actions: [{ type: 'endLeases', params: ({ event }) => event }] },
        ],
        'probe.succeeded': [
          {
            guard: { type: 'isLastNeededProbe', params: ({ event }) => event },
            target: 'closed',
            actions: [{ type: 'recordRecovery', params: ({ event }) => event }],
          },
          {
            guard: { type: 'isProbeOut', params: ({ event }) => event },
            actions: [{ type: 'returnPermit', params: ({ event }) => event }, 'countProbe'],
          },
        ],
        'probe.failed': {
          guard: { type: 'isProbeOut', params: ({ event }) => event },
          target: 'open',
          actions: [{ type: 'trip', params: ({ event }) => event }],
        },
        'probe.ignored': {
          guard: { type: 'isProbeOut', params: ({ event }) => event },
          actions: [{ type: 'returnPermit', params: ({ event }) => event }],
        },
        'lease.due': {
          actions: [{ type: 'endLeases', params: ({ event }) => event }],
        },
      },
    },
    forcedOpen: {
      description:
        'An operator keeps it open: calls wait until the operator lets go. Crises still go out.',
      meta: { requirements: ['CB-1', 'CB-3', 'CB-4'] },
      entry: ['startGeneration'],
      on: {
        'operator.forcedOpen': {
          actions: [{ type: 'handToOperator', params: ({ event }) => event }],
        },
        'operator.released': { target: 'halfOpen', actions: ['takeBackFromOperator'] },
      },
    },
    disabled: {
      description: 'An operator has switched the breaker off: every call goes out, nothing counts.',
      meta: { requirements: ['CB-1', 'CB-4'] },
      entry: ['startGeneration', 'forgetTrips'],
      on: {
        'operator.disabled': {
          actions: [{ type: 'handToOperator', params: ({ event }) => event }],
        },
        'operator.released': { target: 'closed', actions: ['takeBackFromOperator'] },
      },
    },
  },
});

export type { BreakerDecision } from '../policy/breaker/breakerDecision.ts';
export type CircuitBreakerSnapshot = SnapshotFrom<typeof circuitBreakerMachine>;

/** What calls may do until the snapshot changes. */
export function breakerDecision(snapshot: CircuitBreakerSnapshot): BreakerDecision {
  const { generation, probes, policy, openUntilAtMs } = snapshot.context;
  return Object.freeze({
    generation,
    mode: BREAKER_MODES[snapshot.value],
    retryAtMs: probes.length >= policy.probesMax ? firstLeaseEnd(probes) : openUntilAtMs,
    recordsResults: snapshot.value === 'closed',
  });
}

/** The event the chart waits for and when it is due; `null` when it waits for no instant. */
export function breakerDue(
  snapshot: CircuitBreakerSnapshot,
): { readonly type: 'cooldown.due' | 'lease.due'; readonly atMs: number } | null {
  const { openUntilAtMs, probes } = snapshot.context;
  if (openUntilAtMs !== null) return { type: 'cooldown.due', atMs: openUntilAtMs };
  const atMs = firstLeaseEnd(probes);
  return atMs === null ? null : { type: 'lease.due', atMs };
}

/** Whether a permit is out: read right after asking for it, and the answer to the question. */
export function hasPermit(snapshot: CircuitBreakerSnapshot, permitId: string): boolean {
  return snapshot.context.probes.some(({ id }) => id === permitId);
}
