/**
 * What a crisis passes by, which holds up or ends all other work (CR-2, CR-4). Nothing else in the code asks
 * whether something is a crisis: what else is different of one is in its chart.
 *
 * @module
 */

import { type Priority, urgencyOf } from '../../vocabulary/urgency.ts';

/** Each thing that a crisis does not wait for, and why. */
export const PASSED_BY = {
  room: 'It is accepted however many operations wait already.',
  storage: 'It is accepted whatever the disk does, and its write is repeated until it is durable.',
  bulk: 'It is on its way before its row is written.',
  flow: 'Breaker, slots, rates and levels of its upstream are not asked: it has places of its own.',
  duplicates: 'It is on its way before the store could find an earlier one.',
  expiry: 'It never expires.',
  type: 'Where nobody handles its type, the handler of crises takes it.',
  handler: 'It waits neither for a handler that blocks nor for one that does not return.',
} as const;

export type Passed = keyof typeof PASSED_BY;

/** The rank that nothing but a crisis has. */
const CRISIS_RANK = urgencyOf('crisis', 'premium');

/** Whether this work, known by its priority or its rank, does not wait for that: nothing passes by what is not in the table. */
export function passesBy(
  what: Passed,
  work: { readonly priority: Priority } | { readonly urgency: number },
): boolean {
  const isCrisis = 'urgency' in work ? work.urgency === CRISIS_RANK : work.priority === 'crisis';
  return isCrisis && Object.hasOwn(PASSED_BY, what);
}
