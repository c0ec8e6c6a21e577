/**
 * What waits for its turn, by upstream and urgency, for people who look at the queue: what is in memory is
 * counted, and of the rest it is known whether there is any. Nothing is asked of the disk.
 *
 * @module
 */

import { PRIORITIES, type Priority, TIERS, type Tier } from '../../machines/vocabulary/urgency.ts';
import type { WaitCause } from '../../machines/vocabulary/waitCause.ts';
import type { UpstreamQueue } from './upstreamQueue.ts';

/** Work that waits for its turn at one upstream, of one urgency. */
export interface WaitingWork {
  readonly upstream: string;
  /** Of its tier and priority, or with the rank of one behind it in its lane that has them (OP-4). */
  readonly tier: Tier;
  readonly priority: Priority;
  /** In memory. */
  readonly waiting: number;
  /** Others of that rank may be due on disk; they are not counted. */
  readonly isMore: boolean;
  /** When the first in line was accepted, by the wall clock; `null` where it is on disk. */
  readonly oldestAtMs: number | null;
  /** Why the next of them does not run now; `null` where it may. */
  readonly because: WaitCause | null;
}

/** What waits at the queue, the most urgent first. Crises ask for no turn. */
export function waitingWork({
  flow,
  waitingRanks,
}: Pick<UpstreamQueue, 'flow' | 'waitingRanks'>): readonly WaitingWork[] {
  return waitingRanks
    .filter(({ rank }) => rank > 0)
    .map(({ rank, inMemory, first, isMore }) => {
      const answer = flow.mayRun({ id: null, urgency: rank, isNext: true });
      return {
        ...{ upstream: flow.upstream, ...urgencyOfRank(rank), waiting: inMemory, isMore },
        oldestAtMs: first?.actor.getSnapshot().context.acceptedAtMs ?? null,
        because: answer.may ? null : answer.because,
      };
    });
}

function urgencyOfRank(rank: number): { readonly tier: Tier; readonly priority: Priority } {
  const index = rank - 1;
  return {
    tier: TIERS[index % TIERS.length] ?? 'trial',
    priority: PRIORITIES[1 + Math.floor(index / TIERS.length)] ?? 'low',
  };
}
