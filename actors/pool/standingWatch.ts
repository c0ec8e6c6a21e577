/**
 * Knows how much waits, by upstream, rank and reason, for health and the inspector (HM-1): as the store's file counts
 * it, read a little after something was accepted, has come to rest, begins or ended.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { QueueStore, WaitingCount } from '../../persistence/port/store.ts';
import type { FactTaps } from '../facts/factStream.ts';

/** Between the first change and the reading; the counts are as old as that at most, while the disk answers. */
const READ_AFTER_MS = 500;
/** After a reading that failed. */
const READ_AGAIN_MS = 5_000;

export class StandingWatch {
  readonly #store: Pick<QueueStore, 'waitingCounts'>;
  readonly #clock: Clock;
  readonly #groups: () => readonly (readonly string[])[];
  #waiting: readonly WaitingCount[] = [];
  #isReading = false;
  #isStale = false;
  #wasRead = false;
  #isStopped = false;
  #cancel: () => void = () => undefined;

  constructor(parts: {
    readonly store: Pick<QueueStore, 'waitingCounts'>;
    readonly clock: Clock;
    readonly facts: FactTaps;
    /** The routes of each upstream. */
    readonly groups: () => readonly (readonly string[])[];
  }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#groups = parts.groups;
    const changed = this.refresh.bind(this);
    parts.facts.tap('operation.accepted', changed);
    parts.facts.tap('operation.parked', changed);
    parts.facts.tap('operation.resumed', changed);
    parts.facts.tap('operation.ended', changed);
    // What begins leaves a wait that no other fact tells the end of: its turn, its token, the time after a failure.
    parts.facts.tap('attempt.started', changed);
  }

  /** As last read. */
  get waiting(): readonly WaitingCount[] {
    return this.#waiting;
  }

  /** How many wait for this, wherever. */
  count(reason: WaitingCount['waitsFor']): number {
    const its = this.#waiting.filter(({ waitsFor }) => waitsFor === reason);
    return its.reduce((sum, { count }) => sum + count, 0);
  }

  /** Reads the counts soon, as they may have changed. */
  refresh(): void {
    if (this.#isStopped) return;
    this.#isStale = true;
    if (this.#isReading) return;
    this.#readAfter(READ_AFTER_MS);
  }

  #readAfter(ms: number): void {
    this.#isReading = true;
    this.#cancel = this.#clock.schedule(ms, () => {
      void this.#read();
    });
  }

  /** Nothing is read any more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  async #read(): Promise<void> {
    this.#isStale = false;
    const groups = this.#groups();
    const waiting = await this.#store.waitingCounts({ groups }).catch(() => null);
    if (waiting === null) {
      this.#isReading = false;
      // While storage fails, of which others tell, they are those of before. A single reading may fail unnoticed;
      // where none has succeeded the store may never open.
      if (!this.#isStopped && this.#wasRead) this.#readAfter(READ_AGAIN_MS);
      return;
    }
    this.#waiting = waiting;
    this.#wasRead = true;
    this.#isReading = false;
    // One at a time, so that nothing gathers behind a disk that hangs.
    if (this.#isStale) this.refresh();
  }
}
