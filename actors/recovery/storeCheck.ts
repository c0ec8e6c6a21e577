/**
 * Opens every record once after a start, in the background, so that damage is found early (PS-3,
 * SE-6).
 *
 * @module
 */

import {
  type ErrorCode,
  HoldfastError,
  isHoldfastError,
} from '../../machines/vocabulary/errors.ts';
import type { UpkeepStore } from '../../persistence/port/store.ts';
import { Backoff, inSlices, pause, type WaitParts } from '../journal/background.ts';

/** Records opened between two requests of others: some two milliseconds. */
const SLICE_ROWS = 64;
/** What a second look at the same records would end in too. */
const PERMANENT: ReadonlySet<ErrorCode> = new Set(['HF_STORE_CORRUPT', 'HF_INTERNAL']);

export interface StoreCheckParts extends WaitParts {
  readonly store: UpkeepStore;
  readonly onError: (error: unknown) => void;
}

/** How far the check of the whole store is. */
export interface CheckProgress {
  readonly state: 'notStarted' | 'running' | 'done';
  /** Records opened. */
  readonly checked: number;
  /** Of what the store held when it was opened, from 0 to 1. */
  readonly share: number;
  /** Records that can't be read from the file, and so are not quarantined. */
  readonly unreadableRecords: number;
  /** Stretches of records that could not be read from the file at all. */
  readonly unreadableStretches: number;
  /** What did not agree with the records: indexes, and the count of operations. See `onError`. */
  readonly discrepancies: number;
}

/**
 * Opens every record that an earlier process left, beside the work and behind it, so that one which
 * can't be opened is quarantined and reported before somebody needs it (PS-3, SE-6). It can't tell that
 * a record is missing.
 */
export class StoreCheck {
  readonly #parts: StoreCheckParts;
  readonly #backoff = new Backoff();
  #state: CheckProgress['state'] = 'notStarted';
  #checked = 0;
  #unreadableRecords = 0;
  #unreadableStretches = 0;
  #discrepancies = 0;
  #afterSeq = 0;
  #seqBefore = 0;
  #isStopped = false;

  constructor(parts: StoreCheckParts) {
    this.#parts = parts;
    parts.store.onNotice(({ code }) => {
      if (code === 'HF_STORE_MENDED' || code === 'HF_STORE_CORRUPT') this.#discrepancies += 1;
    });
  }

  get progress(): CheckProgress {
    const isDone = this.#state === 'done' || this.#seqBefore <= 1;
    return {
      state: this.#state,
      checked: this.#checked,
      share: isDone ? 1 : Math.min(1, this.#afterSeq / (this.#seqBefore - 1)),
      unreadableRecords: this.#unreadableRecords,
      unreadableStretches: this.#unreadableStretches,
      discrepancies: this.#discrepancies,
    };
  }

  /** Checks what was accepted before `seqBefore`; once, however often it is asked for. */
  start(seqBefore: number): void {
    if (this.#state !== 'notStarted' || this.#isStopped) return;
    this.#state = 'running';
    this.#seqBefore = seqBefore;
    void inSlices(this.#parts, () => this.#next());
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #next(): Promise<boolean> {
    if (this.#isStopped) return false;
    try {
      const query = { afterSeq: this.#afterSeq, limit: SLICE_ROWS };
      const { checked, unreadable, nextAfterSeq } = await this.#parts.store.check(query);
      if (unreadable > 0) this.#parts.onError(unreadableRecords(unreadable));
      this.#unreadableRecords += unreadable;
      this.#backoff.reset();
      this.#checked += checked;
      this.#afterSeq = nextAfterSeq ?? this.#seqBefore;
    } catch (error) {
      await this.#failed(error);
    }
    if (this.#afterSeq < this.#seqBefore - 1) return true;
    // A stop between two slices is no trouble.
    if (this.#isStopped) return false;
    // By indexes that were found to be right.
    await this.#parts.store.recount().catch((error: unknown) => {
      if (!this.#isStopped) this.#parts.onError(error);
    });
    this.#state = 'done';
    return false;
  }

  async #failed(error: unknown): Promise<void> {
    if (this.#isStopped) return;
    this.#parts.onError(error);
    if (!isHoldfastError(error) || PERMANENT.has(error.code)) {
      // A damaged page: what lies behind it may be well.
      this.#unreadableStretches += 1;
      this.#afterSeq += SLICE_ROWS;
    } else {
      await pause(this.#parts, this.#backoff.nextMs());
    }
  }
}

function unreadableRecords(count: number): HoldfastError {
  return new HoldfastError(
    'HF_STORE_CORRUPT',
    `${count} records of the store are damaged and can't be read; the others go on. Look with holdfast doctor --deep, and restore a backup.`,
    { withStack: false },
  );
}
