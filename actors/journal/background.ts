/**
 * Helpers for work that runs beside everything else: pauses, backoff, the loop over slices, and the
 * repetition of what a sick disk made fail.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { TimerService } from '../platform/timerService.ts';
import type { Journal } from './journal.ts';

const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5_000;
/** A slice of work is followed by a pause so many times as long, so that the store is free for others. */
const PAUSES_PER_SLICE = 4;
const PAUSE_MS_MIN = 1;

/** Waits by the engine's timers, so that a wait holds up no stop: at one it never ends. */
export async function pause(parts: WaitParts, ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    parts.timers.after(ms, resolve);
  });
}

export interface WaitParts {
  readonly clock: Clock;
  readonly timers: TimerService;
}

/** Resolves once everything written so far is durable, however long storage fails meanwhile. */
export async function whenWritten(parts: WaitParts & { readonly journal: Journal }): Promise<void> {
  const backoff = new Backoff();
  for (;;) {
    if (await parts.journal.written()) return;
    await pause(parts, backoff.nextMs());
  }
}

/**
 * Does the work again, after longer and longer pauses, until it is done: nothing else would, before the next start.
 * `onError` gets the first failure.
 *
 * @param work may be done again after it was done in part
 */
export async function untilDone(
  parts: WaitParts,
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): Promise<void> {
  const backoff = new Backoff();
  for (let failures = 0; ; failures += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (failures === 0) onError(error);
    }
    await pause(parts, backoff.nextMs());
  }
}

/** Longer and longer pauses while something goes on failing. */
export class Backoff {
  #ms = RETRY_MS_MIN;

  /** The pause after one more failure. */
  nextMs(): number {
    const ms = this.#ms;
    this.#ms = Math.min(RETRY_MS_MAX, ms * 2);
    return ms;
  }

  /** Begins again with the shortest pause: the work has succeeded. */
  reset(): void {
    this.#ms = RETRY_MS_MIN;
  }
}

/**
 * Works through what may be a million rows beside everything else: a slice at a time, each followed
 * by a pause that is longer than it took, so that no work waits for more than one slice.
 *
 * @param slice does the next part; `false` once there is no more
 */
export async function inSlices(parts: WaitParts, slice: () => Promise<boolean>): Promise<void> {
  for (;;) {
    const startedAtMs = parts.clock.monotonic();
    if (!(await slice())) return;
    const tookMs = parts.clock.monotonic() - startedAtMs;
    await pause(parts, Math.max(PAUSE_MS_MIN, tookMs * PAUSES_PER_SLICE));
  }
}
