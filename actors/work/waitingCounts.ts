/**
 * Knows how much waits, by reason, upstream and rank, for health and the inspector (OP-5, OP-7, CF-6, HM-1): as the
 * store's file counts it, so that it outlives restarts and nothing is kept per operation.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type {
  BlockedCounts,
  QueueStore,
  WaitingCount,
  Write,
} from '../../persistence/port/store.ts';

/** Time between the first commit and the reading; the counts are as old as that at most, while the disk answers. */
const READ_AFTER_MS = 500;
/** Pause after a reading that failed. */
const READ_AGAIN_MS = 5_000;

/** Writes that change no count. */
const UNCOUNTED: ReadonlySet<Write['kind']> = new Set([
  'component',
  'crisisMode',
  'crisisModes',
  'crisisPlan',
  'keep',
  'purgeKept',
  'hold',
]);

export class WaitingCounts {
  readonly #store: Pick<QueueStore, 'waitingCounts' | 'blockedCounts' | 'counts'>;
  readonly #clock: Clock;
  readonly #groups: () => readonly (readonly string[])[];
  #inLine: readonly WaitingCount[] = [];
  #blocked: BlockedCounts = { handler: 0, conflict: 0, review: 0, rate: 0, startAt: 0 };
  #deadLetters = 0;
  #isOpen = false;
  #isStopped = false;
  #isReading = false;
  #isStale = false;
  #cancel: () => void = () => undefined;

  constructor(parts: {
    readonly store: Pick<QueueStore, 'waitingCounts' | 'blockedCounts' | 'counts'>;
    readonly clock: Clock;
    /** The routes of each upstream. */
    readonly groups: () => readonly (readonly string[])[];
  }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#groups = parts.groups;
  }

  /** Counts of what is due or held, by upstream, rank and reason, as last read. */
  get inLine(): readonly WaitingCount[] {
    return this.#inLine;
  }

  /** Counts of what waits for more than its turn and its lane, as last read. */
  get blocked(): BlockedCounts {
    return this.#blocked;
  }

  get deadLetters(): number {
    return this.#deadLetters;
  }

  /** Number of operations that wait for this, wherever. */
  inLineFor(reason: WaitingCount['waitsFor']): number {
    const its = this.#inLine.filter(({ waitsFor }) => waitsFor === reason);
    return its.reduce((sum, { count }) => sum + count, 0);
  }

  /** Reads the counts of the store's file, which is open now and may have some from before. */
  open(): void {
    // The engine may have been closed while its store was opened.
    if (this.#isStopped) return;
    this.#isOpen = true;
    this.#readAfter(0);
  }

  /** Reads the counts soon, where these durable writes may have changed them. */
  committed(writes: readonly Write[]): void {
    if (writes.some(({ kind }) => !UNCOUNTED.has(kind))) this.refresh();
  }

  /** Reads the counts soon, as they may have changed. */
  refresh(): void {
    this.#isStale = true;
    if (this.#isOpen && !this.#isReading) this.#readAfter(READ_AFTER_MS);
  }

  /** Ends all reading, for good. */
  stop(): void {
    this.#isStopped = true;
    this.#isOpen = false;
    this.#cancel();
  }

  #readAfter(ms: number): void {
    this.#isReading = true;
    this.#cancel = this.#clock.schedule(ms, () => {
      void this.#read();
    });
  }

  async #read(): Promise<void> {
    this.#isStale = false;
    const isRead = await this.#ask().catch(() => false);
    this.#isReading = false;
    if (!this.#isOpen) return;
    // While storage fails, of which others tell, they are those of before. A single reading may fail unnoticed.
    if (!isRead) this.#readAfter(READ_AGAIN_MS);
    // One at a time, so that nothing gathers behind a disk that hangs.
    else if (this.#isStale) this.refresh();
  }

  async #ask(): Promise<true> {
    const [inLine, blocked, { deadLettered }] = await Promise.all([
      this.#store.waitingCounts({ groups: this.#groups() }),
      this.#store.blockedCounts(),
      this.#store.counts(),
    ]);
    this.#inLine = inLine;
    this.#blocked = blocked;
    this.#deadLetters = deadLettered;
    return true;
  }
}
