/**
 * The way from charts to the store: orders writes, batches them into commits, and repeats them
 * after a failure.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { ErrorCode, HoldfastError } from '../../machines/vocabulary/errors.ts';
import { faultPoint } from '../../persistence/port/faultPoints.ts';
import type {
  RecordStore,
  StoredOperation,
  Write,
  WriteResult,
} from '../../persistence/port/store.ts';
import { notConnected } from '../platform/wires.ts';
import { Deliveries } from './deliveries.ts';
import {
  inOrder,
  type JournalEntry,
  type Pending,
  PROBE,
  pendingOf,
  toWrite,
  wholeTo,
} from './journalEntry.ts';
import type { StorageHealth } from './storageHealth.ts';
import { isStorageFailure, mayBeOneRecord, neverWritten, toStoreError } from './storeErrors.ts';

/**
 * Keeps beside a database that fails what may not be lost with the process (CR-4): the acceptances of
 * crises, each until the database has taken it.
 */
class Spill {
  readonly #store: Pick<RecordStore, 'spill'>;
  readonly #onError: (error: unknown) => void;
  /** Why nothing can be kept here either: told once for each trouble, not for each crisis. */
  #told: ErrorCode | null = null;

  constructor(store: Pick<RecordStore, 'spill'>, onError: (error: unknown) => void) {
    this.#store = store;
    this.#onError = onError;
  }

  /** The database has begun to fail: what goes wrong here is news again. */
  troubleBegins(): void {
    this.#told = null;
  }

  /** Keeps those that can be spilled and are not yet; where that fails, the next call asks again. */
  keep(pendings: readonly Pending[]): void {
    for (const pending of pendings) {
      const { onSpilled } = pending.entry;
      if (onSpilled === undefined || pending.isSpilled) continue;
      const write = toWrite(pending);
      if (write.kind !== 'accept') continue;
      pending.isSpilled = true;
      this.#store.spill(write).then(onSpilled, (error: unknown) => {
        pending.isSpilled = false;
        const { code } = toStoreError(error);
        if (code !== this.#told) this.#onError(error);
        this.#told = code;
      });
    }
  }
}

class Withdrawals {
  readonly #onLaneFreed: (row: StoredOperation | null) => void;
  /** Refused, and perhaps on disk all the same until their withdrawal is. */
  readonly #underWay = new Set<string>();

  /** @param onLaneFreed see {@link Journal} */
  constructor(onLaneFreed: (row: StoredOperation | null) => void) {
    this.#onLaneFreed = onLaneFreed;
  }

  has(id: string): boolean {
    return this.#underWay.has(id);
  }

  /** What is to be written after an acceptance that failed; `null` after any other write. */
  of({ write, order }: Pending): Pending | null {
    if (write?.kind !== 'accept') return null;
    const { seq, id, lane } = write;
    this.#underWay.add(id);
    const entry: JournalEntry = {
      build: () => ({ kind: 'withdraw', seq, id }),
      onDurable: (result) => {
        this.#underWay.delete(id);
        if (result.kind === 'withdrawn') {
          if (result.laneNext !== null) this.#onLaneFreed(result.laneNext);
        } else if (withdrawal.isRepeat && lane !== null) {
          // The commit of it that failed may have reached the disk, and told nobody who is next.
          this.#onLaneFreed(null);
        }
      },
    };
    const withdrawal = pendingOf(entry, order);
    return withdrawal;
  }
}

/**
 * Batches in flight to the writer at once: while it syncs one, the next is on its way, so that
 * neither thread waits for the other.
 */
const BATCHES_IN_FLIGHT_MAX = 4;
/** A batch this large goes out in the middle of a job: the writer seals it while the job goes on. */
const BATCH_WRITES = 32;
/** So many go out at once: more would hold up the thread that hands them over (CR-1). */
const BATCH_WRITES_MAX = 256;

/**
 * The engine's one way to the disk: writes in the order given, many to a commit, each told when it
 * is durable. After a failure it keeps what must not be lost and repeats it, in order, until the
 * store answers again (PS-6).
 */
export class Journal {
  readonly #store: RecordStore;
  readonly #health: StorageHealth;
  /** Called with writes that are durable, or may be although the store refused them. */
  onCommitted: (writes: readonly Write[]) => void = notConnected;
  /** A withdrawal has made this row the head of its lane; `null` where which one is not known. */
  onLaneFreed: (row: StoredOperation | null) => void = notConnected;
  readonly #onError: (error: unknown) => void;
  readonly #spill: Spill;
  readonly #deliveries: Deliveries;
  #queue: Pending[] = [];
  /** What failed and will be repeated, oldest first. */
  #stuck: Pending[] = [];
  readonly #withdrawals: Withdrawals;
  #isIsolating = false;
  /** What the store refused without being ill, to be committed one by one. */
  #refused: Pending[] = [];
  #given = 0;
  #batchesInFlight = 0;
  /** False before the store is open, and once it is closed: then nothing is written. */
  isOpen = false;
  #isFlushScheduled = false;
  #isCrisisQueued = false;
  /** Asked to repeat while a batch posted before the failure was still out. */
  #isRetryDue = false;
  #idleWaiters: (() => void)[] = [];
  readonly #writtenWaiters = new Set<(isDurable: boolean) => void>();

  constructor(parts: {
    readonly store: RecordStore;
    readonly clock: Clock;
    /** Is told how each batch ended, and says when to {@link retry}. */
    readonly health: StorageHealth;
    readonly onError: (error: unknown) => void;
  }) {
    this.#store = parts.store;
    this.#health = parts.health;
    this.#withdrawals = new Withdrawals((row) => {
      this.onLaneFreed(row);
    });
    this.#onError = parts.onError;
    this.#spill = new Spill(parts.store, parts.onError);
    this.#deliveries = new Deliveries({
      clock: parts.clock,
      onEmpty: () => {
        this.#checkIdle();
      },
      onError: parts.onError,
    });
  }

  /** Why storage is failing now; `null` while it is well. */
  get failure(): HoldfastError | null {
    return this.#health.failure;
  }

  /** The disk answers nothing: {@link failure} says so, and what was handed over may still become durable. */
  get isHanging(): boolean {
    return this.#health.state === 'hanging';
  }

  /** What is handed over now may wait long for the disk, and has not failed. */
  get isLate(): boolean {
    return this.#health.state === 'slow';
  }

  /** True for a request that was refused and whose row, if there is one, must not run. */
  isWithdrawing(id: string): boolean {
    return this.#withdrawals.has(id);
  }

  /** The store is open: what was written before goes out now. */
  open(): void {
    this.isOpen = true;
    this.#scheduleFlush();
  }

  /** Nothing more is written or repeated: what is not durable by now is taken up from disk next time. */
  close(): void {
    this.isOpen = false;
    for (const tell of this.#writtenWaiters) tell(false);
  }

  write(entry: JournalEntry): Pending {
    this.#given += 1;
    const pending = pendingOf(entry, this.#given);
    this.#queue.push(pending);
    // The thread that would spill it hangs with the disk, and would do that first when it goes on.
    if (this.#health.failure !== null && !this.isHanging) this.#spill.keep([pending]);
    this.#isCrisisQueued ||= entry.onSpilled !== undefined;
    // The last one stays: a note about it may follow.
    if (this.#queue.length > BATCH_WRITES && this.isOpen) this.#flush(BATCHES_IN_FLIGHT_MAX, false);
    if (!this.#isFlushScheduled) this.#scheduleFlush();
    return pending;
  }

  /**
   * Whether a write waits for a disk that is ill and was not given to the store: another of the same row
   * may `supersede` it, so that what waits grows with the rows and not with time.
   */
  holdsBack(pending: Pending | null): pending is Pending {
    return this.#health.failure !== null && pending?.write === null;
  }

  /**
   * Gives a write up with `error` that the store was not given yet, so that it never will be; false where
   * it was, and for what is never given up.
   */
  takeBack(pending: Pending, error: HoldfastError): boolean {
    const at = this.#queue.indexOf(pending);
    const { onFailed } = pending.entry;
    if (at === -1 || onFailed === undefined) return false;
    this.#queue.splice(at, 1);
    onFailed(error);
    return true;
  }

  /** The disk answers nothing: what nobody was promised yet, and it was not given, is refused. */
  hangs(error: HoldfastError): void {
    for (const tell of this.#writtenWaiters) tell(false);
    this.#refuseQueued(error);
    this.#checkIdle();
  }

  /**
   * Sends what waits on its way to the store, however much is under way: what the store is asked next
   * it answers as of after that.
   */
  sendAll(): void {
    if (this.isOpen) this.#flush(Number.POSITIVE_INFINITY);
  }

  /** Resolves when everything written so far is durable, or at once when storage is failing. */
  async idle(): Promise<void> {
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => {
      this.#idleWaiters.push(resolve);
    });
  }

  /**
   * Resolves once everything written so far is told of, whatever is written meanwhile: a busy journal
   * may never be idle. `false` when storage is failing, or nothing is written (any more).
   */
  async written(): Promise<boolean> {
    if (this.#isIdle()) return this.isOpen && this.failure === null;
    return await new Promise<boolean>((resolve) => {
      const tell = (isDurable: boolean): void => {
        this.#writtenWaiters.delete(tell);
        resolve(isDurable);
      };
      this.#writtenWaiters.add(tell);
      const told = { onDurable: () => tell(true), onFailed: () => tell(false) };
      this.write({ build: PROBE.build, ...told });
    });
  }

  #isIdle(): boolean {
    if (!this.isOpen || this.failure !== null) return true;
    if (this.#refused.length > 0) return false;
    return this.#queue.length === 0 && this.#batchesInFlight === 0 && this.#deliveries.isEmpty;
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled || !this.isOpen) return;
    this.#isFlushScheduled = true;
    // After the current job, so that what one event causes in many operations shares a commit.
    queueMicrotask(() => {
      this.#isFlushScheduled = false;
      // A crisis waits for no batch: the app may never let the event loop run again, and be killed (CR-4).
      const batchesMax = this.#isCrisisQueued ? Number.POSITIVE_INFINITY : BATCHES_IN_FLIGHT_MAX;
      this.#isCrisisQueued = false;
      this.#flush(batchesMax);
    });
  }

  /** @param isJobDone false in the middle of a job, whose next write may belong to the last one */
  #flush(batchesMax: number = BATCHES_IN_FLIGHT_MAX, isJobDone = true): void {
    if (this.#health.failure !== null || this.#isIsolating) return;
    if (this.#refused.length > 0) {
      if (this.#batchesInFlight === 0) void this.#isolate();
      return;
    }
    const health = this.#health;
    while (
      this.#queue.length > 0 &&
      health.failure === null &&
      this.#batchesInFlight < batchesMax
    ) {
      const count = wholeTo(this.#queue, BATCH_WRITES_MAX, isJobDone);
      if (count === 0) return;
      void this.#post(this.#queue.splice(0, count));
    }
  }

  async #post(batch: readonly Pending[]): Promise<void> {
    this.#batchesInFlight += 1;
    const generation = this.#health.posted();
    try {
      faultPoint('journal.beforePost');
      const writes = batch.map(toWrite);
      const results = await this.#store.commit(writes);
      this.#batchesInFlight -= 1;
      this.#health.committed(generation);
      this.#deliver(batch, writes, results);
    } catch (error) {
      this.#batchesInFlight -= 1;
      this.#failed(batch, toStoreError(error), generation);
    }
    this.#goOn();
  }

  /**
   * Makes a write of its own beside what is queued, which is in no order with that and which nobody waits for. A disk
   * that does not answer it hangs, whatever else is written (HM-1); one that was well and fails it is judged by what
   * else is written. Trouble does not end with it: that is over once what failed is written ({@link retry}).
   */
  async beside(writes: readonly Write[]): Promise<readonly WriteResult[]> {
    const generation = this.#health.posted();
    try {
      const results = await this.#store.commit(writes);
      if (this.failure === null || this.isHanging) this.#health.committed(generation);
      else this.#health.refused();
      return results;
    } catch (error) {
      const cause = toStoreError(error);
      if (this.#health.state === 'well' || mayBeOneRecord(cause)) this.#health.refused();
      else this.#health.failed(generation, cause);
      throw error;
    } finally {
      this.#goOn();
    }
  }

  /** A batch has ended: what waited for that goes on. */
  #goOn(): void {
    if (this.#isRetryDue) this.retry();
    this.#flush();
    this.#checkIdle();
  }

  #checkIdle(): void {
    if (this.#isIdle()) for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  #deliver(
    batch: readonly Pending[],
    writes: readonly Write[],
    results: readonly WriteResult[],
  ): void {
    this.onCommitted(writes);
    for (let index = 0; index < batch.length; index += 1) {
      const pending = batch[index];
      const result = results[index];
      if (pending === undefined || result === undefined) continue;
      // Its row may be missing because the accept, posted before it, failed: it goes again after that.
      if (result.kind === 'missing' && this.#health.failure !== null) this.#stuck.push(pending);
      else if (result.kind === 'missing' && this.#refused.length > 0) this.#refused.push(pending);
      else this.#deliveries.add(pending, result);
    }
    this.#deliveries.schedule();
  }

  /**
   * Commits one by one what the store refused as a batch although it is well: one of the writes
   * contradicts what is stored, and must cost neither the others nor the writes to come.
   */
  async #isolate(): Promise<void> {
    const refused = inOrder(this.#refused);
    this.#refused = [];
    this.#isIsolating = true;
    this.#batchesInFlight += 1;
    for (const [index, pending] of refused.entries()) {
      const generation = this.#health.posted();
      try {
        const writes = [toWrite(pending)];
        const results = await this.#store.commit(writes);
        this.#health.committed(generation);
        this.#deliver([pending], writes, results);
      } catch (error) {
        const cause = toStoreError(error);
        if (!(await this.#isOneRecord(cause))) {
          this.#failed(refused.slice(index), cause, generation);
          break;
        }
        this.#health.refused();
        this.onCommitted([toWrite(pending)]);
        if (pending.isRepeat && pending.write?.kind === 'update') {
          // The commit that failed had reached the disk, and later updates in it stand on this one.
          this.#deliver([pending], [toWrite(pending)], [{ kind: 'updated', laneNext: null }]);
          continue;
        }
        this.#onError(cause);
        // A crisis is kept beside a database that can't take it.
        this.#spill.keep([pending]);
        const { onRefused, onFailed } = pending.entry;
        (onRefused ?? onFailed)?.(cause);
      }
    }
    this.#isIsolating = false;
    this.#batchesInFlight -= 1;
    this.#goOn();
  }

  /**
   * Whether a write is to blame for its failure and not the disk. A damaged page may be needed by one
   * record or by all: another write tells.
   */
  async #isOneRecord(error: HoldfastError): Promise<boolean> {
    if (!isStorageFailure(error)) return true;
    if (error.code !== 'HF_STORE_CORRUPT') return false;
    try {
      await this.#store.commit([PROBE.build()]);
      return true;
    } catch {
      return false;
    }
  }

  #failed(batch: readonly Pending[], error: HoldfastError, generation: number): void {
    const wasFailing = this.failure !== null && !this.isHanging;
    // While storage fails a write is refused for want of the ones before it: it goes again after them.
    if (mayBeOneRecord(error) && !wasFailing && !this.#isIsolating && this.isOpen) {
      this.#health.refused();
      this.#refused.push(...batch);
      return;
    }
    if (!this.isOpen) {
      for (const { entry } of batch) entry.onFailed?.(error);
      return;
    }
    this.#health.failed(generation, error);
    this.#stuck.push(...this.#refused.splice(0));
    for (const pending of batch) {
      const { onFailed } = pending.entry;
      if (onFailed === undefined) {
        pending.isRepeat = true;
        this.#stuck.push(pending);
        continue;
      }
      const withdrawal = this.#withdrawals.of(pending);
      if (withdrawal !== null) this.#stuck.push(withdrawal);
      onFailed(error);
    }
    if (!wasFailing) this.#refuseQueued(error);
    this.#spill.keep(this.#stuck);
    this.#spill.keep(this.#queue);
  }

  /** What nobody was promised yet is refused at once rather than left to wait for a sick disk. */
  #refuseQueued(cause: HoldfastError): void {
    const error = neverWritten(cause);
    this.#spill.troubleBegins();
    const kept: Pending[] = [];
    for (const pending of this.#queue) {
      const { onFailed, isPatient = false } = pending.entry;
      if (onFailed === undefined || (isPatient && this.isHanging)) kept.push(pending);
      else onFailed(error);
    }
    this.#queue = kept;
  }

  /** Repeats what failed, in order. Storage is well again once that is durable. */
  retry(): void {
    // A batch posted before the failure may still be out; its fate decides what there is to repeat.
    this.#isRetryDue = this.#batchesInFlight > 0;
    if (!this.#isRetryDue && this.isOpen) void this.#repeat();
  }

  async #repeat(): Promise<void> {
    // What was never given to the store is newer than all that failed, and follows once that is written.
    const batch = inOrder(this.#stuck.length > 0 ? this.#stuck : this.#queue.splice(0));
    this.#stuck = [];
    // With nothing to repeat, a write of no consequence finds out whether the disk is well.
    if (batch.length === 0) batch.push(pendingOf(PROBE, 0));
    this.#batchesInFlight += 1;
    const generation = this.#health.posted();
    try {
      const writes = batch.map(toWrite);
      const results = await this.#store.commit(writes);
      this.#batchesInFlight -= 1;
      this.#health.committed(generation);
      this.#deliver(batch, writes, results);
    } catch (error) {
      const cause = toStoreError(error);
      const isOneRecord = await this.#isOneRecord(cause);
      this.#batchesInFlight -= 1;
      if (isOneRecord) {
        this.#health.committed(generation);
        this.#refused.push(...batch, ...this.#stuck.splice(0));
      } else {
        this.#failed(batch, cause, generation);
      }
    }
    this.#goOn();
  }
}
