/**
 * The `Clock` port over Node's timers and clocks. The only file of the product that reads them.
 *
 * @module
 */

import { randomUUID } from 'node:crypto';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';

/** The longest delay a Node timer holds; a longer one would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Real time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  busy: () => performance.eventLoopUtilization().active,
  schedule(delayMs, wake) {
    let timer: NodeJS.Timeout;
    const arm = (remainingMs: number): void => {
      timer =
        remainingMs > TIMER_MS_MAX
          ? setTimeout(arm, TIMER_MS_MAX, remainingMs - TIMER_MS_MAX)
          : setTimeout(wake, Math.max(0, remainingMs));
    };
    arm(delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
  defer(go) {
    setImmediate(go);
  },
};

/**
 * Monotonic milliseconds since the machine was started, with fractions: the same for each of its threads
 * and processes, so that instants of one can be compared with those of another.
 */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Real chance. */
export const systemRandom: Random = {
  next: () => Math.random(),
  uuid: () => randomUUID(),
};
