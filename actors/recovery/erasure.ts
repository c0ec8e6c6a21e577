/**
 * Truncates the database's log when the store is idle, so that erased data leaves the disk (SE-5).
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { UpkeepStore, Write } from '../../persistence/port/store.ts';
import type { TimerService } from '../platform/timerService.ts';

/** Nothing was written for so long: nobody is likely to wait for what is done now. */
const IDLE_MS = 5_000;
/** Where it could not be done, as while a backup reads, the pause doubles up to this. */
const PAUSE_MS_MAX = 600_000;

export interface ErasureParts {
  readonly store: Pick<UpkeepStore, 'clearErased'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly timers: Pick<TimerService, 'after'>;
  readonly onError: (error: unknown) => void;
}

/**
 * Has what was erased leave the disk once nothing is written for a while (SE-5): what the database
 * overwrites is still in its log until then. Nothing wakes while nothing was erased (HM-6).
 */
export class Erasure {
  readonly #parts: ErasureParts;
  #lastWriteMs = 0;
  /** Something was erased that may still be found. */
  #isDue = false;
  #isPlanned = false;
  #pauseMs = IDLE_MS;

  constructor(parts: ErasureParts) {
    this.#parts = parts;
  }

  /** Takes note that these writes are durable. */
  committed(writes: readonly Write[]): void {
    this.#lastWriteMs = this.#parts.clock.monotonic();
    if (!this.#isDue && !writes.some(erases)) return;
    this.#isDue = true;
    if (!this.#isPlanned) this.#plan(IDLE_MS);
  }

  #plan(delayMs: number): void {
    this.#isPlanned = true;
    this.#parts.timers.after(delayMs, () => {
      void this.#clear();
    });
  }

  async #clear(): Promise<void> {
    const { store, clock, onError } = this.#parts;
    const leftMs = this.#lastWriteMs + IDLE_MS - clock.monotonic();
    if (leftMs > 0) {
      this.#plan(leftMs);
      return;
    }
    this.#isDue = false;
    const isCleared = await store.clearErased().catch((error: unknown) => {
      onError(error);
      return false;
    });
    this.#isPlanned = false;
    if (isCleared) this.#pauseMs = IDLE_MS;
    else {
      this.#isDue = true;
      this.#pauseMs = Math.min(PAUSE_MS_MAX, this.#pauseMs * 2);
    }
    // Also what was erased meanwhile.
    if (this.#isDue) this.#plan(this.#pauseMs);
  }
}

/** Whether it takes a payload, a plan or a kept text away, or a whole record. */
function erases(write: Write): boolean {
  switch (write.kind) {
    case 'update':
      return write.payload === null || write.newPayload !== undefined;
    case 'replay':
      return write.payload !== null;
    case 'crisisMode':
    case 'crisisModes':
      return true;
    case 'crisisPlan':
      // The one before, wherever another takes its place.
      return write.plan !== undefined;
    case 'keep':
      // The text before, but for a record that begins alone.
      return write.revision !== 0 || write.also !== undefined;
    case 'purge':
    case 'purgeSettled':
    case 'purgeKept':
    case 'withdraw':
      return true;
    default:
      return false;
  }
}
