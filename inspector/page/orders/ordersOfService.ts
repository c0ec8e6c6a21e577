/**
 * The orders about people in crisis, about breakers and about the store, with what each does in words.
 *
 * @module
 */

import type { UpstreamOverview } from '../../protocol.ts';
import { ORDER } from '../calls/calls.ts';
import { BY, DECIDER, type Field, NOTE, ORDERER, type Order, plainOrder, reason } from './order.ts';

/** Orders about a crisis that is not over. */
export function ordersOfCrisis(id: string): readonly Order[] {
  return [
    {
      ...plainOrder(ORDER.acknowledgeCrisis, 'Take it on', 'Take this crisis on?', id),
      params: { id },
      says: [
        'From now on no further step of the chain is notified: you are responsible for the person being looked after.',
        'It lapses after half an hour, unless you choose another time. Five minutes before, you are asked; take it on again to prolong it. After it has lapsed, people are notified again.',
        'Before anybody was notified, it is only noted: the first step is notified all the same, and told that you want it.',
        'It is delivered all the same. Another person may take it over from you.',
      ],
      fields: [
        ...DECIDER,
        NOTE,
        {
          name: 'forMs',
          label: 'For how long',
          help: 'Half an hour, unless you choose another time.',
          kind: 'choice',
          isNeeded: false,
          options: [1, 2, 4].map((hours) => ({
            value: hours * 3_600_000,
            label: hours === 1 ? '1 hour' : `${hours} hours`,
          })),
        },
      ],
      done: (result) => {
        const { what } = (result ?? {}) as { readonly what?: string };
        return what === 'noted'
          ? 'Nobody was notified yet: it is noted that you want it, and people are notified.'
          : durably('It is taken on: nobody else is notified.')(result);
      },
    },
    {
      ...plainOrder(ORDER.releaseCrisis, 'Give it back', 'Give this crisis back?', id),
      params: { id },
      says: [
        'The step that led to it being taken on is notified again at once, then the next ones.',
      ],
      fields: [...DECIDER, NOTE],
      done: durably('Nobody has it now: people are notified again.'),
    },
    {
      ...plainOrder(ORDER.callOffCrisis, 'Call it off', 'Call this crisis off?', id),
      params: { id },
      isDestroying: true,
      says: [
        'It is no longer delivered, and nobody else is notified: you are responsible for nobody being in danger.',
        'A call in flight is aborted, and counts if it has arrived.',
        'This can’t be undone; a new crisis can be raised.',
        'Before anybody was notified it takes two persons: the first one’s request is noted, and carried out with the second’s.',
      ],
      fields: [
        ...DECIDER,
        { ...NOTE, name: 'reason', label: 'Reason', isNeeded: true },
        {
          name: 'confirm',
          label: 'If you are alone: the end of its id',
          help: 'Its last 8 characters. Then it is called off at once, and recorded as one person’s decision.',
          kind: 'word',
          isNeeded: false,
        },
      ],
      done: durably('It is called off.'),
    },
  ];
}

function durably(done: string): Order['done'] {
  return (result) => {
    const { isDurable } = (result ?? {}) as { readonly isDurable?: boolean };
    return isDurable === false
      ? `${done} It is not on disk yet: it is written as soon as possible, and a restart before that would forget it.`
      : done;
  };
}

/** Orders about the breaker of an upstream, which a person may hold. */
export function ordersOfBreaker(
  upstream: string,
  hold: UpstreamOverview['hold'],
): readonly Order[] {
  const still = 'Crises still go out. This lasts, across restarts, until it is released.';
  const params = { upstream };
  return [
    {
      ...plainOrder(
        ORDER.forceBreakerOpen,
        'Force open',
        `Force the breaker of ${upstream} open?`,
        upstream,
      ),
      params,
      says: [`No call goes out to ${upstream}: all work for it waits.`, still],
      fields: [reason(true), BY],
      done: () => `The breaker of ${upstream} is held open.`,
    },
    {
      ...plainOrder(
        ORDER.observeBreaker,
        'Only observe',
        `Let the breaker of ${upstream} only observe?`,
        upstream,
      ),
      params,
      says: [
        `Every call goes out to ${upstream}, even while it is down; what would open the breaker is only reported.`,
        'Failures are those of each operation, and use up its attempts.',
        'It stays so, over restarts too, until it is released.',
      ],
      fields: [reason(false), BY],
      done: () => `The breaker of ${upstream} only observes.`,
    },
    {
      ...plainOrder(
        ORDER.disableBreaker,
        'Switch off',
        `Switch the breaker of ${upstream} off?`,
        upstream,
      ),
      params,
      says: [
        `Every call goes out to ${upstream}, and nothing is counted: neither it nor the work that fails there is protected.`,
        'Failures are those of each operation, and use up its attempts.',
        'It stays so, over restarts too, until it is released.',
      ],
      fields: [reason(false), BY],
      done: () => `The breaker of ${upstream} is switched off.`,
    },
    ...(hold !== null
      ? [
          {
            ...plainOrder(
              ORDER.releaseBreaker,
              'Release',
              `Release the breaker of ${upstream}?`,
              upstream,
            ),
            params,
            says: [
              'One order is released: your latest, else the latest without a name. Orders of others stay, unless you choose one of them below.',
              'Once none is left, the breaker follows its own rules again.',
            ],
            fields: hold.by === null ? [BY] : [BY, ofAnother(hold.by)],
            done: () => 'One order is released.',
          },
        ]
      : []),
  ];
}

function ofAnother(by: string): Field {
  return {
    name: 'of',
    label: 'Whose order',
    help: 'Ask them first if you can: their reason may still hold.',
    kind: 'choice',
    isNeeded: false,
    options: [{ value: by, label: `That of ${by}` }],
  };
}

const HOURS = [1, 4, 12, 24];

/** Orders about crisis mode for everybody; that of one person is switched where the person is known. */
export const CRISIS_MODE_ORDERS: readonly Order[] = [
  {
    ...plainOrder(
      ORDER.enterCrisisMode,
      'Switch crisis mode on',
      'Switch crisis mode on for everybody?',
      'everybody',
    ),
    says: [
      'Work that is not urgent gives way, at every upstream, until another person ends it or its time is up.',
      'Crises are answered and delivered as ever.',
      'It lasts across restarts. If it is on, it is prolonged.',
    ],
    fields: [
      ...DECIDER,
      reason(false),
      {
        name: 'forMs',
        label: 'For how long',
        help: 'Four hours, unless you choose another time.',
        kind: 'choice',
        isNeeded: false,
        options: HOURS.map((hours) => ({
          value: hours * 3_600_000,
          label: hours === 1 ? '1 hour' : `${hours} hours`,
        })),
      },
    ],
    done: durably('Crisis mode is on for everybody.'),
  },
  {
    ...plainOrder(
      ORDER.leaveCrisisMode,
      'End crisis mode',
      'End crisis mode for everybody?',
      'everybody',
    ),
    says: [
      'Work that gave way goes on.',
      'The people who switched it on or prolonged it can’t end it: another person has to.',
    ],
    fields: DECIDER,
    done: (result) => {
      const { wasOn } = (result ?? {}) as { readonly wasOn?: boolean };
      return wasOn === false ? 'It was not on.' : durably('Crisis mode is off.')(result);
    },
  },
];

/** The order that ends the hold of a store. */
export const RELEASE_STORE: Order = {
  ...plainOrder(ORDER.releaseStore, 'Release the store', 'Release this store?', 'store'),
  says: [
    'This store was restored or copied, lost its last commits, or is behind its anchor, and only crises run until it is released. Then all work that waits in it runs.',
    'Make sure first that no other process runs the store that it was copied from: both would do the same work.',
  ],
  fields: ORDERER,
  done: () => 'Its work runs from now on.',
};
