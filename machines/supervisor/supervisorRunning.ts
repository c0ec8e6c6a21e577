/**
 * The `running` state of the supervisor's chart: recovery, and restarts of components (SV-2,
 * SV-3).
 *
 * @module
 */

import { type Alert, type ComponentFacts, supervisorSetup } from './supervisorSetup.ts';

function componentDown({ component }: ComponentFacts): Alert {
  return { component, reason: 'componentDown' };
}

/** Crises go on while it is not known whether anything else may, or known that it may not. */
const recoverCrises = {
  id: 'recoverCrises',
  src: 'recoverCrises',
  onError: {
    actions: [
      { type: 'raiseAlert', params: { component: 'operations', reason: 'recoveryFailed' } },
      'reportRecoveryFailed',
    ],
  },
} as const;

/** The store is held, though work has begun. */
const HOLD = { type: 'noteHold', params: { isHeld: true } } as const;

/**
 * Reading back what an earlier process left behind (SV-3). New work need not wait for it. Where it
 * fails, it is taken up again by the restart of `operations`.
 */
const recovery = supervisorSetup.createStateConfig({
  description: 'What an earlier process left behind.',
  meta: { requirements: ['SV-1', 'SV-3'] },
  initial: 'considered',
  states: {
    considered: {
      description:
        'Whether the store is held, has an anchor, and whether what reads it is down, decides what is taken up.',
      meta: { requirements: ['PS-5', 'SE-6', 'SV-2', 'SV-3'] },
      always: [
        { guard: 'isHeld', target: 'held' },
        { guard: 'isToCompare', target: 'comparing' },
        { guard: 'hasOperationsDown', target: 'interrupted' },
        { target: 'recovering' },
      ],
    },
    comparing: {
      description:
        'The store is compared with its anchor, which is kept elsewhere. New work is accepted and waits; crises are served.',
      meta: {
        requirements: ['SE-6', 'CR-4'],
        lasts: 'Until it was compared, 30 s at most: then work goes on, and people are told.',
      },
      invoke: [
        recoverCrises,
        {
          id: 'compareAnchor',
          src: 'compareAnchor',
          onDone: [
            {
              guard: { type: 'isBehind', params: ({ event }) => event.output },
              target: 'held',
              actions: [HOLD],
            },
            { guard: 'hasOperationsDown', target: 'interrupted' },
            { target: 'recovering' },
          ],
        },
      ],
    },
    held: {
      description:
        'The store was restored or copied, its last commits are gone, or it is behind its anchor: its work may have been done since, so nothing runs until a person lets it go. New work is accepted and waits; crises are served.',
      meta: { requirements: ['PS-5', 'SE-6', 'CR-4'], lasts: 'Until a person lets the store go.' },
      invoke: recoverCrises,
      on: {
        'hold.released': { target: 'recovering', actions: ['endHold'] },
      },
    },
    recovering: {
      description:
        'Operations that an earlier process left behind are read back, most urgent first.',
      meta: {
        requirements: ['SV-1', 'SV-3'],
        lasts: 'As long as it takes to read back what was left behind.',
      },
      invoke: {
        id: 'recoverOperations',
        src: 'recoverOperations',
        onDone: { target: 'recovered' },
        onError: {
          target: 'interrupted',
          actions: [
            { type: 'raiseAlert', params: { component: 'operations', reason: 'recoveryFailed' } },
            'reportRecoveryFailed',
          ],
        },
      },
      on: {
        'hold.began': { actions: [HOLD] },
        'hold.released': { actions: ['endHold'] },
        'component.failed': {
          guard: { type: 'isRecoveryLost', params: ({ event }) => event },
          target: 'interrupted',
        },
      },
    },
    interrupted: {
      description: 'Reading back has stopped; the restart of the operations takes it up again.',
      meta: {
        requirements: ['SV-2', 'SV-3'],
        lasts:
          'Until what reads back is restarted: at once, or as soon as it may be restarted again.',
      },
      on: {
        'hold.began': { actions: [HOLD] },
        'hold.released': { actions: ['endHold'] },
        'components.restarted': {
          guard: { type: 'hasRestartedOperations', params: ({ event }) => event },
          target: 'recovered',
        },
      },
    },
    recovered: {
      description: 'Everything that was left behind is in hand again.',
      meta: { requirements: ['SV-3'], lasts: 'Until the stop.' },
      always: [{ guard: 'isHeld', target: 'paused' }],
      on: { 'hold.began': { target: 'paused', actions: [HOLD] } },
    },
    paused: {
      description:
        'The anchor could not be reached at the start, and the store was found to be behind it since: nothing more begins until a person lets it go. Crises are served.',
      meta: { requirements: ['SE-6', 'CR-4'], lasts: 'Until a person lets the store go.' },
      on: { 'hold.released': { target: 'recovered', actions: ['endHold'] } },
    },
  },
});

/** The parts that the work needs, and their restarts (SV-2). */
const components = supervisorSetup.createStateConfig({
  description: 'The parts that the work needs, and whether they work.',
  meta: { requirements: ['SV-2'] },
  initial: 'considered',
  states: {
    considered: {
      description: 'Whether a component failed during the start decides what follows.',
      meta: { requirements: ['SV-2'] },
      always: [{ guard: 'isAnythingDown', target: 'impaired' }, { target: 'healthy' }],
    },
    healthy: {
      description: 'Every component works.',
      meta: { requirements: ['SV-2'], lasts: 'Until a component fails.' },
      on: {
        'component.failed': [
          {
            guard: { type: 'canRestart', params: ({ event }) => event },
            target: 'restarting',
            actions: [{ type: 'beginRestart', params: ({ event }) => event }],
          },
          {
            target: 'impaired',
            actions: [
              { type: 'noteDown', params: ({ event }) => event },
              { type: 'raiseAlert', params: ({ event }) => componentDown(event) },
            ],
          },
        ],
        'recovery.failed': { target: 'impaired', actions: ['noteRecoveryFailed'] },
      },
    },
    restarting: {
      description: 'A component failed; it, and what cannot go on without it, is restarted.',
      meta: { requirements: ['SV-2'], lasts: 'As long as the restart takes.' },
      invoke: {
        id: 'restartComponents',
        src: 'restartComponents',
        input: ({ context }) => ({ components: context.ledger.restarting }),
        onDone: [
          {
            guard: 'isAnythingDown',
            target: 'impaired',
            actions: ['reportRestarted', 'endRestart'],
          },
          { target: 'healthy', actions: ['reportRestarted', 'endRestart'] },
        ],
        onError: {
          target: 'impaired',
          actions: [
            {
              type: 'raiseAlert',
              params: ({ context }) => ({
                component: context.ledger.restarting[0] ?? null,
                reason: 'restartFailed',
              }),
            },
            'failRestart',
          ],
        },
      },
      on: {
        // Kept for afterwards, also for what is being restarted: it may have failed once more.
        'component.failed': [
          { guard: { type: 'isKnownToBeDown', params: ({ event }) => event } },
          {
            guard: { type: 'isRestartedTooOften', params: ({ event }) => event },
            actions: [
              { type: 'noteDown', params: ({ event }) => event },
              { type: 'raiseAlert', params: ({ event }) => componentDown(event) },
            ],
          },
          { actions: [{ type: 'noteDown', params: ({ event }) => event }] },
        ],
        'recovery.failed': { actions: ['noteRecoveryFailed'] },
      },
    },
    impaired: {
      description:
        'A component is down until its restart is due; the rest works on, and crises are answered.',
      meta: {
        requirements: ['SV-2'],
        lasts: 'Until what is down was restarted, which is tried as soon as it may be.',
      },
      on: {
        'component.failed': [
          { guard: { type: 'isKnownToBeDown', params: ({ event }) => event } },
          {
            guard: { type: 'canRestart', params: ({ event }) => event },
            target: 'restarting',
            actions: [{ type: 'beginRestart', params: ({ event }) => event }],
          },
          {
            actions: [
              { type: 'noteDown', params: ({ event }) => event },
              { type: 'raiseAlert', params: ({ event }) => componentDown(event) },
            ],
          },
        ],
        'recovery.failed': { actions: ['noteRecoveryFailed'] },
        'restart.due': [
          {
            guard: { type: 'hasRestartDue', params: ({ event }) => event },
            target: 'restarting',
            actions: [{ type: 'beginDueRestart', params: ({ event }) => event }],
          },
          { actions: [{ type: 'reviewRestarts', params: ({ event }) => event }] },
        ],
      },
    },
  },
});

/** The state of the supervisor in which work is done: two halves that know little of each other. */
export const running = supervisorSetup.createStateConfig({
  description: 'Work is accepted and done.',
  tags: ['accepting'],
  meta: { requirements: ['SV-1', 'SV-2', 'SV-3'] },
  type: 'parallel',
  on: {
    'stop.requested': {
      target: 'draining',
      actions: [{ type: 'startDrain', params: ({ event }) => event }],
    },
    'stop.forced': { target: 'closing' },
  },
  states: { recovery, components },
});
