/**
 * What the chart of the circuit breaker is made of: its context, its events, its guards and actions.
 *
 * @module
 */

import { assign, setup } from 'xstate';
import {
  type BreakerPacing,
  heldLeases,
  isLeaseHeld,
  type PermitFacts,
  type ProbeLease,
  withLease,
} from '../policy/breaker/breakerPolicy.ts';
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
import type { RuleCause } from '../policy/breaker/tripRules.ts';
import type { StateMeta } from '../vocabulary/stateMeta.ts';

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

export interface OrderFacts extends Instant, Pick<HoldRelease, 'by'> {
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
  /** Failures that chance does not explain, or a rule that was set, say that the upstream is down. */
  | ({ readonly type: 'outage.detected' } & DetectedFacts)
  /** The wait before the next probe is over. */
  | ({ readonly type: 'cooldown.due' } & Instant)
  /** A call asks for leave to go out as a probe. */
  | ({ readonly type: 'permit.requested' } & PermitFacts)
  /** A probe was answered well. */
  | ({ readonly type: 'probe.succeeded' } & ProbeFacts)
  /** A probe failed. */
  | ({ readonly type: 'probe.failed' } & ProbeFacts & TripFacts)
  /** A probe ended without saying anything of the upstream, or was lost. */
  | ({ readonly type: 'probe.ignored' } & ProbeFacts)
  /** The upstream has taken a crisis that was sent since the breaker opened. */
  | ({ readonly type: 'crisis.delivered' } & Instant)
  /** The lease of a probe that has not reported has ended. */
  | ({ readonly type: 'lease.due' } & Instant)
  /** A person orders that no call goes out. */
  | ({ readonly type: 'operator.forcedOpen' } & OrderFacts)
  /** A person orders that every call goes out, and nothing counts. */
  | ({ readonly type: 'operator.disabled' } & OrderFacts)
  /** A person orders that every call goes out, and trips are only told. */
  | ({ readonly type: 'operator.observing' } & OrderFacts)
  /** A person lets an order go. */
  | ({ readonly type: 'operator.released' } & Instant & HoldRelease)
  /** Another policy is in force from now on. */
  | { readonly type: 'policy.changed'; readonly policy: BreakerPacing }
  /** The process has started, and this was read back from disk: sent once, before anything else. */
  | ({ readonly type: 'process.restarted' } & RestartFacts);

export const breakerSetup = setup({
  types: {
    context: {} as CircuitBreakerContext,
    events: {} as CircuitBreakerEvent,
    input: {} as CircuitBreakerInput,
    meta: {} as StateMeta,
  },
  guards: {
    /** What is told belongs to the present generation: nothing has changed state since it began. */
    isCurrent: ({ context }, params: { generation: number }) =>
      params.generation === context.generation,
    /** The wait before the next probe is over, or there is none. */
    isCooldownOver: ({ context }, params: Instant) => isWaitOver(context, params),
    /** No wait is running, a probe may still go out, and whoever asks holds none yet. */
    canProbe: ({ context }, params: PermitFacts) =>
      isWaitOver(context, params) &&
      !isLeaseHeld(context.probes, params) &&
      probesFree(context, params.atMs) > 0,
    /** The upstream asks for a longer wait than is known, by whichever probe: even one that is late. */
    isAskedForTime: ({ context }, params: TripFacts) =>
      isAskedForTime(context, context.policy, params),
    /** The probe belongs to this half-open time, and its lease has not ended. */
    isProbeOut: ({ context }, params: ProbeFacts) => isProbeOut(context, params),
    /** The probe is the last of those that go out together: not all of them can have failed by chance. */
    isLastProbe: ({ context }, params: ProbeFacts) =>
      isProbeOut(context, params) && context.probesFailed + 1 >= context.probesAtOnce,
    /** An order that is at least as strong is in force, so that this one changes nothing yet. */
    isHeldAsStrongly: ({ context }, { kind }: { readonly kind: HoldKind }) =>
      isAsStrong(holdInForce(context.holds), kind),
    /** An order of the kind that is in force stays when this one is let go. */
    isHeldStill: ({ context }, params: HoldRelease) => {
      const kind = holdInForce(context.holds);
      return kind !== null && isHeldAs(kind, context, params);
    },
    /** Once this order is let go, the strongest that is left is one to switch the breaker off. */
    isDisabledStill: ({ context }, params: HoldRelease) => isHeldAs('disabled', context, params),
    /** Once this order is let go, the strongest that is left is one to observe only. */
    isObservingStill: ({ context }, params: HoldRelease) => isHeldAs('observing', context, params),
  },
  actions: {
    /** Begins the next generation, so that what belongs to an earlier state changes nothing. */
    startGeneration: assign({ generation: ({ context }) => context.generation + 1 }),
    /** Notes that an outage began, and when the first probe is due. */
    trip: assign(({ context }, params: OutageFacts) => tripped(context, context.policy, params)),
    /** Notes that the upstream is down still, and when the next probe is due: after a share of the outage. */
    reopen: assign(({ context }, params: TripFacts) => reopened(context, context.policy, params)),
    /** Holds back further probes for as long as the upstream has asked for. */
    holdProbes: assign(({ context }, params: TripFacts) =>
      askedForTime(context, context.policy, params),
    ),
    /** Notes that no wait is running any more. */
    endCooldown: assign({ openUntilAtMs: null }),
    /** Lets one probe out, as a lease that ends by itself. */
    grantPermit: assign(({ context }, params: PermitFacts) => {
      const { probes, policy, firstFailureAtMs, downSinceAtMs } = context;
      const downMs = params.atMs - (firstFailureAtMs ?? downSinceAtMs ?? params.atMs);
      return { probes: withLease(probes, policy, params, downMs) };
    }),
    /** Takes back the places of probes whose lease has ended. */
    endLeases: assign(({ context: { probes } }, params: Instant) => ({
      probes: heldLeases(probes, params.atMs),
    })),
    /** Takes back the place of the probe that has reported. */
    returnPermit: assign(({ context }, params: { permitId: string }) => ({
      probes: context.probes.filter(({ id }) => id !== params.permitId),
    })),
    /** Counts one more failed probe of this half-open time. */
    countFailedProbe: assign({ probesFailed: ({ context }) => context.probesFailed + 1 }),
    /** Forgets the probes of the half-open time that ends. */
    forgetProbes: assign({ probes: [], probesFailed: 0 }),
    /** Notes that the upstream is back, and how soon after its last known failure that was found. */
    recordRecovery: assign(({ context }, params: Instant) => recovered(context, params.atMs)),
    /** Counts a trip that is only told, since it observes. */
    noteTrip: assign({ tripsObserved: ({ context }) => context.tripsObserved + 1 }),
    /** Keeps the order with who gave it, when and why. */
    takeOrder: assign(({ context }, params: OrderFacts & { readonly kind: HoldKind }) => ({
      holds: withHold(context.holds, holdOf(params)),
    })),
    /** Forgets the order that is let go, where there is one: what another holds stays, unless they are named. */
    dropOrder: assign(({ context }, params: HoldRelease) => ({
      holds: withoutHold(context.holds, params),
    })),
    /**
     * Ends the outage that was known, where there was one: from here on a person decides, and the upstream
     * counts as up or as down by their order.
     */
    handOver: assign(({ context }, params: Instant & { readonly isUp: boolean }) =>
      handedOver(context, params.atMs, params.isUp),
    ),
    /** Counts the upstream as down still, now that nobody holds it open; whether it is up the first probe shows. */
    waitForProbe: assign(({ context }, params: Instant) => ({
      ...wentDown(context, params.atMs),
      probesAtOnce: 1,
    })),
    /** Notes that the upstream counts as up from now on. */
    goUp: assign(({ context }, params: Instant) => cameUp(context, params.atMs)),
    /** Takes the policy that is in force from now on. */
    takePolicy: assign((_, { policy }: { readonly policy: BreakerPacing }) => ({ policy })),
    /** Begins to count observed trips from none. */
    forgetObserved: assign({ tripsObserved: 0 }),
    /** Goes on from what was kept: waits keep their end, and probes of the ended process are gone. */
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
