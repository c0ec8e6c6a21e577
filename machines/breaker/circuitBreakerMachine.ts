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
 * - A crisis asks nobody: the engine lets it pass in every state (CB-3). One that is delivered proves that
 *   the upstream answers; one that fails counts nowhere.
 * - Instants are those of a clock that never goes back (docs/decisions/0047), so a restart neither
 *   shortens nor lengthens a wait. Where that clock is lost, a wait is cut to what it was.
 *
 * @module
 */

import type { SnapshotFrom } from 'xstate';
import { BREAKER_MODES, type BreakerDecision } from '../policy/breaker/breakerDecision.ts';
import { NO_OUTAGES } from '../policy/breaker/outages.ts';
import { firstLeaseEnd } from '../policy/breaker/probeLeases.ts';
import { breakerSetup } from './circuitBreakerSetup.ts';

export const circuitBreakerMachine = breakerSetup.createMachine({
  id: 'circuitBreaker',
  version: '2',
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
    'operator.forcedOpen': {
      target: '.forcedOpen',
      actions: [
        { type: 'takeOrder', params: ({ event }) => ({ ...event, kind: 'forcedOpen' }) },
        { type: 'handOver', params: ({ event }) => ({ ...event, isUp: false }) },
      ],
    },
    'operator.disabled': {
      target: '.disabled',
      actions: [
        { type: 'takeOrder', params: ({ event }) => ({ ...event, kind: 'disabled' }) },
        { type: 'handOver', params: ({ event }) => ({ ...event, isUp: true }) },
      ],
    },
    'operator.observing': {
      target: '.observing',
      actions: [
        { type: 'takeOrder', params: ({ event }) => ({ ...event, kind: 'observing' }) },
        { type: 'handOver', params: ({ event }) => ({ ...event, isUp: true }) },
      ],
    },
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
      meta: { requirements: ['CB-1', 'CB-5', 'CB-6'] },
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
      meta: { requirements: ['CB-1', 'CB-2', 'CB-3', 'CB-4'] },
      entry: ['startGeneration'],
      exit: ['endCooldown'],
      on: {
        'cooldown.due': {
          guard: { type: 'isCooldownOver', params: ({ event }) => event },
          target: 'halfOpen',
        },
        'crisis.delivered': {
          target: 'closed',
          actions: [{ type: 'recordRecovery', params: ({ event }) => event }],
        },
      },
    },
    halfOpen: {
      description:
        'The upstream may be back: one probe goes out, or a few where one could fail by chance. The others wait; the first success closes.',
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
            actions: [{ type: 'returnPermit', params: ({ event }) => event }, 'countFailedProbe'],
          },
        ],
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
      meta: { requirements: ['CB-1', 'CB-3', 'CB-4'] },
      entry: ['startGeneration'],
      on: {
        'operator.forcedOpen': {
          actions: [
            { type: 'takeOrder', params: ({ event }) => ({ ...event, kind: 'forcedOpen' }) },
          ],
        },
        'operator.disabled': {
          actions: [{ type: 'takeOrder', params: ({ event }) => ({ ...event, kind: 'disabled' }) }],
        },
        'operator.observing': {
          actions: [
            { type: 'takeOrder', params: ({ event }) => ({ ...event, kind: 'observing' }) },
          ],
        },
        'operator.released': [
          {
            guard: { type: 'isForcedOpenStill', params: ({ event }) => event },
            actions: [{ type: 'dropOrder', params: ({ event }) => event }],
          },
          {
            guard: { type: 'isDisabledStill', params: ({ event }) => event },
            target: 'disabled',
            actions: [
              { type: 'dropOrder', params: ({ event }) => event },
              { type: 'goUp', params: ({ event }) => event },
            ],
          },
          {
            guard: { type: 'isObservingStill', params: ({ event }) => event },
            target: 'observing',
            actions: [
              { type: 'dropOrder', params: ({ event }) => event },
              { type: 'goUp', params: ({ event }) => event },
            ],
          },
          {
            target: 'halfOpen',
            actions: [
              { type: 'dropOrder', params: ({ event }) => event },
              { type: 'waitForProbe', params: ({ event }) => event },
            ],
          },
        ],
      },
    },
    disabled: {
      description: 'Somebody has switched the breaker off: every call goes out, nothing counts.',
      meta: { requirements: ['CB-1', 'CB-4'] },
      entry: ['startGeneration'],
      on: {
        'operator.disabled': {
          actions: [{ type: 'takeOrder', params: ({ event }) => ({ ...event, kind: 'disabled' }) }],
        },
        'operator.observing': {
          actions: [
            { type: 'takeOrder', params: ({ event }) => ({ ...event, kind: 'observing' }) },
          ],
        },
        'operator.released': [
          {
            guard: { type: 'isDisabledStill', params: ({ event }) => event },
            actions: [{ type: 'dropOrder', params: ({ event }) => event }],
          },
          {
            guard: { type: 'isObservingStill', params: ({ event }) => event },
            target: 'observing',
            actions: [{ type: 'dropOrder', params: ({ event }) => event }],
          },
          { target: 'closed', actions: [{ type: 'dropOrder', params: ({ event }) => event }] },
        ],
      },
    },
    observing: {
      description:
        'Somebody wants to see what the breaker would do: every call goes out, and trips are only told.',
      meta: { requirements: ['CB-1', 'CB-4'] },
      entry: ['startGeneration', 'forgetObserved'],
      on: {
        'outage.detected': {
          guard: { type: 'isCurrent', params: ({ event }) => event },
          actions: ['noteTrip'],
        },
        'operator.observing': {
          actions: [
            { type: 'takeOrder', params: ({ event }) => ({ ...event, kind: 'observing' }) },
          ],
        },
        'operator.released': [
          {
            guard: { type: 'isObservingStill', params: ({ event }) => event },
            actions: [{ type: 'dropOrder', params: ({ event }) => event }],
          },
          { target: 'closed', actions: [{ type: 'dropOrder', params: ({ event }) => event }] },
        ],
      },
    },
  },
});

export type { BreakerDecision } from '../policy/breaker/breakerDecision.ts';
export type { CircuitBreakerEvent, TripCause } from './circuitBreakerSetup.ts';
export type CircuitBreakerSnapshot = SnapshotFrom<typeof circuitBreakerMachine>;

/** What calls may do until the snapshot changes. */
export function breakerDecision(snapshot: CircuitBreakerSnapshot): BreakerDecision {
  const { value, context } = snapshot;
  const { generation, probes, probesFailed, probesAtOnce, openUntilAtMs } = context;
  const free = value === 'halfOpen' ? probesAtOnce - probesFailed - probes.length : 0;
  return Object.freeze({
    generation,
    mode: BREAKER_MODES[value],
    retryAtMs: value === 'halfOpen' && free <= 0 ? firstLeaseEnd(probes) : openUntilAtMs,
    recordsResults: value === 'closed' || value === 'observing',
    isHeldOpen: value === 'forcedOpen',
    probesFree: Math.max(0, free),
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
