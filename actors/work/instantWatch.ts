/**
 * Watches over the instants of operations that wait, on disk and in memory: when they expire, and before that
 * when they may begin. By the wall clock, and by the earliest that is known.
 *
 * @module
 */

import { instantDue } from '../../machines/operation/due.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { QueueStore, StoredOperation } from '../../persistence/port/store.ts';
import { Backoff, pause, whenWritten } from '../journal/background.ts';
import type { Journal } from '../journal/journal.ts';
import type { Resident } from '../operation/resident.ts';
import type { TimerService } from '../platform/timerService.ts';
import { PAGE_ROWS } from '../upstream/claims.ts';
import type { Residents } from './dispatcherParts.ts';

export interface InstantWatchParts {
  readonly store: QueueStore;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly timers: TimerService;
  readonly pool: Pick<Residents, 'left' | 'staleReads'>;
  readonly onError: (error: unknown) => void;
}

/** Part that reaches operations wherever they are. */
interface Waker {
  wake(row: StoredOperation, tell: (resident: Resident) => void): void;
}

/** Tells operations whose time has come, wherever they wait (OP-5, OP-13). */
export class InstantWatch {
  readonly #waker: Waker;
  readonly #parts: InstantWatchParts;
  #nextAtMs = Number.POSITIVE_INFINITY;
  readonly #backoff = new Backoff();
  #isStarted = false;
  #cancelTimer: (() => void) | null = null;

  constructor(waker: Waker, parts: InstantWatchParts) {
    this.#waker = waker;
    this.#parts = parts;
  }

  start(): void {
    this.#isStarted = true;
    this.note(0);
  }

  stop(): void {
    this.#isStarted = false;
    this.#cancelTimer?.();
  }

  /** An operation expires at `atMs`, or may begin then. */
  note(atMs: number): void {
    if (!this.#isStarted || atMs >= this.#nextAtMs) return;
    this.#nextAtMs = atMs;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#parts.timers.at(atMs, () => {
      void this.#tellDue();
    });
  }

  async #tellDue(): Promise<void> {
    const { store, clock, pool, onError } = this.#parts;
    this.#nextAtMs = Number.POSITIVE_INFINITY;
    const atMs = clock.now();
    try {
      const ask = { nowMs: atMs, limit: PAGE_ROWS, passOver: pool.left.passOver };
      const { rows, nextExpiryAtMs } = await pool.staleReads.each(
        clock,
        async () => await store.expired(ask),
        (row) => {
          this.#waker.wake(row, ({ actor }) => {
            actor.send({ type: instantDue(actor.getSnapshot().context, atMs), atMs });
          });
        },
      );
      this.#backoff.reset();
      // Until they are on disk as settled they would be found again.
      if (rows.length > 0) await whenWritten(this.#parts);
      if (nextExpiryAtMs !== null) this.note(Math.max(nextExpiryAtMs, atMs + 1));
    } catch (error) {
      onError(error);
      await pause(this.#parts, this.#backoff.nextMs());
      this.note(0);
    }
  }
}
