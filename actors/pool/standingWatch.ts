/**
 * Knows how many operations stand where, for health (HM-1): as the store's file counts them, read a
 * little after something was accepted, has come to rest or ended.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { QueueStore, StandingCounts } from '../../persistence/port/store.ts';
import type { FactTaps } from '../facts/factStream.ts';

/** Between the first change and the reading; the counts are as old as that at most, while the disk answers. */
const READ_AFTER_MS = 500;

export class StandingWatch {
  readonly #store: Pick<QueueStore, 'counts'>;
  readonly #clock: Clock;
  #counts: Pick<StandingCounts, 'due' | 'held' | 'inHand'> = { due: 0, held: 0, inHand: 0 };
  #isReading = false;
  #isStale = false;
  #isStopped = false;
  #cancel: () => void = () => undefined;

  constructor(parts: {
    readonly store: Pick<QueueStore, 'counts'>;
    readonly clock: Clock;
    readonly facts: FactTaps;
  }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    const changed = this.refresh.bind(this);
    parts.facts.tap('operation.accepted', changed);
    parts.facts.tap('operation.parked', changed);
    parts.facts.tap('operation.resumed', changed);
    parts.facts.tap('operation.ended', changed);
  }

  get counts(): Pick<StandingCounts, 'due' | 'held' | 'inHand'> {
    return this.#counts;
  }

  /** Reads the counts soon, as they may have changed. */
  refresh(): void {
    if (this.#isStopped) return;
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isReading = true;
    this.#cancel = this.#clock.schedule(READ_AFTER_MS, () => {
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
    try {
      this.#counts = await this.#store.counts();
    } catch {
      // While storage fails, of which others tell, they are those of before.
    }
    this.#isReading = false;
    // One at a time, so that nothing gathers behind a disk that hangs.
    if (this.#isStale) this.refresh();
  }
}
