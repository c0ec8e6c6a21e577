/**
 * Tells the oracle of an attempt that runs in this process: when it begins, what is applied, how it
 * ends, also where the runtime breaks it off, and when its handler returns.
 *
 * @module
 */

import type { Attempt } from '../../../actors/attempt/handler.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { DiskRow, OutageSeen, TraceEvent } from './trace.ts';

/** Where an attempt runs, and what is seen of it there. */
export interface Surroundings {
  readonly process: number;
  readonly atMs: number;
  /** The key that the upstream sees. */
  readonly key: string;
  readonly onDisk?: DiskRow | null;
  /** A dead process hears of nothing that becomes of its attempts. */
  readonly isDead: () => boolean;
  /** The outage in which its upstream fails every call; left out where nobody arranged one. */
  readonly outage?: () => OutageSeen | null;
  readonly tell: (event: TraceEvent) => void;
}

/** What the upstream does with an attempt; `apply` makes the effect, once for each key. */
export type Work = (apply: (isKeyless?: boolean) => void) => Promise<void>;

/** Does the work of an attempt under the eyes of the oracle. */
export async function tracedAttempt(
  attempt: Attempt,
  { process, atMs, key, onDisk, isDead, outage = () => null, tell }: Surroundings,
  appliedKeys: Set<string>,
  work: Work,
): Promise<void> {
  const { operationId: id, number, entity, priority, signal } = attempt;
  const lane = entity === null || priority === 'crisis' ? null : `${entity.type}/${entity.id}`;
  const found = onDisk === undefined ? {} : { onDisk };
  tell({ event: 'attempted', key, task: id, id, attempt: number, atMs, process, lane, ...found });
  const before = outage();
  let isOver = false;
  const over = (isSpent: boolean): void => {
    if (isOver || isDead()) return;
    isOver = true;
    const after = outage();
    const seen = before !== null && before.name === after?.name ? { outage: after } : {};
    tell({ event: 'attemptOver', task: id, attempt: number, process, isSpent, ...seen });
  };
  signal.addEventListener('abort', () => {
    over(isHoldfastError(signal.reason) && signal.reason.code === 'HF_ATTEMPT_TIMED_OUT');
  });
  const apply = (isKeyless = false): void => {
    if (appliedKeys.has(key)) return;
    appliedKeys.add(key);
    // A dead process aborts nothing, and what follows it counts on nothing of its attempts.
    const isLate = isOver || signal.aborted || isDead();
    tell({ event: 'applied', key, task: id, isLate, ...(isKeyless ? { isKeyless } : {}) });
  };
  try {
    await work(apply);
    over(false);
  } catch (error) {
    over(true);
    throw error;
  } finally {
    if (!isDead()) tell({ event: 'returned', task: id, attempt: number, process });
  }
}
