/**
 * What the word of a person makes of a crisis that nothing runs on: it is kept, and the next process goes on
 * from there (CR-5).
 *
 * @module
 */

import { transition } from 'xstate';
import {
  type CrisisContext,
  type CrisisEvent,
  crisisAt,
  crisisMachine,
  crisisStatesOf,
} from './crisisMachine.ts';
import type { CrisisStates } from './crisisState.ts';

/** Where a crisis is, and what is known of it. */
export interface KeptCrisis {
  readonly value: CrisisStates;
  readonly context: CrisisContext;
}

/** What a person says about a crisis. */
export type CrisisWord = Extract<
  CrisisEvent,
  {
    readonly type:
      | 'acknowledgement.given'
      | 'release.requested'
      | 'callOff.proposed'
      | 'callOff.requested'
      | 'safety.said';
  }
>;

/**
 * `null` where the word changes nothing. Called off, it is kept as it would be while it is sent: nobody knows
 * here how long its row is to be kept, so the next process ends it.
 */
export function decidedAtRest(
  { value, context }: KeptCrisis,
  event: CrisisWord,
): KeptCrisis | null {
  if (context.ending !== null || value.delivery === 'callingOff') return null;
  const isCallOff = event.type === 'callOff.requested';
  const at = isCallOff ? { ...value, delivery: 'attempting' as const } : value;
  const before = crisisAt(at, context);
  if (!before.can(event)) return null;
  const [after] = transition(crisisMachine, before, event);
  return { value: crisisStatesOf(after.value), context: after.context };
}
