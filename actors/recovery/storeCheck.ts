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
import type { AuditStore } from '../../persistence/port/audit.ts';
import { KEPT_ROOMS, type KeptRoom } from '../../persistence/port/kept.ts';
import type { KeptPage, KeptStore, UpkeepStore } from '../../persistence/port/store.ts';
import { Backoff, inSlices, pause, type WaitParts } from '../journal/background.ts';

/** Records opened between two requests of others: some two milliseconds. */
const SLICE_ROWS = 64;
/** Rows looked for by their keys in the same time. */
const SLICE_KEYS = 2_048;
/** What a second look at the same records would end in too. */
const PERMANENT: ReadonlySet<ErrorCode> = new Set(['HF_STORE_CORRUPT', 'HF_INTERNAL']);

/** Codes of notices that are counted as discrepancies. */
const DISCREPANCIES: ReadonlySet<ErrorCode> = new Set([
  'HF_STORE_MENDED',
  'HF_STORE_CORRUPT',
  'HF_RECORD_STALE',
  'HF_RECORD_MISSING',
]);

export interface StoreCheckParts extends WaitParts {
  readonly store: UpkeepStore & Pick<KeptStore, 'keptPage'> & Pick<AuditStore, 'auditPage'>;
  readonly onError: (error: unknown) => void;
}

/** How far the check of the whole store is. */
export interface CheckProgress {
  readonly state: 'notStarted' | 'running' | 'done';
  /** Records opened. */
  readonly checked: number;
  /** Share that is checked of what the store held when it was opened, from 0 to 1. */
  readonly share: number;
  /** Records that can't be read from the file, and so are not quarantined; and kept records that can't be opened. */
  readonly unreadableRecords: number;
  /** Stretches of records that could not be read from the file at all. */
  readonly unreadableStretches: number;
  /**
   * What did not agree with the records: indexes, the count of operations, and the set of all records, by which some are
   * missing or earlier copies. See `onError`.
   */
  readonly discrepancies: number;
}

/**
 * Opens every record that an earlier process left, beside the work and behind it, so that one which
 * can't be opened, or is an earlier copy, is quarantined and reported before somebody needs it, and one that is missing
 * is told (PS-3, SE-6).
 */
export class StoreCheck {
  readonly #parts: StoreCheckParts;
  readonly #backoff = new Backoff();
  readonly #keysBackoff = new Backoff();
  #state: CheckProgress['state'] = 'notStarted';
  #checked = 0;
  #unreadableRecords = 0;
  #unreadableStretches = 0;
  #discrepancies = 0;
  #afterSeq = 0;
  #seqBefore = 0;
  /** The rooms of kept records that are still to be looked into, and how far the first of them is. */
  #rooms: readonly KeptRoom[] = KEPT_ROOMS;
  #afterKept = 0;
  /** The next entry of the audit that is to be opened; `null` once all are. */
  #fromEntry: number | null = 0;
  #isStopped = false;

  constructor(parts: StoreCheckParts) {
    this.#parts = parts;
    parts.store.onNotice(({ code }) => {
      if (DISCREPANCIES.has(code)) this.#discrepancies += 1;
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
    void this.#run();
  }

  /**
   * Looks for what was accepted before `seqBefore` by its idempotency key, the latest first. Until that is through a request
   * that comes again under a key that was hidden at rest is taken for new (SE-4), so it opens nothing and goes first.
   */
  async checkKeys(seqBefore: number): Promise<void> {
    let beforeSeq = seqBefore;
    await inSlices(this.#parts, async () => {
      if (this.#isStopped) return false;
      try {
        const query = { beforeSeq, limit: SLICE_KEYS };
        const next = await this.#parts.store.checkKeys(query);
        this.#keysBackoff.reset();
        beforeSeq = next ?? 0;
      } catch (error) {
        // What lies behind a page that can't be read may be well; the check of every record tells of it.
        if (!(await this.#mayRepeat(error, this.#keysBackoff))) beforeSeq -= SLICE_KEYS;
      }
      return beforeSeq > 1;
    });
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #run(): Promise<void> {
    await inSlices(this.#parts, () => this.#next());
    await inSlices(this.#parts, () => this.#nextKept());
    await inSlices(this.#parts, () => this.#nextEntries());
    // By indexes that were found to be right.
    await inSlices(this.#parts, () => this.#recountOnce());
    // A stop between two slices is no trouble.
    if (!this.#isStopped) this.#state = 'done';
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
    return this.#afterSeq < this.#seqBefore - 1;
  }

  /** Opens the next kept records as they are shown, which sets nothing aside. */
  async #nextKept(): Promise<boolean> {
    const [room] = this.#rooms;
    if (this.#isStopped || room === undefined) return false;
    try {
      const query = { order: 'oldest', fromSeq: this.#afterKept, limit: SLICE_ROWS } as const;
      const { rows, nextSeq } = await this.#parts.store.keptPage({ room, ...query });
      const unreadable = unreadableIn(rows);
      if (unreadable.length > 0) this.#parts.onError(unreadableKept(room, unreadable));
      this.#unreadableRecords += unreadable.length;
      this.#backoff.reset();
      this.#checked += rows.length;
      this.#afterKept = nextSeq ?? 0;
      if (nextSeq === null) this.#rooms = this.#rooms.slice(1);
    } catch (error) {
      if (await this.#mayRepeat(error)) return true;
      // A damaged page of the index: no way leads behind it.
      this.#unreadableStretches += 1;
      this.#rooms = this.#rooms.slice(1);
      this.#afterKept = 0;
    }
    return true;
  }

  /** Opens the next entries of the audit; the store tells of each that does not open. */
  async #nextEntries(): Promise<boolean> {
    const fromSeq = this.#fromEntry;
    if (this.#isStopped || fromSeq === null) return false;
    try {
      const page = await this.#parts.store.auditPage({ fromSeq, limit: SLICE_ROWS });
      this.#backoff.reset();
      this.#fromEntry = page.nextSeq;
    } catch (error) {
      if (await this.#mayRepeat(error)) return true;
      // A damaged page: what lies behind it may be well.
      this.#unreadableStretches += 1;
      this.#fromEntry = fromSeq + SLICE_ROWS;
    }
    return true;
  }

  /** Counts again, which also finds what is missing; true where it has to be tried again. */
  async #recountOnce(): Promise<boolean> {
    if (this.#isStopped) return false;
    try {
      await this.#parts.store.recount();
      return false;
    } catch (error) {
      return this.#mayRepeat(error);
    }
  }

  async #failed(error: unknown): Promise<void> {
    if (await this.#mayRepeat(error)) return;
    // A damaged page: what lies behind it may be well.
    this.#unreadableStretches += 1;
    this.#afterSeq += SLICE_ROWS;
  }

  /** False where a second look would end in the same; else it has waited for a while. */
  async #mayRepeat(error: unknown, backoff = this.#backoff): Promise<boolean> {
    if (this.#isStopped) return true;
    this.#parts.onError(error);
    if (!isHoldfastError(error) || PERMANENT.has(error.code)) return false;
    await pause(this.#parts, backoff.nextMs());
    return true;
  }
}

function unreadableRecords(count: number): HoldfastError {
  return new HoldfastError(
    'HF_STORE_CORRUPT',
    `${count} records of the store are damaged and can't be read; the others go on. Look with holdfast doctor --deep, and restore a backup.`,
    { withStack: false },
  );
}

function unreadableIn(rows: KeptPage['rows']): readonly string[] {
  return rows.flatMap((row) => ('unreadable' in row ? [row.unreadable] : []));
}

function unreadableKept(room: KeptRoom, codes: readonly string[]): HoldfastError {
  const what = room === 'entity' ? 'what is known of entities' : 'conflicts';
  return new HoldfastError(
    'HF_STORE_CORRUPT',
    `${codes.length} records of ${what} can't be opened (${[...new Set(codes)].join(', ')}) and count as not there; the others go on. Look with holdfast doctor --deep, and restore a backup.`,
    { withStack: false },
  );
}
