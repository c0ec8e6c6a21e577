/**
 * Progress of long work on a whole store, turns for other work, and cancellation.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';

/** Progress of a step, in the step's own unit. */
export interface UpkeepProgress {
  readonly step: 'copying' | 'checkingFiles' | 'checkingTables' | 'openingRecords' | 'purging';
  readonly done: number;
  readonly total: number;
}

export interface UpkeepOptions {
  readonly clock: Clock;
  readonly onProgress?: ((progress: UpkeepProgress) => void) | undefined;
  /** Called, in words, with an obstacle that was found and cleared away. */
  readonly onNotice?: ((text: string) => void) | undefined;
  /** Cancels the work; what was begun is undone, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Lets other work in this thread go first, then goes on unless cancelled. */
export async function giveWay({ clock, signal }: UpkeepOptions): Promise<void> {
  await new Promise<void>((resolve) => {
    clock.defer(resolve);
  });
  signal?.throwIfAborted();
}
