/**
 * Which conflicts are worked on, and when: so many at once at each upstream, each edit once, and those on disk in
 * pages. However many edits rest for a conflict, what is in memory of them is bounded (OP-6), and none is forgotten.
 *
 * @module
 */

import type { SearchStore, StoredOperation } from '../../persistence/port/store.ts';
import { Backoff } from '../journal/background.ts';
import type { TimerService } from '../platform/timerService.ts';

/** Conflicts worked on at once at an upstream, whose own places bound what is fetched of it. */
const AT_WORK_MAX = 8;
/** Rows looked at between two requests of others. */
const PAGE_ROWS = 32;
/** While edits rest for a conflict, one that nobody works on and nobody is asked about is found within this. */
const LOOK_EVERY_MS = 60_000;
/** Where all of them wait for people, who tell of what they decide. */
const LOOK_EVERY_MS_MAX = 3_600_000;

/** An edit that rests for a conflict. */
export interface RestingEdit {
  readonly id: string;
  readonly seq: number;
  readonly upstream: string;
}

export interface BacklogParts {
  readonly store: SearchStore;
  readonly timers: TimerService;
  /** What rests of a row; `null` for one that is left as it is: it is no edit, or nobody handles it now. */
  readonly read: (row: StoredOperation) => RestingEdit | null;
  /** Whether a person is asked about it: then it waits for them. */
  readonly isAsked: (row: StoredOperation) => Promise<boolean>;
  /** Works on it until {@link Backlog.done}. */
  readonly begin: (edit: RestingEdit) => void;
  readonly onError: (error: unknown) => void;
}

export class Backlog {
  readonly #parts: BacklogParts;
  /** Worked on now: their ids, by upstream. */
  readonly #atWork = new Map<string, Set<string>>();
  /** By upstream: from which row on some may rest that nobody has taken up. */
  readonly #left = new Map<string, number>();
  /** The same, found while rows are gone through: it holds from the end of that on. */
  readonly #passed = new Map<string, number>();
  /** Everything is to be gone through, whatever is known of it. */
  #isAllWanted = false;
  #isWanted = false;
  #isScanning = false;
  #isStarted = false;
  #lookEveryMs = LOOK_EVERY_MS;
  #cancelLook: (() => void) | null = null;
  readonly #backoff = new Backoff();

  constructor(parts: BacklogParts) {
    this.#parts = parts;
  }

  /** Conflicts that are worked on. */
  get atWork(): number {
    return [...this.#atWork.values()].reduce((sum, ids) => sum + ids.size, 0);
  }

  /** The store is open and serves: what rests in it is taken up, too. */
  start(): void {
    this.#isStarted = true;
    this.lookEverywhere();
  }

  /** Nothing is taken up any more. */
  stop(): void {
    this.#isStarted = false;
    this.#cancelLook?.();
    this.#cancelLook = null;
  }

  /** Adds an edit that has come to rest, which is on disk. */
  add(edit: RestingEdit): void {
    if (!this.#isStarted || this.#isAtWork(edit)) return;
    this.#lookEveryMs = LOOK_EVERY_MS;
    this.#lookLater();
    if (!this.#left.has(edit.upstream) && this.#hasRoom(edit.upstream)) this.#begin(edit);
    else this.#leave(this.#isScanning ? this.#passed : this.#left, edit);
  }

  /** Nobody works on it any more; if it rests still, it is looked at again a little later. */
  done({ id, upstream }: Pick<RestingEdit, 'id' | 'upstream'>): void {
    const ids = this.#atWork.get(upstream);
    if (ids?.delete(id) !== true) return;
    if (ids.size === 0) this.#atWork.delete(upstream);
    const isLeft = this.#left.has(upstream) || this.#passed.has(upstream);
    if (isLeft && ids.size <= AT_WORK_MAX / 2) this.#scan();
  }

  /** Goes through everything that rests, again. */
  lookEverywhere(): void {
    this.#isAllWanted = true;
    this.#scan();
  }

  #isAtWork({ id, upstream }: RestingEdit): boolean {
    return this.#atWork.get(upstream)?.has(id) === true;
  }

  #hasRoom(upstream: string): boolean {
    return (this.#atWork.get(upstream)?.size ?? 0) < AT_WORK_MAX;
  }

  #begin(edit: RestingEdit): void {
    const ids = this.#atWork.get(edit.upstream) ?? new Set();
    this.#atWork.set(edit.upstream, ids.add(edit.id));
    this.#parts.begin(edit);
  }

  #leave(left: Map<string, number>, { upstream, seq }: RestingEdit): void {
    left.set(upstream, Math.min(left.get(upstream) ?? seq, seq));
  }

  #lookLater(): void {
    this.#cancelLook ??= this.#parts.timers.after(this.#lookEveryMs, () => {
      this.#cancelLook = null;
      this.lookEverywhere();
    });
  }

  #scan(): void {
    this.#isWanted = true;
    if (this.#isScanning || !this.#isStarted) return;
    this.#isScanning = true;
    void this.#scanAll().finally(() => {
      this.#isScanning = false;
    });
  }

  async #scanAll(): Promise<void> {
    const { timers } = this.#parts;
    while (this.#isWanted && this.#isStarted) {
      this.#isWanted = false;
      const isAll = this.#isAllWanted;
      this.#isAllWanted = false;
      try {
        await this.#scanOnce(isAll);
        this.#backoff.reset();
      } catch {
        // The store is ill, of which others tell.
        this.#isAllWanted ||= isAll;
        timers.after(this.#backoff.nextMs(), () => {
          this.#scan();
        });
        return;
      }
    }
  }

  /** Goes through the rows, from the first that may rest untaken, for as long as there is room for any. */
  async #scanOnce(isAll: boolean): Promise<void> {
    this.#passed.clear();
    const wanted = [...this.#left].filter(([upstream]) => isAll || this.#hasRoom(upstream));
    if (wanted.length === 0 && !isAll) return;
    const isThrough = (): boolean =>
      !isAll && wanted.every(([upstream]) => this.#passed.has(upstream));
    let fromSeq: number | null = isAll ? 0 : Math.min(...wanted.map(([, seq]) => seq - 1));
    let waits = 0;
    let isAnyTaken = false;
    while (fromSeq !== null && this.#isStarted && !isThrough()) {
      const page = await this.#parts.store.search({
        standings: ['held'],
        waitsFor: 'conflict',
        order: 'oldest',
        fromSeq,
        limit: PAGE_ROWS,
      });
      for (const row of page.rows) {
        const edit = this.#parts.read(row);
        if (edit === null) continue;
        waits += 1;
        if (await this.#take(row, edit)) isAnyTaken = true;
      }
      fromSeq = page.nextSeq;
    }
    for (const [upstream] of wanted) this.#left.delete(upstream);
    for (const [upstream, seq] of this.#passed) this.#left.set(upstream, seq);
    this.#passed.clear();
    if (!isAll) return;
    const isAtRest = !isAnyTaken && this.#left.size === 0 && this.atWork === 0;
    this.#lookEveryMs = isAtRest
      ? Math.min(LOOK_EVERY_MS_MAX, 2 * this.#lookEveryMs)
      : LOOK_EVERY_MS;
    if (waits > 0) this.#lookLater();
  }

  /** Has one worked on that was found at rest; false where it is left, or needs nothing. */
  async #take(row: StoredOperation, edit: RestingEdit): Promise<boolean> {
    if (this.#isAtWork(edit)) return true;
    if (!this.#hasRoom(edit.upstream)) {
      this.#leave(this.#passed, edit);
      return true;
    }
    if (await this.#parts.isAsked(row)) return false;
    if (!this.#isStarted || this.#isAtWork(edit)) return false;
    if (this.#hasRoom(edit.upstream)) this.#begin(edit);
    else this.#leave(this.#passed, edit);
    return true;
  }
}
