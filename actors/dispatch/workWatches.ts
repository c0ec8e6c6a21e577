/**
 * The watchdogs of all upstreams: one for each, which tells of work there that does not begin.
 *
 * @module
 */

import { mostUrgent } from '../../machines/vocabulary/rankSet.ts';
import type { LeaseCheck } from './leaseCheck.ts';
import type { Suspects } from './suspects.ts';
import type { UpstreamQueue } from './upstreamQueue.ts';
import { type StuckWork, type Waiting, WorkWatch, type WorkWatchParts } from './workWatch.ts';

/** What waits there, and what stands against it; `null` where nothing does. */
export function waitingAt(
  { next, flow }: UpstreamQueue,
  suspects: Suspects,
  leases: LeaseCheck,
  calls: number,
): Waiting | null {
  const { upstream } = flow;
  const urgency = mostUrgent(suspects.waitingAt(upstream));
  const asker = next ?? (Number.isFinite(urgency) ? { id: null, urgency, isNext: true } : null);
  if (asker === null) return null;
  const answer = flow.mayRun(asker);
  const isForOther = !answer.may && answer.because === 'suspect' && suspects.isIsolating;
  const running = leases.heldAt(upstream) + calls;
  return { answer, running: isForOther ? running + 1 : running };
}

export class WorkWatches {
  readonly #parts: Omit<WorkWatchParts, 'upstream' | 'look'>;
  readonly #watches = new Map<string, WorkWatch>();

  constructor(parts: Omit<WorkWatchParts, 'upstream' | 'look'>) {
    this.#parts = parts;
  }

  /** @param look what waits there and is due; `null` where nothing is */
  add(upstream: string, look: WorkWatchParts['look']): WorkWatch {
    const watch = new WorkWatch({ ...this.#parts, upstream, look });
    this.#watches.set(upstream, watch);
    return watch;
  }

  at(upstream: string): WorkWatch | undefined {
    return this.#watches.get(upstream);
  }

  /** Work that is due and does not begin, where nothing explains that. */
  get stuck(): readonly StuckWork[] {
    return [...this.#watches.values()].flatMap(({ stuck }) => stuck ?? []);
  }

  stop(): void {
    for (const watch of this.#watches.values()) watch.stop();
  }
}
