/**
 * Circuit breaker: decides whether calls to one upstream may go out (CB-1 to CB-4, CB-6).
 *
 * - Calls send it no event. The flow meter and the trip rules count them, and the chart is told by
 *   `outage.detected`. What may go out is read from {@link breakerDecision}.
 * - Every change of state starts a new generation. What belongs to another generation, or to a permit
 *   that is no longer out, changes nothing.
 * - A permit is asked for by event only while half open; it was granted if {@link hasPermit} says
 *   so afterwards. Each is a lease: it ends by itself if nobody reports. A success that comes later still
 *   counts, as long as nothing has changed.
 * - What a failed probe was asked to wait (`Retry-After`) holds all that follow, however late it reports.
 * - A crisis asks nobody: the engine lets it pass in every state (CB-3). One that is delivered proves that
 *   the upstream answers; one that fails counts nowhere.
 * - Orders of people are counted. The strongest is in force, in a state of its own; the others wait.
 * - Instants are those of a clock that never goes back (docs/decisions/0047), so a restart neither
 *   shortens nor lengthens a wait. Where that clock is lost, a wait is cut to what it was.
 *
 * @module
 */

import type { SnapshotFrom } from 'xstate';
import {
  BREAKER_MODES,
  type BreakerDecision,
  firstLeaseEnd,
} from '../policy/breaker/breakerPolicy.ts';
import type { HoldKind, HoldRelease } from '../policy/breaker/operatorHolds.ts';
import { NO_OUTAGES, type TripFacts } from '../policy/breaker/outages.ts';
import { breakerSetup, type Instant, type OrderFacts } from './circuitBreakerSetup.ts';

/** An order: it counts, and is in force unless one as strong is. */
const order = <Kind extends HoldKind>(kind: Kind, isUp: boolean) => {
  const take = {
    type: 'takeOrder',
    params: ({ event }: { event: OrderFacts }) => ({ ...event, kind }),
  } as const;
  return [
    { guard: { type: 'isHeldAsStrongly', params: { kind } }, actions: [take] },
    {
      target: `.${kind}`,
      actions: [
        take,
        { type: 'handOver', params: ({ event }: { event: Instant }) => ({ ...event, isUp }) },
      ],
    },
  ] as const;
};

const asked = ({ event }: { event: TripFacts }): TripFacts => event;

/** A probe that counts no more was told to wait: so are the others. */
const HOLD_PROBES = {
  guard: { type: 'isAskedForTime', params: asked },
  actions: [{ type: 'holdProbes', params: asked }],
} as const;

type Release = Instant & HoldRelease;
const letGo = ({ event }: { event: Release }): Release => event;

/** One order of several was let go, and the same is in force. */
const HELD_STILL = {
  guard: { type: 'isHeldStill', params: letGo },
  actions: [{ type: 'dropOrder', params: letGo }],
} as const;

/** The strongest order was let go: the next is in force, or none, and calls go out. */
const fallTo = <Target extends string>(target: Target) =>
  ({
    target,
    actions: [
      { type: 'dropOrder', params: letGo },
      { type: 'goUp', params: letGo },
    ],
  }) as const;

export const circuitBreakerMachine = breakerSetup.createMachine({
  id: 'circuitBreaker',
  version: '1',
  description: 'Decides whether calls to one upstream may go out.',
  context: ({ input }) => ({
    ...NO_OUTAGES,
    upstream: input.upstream,
    policy: input.policy,
    generation: 0,
    probes: [],
    probesFailed: 0,
    holds: [],
    tripsObserved: 0,
  }),
  options: { maxIterations: 1000 },
  initial: 'closed',
  on: {
    'operator.forcedOpen': order('forcedOpen', false),
    'operator.disabled': order('disabled', true),
    'operator.observing': order('observing', true),
    'policy.changed': {
      actions: [{ type: 'takePolicy', params: ({ event }) => event }],
    },
    'process.restarted': {
      actions: [{ type: 'resumeAfterRestart', params: ({ event }) => event }],
    },
  },
  states: {
    closed: {
      description: 'The upstream works: every call that has a slot goes out, and is measured.',
      meta: { requirements: ['CB-1', 'CB-5', 'CB-6'], lasts: 'Until the upstream is down.' },
      entry: ['startGeneration'],
      on: {
        'outage.detected': {
          guard: { type: 'isCurrent', params: ({ event }) => event },
          target: 'open',
          actions: [{ type: 'trip', params: ({ event }) => event }],
        },
      },
    },
    open: {
      description:
        'The upstream is down: calls wait for the next probe, which comes after a share of the outage. Crises still go out.',
      meta: {
        requirements: ['CB-1', 'CB-2', 'CB-3', 'CB-4'],
        lasts:
          'Until the next probe: 0.25 s at least and 15 s at most, or for as long as the upstream asks, a minute at most, unless set otherwise; a crisis that is delivered ends it sooner.',
      },
      entry: ['startGeneration'],
      exit: ['endCooldown'],
      on: {
        'cooldown.due': {
          guard: { type: 'isCooldownOver', params: ({ event }) => event },
          target: 'halfOpen',
        },
        'probe.failed': HOLD_PROBES,
        'crisis.delivered': {
          target: 'closed',
          actions: [{ type: 'recordRecovery', params: ({ event }) => event }],
        },
      },
    },
    halfOpen: {
      description:
        'The upstream may be back: one probe goes out, or a few where one could fail by chance. The others wait; the first success closes.',
      meta: {
        requirements: ['CB-1', 'CB-2', 'CB-3'],
        lasts:
          'Until the first success, or until all probes have failed. It stays while there is no work that can probe.',
      },
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
        'probe.succeeded': {
          guard: { type: 'isCurrent', params: ({ event }) => event },
          target: 'closed',
          actions: [{ type: 'recordRecovery', params: ({ event }) => event }],
        },
        'probe.failed': [
          {
            guard: { type: 'isLastProbe', params: ({ event }) => event },
            target: 'open',
            actions: [{ type: 'reopen', params: ({ event }) => event }],
          },
          {
            guard: { type: 'isProbeOut', params: ({ event }) => event },
            actions: [
              { type: 'returnPermit', params: ({ event }) => event },
              'countFailedProbe',
              { type: 'holdProbes', params: ({ event }) => event },
            ],
          },
          HOLD_PROBES,
        ],
        'cooldown.due': {
          guard: { type: 'isCooldownOver', params: ({ event }) => event },
          actions: ['endCooldown'],
        },
        'probe.ignored': {
          guard: { type: 'isProbeOut', params: ({ event }) => event },
          actions: [{ type: 'returnPermit', params: ({ event }) => event }],
        },
        'crisis.delivered': {
          target: 'closed',
          actions: [{ type: 'recordRecovery', params: ({ event }) => event }],
        },
        'lease.due': {
          actions: [{ type: 'endLeases', params: ({ event }) => event }],
        },
      },
    },
    forcedOpen: {
      description:
        'Somebody keeps it open: calls wait until all who ordered that let go. Crises still go out.',
      meta: { requirements: ['CB-1', 'CB-3', 'CB-4'], lasts: 'Until all who ordered it let go.' },
      entry: ['startGeneration'],
      on: {
        'operator.released': [
          HELD_STILL,
          { guard: { type: 'isDisabledStill', params: letGo }, ...fallTo('disabled') },
          { guard: { type: 'isObservingStill', params: letGo }, ...fallTo('observing') },
          {
            target: 'halfOpen',
            actions: [
              { type: 'dropOrder', params: letGo },
              { type: 'waitForProbe', params: letGo },
            ],
          },
        ],
      },
    },
    disabled: {
      description: 'Somebody has switched the breaker off: every call goes out, nothing counts.',
      meta: {
        requirements: ['CB-1', 'CB-4'],
        lasts: 'Until all who ordered it let go, or a stronger order comes.',
      },
      entry: ['startGeneration'],
      on: {
        'operator.released': [
          HELD_STILL,
          { guard: { type: 'isObservingStill', params: letGo }, ...fallTo('observing') },
          fallTo('closed'),
        ],
      },
    },
    observing: {
      description:
        'Somebody wants to see what the breaker would do: every call goes out, and trips are only told.',
      meta: {
        requirements: ['CB-1', 'CB-4'],
        lasts: 'Until all who ordered it let go, or a stronger order comes.',
      },
      entry: ['startGeneration', 'forgetObserved'],
      on: {
        'outage.detected': {
          guard: { type: 'isCurrent', params: ({ event }) => event },
          actions: ['noteTrip'],
        },
        'operator.released': [HELD_STILL, fallTo('closed')],
      },
    },
  },
});

export type { BreakerDecision } from '../policy/breaker/breakerPolicy.ts';
export type { CircuitBreakerEvent, TripCause } from './circuitBreakerSetup.ts';
export type CircuitBreakerSnapshot = SnapshotFrom<typeof circuitBreakerMachine>;

/** What calls may do until the snapshot changes. */
export function breakerDecision(snapshot: CircuitBreakerSnapshot): BreakerDecision {
  const { value, context } = snapshot;
  const { generation, probes, probesFailed, probesAtOnce, openUntilAtMs } = context;
  const free = value === 'halfOpen' ? probesAtOnce - probesFailed - probes.length : 0;
  const placeAtMs = free > 0 ? null : firstLeaseEnd(probes);
  return Object.freeze({
    generation,
    mode: BREAKER_MODES[value],
    retryAtMs:
      openUntilAtMs === null ? placeAtMs : Math.max(openUntilAtMs, placeAtMs ?? openUntilAtMs),
    recordsResults: value === 'closed' || value === 'observing',
    isHeldOpen: value === 'forcedOpen',
    probesFree: openUntilAtMs === null ? Math.max(0, free) : 0,
  });
}

/** The event the chart waits for and when it is due; `null` when it waits for no instant. */
export function breakerDue(
  snapshot: CircuitBreakerSnapshot,
): { readonly type: 'cooldown.due' | 'lease.due'; readonly atMs: number } | null {
  const { openUntilAtMs, probes } = snapshot.context;
  const leaseEndsAtMs = firstLeaseEnd(probes);
  if (openUntilAtMs !== null && openUntilAtMs <= (leaseEndsAtMs ?? openUntilAtMs))
    return { type: 'cooldown.due', atMs: openUntilAtMs };
  return leaseEndsAtMs === null ? null : { type: 'lease.due', atMs: leaseEndsAtMs };
}

/** Whether a permit is out: read right after asking for it, and the answer to the question. */
export function hasPermit(snapshot: CircuitBreakerSnapshot, permitId: string): boolean {
  return snapshot.context.probes.some(({ id }) => id === permitId);
}
