/**
 * The orders about people in crisis, about breakers and about the store, with what each does in words.
 *
 * @module
 */

import type { UpstreamOverview } from '../../protocol.ts';
import { ORDER } from '../calls/calls.ts';
import { BY, DECIDER, NOTE, ORDERER, reason } from './fields.ts';
import { type Field, type Order, plainOrder } from './order.ts';

/** Orders about a crisis that is not over. */
export function ordersOfCrisis(id: string): readonly Order[] {
  return [
    {
      ...plainOrder(ORDER.acknowledgeCrisis, 'Take it on', 'Take this crisis on?', id),
      params: { id },
      says: [
        'From this moment no further step of the chain is told: you answer for it that somebody cares for the person.',
        'It lapses after half an hour, unless you choose: five minutes before that you are asked, and take it on again to prolong it. Then people are told again.',
        'Before anybody was told it is a note: the first step is told all the same, and hears that you want it.',
        'It is delivered all the same. Somebody else may take it over from you.',
      ],
      fields: [
        ...DECIDER,
        NOTE,
        {
          name: 'forMs',
          label: 'For how long',
          help: 'Half an hour, unless you choose.',
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
          ? 'Nobody was told of it yet: it is noted that you want it, and people are told.'
          : durably('It is taken on: nobody else is told.')(result);
      },
    },
    {
      ...plainOrder(ORDER.releaseCrisis, 'Give it back', 'Give this crisis back?', id),
      params: { id },
      says: ['The step by which it was taken on is told again at once, then the next ones.'],
      fields: [...DECIDER, NOTE],
      done: durably('Nobody has it: people are told again.'),
    },
    {
      ...plainOrder(ORDER.callOffCrisis, 'Call it off', 'Call this crisis off?', id),
      params: { id },
      isDestroying: true,
      says: [
        'It is delivered no more, and nobody else is told: you answer for it that nobody is in danger.',
        'What is being sent is told to stop, and counts where it has arrived.',
        'It can not be taken back; a new crisis can be raised.',
        'Before anybody was told it takes two persons: the first is refused, and their word is kept.',
      ],
      fields: [
        ...DECIDER,
        { ...NOTE, name: 'reason', label: 'Reason', isNeeded: true },
        {
          name: 'confirm',
          label: 'Where you are alone: the end of its id',
          help: 'Its last 8 characters. Then it is called off at once, and kept as one person’s word.',
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
      ? `${done} It is not on disk yet: it is written as soon as it can be, and a restart before that forgets it.`
      : done;
  };
}

/** Orders about the breaker of an upstream, which a person may hold. */
export function ordersOfBreaker(
  upstream: string,
  hold: UpstreamOverview['hold'],
): readonly Order[] {
  const still = 'Crises still go out. It stays so, over restarts too, until it is released.';
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
        `Every call goes out to ${upstream}, also while it is down; what would open the breaker is only told.`,
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
        `Every call goes out to ${upstream}, and nothing is counted: nothing protects it, nor the work that fails there.`,
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
              'One order is let go: your latest, else the latest that has no name. What another holds stays, unless you say below that you let go of theirs.',
              'Once none is left the breaker follows its own rules again.',
            ],
            fields: hold.by === null ? [BY] : [BY, ofAnother(hold.by)],
            done: () => 'One order is let go.',
          },
        ]
      : []),
  ];
}

function ofAnother(by: string): Field {
  return {
    name: 'of',
    label: 'Whose order',
    help: 'Ask them first, where you can: they may hold it for a reason that still holds.',
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
      'What is not urgent makes way, at every upstream, until somebody else ends it or its time is over.',
      'Crises are answered and delivered as ever.',
      'It goes on over restarts. Where it is on, it is prolonged.',
    ],
    fields: [
      ...DECIDER,
      reason(false),
      {
        name: 'forMs',
        label: 'For how long',
        help: 'Four hours, unless you choose.',
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
      'What made way goes on.',
      'Somebody else has to end it than those who switched it on or prolonged it.',
    ],
    fields: DECIDER,
    done: (result) => {
      const { wasOn } = (result ?? {}) as { readonly wasOn?: boolean };
      return wasOn === false ? 'It was not on.' : durably('Crisis mode is off.')(result);
    },
  },
];

/** The order that ends the hold of a restored or copied store. */
export const RELEASE_STORE: Order = {
  ...plainOrder(
    ORDER.releaseStore,
    'Release the store',
    'Let the work of this store run?',
    'store',
  ),
  says: [
    'This store was restored or copied, and nothing but crises runs until somebody says so. Released, all that waits in it runs.',
    'Make sure first that no other process runs the store that it was copied from: each would do the same work.',
  ],
  fields: ORDERER,
  done: () => 'What waits in it runs from now on.',
};
