/**
 * Supervisor: start-up, recovery, restarts and shutdown of the whole runtime (SV-1, SV-2, SV-4, SV-6).
 *
 * This chart is the map of the system. Four rules hold over all of it:
 *
 * - A crisis is answered in every state, even before the store is open and after it has failed; it
 *   asks nobody here (CR-1).
 * - New work is accepted in every state tagged `accepting`: as soon as store and components are
 *   there. Reading back what an earlier process left behind goes on beside it (SV-3).
 * - A start that fails is no end: it is tried again as `startRetry.ts` says (SV-6).
 * - A failed component is restarted as `restartPolicy.ts` says. One that fails too often is down
 *   until its window has room again; the runtime goes on without it. One that fails before the
 *   runtime works is restarted as soon as it does; one that fails in the stop is not, since what is
 *   unfinished goes on at the next start.
 *
 * Nothing of this is kept on disk: each process starts at the beginning. What the chart is made of
 * is in supervisorSetup.ts, and the state `running` in supervisorRunning.ts.
 *
 * @module
 */

import type { SnapshotFrom } from 'xstate';
import { EMPTY_LEDGER, nextRestartDueAtMs } from '../policy/service/componentLedger.ts';
import { running } from './supervisorRunning.ts';
import { type ComponentFacts, type StopFacts, supervisorSetup } from './supervisorSetup.ts';

export type { Alert } from './supervisorSetup.ts';

const startFailedAlert = {
  type: 'raiseAlert',
  params: { component: null, reason: 'startFailed' },
} as const;

const draining = {
  target: '#supervisor.draining',
  actions: [{ type: 'startDrain', params: ({ event }: { event: StopFacts }) => event }],
} as const;

/** The component is restarted once everything runs. */
const noteForLater = {
  actions: [{ type: 'noteDown', params: ({ event }: { event: ComponentFacts }) => event }],
} as const;

export const supervisorMachine = supervisorSetup.createMachine({
  id: 'supervisor',
  version: '1',
  description: 'Starts, watches and stops everything: the map of the system.',
  context: ({ input }) => ({
    startedAtMs: input.startedAtMs,
    isHeld: false,
    isToCompare: false,
    ledger: EMPTY_LEDGER,
    failedStart: null,
    failure: null,
    drainUntilAtMs: null,
  }),
  options: { maxIterations: 1000 },
  output: ({ context }) => ({ failure: context.failure }),
  initial: 'starting',
  states: {
    starting: {
      description: 'What the work needs is being started, in order. Crises are answered already.',
      meta: { requirements: ['SV-1', 'CR-1'] },
      initial: 'openingStore',
      on: {
        'component.failed': noteForLater,
        'stop.requested': draining,
        'stop.forced': { target: 'closing' },
      },
      states: {
        openingStore: {
          description: 'The keys are unlocked, and the store is opened with them.',
          meta: {
            requirements: ['SV-1'],
            lasts: 'As long as the key source and the disk take to answer.',
          },
          invoke: {
            id: 'openStore',
            src: 'openStore',
            onDone: {
              target: 'restoringComponents',
              actions: [
                { type: 'noteHold', params: ({ event }) => event.output },
                { type: 'noteAnchor', params: ({ event }) => event.output },
              ],
            },
            onError: {
              target: '#supervisor.startFailed',
              actions: [{ type: 'recordFailedStart', params: ({ event }) => event }],
            },
          },
        },
        restoringComponents: {
          description: 'Breakers and degradation levels go on from where they were.',
          meta: {
            requirements: ['SV-1', 'CB-4'],
            lasts: 'As long as it takes to read a few records.',
          },
          invoke: {
            id: 'restoreComponents',
            src: 'restoreComponents',
            onDone: { target: '#supervisor.running', actions: ['forgetFailedStart'] },
            onError: {
              target: '#supervisor.startFailed',
              actions: [{ type: 'recordFailedStart', params: ({ event }) => event }],
            },
          },
        },
      },
    },
    startFailed: {
      description:
        'The start failed, so no work is accepted until one succeeds. Crises are answered and delivered.',
      meta: { requirements: ['SV-1', 'SV-2', 'SV-6', 'CR-1'] },
      initial: 'considered',
      on: {
        'component.failed': noteForLater,
        'start.requested': { target: 'starting' },
        // Crises may be on their way, and nothing but this process knows of them.
        'stop.requested': draining,
        'stop.forced': { target: 'closing' },
      },
      states: {
        considered: {
          description:
            'Whether the cause may pass by itself decides what follows; news is told of.',
          meta: { requirements: ['SV-6'] },
          always: [
            { guard: 'hasFailedAsBefore', target: 'waiting' },
            { guard: 'canPass', target: 'waiting', actions: [startFailedAlert] },
            { target: 'lasting', actions: [startFailedAlert] },
          ],
        },
        waiting: {
          description:
            'The cause may pass: the owner of the store may end, the disk may be well again, the key source may answer. It is tried again after longer and longer waits, of some seconds at most.',
          meta: {
            requirements: ['SV-5', 'SV-6'],
            lasts: 'Until the next try, 5 s at most; it ends with a start that succeeds.',
          },
          on: {
            'start.due': [
              { guard: 'isStartPlanned', target: '#supervisor.starting' },
              { actions: [{ type: 'planStart', params: ({ event }) => event }] },
            ],
          },
        },
        lasting: {
          description:
            'The cause does not pass by itself, as with a wrong key: it is tried again when somebody asks for it.',
          meta: {
            requirements: ['SV-6'],
            lasts: 'Until somebody asks for another start, or for a stop.',
          },
        },
      },
    },
    running,
    draining: {
      description: 'No new work is accepted; what is in flight may finish until the deadline.',
      meta: {
        requirements: ['SV-4'],
        lasts: 'Until what is in flight has finished, and no longer than the deadline of the stop.',
      },
      invoke: {
        id: 'drain',
        src: 'drain',
        input: ({ context }) => ({ deadlineAtMs: context.drainUntilAtMs ?? 0 }),
        onDone: { target: 'closing' },
        onError: {
          target: 'closing',
          actions: [{ type: 'recordFailure', params: ({ event }) => event }],
        },
      },
      exit: ['endDrain'],
      on: {
        // Whoever asks again may only shorten it.
        'stop.requested': { actions: [{ type: 'hastenDrain', params: ({ event }) => event }] },
        'stop.forced': { target: 'closing' },
        'drain.due': {
          guard: { type: 'isDrainOver', params: ({ event }) => event },
          target: 'closing',
        },
      },
    },
    closing: {
      description:
        'What was written is brought to disk and the store is closed. What is unfinished goes on at the next start.',
      meta: {
        requirements: ['SV-4'],
        lasts: 'As long as the disk takes; a second request to stop ends it at once.',
      },
      invoke: {
        id: 'closeStore',
        src: 'closeStore',
        onDone: { target: 'stopped' },
        onError: {
          target: 'stopped',
          actions: [{ type: 'recordFailure', params: ({ event }) => event }],
        },
      },
      on: {
        // Nothing accepted is lost by not waiting: it was on disk before it was accepted.
        'stop.forced': { target: 'stopped' },
      },
    },
    stopped: {
      description: 'Everything has ended.',
      meta: { requirements: ['SV-4'] },
      type: 'final',
    },
  },
});

export type SupervisorSnapshot = SnapshotFrom<typeof supervisorMachine>;

export const PHASES = [
  'starting',
  'startFailed',
  'running',
  'draining',
  'closing',
  'stopped',
] as const;
export type Phase = (typeof PHASES)[number];

/** Where the runtime stands as a whole. */
export function phaseOf(snapshot: SupervisorSnapshot): Phase {
  return PHASES.find((phase) => snapshot.matches(phase)) ?? 'stopped';
}

/** Whether new work may be accepted. */
export function isAccepting(snapshot: SupervisorSnapshot): boolean {
  return snapshot.hasTag('accepting');
}

/** How the components are, while it runs. */
export function conditionOf(
  snapshot: SupervisorSnapshot,
): 'healthy' | 'restarting' | 'impaired' | null {
  const conditions = ['healthy', 'restarting', 'impaired'] as const;
  return conditions.find((each) => snapshot.matches({ running: { components: each } })) ?? null;
}

/** Whether it is waiting for the cause of a failed start to pass. */
export function isWaitingToStart(snapshot: SupervisorSnapshot): boolean {
  return snapshot.matches({ startFailed: 'waiting' });
}

/** The event the chart waits for and when it is due; `null` when it waits for no instant. */
export function supervisorDue(
  snapshot: SupervisorSnapshot,
): { readonly type: 'restart.due' | 'drain.due' | 'start.due'; readonly atMs: number } | null {
  const { drainUntilAtMs, failedStart, ledger } = snapshot.context;
  // Nobody said when it failed, so it is due at once; the timer's answer brings the instant.
  if (isWaitingToStart(snapshot)) return { type: 'start.due', atMs: failedStart?.dueAtMs ?? 0 };
  if (drainUntilAtMs !== null) return { type: 'drain.due', atMs: drainUntilAtMs };
  const atMs = snapshot.matches('running') ? nextRestartDueAtMs(ledger) : null;
  return atMs === null ? null : { type: 'restart.due', atMs };
}
