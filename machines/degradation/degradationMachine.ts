/**
 * Degradation: how much of the work may go on, for one upstream or for the whole process (DG-1, DG-2).
 *
 * - What is measured is turned into a level by `wantedLevel`; the chart decides how to get there.
 *   What each level means for a request is in `admissionTable.ts`.
 * - Things may get worse by any number of levels at once. They get better one level at a time, each
 *   after a better level was called for without a break for `recoverAfterMs` (DG-3).
 * - The level survives a restart; the wait for a better one begins anew, because nobody measured
 *   while the process was down.
 *
 * @module
 */

import { assign, type SnapshotFrom, setup } from 'xstate';
import { isWorse, type Level } from '../policy/service/degradationLevel.ts';
import type { DegradationPolicy, WantedLevel } from '../policy/service/degradationPolicy.ts';

export interface DegradationInput {
  /** `global`, or the name of the upstream. */
  readonly scope: string;
  readonly policy: DegradationPolicy;
}

export interface DegradationContext {
  readonly scope: string;
  readonly policy: DegradationPolicy;
  /** What the last measurement called for. */
  readonly wanted: Level;
  /** The signals that called for it; absent before the first measurement. */
  readonly causes?: WantedLevel['causes'] | undefined;
  /** When the present level was entered; `null` for the first. */
  readonly sinceAtMs: number | null;
  /** Since when a better level is called for without a break; `null` when none is. */
  readonly betterSinceAtMs: number | null;
  /** When the next step towards it is due. */
  readonly dueAtMs: number | null;
}

interface Measured extends WantedLevel {
  readonly atMs: number;
}

interface RestartFacts {
  readonly atMs: number;
  /** The policy configured now, which may differ from the one that was kept. */
  readonly policy?: DegradationPolicy | undefined;
}

export type DegradationEvent =
  | ({ readonly type: 'signals.measured' } & Measured)
  | { readonly type: 'recovery.due'; readonly atMs: number }
  /** Sent once after a restore, before anything else. */
  | ({ readonly type: 'process.restarted' } & RestartFacts);

const degradationSetup = setup({
  types: {
    context: {} as DegradationContext,
    events: {} as DegradationEvent,
    input: {} as DegradationInput,
    meta: {} as { readonly requirements: readonly string[] },
  },
  guards: {
    isWanted: (_, params: { wanted: Level; level: Level }) => params.wanted === params.level,
    isBetterWanted: (_, params: { wanted: Level; than: Level }) =>
      isWorse(params.than, params.wanted),
    isStepDue: ({ context }, params: { atMs: number }) =>
      context.dueAtMs !== null && params.atMs >= context.dueAtMs,
  },
  actions: {
    recordMeasurement: assign((_, params: Measured) => ({
      ...calledFor(params),
      sinceAtMs: params.atMs,
    })),
    recordStep: assign((_, params: { atMs: number }) => ({ sinceAtMs: params.atMs })),
    /** At the start of a level: a still better one may be wanted already. */
    startWait: assign(({ context }, params: { level: Level }) =>
      context.sinceAtMs !== null && isWorse(params.level, context.wanted)
        ? waitFrom(context.sinceAtMs, context.policy)
        : NO_WAIT,
    ),
    waitOn: assign(({ context }, params: Measured) => ({
      ...calledFor(params),
      ...(context.dueAtMs === null ? waitFrom(params.atMs, context.policy) : {}),
    })),
    stopWaiting: assign((_, params: Measured) => ({ ...calledFor(params), ...NO_WAIT })),
    resumeAfterRestart: assign(({ context }, params: RestartFacts) => {
      const policy = params.policy ?? context.policy;
      const isWaiting = context.dueAtMs !== null;
      return { policy, ...(isWaiting ? waitFrom(params.atMs, policy) : NO_WAIT) };
    }),
  },
});

/** The event's type is no part of the context. */
function calledFor({ wanted, causes }: WantedLevel): WantedLevel {
  return { wanted, causes };
}

type Wait = Pick<DegradationContext, 'betterSinceAtMs' | 'dueAtMs'>;

const NO_WAIT: Wait = { betterSinceAtMs: null, dueAtMs: null };

function waitFrom(atMs: number, policy: DegradationPolicy): Wait {
  return { betterSinceAtMs: atMs, dueAtMs: atMs + policy.recoverAfterMs };
}

export const degradationMachine = degradationSetup.createMachine({
  id: 'degradation',
  version: '1',
  description: 'Decides how much of the work may go on while something is wrong.',
  context: ({ input }) => ({
    scope: input.scope,
    policy: input.policy,
    wanted: 'normal',
    sinceAtMs: null,
    ...NO_WAIT,
  }),
  options: { maxIterations: 1000 },
  initial: 'normal',
  on: {
    'process.restarted': {
      actions: [{ type: 'resumeAfterRestart', params: ({ event }) => event }],
    },
  },
  states: {
    normal: {
      description: 'All is well: everything runs.',
      meta: { requirements: ['DG-1', 'DG-2'] },
      entry: [{ type: 'startWait', params: { level: 'normal' } }],
      on: {
        'signals.measured': [
          {
            guard: { type: 'isWanted', params: ({ event }) => ({ ...event, level: 'offline' }) },
            target: 'offline',
            actions: [{ type: 'recordMeasurement', params: ({ event }) => event }],
          },
          {
            guard: {
              type: 'isWanted',
              params: ({ event }) => ({ ...event, level: 'criticalOnly' }),
            },
            target: 'criticalOnly',
            actions: [{ type: 'recordMeasurement', params: ({ event }) => event }],
          },
          {
            guard: { type: 'isWanted', params: ({ event }) => ({ ...event, level: 'limited' }) },
            target: 'limited',
            actions: [{ type: 'recordMeasurement', params: ({ event }) => event }],
          },
        ],
      },
    },
    limited: {
      description: 'Something is slow or fails now and then: what is not urgent waits.',
      meta: { requirements: ['DG-1', 'DG-2', 'DG-3'] },
      entry: [{ type: 'startWait', params: { level: 'limited' } }],
      on: {
        'signals.measured': [
          {
            guard: { type: 'isWanted', params: ({ event }) => ({ ...event, level: 'offline' }) },
            target: 'offline',
            actions: [{ type: 'recordMeasurement', params: ({ event }) => event }],
          },
          {
            guard: {
              type: 'isWanted',
              params: ({ event }) => ({ ...event, level: 'criticalOnly' }),
            },
            target: 'criticalOnly',
            actions: [{ type: 'recordMeasurement', params: ({ event }) => event }],
          },
          {
            guard: {
              type: 'isBetterWanted',
              params: ({ event }) => ({ ...event, than: 'limited' }),
            },
            actions: [{ type: 'waitOn', params: ({ event }) => event }],
          },
          { actions: [{ type: 'stopWaiting', params: ({ event }) => event }] },
        ],
        'recovery.due': {
          guard: { type: 'isStepDue', params: ({ event }) => event },
          target: 'normal',
          actions: [{ type: 'recordStep', params: ({ event }) => event }],
        },
      },
    },
    criticalOnly: {
      description: 'Little gets through: only what is urgent runs, the rest waits.',
      meta: { requirements: ['DG-1', 'DG-2', 'DG-3'] },
      entry: [{ type: 'startWait', params: { level: 'criticalOnly' } }],
      on: {
        'signals.measured': [
          {
            guard: { type: 'isWanted', params: ({ event }) => ({ ...event, level: 'offline' }) },
            target: 'offline',
            actions: [{ type: 'recordMeasurement', params: ({ event }) => event }],
          },
          {
            guard: {
              type: 'isBetterWanted',
              params: ({ event }) => ({ ...event, than: 'criticalOnly' }),
            },
            actions: [{ type: 'waitOn', params: ({ event }) => event }],
          },
          { actions: [{ type: 'stopWaiting', params: ({ event }) => event }] },
        ],
        'recovery.due': {
          guard: { type: 'isStepDue', params: ({ event }) => event },
          target: 'limited',
          actions: [{ type: 'recordStep', params: ({ event }) => event }],
        },
      },
    },
    offline: {
      description:
        'Nothing gets through, or nothing can be kept safe: everything waits, and only crises are tried.',
      meta: { requirements: ['DG-1', 'DG-2', 'DG-3'] },
      entry: [{ type: 'startWait', params: { level: 'offline' } }],
      on: {
        'signals.measured': [
          {
            guard: {
              type: 'isBetterWanted',
              params: ({ event }) => ({ ...event, than: 'offline' }),
            },
            actions: [{ type: 'waitOn', params: ({ event }) => event }],
          },
          { actions: [{ type: 'stopWaiting', params: ({ event }) => event }] },
        ],
        'recovery.due': {
          guard: { type: 'isStepDue', params: ({ event }) => event },
          target: 'criticalOnly',
          actions: [{ type: 'recordStep', params: ({ event }) => event }],
        },
      },
    },
  },
});

export type DegradationSnapshot = SnapshotFrom<typeof degradationMachine>;

/** Why the chart is at its level; nothing for a step of a recovery, which no signal calls for. */
export function causesOf({ value, context }: DegradationSnapshot): WantedLevel['causes'] {
  return value === context.wanted ? (context.causes ?? []) : [];
}

/** The event the chart waits for and when it is due; `null` when it waits for no instant. */
export function degradationDue(
  snapshot: DegradationSnapshot,
): { readonly type: 'recovery.due'; readonly atMs: number } | null {
  const { dueAtMs } = snapshot.context;
  return dueAtMs === null ? null : { type: 'recovery.due', atMs: dueAtMs };
}
