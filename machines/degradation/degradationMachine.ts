/**
 * Degradation: who makes way when there is not room for all, at one upstream or in the whole process
 * (DG-1, DG-2, DG-3).
 *
 * - What is measured is turned into a level by `wantedLevel`, with the signals that call for it. The chart
 *   is where that is called for, and keeps why.
 * - It gets better as fast as it got worse: the slots that open again one after the other after an outage
 *   are what spares the upstream, so a level has nothing to wait for.
 * - What each level means for a request is in `admissionTable.ts`. A level parks only what would take
 *   room from something more urgent; it never leaves room unused.
 * - The level survives a restart, and the first measurement says whether it still holds.
 *
 * @module
 */

import { assign, type SnapshotFrom, setup } from 'xstate';
import type { Level } from '../policy/service/degradationLevel.ts';
import type { DegradationPolicy, WantedLevel } from '../policy/service/degradationPolicy.ts';
import type { StateMeta } from '../vocabulary/stateMeta.ts';

export interface DegradationInput {
  /** `global`, or the name of the upstream. */
  readonly scope: string;
  readonly policy: DegradationPolicy;
}

export interface DegradationContext {
  readonly scope: string;
  readonly policy: DegradationPolicy;
  /** The signals that call for the present level; none for `normal`. */
  readonly causes: WantedLevel['causes'];
  /** When the present level was entered; `null` for the first. */
  readonly sinceAtMs: number | null;
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
  /** The signals call for another level than before, or for the same one by others. */
  | ({ readonly type: 'signals.measured' } & Measured)
  /** Another policy is in force from now on. */
  | { readonly type: 'policy.changed'; readonly policy: DegradationPolicy }
  /** The process has started, and this was read back from disk: sent once, before anything else. */
  | ({ readonly type: 'process.restarted' } & RestartFacts);

interface Wanted {
  readonly wanted: Level;
}

const degradationSetup = setup({
  types: {
    context: {} as DegradationContext,
    events: {} as DegradationEvent,
    input: {} as DegradationInput,
    meta: {} as StateMeta,
  },
  guards: {
    /** The signals call for `normal`. */
    isNormalWanted: (_, params: Wanted) => params.wanted === 'normal',
    /** The signals call for `limited`. */
    isLimitedWanted: (_, params: Wanted) => params.wanted === 'limited',
    /** The signals call for `criticalOnly`. */
    isCriticalOnlyWanted: (_, params: Wanted) => params.wanted === 'criticalOnly',
    /** The signals call for `offline`. */
    isOfflineWanted: (_, params: Wanted) => params.wanted === 'offline',
  },
  actions: {
    /** Notes which signals called for the level, and since when it is in force. */
    enterLevel: assign((_, { causes, atMs }: Measured) => ({ causes, sinceAtMs: atMs })),
    /** Notes which signals call for the level now, which may be others. */
    noteCauses: assign((_, { causes }: Measured) => ({ causes })),
    /** Takes the policy that is in force from now on. */
    takePolicy: assign(({ context }, params: Pick<RestartFacts, 'policy'>) => ({
      policy: params.policy ?? context.policy,
    })),
  },
});

export const degradationMachine = degradationSetup.createMachine({
  id: 'degradation',
  version: '1',
  description: 'Decides who makes way when there is not room for all.',
  context: ({ input }) => ({
    scope: input.scope,
    policy: input.policy,
    causes: [],
    sinceAtMs: null,
  }),
  options: { maxIterations: 1000 },
  initial: 'normal',
  on: {
    'signals.measured': [
      {
        guard: { type: 'isNormalWanted', params: ({ event }) => event },
        target: '.normal',
        actions: [{ type: 'enterLevel', params: ({ event }) => event }],
      },
      {
        guard: { type: 'isLimitedWanted', params: ({ event }) => event },
        target: '.limited',
        actions: [{ type: 'enterLevel', params: ({ event }) => event }],
      },
      {
        guard: { type: 'isCriticalOnlyWanted', params: ({ event }) => event },
        target: '.criticalOnly',
        actions: [{ type: 'enterLevel', params: ({ event }) => event }],
      },
      {
        target: '.offline',
        actions: [{ type: 'enterLevel', params: ({ event }) => event }],
      },
    ],
    'policy.changed': {
      actions: [{ type: 'takePolicy', params: ({ event }) => event }],
    },
    'process.restarted': {
      actions: [{ type: 'takePolicy', params: ({ event }) => event }],
    },
  },
  states: {
    normal: {
      description: 'All is well: everything runs.',
      meta: { requirements: ['DG-1', 'DG-2'], lasts: 'Until the signals call for another level.' },
      on: {
        'signals.measured': {
          guard: { type: 'isNormalWanted', params: ({ event }) => event },
          actions: [{ type: 'noteCauses', params: ({ event }) => event }],
        },
      },
    },
    limited: {
      description:
        'There is less room than is asked for: what is not urgent runs in what is left, and in a small share.',
      meta: {
        requirements: ['DG-1', 'DG-2', 'DG-3'],
        lasts: 'Until the signals call for another level, which they may at any moment.',
      },
      on: {
        'signals.measured': {
          guard: { type: 'isLimitedWanted', params: ({ event }) => event },
          actions: [{ type: 'noteCauses', params: ({ event }) => event }],
        },
      },
    },
    criticalOnly: {
      description:
        'Little gets through: only what is urgent has room of its own, the rest has what that leaves.',
      meta: {
        requirements: ['DG-1', 'DG-2', 'DG-3'],
        lasts: 'Until the signals call for another level, which they may at any moment.',
      },
      on: {
        'signals.measured': {
          guard: { type: 'isCriticalOnlyWanted', params: ({ event }) => event },
          actions: [{ type: 'noteCauses', params: ({ event }) => event }],
        },
      },
    },
    offline: {
      description:
        'Nothing gets through, or nothing can be kept safe: only crises have room of their own, the rest has what that leaves, which is most often nothing.',
      meta: {
        requirements: ['DG-1', 'DG-2', 'DG-3'],
        lasts: 'Until the signals call for another level, which they may at any moment.',
      },
      on: {
        'signals.measured': {
          guard: { type: 'isOfflineWanted', params: ({ event }) => event },
          actions: [{ type: 'noteCauses', params: ({ event }) => event }],
        },
      },
    },
  },
});

export type DegradationSnapshot = SnapshotFrom<typeof degradationMachine>;

/** Why the chart is at its level. */
export function causesOf({ context }: DegradationSnapshot): WantedLevel['causes'] {
  return context.causes;
}
