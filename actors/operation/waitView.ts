/**
 * Why an operation waits, as it is shown: its own reason, or that of its upstream.
 *
 * @module
 */

import type { SyncOperationContext } from '../../machines/operation/syncOperationMachine.ts';
import { waitsSinceMs } from '../../machines/operation/waitReason.ts';
import type { ChartOfWork, WorkContext, WorkState } from '../charts/chartOfWork.ts';
import type { ParkReason } from '../facts/fact.ts';

/** What an operation waits for. Instants are those of the wall clock, in milliseconds since the epoch. */
export interface OperationWait {
  readonly reason: ParkReason;
  readonly sinceAtMs: number;
  /** When that ends by itself, as far as is known; `null` where nobody knows. */
  readonly untilAtMs: number | null;
}

/** What one that waits for its turn waits for at its upstream now. */
export type TurnWaitOf = (
  context: Pick<SyncOperationContext, 'type' | 'upMark'>,
  urgency: number,
) => Pick<OperationWait, 'reason' | 'untilAtMs'>;

/** For a store at rest: nothing runs. */
export const turnWaitAtRest: TurnWaitOf = () => ({ reason: 'start', untilAtMs: null });

/** `null` where it waits for nothing: it is under way, being written, or has ended. */
export function waitOf(
  chart: ChartOfWork,
  state: WorkState,
  context: WorkContext,
  urgency: number,
  turnWaitOf: TurnWaitOf,
): OperationWait | null {
  const own = chart.waitReasonOf(state);
  const sinceAtMs = waitsSinceMs(context);
  if (own !== null && own !== 'turn') {
    return { reason: own, sinceAtMs, untilAtMs: chart.retryAtMs(state, context) };
  }
  if (own === null && !chart.isInLine(state)) return null;
  return { sinceAtMs, ...turnWaitOf(context, urgency) };
}
