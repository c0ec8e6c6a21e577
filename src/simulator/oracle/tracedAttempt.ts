/**
 * Tells the oracle of an attempt in this process: its beginning, what the upstream applies, its end, also where the
 * runtime breaks it off, and its handler's return.
 *
 * @module
 */

import type { Attempt } from '../../../actors/operation/handler.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { DiskRow, OutageSeen, TraceEvent } from './trace.ts';

/** Place of an attempt, with what can be seen there. */
export interface Surroundings {
  readonly process: number;
  /** Upstream of its type in this process; left out where nobody knows. */
  readonly upstream?: string | undefined;
  readonly atMs: number;
  /** Key that the upstream sees. */
  readonly key: string;
  readonly onDisk?: DiskRow | null;
  /** Tells whether the process is dead: a dead one hears nothing of its attempts. */
  readonly isDead: () => boolean;
  /** Present outage, in which its upstream fails every call; left out where nobody arranged one. */
  readonly outage?: () => OutageSeen | null;
  readonly tell: (event: TraceEvent) => void;
}

/** Work of the upstream on an attempt; `apply` makes the effect, once for each key. */
export type Work = (apply: (isKeyless?: boolean) => void) => Promise<void>;

/** Runs an attempt and tells the oracle of it. */
export async function tracedAttempt(
  attempt: Attempt,
  { process, upstream, atMs, key, onDisk, isDead, outage = () => null, tell }: Surroundings,
  appliedKeys: Set<string>,
  work: Work,
): Promise<void> {
  const { operationId: id, number, entity, priority, signal } = attempt;
  const lane = entity === null || priority === 'crisis' ? null : `${entity.type}/${entity.id}`;
  const found = onDisk === undefined ? {} : { onDisk };
  const at = upstream === undefined ? { process } : { process, upstream };
  tell({ event: 'attempted', key, task: id, id, attempt: number, atMs, lane, ...at, ...found });
  const before = outage();
  let isOver = false;
  const over = (isSpent: boolean, isTimedOut = false): void => {
    if (isOver || isDead()) return;
    isOver = true;
    const after = outage();
    const seen = before !== null && before.name === after?.name ? { outage: after } : {};
    const how = isTimedOut ? { isSpent, isTimedOut } : { isSpent };
    tell({ event: 'attemptOver', task: id, attempt: number, ...how, ...at, ...seen });
  };
  signal.addEventListener('abort', () => {
    const isTimedOut =
      isHoldfastError(signal.reason) && signal.reason.code === 'HF_ATTEMPT_TIMED_OUT';
    over(isTimedOut, isTimedOut);
  });
  const apply = (isKeyless = false): void => {
    if (appliedKeys.has(key)) return;
    appliedKeys.add(key);
    // A dead process aborts nothing, and later attempts don't count on this one.
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
