/**
 * Knows how many operations go on only when somebody does something, for health (OP-5, OP-7, CF-6,
 * HM-1). The store's file keeps the counts, so they outlive restarts and nothing is kept per operation.
 *
 * @module
 */

import { asksForSomebody, type WaitReason } from '../../machines/operation/waitReason.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { BlockedCounts, QueueStore } from '../../persistence/port/store.ts';
import type { FactTaps } from '../facts/factStream.ts';
import type { Journal } from '../journal/journal.ts';

export interface WaitingWatchParts {
  readonly store: QueueStore;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly facts: FactTaps;
}

/** As last read from the file. */
export interface WaitingCounts extends BlockedCounts {
  readonly deadLetter: number;
}

/** Between two readings of the counts, and after one that failed. */
const READ_PAUSE_MS = 500;
const READ_AGAIN_MS = 5_000;

/** Whether as many wait for it as are counted here: a rate changes too often for that. */
function isCounted(reason: WaitReason): boolean {
  return asksForSomebody(reason) || reason === 'startAt';
}

export class WaitingWatch {
  readonly #parts: WaitingWatchParts;
  #counts: WaitingCounts = {
    ...{ handler: 0, conflict: 0, review: 0, rate: 0, startAt: 0 },
    deadLetter: 0,
  };
  #isReading = false;
  #isStale = false;
  #isStopped = false;
  #cancelPause: () => void = () => undefined;

  constructor(parts: WaitingWatchParts) {
    this.#parts = parts;
    const { facts } = parts;
    facts.tap('operation.parked', (_context, _upstream, _reason, waitsFor) => {
      if (isCounted(waitsFor)) this.refresh();
    });
    facts.tap('operation.resumed', (_context, _upstream, waitedFor) => {
      if (isCounted(waitedFor)) this.refresh();
    });
    // Of many that are accepted at once none is in memory, to be told of as waiting.
    facts.tap('operation.accepted', ({ startAtMs }) => {
      if (startAtMs !== undefined) this.refresh();
    });
    facts.tap('operation.ended', ({ ending }) => {
      if (ending === 'deadLettered') this.refresh();
    });
  }

  get counts(): WaitingCounts {
    return this.#counts;
  }

  /** Reads the counts again soon, as they may have changed. */
  refresh(): void {
    if (this.#isStopped) return;
    this.#isStale = true;
    if (!this.#isReading) void this.#read(false);
  }

  /** Nothing is read any more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelPause();
  }

  /** @param isConfirming what has changed was read before, as it then was on disk */
  async #read(isConfirming: boolean): Promise<void> {
    this.#isReading = true;
    this.#isStale = false;
    const counts = await this.#ask(isConfirming).catch(() => null);
    if (counts === null) this.#isStale = true;
    else this.#counts = counts;
    if (this.#isStopped) return;
    const pauseMs = counts === null ? READ_AGAIN_MS : READ_PAUSE_MS;
    this.#cancelPause = this.#parts.clock.schedule(pauseMs, () => {
      this.#isReading = false;
      if (this.#isStale) this.refresh();
      // A decision on a conflict is told of before it is given to the journal.
      else if (!isConfirming) void this.#read(true);
    });
  }

  /** `null` while storage fails, of which others tell. */
  async #ask(isConfirming: boolean): Promise<WaitingCounts | null> {
    const { store, journal } = this.#parts;
    // Not at once: what the new state of an operation asks for is ordered after that state is told of.
    await Promise.resolve();
    // What has begun to wait, or to run, is on disk by then. A second reading writes nothing for that.
    if (!isConfirming && !(await journal.written())) return null;
    const [blocked, { deadLettered }] = await Promise.all([store.blockedCounts(), store.counts()]);
    return { ...blocked, deadLetter: deadLettered };
  }
}
