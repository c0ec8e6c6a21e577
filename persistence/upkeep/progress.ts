/**
 * How long work on a whole store tells where it is, lets others have their turn, and is cut short.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';

/** Where it stands: how much of this step is done, in the step's own unit. */
export interface UpkeepProgress {
  readonly step: 'copying' | 'checkingFiles' | 'checkingTables' | 'openingRecords' | 'purging';
  readonly done: number;
  readonly total: number;
}

export interface UpkeepOptions {
  readonly clock: Clock;
  readonly onProgress?: ((progress: UpkeepProgress) => void) | undefined;
  /** Told, in words, of what it found in its way and has cleared away. */
  readonly onNotice?: ((text: string) => void) | undefined;
  /** Cuts it short; what was begun is undone, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Lets whatever else waits in this thread go first, then goes on unless it was cut short. */
export async function giveWay({ clock, signal }: UpkeepOptions): Promise<void> {
  await new Promise<void>((resolve) => {
    clock.defer(resolve);
  });
  signal?.throwIfAborted();
}
