/**
 * What the row of a crisis keeps of its chart. Of its record that is nothing: a row that is read is on disk.
 *
 * @module
 */

import type { Standing } from '../vocabulary/standing.ts';
import type { CrisisContext } from './crisisContext.ts';
import type { CrisisDeliveryState, CrisisStates } from './crisisState.ts';

/** The states that it wakes up in after a restart: an attempt that was under way was ordered, no more. */
export function crisisToKeep(delivery: CrisisDeliveryState): CrisisStates {
  return { record: 'durable', delivery: delivery === 'attempting' ? 'awaitingPlace' : delivery };
}

/** Whether a row may be in this state. */
export function isCrisisKept(delivery: CrisisDeliveryState): boolean {
  return delivery !== 'attempting';
}

/** What a row says of its crisis: once it has settled, its ending is on disk. */
export function crisisOfRow(
  kept: CrisisStates,
  { ending }: Pick<CrisisContext, 'ending'>,
  standing: Standing,
): CrisisStates {
  const { delivery } = kept;
  return { record: standing === 'settled' && ending !== null ? 'closed' : 'durable', delivery };
}
