/**
 * Scheduler of one upstream: in what way its work runs, as three things at once: whether it is taken up,
 * at what pace, and whether at a rate (CB-1, DG-3, PF-5, PF-6).
 *
 * - It hears facts, never calls (CB-5). What a call asks is answered by the table of `mayRun.ts`, from
 *   plain values.
 * - Slots, rate and timeout are tuned by the flow meter, which measures calls. What it has found out is
 *   told here, with its numbers and its reason, so that nothing is tuned unseen.
 * - What the meter knows is kept with each change, so that a restart goes on from it: a process that dies
 *   while slots open again does not come back with all of them.
 *
 * @module
 */

import { assign, type SnapshotFrom, setup } from 'xstate';
import type { FlowNews, KeptFlow } from '../policy/flow/flowNews.ts';
import type { Intake } from '../vocabulary/standing.ts';
import type { StateMeta } from '../vocabulary/stateMeta.ts';

export interface SchedulerInput {
  readonly upstream: string;
}

export interface SchedulerContext {
  readonly upstream: string;
  /** What the flow meter knew at the last change; `null` before the first. */
  readonly flow: KeptFlow | null;
  /** When its pace last changed; `null` for the first. */
  readonly paceSinceAtMs: number | null;
  /** The rate that the upstream was found to take, in calls a second; `null` for none. */
  readonly ratePerSecond: number | null;
}

interface Instant {
  readonly atMs: number;
}

/** What each fact about the flow carries. */
interface FlowFact extends Instant {
  /** What the flow meter knows now. */
  readonly flow: KeptFlow;
}

type News<Type extends FlowNews['type']> = FlowNews & { readonly type: Type } & FlowFact;

export type SchedulerEvent =
  /** The store is open, and work is handed out. */
  | ({ readonly type: 'work.started' } & Instant)
  /** The store is held: no work is handed out until it is let go. */
  | ({ readonly type: 'work.held' } & Instant)
  /** One that may have ended the process runs alone, or is about to. */
  | ({ readonly type: 'isolation.began' } & Instant)
  /** The one that ran alone has ended, and is not what ends processes. */
  | ({ readonly type: 'isolation.ended' } & Instant)
  /** No work is handed out any more. */
  | ({ readonly type: 'work.stopped' } & FlowFact)
  /** The breaker lets calls through no more. */
  | ({ readonly type: 'outage.began' } & FlowFact)
  /** The upstream lets them through again. */
  | ({ readonly type: 'outage.ended' } & FlowFact)
  /** Time-outs and 503 in a row: it has too much to do, which is no outage. */
  | News<'overload.detected'>
  /** Fewer slots are tried, to see whether as much gets done. */
  | News<'trial.began'>
  /** The same amount gets done with fewer slots: they stay so. */
  | News<'trial.kept'>
  /** Less gets done with fewer slots: they are given back. */
  | News<'trial.undone'>
  /** All slots that it takes are open. */
  | News<'ramp.ended'>
  /** The upstream answers 429: so many calls a second are what it takes. */
  | News<'rate.learned'>
  /** The upstream has answered no 429 for a while: the rate is asked no more. */
  | News<'rate.lifted'>
  /** The process has started, and this was read back from disk: sent once, before anything else. */
  | ({ readonly type: 'process.restarted' } & Instant);

const schedulerSetup = setup({
  types: {
    context: {} as SchedulerContext,
    events: {} as SchedulerEvent,
    input: {} as SchedulerInput,
    meta: {} as StateMeta,
  },
  actions: {
    /** Keeps what the flow meter knows, for the next process. */
    keepFlow: assign((_, { flow }: FlowFact) => ({ flow })),
    /** Notes since when calls go at another pace, and keeps what the flow meter knows for the next process. */
    changePace: assign((_, { flow, atMs }: FlowFact) => ({ flow, paceSinceAtMs: atMs })),
    /** Keeps the rate that the upstream was found to take. */
    noteRate: assign((_, { flow, perSecond }: News<'rate.learned'>) => ({
      flow,
      ratePerSecond: perSecond,
    })),
    /** Forgets the rate: the upstream takes what comes. */
    forgetRate: assign((_, { flow }: FlowFact) => ({ flow, ratePerSecond: null })),
    /** Notes that the pace begins anew with this process. */
    resumeAfterRestart: assign((_, { atMs }: Instant) => ({ paceSinceAtMs: atMs })),
  },
});

/** The event itself, for actions that read nothing but its facts. */
const facts = ({ event }: { event: FlowFact }): FlowFact => event;

/** Calls go at another pace from now on. */
const toPace = <State extends string>(target: State) =>
  ({ target, actions: [{ type: 'changePace', params: facts }] }) as const;

export const schedulerMachine = schedulerSetup.createMachine({
  id: 'scheduler',
  version: '1',
  description: 'In what way the work of one upstream runs.',
  context: ({ input }) => ({
    upstream: input.upstream,
    flow: null,
    paceSinceAtMs: null,
    ratePerSecond: null,
  }),
  options: { maxIterations: 1000 },
  type: 'parallel',
  states: {
    intake: {
      description: 'Whether work is taken up.',
      meta: { requirements: ['CB-1'] },
      initial: 'notStarted',
      on: { 'process.restarted': '.notStarted' },
      states: {
        notStarted: {
          description:
            'Nothing runs yet: the store is not open, not compared with its anchor, or held.',
          meta: {
            requirements: ['SV-1', 'PS-5', 'SE-6'],
            lasts: 'Until the store is open and compared, or a person lets a held store go.',
          },
          on: {
            'work.started': 'open',
            'isolation.began': 'isolated',
            'work.stopped': 'stopped',
          },
        },
        open: {
          description: 'Work runs.',
          meta: { requirements: ['OP-6'], lasts: 'Until the stop, or until one has to run alone.' },
          on: {
            'isolation.began': 'isolated',
            'work.held': 'notStarted',
            'work.stopped': {
              target: 'stopped',
              actions: [{ type: 'keepFlow', params: ({ event }) => event }],
            },
          },
        },
        isolated: {
          description: 'Only one operation that may have ended the process runs, or is about to.',
          meta: {
            requirements: ['RT-4'],
            lasts:
              'As long as that one may take; others wait no longer than one attempt of it takes.',
          },
          on: {
            'isolation.ended': 'open',
            'work.held': 'notStarted',
            'work.stopped': {
              target: 'stopped',
              actions: [{ type: 'keepFlow', params: ({ event }) => event }],
            },
          },
        },
        stopped: {
          description: 'Nothing runs any more.',
          meta: { requirements: ['SV-4'], lasts: 'For the rest of the process.' },
        },
      },
    },
    pace: {
      description: 'How many calls at once.',
      meta: { requirements: ['PF-6'] },
      initial: 'ramping',
      on: {
        'process.restarted': {
          target: '.ramping',
          actions: [{ type: 'resumeAfterRestart', params: ({ event }) => event }],
        },
      },
      states: {
        ramping: {
          description:
            'After a start or an outage: slots open with successes, so that what has waited does not bury the upstream.',
          meta: {
            requirements: ['DG-3', 'PF-6'],
            lasts: 'Until all slots that the upstream takes are open.',
          },
          on: {
            'ramp.ended': toPace('steady'),
            'overload.detected': toPace('overloaded'),
            'outage.began': toPace('down'),
          },
        },
        steady: {
          description: 'As many slots as the upstream was found to bear.',
          meta: {
            requirements: ['PF-6'],
            lasts: 'Until the upstream takes more or less than before.',
          },
          on: {
            'trial.began': toPace('trying'),
            'overload.detected': toPace('overloaded'),
            'outage.began': toPace('down'),
          },
        },
        trying: {
          description:
            'Answers take longer: fewer slots are tried, to see whether as much gets done.',
          meta: { requirements: ['PF-6'], lasts: 'Until it shows whether as much gets done.' },
          on: {
            'trial.kept': toPace('steady'),
            'trial.undone': toPace('steady'),
            'overload.detected': toPace('overloaded'),
            'outage.began': toPace('down'),
          },
        },
        overloaded: {
          description:
            'The upstream had too much to do: its slots were halved, and open again with successes.',
          meta: {
            requirements: ['PF-6', 'DG-3'],
            lasts: 'Until the slots that were closed are open again.',
          },
          on: {
            'overload.detected': {
              actions: [{ type: 'keepFlow', params: ({ event }) => event }],
            },
            'ramp.ended': toPace('steady'),
            'trial.began': toPace('trying'),
            'outage.began': toPace('down'),
          },
        },
        down: {
          description: 'The breaker is not closed: only its probes go out.',
          meta: { requirements: ['CB-2'], lasts: 'Until the breaker is closed again.' },
          on: {
            'outage.ended': toPace('ramping'),
          },
        },
      },
    },
    rate: {
      description: 'How many calls a second, beside what is configured.',
      meta: { requirements: ['PF-5'] },
      initial: 'unlimited',
      states: {
        unlimited: {
          description: 'The upstream has said nothing of a rate.',
          meta: { requirements: ['PF-5'], lasts: 'Until the upstream says that there is a rate.' },
          on: {
            'rate.learned': {
              target: 'limited',
              actions: [{ type: 'noteRate', params: ({ event }) => event }],
            },
          },
        },
        limited: {
          description: 'The upstream answers 429: it is asked as often as it was found to take.',
          meta: {
            requirements: ['PF-5'],
            lasts: 'Until the upstream has taken ever more for a while without a 429.',
          },
          on: {
            'rate.learned': {
              actions: [{ type: 'noteRate', params: ({ event }) => event }],
            },
            'rate.lifted': {
              target: 'unlimited',
              actions: [{ type: 'forgetRate', params: ({ event }) => event }],
            },
          },
        },
      },
    },
  },
});

export type SchedulerSnapshot = SnapshotFrom<typeof schedulerMachine>;

/** How many calls at once. */
export type Pace = 'ramping' | 'steady' | 'trying' | 'overloaded' | 'down';

/** Whether work is taken up. */
export function intakeOf({ value }: SchedulerSnapshot): Intake {
  return value.intake;
}

export function paceOf({ value }: SchedulerSnapshot): Pace {
  return value.pace;
}
