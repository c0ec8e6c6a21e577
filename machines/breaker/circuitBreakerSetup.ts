/**
 * What the chart of the circuit breaker is made of: its context, its events, its guards and actions.
 *
 * @module
 */

import { assign, setup } from 'xstate';
import type { BreakerPacing } from '../policy/breaker/breakerPolicy.ts';
import {
  type HoldKind,
  type HoldRelease,
  holdInForce,
  isAsStrong,
  type OperatorHold,
  withHold,
  withoutHold,
} from '../policy/breaker/operatorHolds.ts';
import {
  askedForTime,
  cameUp,
  handedOver,
  isAskedForTime,
  type OutageFacts,
  type OutageHistory,
  recovered,
  reopened,
  resumed,
  type TripFacts,
  tripped,
  wentDown,
} from '../policy/breaker/outages.ts';
import {
  heldLeases,
  isLeaseHeld,
  type PermitFacts,
  type ProbeLease,
  withLease,
} from '../policy/breaker/probeLeases.ts';
import type { RuleCause } from '../policy/breaker/tripRules.ts';

export interface CircuitBreakerInput {
  readonly upstream: string;
  readonly policy: BreakerPacing;
}

export interface CircuitBreakerContext extends OutageHistory {
  readonly upstream: string;
  readonly policy: BreakerPacing;
  /** Grows by one with every change of state; 1 at first. */
  readonly generation: number;
  readonly probes: readonly ProbeLease[];
  /** Probes of this half-open time that failed. */
  readonly probesFailed: number;
  /** What people have ordered and not let go, oldest first. */
  readonly holds: readonly OperatorHold[];
  /** Trips that were only told, since it observes. */
  readonly tripsObserved: number;
}

export interface Instant {
  readonly atMs: number;
}

export interface ProbeFacts extends PermitFacts {
  readonly generation: number;
}

/** Why a breaker opens: failures that chance does not explain, or a rule that was set. */
export type TripCause = 'surprise' | RuleCause;

export interface DetectedFacts extends OutageFacts {
  readonly generation: number;
  readonly cause: TripCause;
}

export interface OrderFacts extends Instant, HoldRelease {
  /** A short label, not a name or a story: it is kept and shown. */
  readonly reason?: string | undefined;
}

export interface RestartFacts extends Instant {
  /** The policy configured now, which may differ from the one that was kept. */
  readonly policy?: BreakerPacing | undefined;
  /** Until when the last process is known to have run; left out, it ran until now. */
  readonly diedAtMs?: number | undefined;
}

export type CircuitBreakerEvent =
  | ({ readonly type: 'outage.detected' } & DetectedFacts)
  | ({ readonly type: 'cooldown.due' } & Instant)
  | ({ readonly type: 'permit.requested' } & PermitFacts)
  | ({ readonly type: 'probe.succeeded' } & ProbeFacts)
  | ({ readonly type: 'probe.failed' } & ProbeFacts & TripFacts)
  | ({ readonly type: 'probe.ignored' } & ProbeFacts)
  /** The upstream has taken a crisis that was sent since the breaker opened. */
  | ({ readonly type: 'crisis.delivered' } & Instant)
  | ({ readonly type: 'lease.due' } & Instant)
  | ({ readonly type: 'operator.forcedOpen' } & OrderFacts)
  | ({ readonly type: 'operator.disabled' } & OrderFacts)
  | ({ readonly type: 'operator.observing' } & OrderFacts)
  | ({ readonly type: 'operator.released' } & Instant & HoldRelease)
  /** Another policy is in force from now on. */
  | { readonly type: 'policy.changed'; readonly policy: BreakerPacing }
  /** Sent once after a restore, before anything else. */
  | ({ readonly type: 'process.restarted' } & RestartFacts);

export const breakerSetup = setup({
  types: {
    context: {} as CircuitBreakerContext,
    events: {} as CircuitBreakerEvent,
    input: {} as CircuitBreakerInput,
    meta: {} as { readonly requirements: readonly string[] },
  },
  guards: {
    isCurrent: ({ context }, params: { generation: number }) =>
      params.generation === context.generation,
    isCooldownOver: ({ context }, params: Instant) => isWaitOver(context, params),
    canProbe: ({ context }, params: PermitFacts) =>
      isWaitOver(context, params) &&
      !isLeaseHeld(context.probes, params) &&
      probesFree(context, params.atMs) > 0,
    /** The upstream asks for more time than is known, by whichever probe: even one that is late. */
    isAskedForTime: ({ context }, params: TripFacts) =>
      isAskedForTime(context, context.policy, params),
    /** Of this half-open time, and its lease runs. */
    isProbeOut: ({ context }, params: ProbeFacts) => isProbeOut(context, params),
    /** The last of those that go out together: not all of them can have failed by chance. */
    isLastProbe: ({ context }, params: ProbeFacts) =>
      isProbeOut(context, params) && context.probesFailed + 1 >= context.probesAtOnce,
    /** What is ordered now changes nothing that is in force. */
    isHeldAsStrongly: ({ context }, { kind }: { readonly kind: HoldKind }) =>
      isAsStrong(holdInForce(context.holds), kind),
    /** Another order of the kind that is in force stays. */
    isHeldStill: ({ context }, params: HoldRelease) => {
      const kind = holdInForce(context.holds);
      return kind !== null && isHeldAs(kind, context, params);
    },
    isDisabledStill: ({ context }, params: HoldRelease) => isHeldAs('disabled', context, params),
    isObservingStill: ({ context }, params: HoldRelease) => isHeldAs('observing', context, params),
  },
  actions: {
    startGeneration: assign({ generation: ({ context }) => context.generation + 1 }),
    trip: assign(({ context }, params: OutageFacts) => tripped(context, context.policy, params)),
    /** The upstream is down still. */
    reopen: assign(({ context }, params: TripFacts) => reopened(context, context.policy, params)),
    holdProbes: assign(({ context }, params: TripFacts) =>
      askedForTime(context, context.policy, params),
    ),
    endCooldown: assign({ openUntilAtMs: null }),
    grantPermit: assign(({ context }, params: PermitFacts) => {
      const { probes, policy, firstFailureAtMs, downSinceAtMs } = context;
      const downMs = params.atMs - (firstFailureAtMs ?? downSinceAtMs ?? params.atMs);
      return { probes: withLease(probes, policy, params, downMs) };
    }),
    endLeases: assign(({ context: { probes } }, params: Instant) => ({
      probes: heldLeases(probes, params.atMs),
    })),
    returnPermit: assign(({ context }, params: { permitId: string }) => ({
      probes: context.probes.filter(({ id }) => id !== params.permitId),
    })),
    countFailedProbe: assign({ probesFailed: ({ context }) => context.probesFailed + 1 }),
    forgetProbes: assign({ probes: [], probesFailed: 0 }),
    recordRecovery: assign(({ context }, params: Instant) => recovered(context, params.atMs)),
    /** A trip that is only told. */
    noteTrip: assign({ tripsObserved: ({ context }) => context.tripsObserved + 1 }),
    takeOrder: assign(({ context }, params: OrderFacts & { readonly kind: HoldKind }) => ({
      holds: withHold(context.holds, holdOf(params)),
    })),
    dropOrder: assign(({ context }, params: HoldRelease) => ({
      holds: withoutHold(context.holds, params),
    })),
    handOver: assign(({ context }, params: Instant & { readonly isUp: boolean }) =>
      handedOver(context, params.atMs, params.isUp),
    ),
    /** Its operator has let go; whether it is up the first probe will show. */
    waitForProbe: assign(({ context }, params: Instant) => ({
      ...wentDown(context, params.atMs),
      probesAtOnce: 1,
    })),
    goUp: assign(({ context }, params: Instant) => cameUp(context, params.atMs)),
    takePolicy: assign((_, { policy }: { readonly policy: BreakerPacing }) => ({ policy })),
    forgetObserved: assign({ tripsObserved: 0 }),
    resumeAfterRestart: assign(({ context }, params: RestartFacts) => ({
      ...resumed(context, params.atMs, params.diedAtMs ?? params.atMs),
      policy: params.policy ?? context.policy,
      probes: [], // Whoever held these died with the process.
      probesFailed: 0,
    })),
  },
});

function isWaitOver({ openUntilAtMs }: CircuitBreakerContext, { atMs }: Instant): boolean {
  return openUntilAtMs === null || atMs >= openUntilAtMs;
}

function isProbeOut(context: CircuitBreakerContext, probe: ProbeFacts): boolean {
  return probe.generation === context.generation && isLeaseHeld(context.probes, probe);
}

function probesFree(context: CircuitBreakerContext, atMs: number): number {
  const { probes, probesFailed, probesAtOnce } = context;
  return probesAtOnce - probesFailed - heldLeases(probes, atMs).length;
}

function isHeldAs(kind: HoldKind, { holds }: CircuitBreakerContext, release: HoldRelease): boolean {
  return holdInForce(withoutHold(holds, release)) === kind;
}

function holdOf({ kind, reason, by, atMs }: OrderFacts & { kind: HoldKind }): OperatorHold {
  return { kind, reason: reason ?? null, by: by ?? null, sinceAtMs: atMs };
}
