/**
 * Watches what goes on only when somebody does something: how many there are of each kind, for health,
 * and which one began to wait just now, for `onError` (OP-5, OP-7, CF-6, HM-1). The store's file keeps
 * the counts, so they outlive restarts and nothing is kept per operation.
 *
 * @module
 */

import { isDeadLetter } from '../../machines/operation/demand.ts';
import { waitsForSomebody } from '../../machines/operation/position.ts';
import type { SyncOperationState } from '../../machines/operation/syncOperationMachine.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { type ErrorCode, HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { AskingCounts, QueueStore } from '../../persistence/port/store.ts';
import type { Journal } from '../journal/journal.ts';

export interface WaitingWatchParts {
  readonly store: QueueStore;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** As last read from the file. */
export interface WaitingCounts extends AskingCounts {
  readonly deadLetter: number;
}

/** The first one is told of at once, and those that follow within this time together. */
const TOGETHER_MS = 10_000;
/** So many are told of without waiting for more. */
const TOGETHER_MAX = 1_000;
/** Between two readings of the counts, and after one that failed. */
const READ_PAUSE_MS = 500;
const READ_AGAIN_MS = 5_000;

const WHY: Readonly<
  Record<keyof AskingCounts, { readonly code: ErrorCode; readonly why: string }>
> = {
  conflict: {
    code: 'HF_CONFLICT',
    why: 'the upstream holds another version. Decide: retryNow() or cancel(); until then its lane waits, too',
  },
  review: {
    code: 'HF_OUTCOME_UNKNOWN',
    why: 'it may have been applied, and to repeat it is not known to be safe. Look at the upstream, then retryNow() or cancel(); until then its lane waits, too',
  },
  handler: {
    code: 'HF_HANDLER_UNKNOWN',
    why: 'no handler of its type is registered. Register one in handlers or with runtime.handle()',
  },
};

export class WaitingWatch {
  readonly #parts: WaitingWatchParts;
  readonly #news: WaitingNews;
  #counts: WaitingCounts = { handler: 0, conflict: 0, review: 0, deadLetter: 0 };
  #isReading = false;
  #isStale = false;
  #isStopped = false;
  #cancelPause: () => void = () => undefined;

  constructor(parts: WaitingWatchParts) {
    this.#parts = parts;
    this.#news = new WaitingNews(parts);
  }

  get counts(): WaitingCounts {
    return this.#counts;
  }

  /** An operation has gone from one state to another, and what that asks for is ordered. */
  moved(id: string, from: SyncOperationState | null, to: SyncOperationState): void {
    const began = waitsForSomebody(to) !== null;
    const ended = from !== null && waitsForSomebody(from) !== null;
    if (ended) this.#news.ended(id, from);
    if (began) this.#news.began(id, to);
    // A dead letter waits for somebody, too; that it is one is its outcome, of which its caller hears.
    if (began || ended || isDeadLetter(to)) this.refresh();
  }

  /** What is counted may have changed: it is read anew, soon. */
  refresh(): void {
    if (this.#isStopped) return;
    this.#isStale = true;
    if (!this.#isReading) void this.#read();
  }

  /** Nothing is read any more; what nobody was told yet is told. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelPause();
    this.#news.flush();
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    this.#isStale = false;
    const counts = await this.#ask().catch(() => null);
    if (counts === null) this.#isStale = true;
    else this.#counts = counts;
    if (this.#isStopped) return;
    const pauseMs = counts === null ? READ_AGAIN_MS : READ_PAUSE_MS;
    this.#cancelPause = this.#parts.clock.schedule(pauseMs, () => {
      this.#isReading = false;
      if (this.#isStale) this.refresh();
    });
  }

  /** `null` while storage fails, of which others tell. */
  async #ask(): Promise<WaitingCounts | null> {
    const { store, journal } = this.#parts;
    // What has begun to wait, or to run, is on disk by then.
    if (!(await journal.written())) return null;
    const [asking, { deadLettered }] = await Promise.all([store.askingCounts(), store.counts()]);
    return { ...asking, deadLetter: deadLettered };
  }
}

/** Tells of what began to wait: of the first at once, of many together, and of each once. */
class WaitingNews {
  readonly #parts: Pick<WaitingWatchParts, 'clock' | 'onError'>;
  readonly #untold = new Map<SyncOperationState, Set<string>>();
  #isPlanned = false;
  #nextAtMs = 0;
  #cancel: () => void = () => undefined;

  constructor(parts: Pick<WaitingWatchParts, 'clock' | 'onError'>) {
    this.#parts = parts;
  }

  began(id: string, state: SyncOperationState): void {
    const ids = this.#untold.get(state) ?? new Set();
    this.#untold.set(state, ids.add(id));
    if (ids.size >= TOGETHER_MAX) this.flush();
    else this.#plan();
  }

  ended(id: string, state: SyncOperationState): void {
    this.#untold.get(state)?.delete(id);
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    const { clock } = this.#parts;
    // Not at once: it may be on its way through this state.
    this.#cancel = clock.schedule(Math.max(0, this.#nextAtMs - clock.monotonic()), () => {
      this.#tell();
    });
  }

  /** What nobody was told yet is told now. */
  flush(): void {
    this.#cancel();
    if (this.#isPlanned) this.#tell();
  }

  #tell(): void {
    const { clock, onError } = this.#parts;
    this.#isPlanned = false;
    for (const [state, ids] of this.#untold) {
      const [first] = ids;
      const what = waitsForSomebody(state);
      if (first === undefined || what === null) continue;
      const more = ids.size - 1;
      const who =
        more === 0 ? `Operation ${first} waits` : `Operation ${first} and ${more} more wait`;
      const { code, why } = WHY[what];
      this.#nextAtMs = clock.monotonic() + TOGETHER_MS;
      onError(new HoldfastError(code, `${who} as ${state}: ${why}.`, { withStack: false }));
    }
    this.#untold.clear();
  }
}
