/**
 * Crisis mode of one subject or of everybody: a person switches it on, another one or a time-out ends
 * it (CR-6).
 *
 * - Who switched it on or prolonged it can't end it, in whatever spelling, nor can its subject; anybody else can. It never ends sooner for being
 *   prolonged, which would be another way to end it alone.
 * - Its end is an instant that is kept, so a restart neither shortens nor lengthens it. Before that it is
 *   told that it is about to end.
 * - It is in force at once, before the store is open too, and written beside that. What an earlier
 *   process kept joins it when the store is open.
 * - Whom it is for is not part of it: nobody who looks at charts has to know.
 *
 * @module
 */

import { assign, type SnapshotFrom, setup } from 'xstate';
import {
  type CrisisModeScope,
  goneOn,
  isSecondPerson,
  joined,
  type ModeAtOpen,
  type ModeEndOrder,
  type ModeOn,
  type ModeOrder,
  switchedOn,
  warnsAtMs,
} from '../policy/crisis/crisisMode.ts';
import type { StateMeta } from '../vocabulary/stateMeta.ts';

export interface CrisisModeInput {
  readonly scope: CrisisModeScope;
}

export interface CrisisModeContext {
  readonly scope: CrisisModeScope;
  /** `null` while it is off. */
  readonly on: ModeOn | null;
}

interface Instant {
  readonly atMs: number;
}

export type CrisisModeEvent =
  /** A person switches it on, or prolongs it. */
  | ({ readonly type: 'person.entered' } & ModeOrder)
  /** A person wants it to end. */
  | ({ readonly type: 'person.left' } & ModeEndOrder & Instant)
  /** The mode ends soon, and people are to be notified. */
  | ({ readonly type: 'warning.due' } & Instant)
  /** The time of the mode is over. */
  | ({ readonly type: 'timeout.due' } & Instant)
  /** Sent once to what was switched on before the store was open. */
  | ({ readonly type: 'store.opened' } & ModeAtOpen)
  /** The process has started, and this was read back from disk: sent once, before anything else. */
  | ({ readonly type: 'process.restarted' } & Instant);

const crisisModeSetup = setup({
  types: {
    context: {} as CrisisModeContext,
    events: {} as CrisisModeEvent,
    input: {} as CrisisModeInput,
    meta: {} as StateMeta,
  },
  guards: {
    /** The person who wants it to end is somebody else than its subject and all who switched it on or prolonged it. */
    isSecondPerson: ({ context: { on } }, params: ModeEndOrder) =>
      on !== null && isSecondPerson(on, params),
    /** By this order it ends later than it would have. */
    isProlonged: ({ context: { on } }, params: ModeOrder) =>
      on !== null && switchedOn(on, params).endsAtMs > on.endsAtMs,
    /** The end is so near that people are to be notified. */
    isWarningDue: ({ context: { on } }, { atMs }: Instant) => on !== null && atMs >= warnsAtMs(on),
    /** The time of the mode is over. */
    isTimeOver: ({ context: { on } }, { atMs }: Instant) => on !== null && atMs >= on.endsAtMs,
  },
  actions: {
    /** Keeps who wants it, why, and until when. */
    takeOrder: assign(({ context }, params: ModeOrder) => ({ on: switchedOn(context.on, params) })),
    /** Goes by the clock of the store from now on, and by what an earlier process kept of the same. */
    joinEarlier: assign(({ context: { on } }, params: ModeAtOpen) => ({
      on: on === null ? null : joined(on, params),
    })),
    /** Goes on after a restart: what is left is never longer than it was to last. */
    goOn: assign(({ context: { on } }, { atMs }: Instant) => ({
      on: on === null ? null : goneOn(on, atMs),
    })),
    /** Forgets who wanted it on, and until when. */
    forget: assign({ on: null }),
  },
});

const told = <Event>({ event }: { event: Event }): Event => event;

const LEAVE = {
  guard: { type: 'isSecondPerson', params: told<ModeEndOrder> },
  target: 'off',
  actions: ['forget'],
} as const;

const END = {
  guard: { type: 'isTimeOver', params: told<Instant> },
  target: 'off',
  actions: ['forget'],
} as const;

const TAKE = { type: 'takeOrder', params: told<ModeOrder> } as const;

export const crisisModeMachine = crisisModeSetup.createMachine({
  id: 'crisisMode',
  version: '1',
  description: 'Says whether a person has put a subject, or everybody, into crisis mode.',
  context: ({ input }) => ({ scope: input.scope, on: null }),
  options: { maxIterations: 1000 },
  initial: 'off',
  on: {
    'store.opened': { actions: [{ type: 'joinEarlier', params: told }] },
    'process.restarted': { actions: [{ type: 'goOn', params: told }] },
  },
  states: {
    off: {
      description: 'Nobody has switched it on, or it has ended.',
      meta: { requirements: ['CR-6'], lasts: 'Until a person switches it on.' },
      on: { 'person.entered': { target: 'on', actions: [TAKE] } },
    },
    on: {
      description:
        'A person has switched it on. It is ended by somebody else than its subject and all who switched it on or prolonged it, or by its time-out; whoever wants it on prolongs it.',
      meta: {
        requirements: ['CR-6'],
        lasts:
          'Until 15 min before its end, which is 4 h after it was switched on, unless set otherwise, and never more than 24 h after the last order. Somebody else ends it sooner.',
      },
      on: {
        'person.entered': { actions: [TAKE] },
        'person.left': LEAVE,
        'warning.due': [
          // No process ran when it was to be told.
          END,
          { guard: { type: 'isWarningDue', params: told<Instant> }, target: 'ending' },
        ],
      },
    },
    ending: {
      description: 'It is on, and ends soon unless somebody prolongs it: that was told.',
      meta: {
        requirements: ['CR-6'],
        lasts: '15 min at most, unless somebody prolongs it. Somebody else ends it sooner.',
      },
      on: {
        'person.entered': [
          {
            guard: { type: 'isProlonged', params: told<ModeOrder> },
            target: 'on',
            actions: [TAKE],
          },
          { actions: [TAKE] },
        ],
        'person.left': LEAVE,
        'timeout.due': END,
      },
    },
  },
});

export type CrisisModeSnapshot = SnapshotFrom<typeof crisisModeMachine>;

/** What it waits for, and when that is due; `null` while it is off. */
export function crisisModeDue({
  value,
  context: { on },
}: CrisisModeSnapshot): ({ readonly type: 'warning.due' | 'timeout.due' } & Instant) | null {
  if (on === null) return null;
  return value === 'on'
    ? { type: 'warning.due', atMs: warnsAtMs(on) }
    : { type: 'timeout.due', atMs: on.endsAtMs };
}
