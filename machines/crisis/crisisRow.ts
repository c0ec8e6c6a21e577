/**
 * What the row of a crisis keeps of its chart. Of its record that is nothing: a row that is read is on disk.
 *
 * @module
 */

import type { Standing } from '../vocabulary/standing.ts';
import type { CrisisContext } from './crisisContext.ts';
import type { CrisisDeliveryState, CrisisStates } from './crisisState.ts';

/** The states that it wakes up in after a restart: what was under way was ordered, no more. */
export function crisisToKeep({
  delivery,
  escalation,
}: Pick<CrisisStates, 'delivery' | 'escalation'>): CrisisStates {
  return {
    record: 'durable',
    delivery: delivery === 'attempting' ? 'awaitingPlace' : delivery,
    // A call that was under way is owed, and is made again.
    escalation,
  };
}

/** Whether a row may be in this state. */
export function isCrisisKept({ delivery }: Pick<CrisisStates, 'delivery'>): boolean {
  return delivery !== 'attempting';
}

/** What a row says of its crisis: once it has settled, its ending is on disk. */
export function crisisOfRow(
  kept: CrisisStates,
  { ending }: Pick<CrisisContext, 'ending'>,
  standing: Standing,
): CrisisStates {
  const record = standing === 'settled' && ending !== null ? 'closed' : 'durable';
  return { ...kept, record };
}

/**
 * Where rows stand of crises whose delivery is in this state. Versions before had crises on the chart of
 * operations, where they rested.
 */
export function crisisStandingsOf(delivery: CrisisDeliveryState): readonly Standing[] {
  if (delivery === 'attempting') return [];
  if (delivery === 'delivered' || delivery === 'calledOff') return ['inHand', 'settled'];
  return ['inHand', 'due', 'held'];
}
