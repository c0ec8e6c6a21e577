/**
 * The operations of the local engine by their ids: in memory or on disk makes no difference to callers.
 *
 * @module
 */

import { syncOperationMachine } from '../../machines/operation/syncOperationMachine.ts';
import { HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Store, StoredOperation } from '../../persistence/port/store.ts';
import { newerRecordIn } from '../charts/snapshots.ts';
import { decodeWork } from '../charts/workRecord.ts';
import type { Journal } from '../journal/journal.ts';
import { demandDurable } from '../operation/acceptance.ts';
import {
  type OperationView,
  type Outcome,
  operationUnknown,
  quarantinedError,
  toOutcome,
  toView,
} from '../operation/outcome.ts';
import type { Resident } from '../operation/resident.ts';
import {
  hasEnded,
  type OperationPage,
  type OperationPageQuery,
  readCounts,
  readPage,
  type StoreCounts,
  type ViewsInMemory,
  viewOf,
} from '../operation/rowView.ts';
import type { OperationPool } from './operationPool.ts';

export interface OperationsParts {
  readonly pool: OperationPool;
  readonly journal: Pick<Journal, 'written' | 'failure' | 'isHanging'>;
  readonly store: Pick<Store, 'find' | 'beside'>;
  /** Resolves once the store is open. */
  readonly ready: () => Promise<void>;
  /** Whether it is a crisis from before the store was held, which is sent once a person releases that. */
  readonly isHeldBack: (row: StoredOperation) => boolean;
  readonly onError: (error: unknown) => void;
}

/** Reads for people that may wait for a disk that hangs. */
const READS_WHILE_HANGING_MAX = 16;

export class Operations {
  readonly #parts: OperationsParts;
  /** Settles once the pages asked for so far are read. */
  #pages: Promise<unknown> = Promise.resolve();
  /** Reads for people that have no answer yet. */
  #readsOut = 0;

  constructor(parts: OperationsParts) {
    this.#parts = parts;
  }

  async view(id: string): Promise<OperationView> {
    return this.viewNow(id) ?? viewOf(await this.#look(id), this.#parts.pool.waits);
  }

  watch(id: string, listener: (view: OperationView) => void): () => void {
    const leave = this.#parts.pool.watchers.subscribe(id, listener);
    void this.#forgetIfOver(id);
    return leave;
  }

  /**
   * One page after the other: those that many ask for at once would be shown in one turn of the event loop, and a crisis
   * would wait for all of them (CR-1).
   */
  async list(query: OperationPageQuery): Promise<OperationPage> {
    return await this.#shown(() => {
      const page = this.#pages.then(() => this.#page(query));
      this.#pages = page.catch(() => undefined);
      return page;
    });
  }

  async #page(query: OperationPageQuery): Promise<OperationPage> {
    const { store, pool } = this.#parts;
    // What is in memory is newer than its row.
    const memory: ViewsInMemory = {
      of: (id) => this.viewNow(id),
      all: () =>
        pool.residents
          .filter((resident) => resident.seq > 0 && isAccepted(resident))
          .map((resident) => ({ seq: resident.seq, view: this.#viewOf(resident) })),
    };
    return await readPage(store.beside, query, memory, pool.waits);
  }

  async counts(): Promise<StoreCounts> {
    return await this.#shown(() => readCounts(this.#parts.store.beside));
  }

  /** A rejection that nobody awaits does not end the process. */
  outcome(id: string): Promise<Outcome> {
    const { pool } = this.#parts;
    // Watch first, look second: it may settle between the two.
    const watched = pool.watchers.outcome(id);
    if (pool.resident(id) !== undefined) return watched;
    const found = this.#outcomeOnDisk(id, watched);
    found.catch(unheard);
    return found;
  }

  async #outcomeOnDisk(id: string, watched: Promise<Outcome>): Promise<Outcome> {
    const { pool } = this.#parts;
    const row = await this.#look(id).catch((error: unknown) => {
      if (isGone(error) && pool.resident(id) === undefined) pool.watchers.forget(id);
      throw error;
    });
    if (!hasEnded(row)) {
      const refusal = pool.left.refusalOf(row.seq);
      if (refusal !== undefined) pool.watchers.refused(id, refusal);
      return await watched;
    }
    const { snapshot, said } = decodeWork(row);
    pool.watchers.settled(toOutcome(snapshot.context, said, pool.exceptions.of(id)));
    return await watched;
  }

  /** Resolves once what follows is durable; to false where the operation takes no notice. */
  async tell(id: string, wish: 'cancel.requested' | 'retry.requested'): Promise<boolean> {
    const { pool, journal, ready } = this.#parts;
    let tookNotice: boolean;
    for (;;) {
      const resident = pool.resident(id);
      if (resident !== undefined) {
        tookNotice = pool.tell(resident, wish);
        break;
      }
      const staleReads = pool.staleReads.watch(id);
      const row = await this.#find(id).finally(staleReads.end);
      // If it has been in memory meanwhile, the row may be from before: look again.
      if (pool.resident(id) !== undefined || staleReads.hasLeft()) continue;
      if (hasEnded(row)) return false;
      // In memory it would be sent at once, and its chain told (PS-5).
      if (wish === 'retry.requested' && this.#parts.isHeldBack(row)) return false;
      tookNotice = pool.wake(row, wish);
      break;
    }
    // A crisis may be in memory before there is a store to write to.
    await ready();
    await demandDurable(journal);
    return tookNotice;
  }

  /** `null` for one that is not in memory. */
  viewNow(id: string): OperationView | null {
    const resident = this.#parts.pool.resident(id);
    return resident === undefined ? null : this.#viewOf(resident);
  }

  #viewOf(resident: Resident): OperationView {
    return toView(resident, resident.actor.getSnapshot(), this.#parts.pool.waits);
  }

  /** A listener to an operation that has ended, or never was, must not take up memory without limit. */
  async #forgetIfOver(id: string): Promise<void> {
    const { pool } = this.#parts;
    if (pool.resident(id) !== undefined) return;
    const staleReads = pool.staleReads.watch(id);
    const isOver = await this.#find(id).then(hasEnded, isGone).finally(staleReads.end);
    if (pool.resident(id) === undefined && !staleReads.hasLeft() && isOver) {
      pool.watchers.dismissListeners(id);
    }
  }

  /** Resolves once the store can be asked, which nobody does while its disk hangs (OP-6). */
  async #untilAnswering(): Promise<void> {
    const { ready, journal } = this.#parts;
    await ready();
    if (journal.isHanging) throw storeNotRead(journal.failure);
  }

  /** Finds a row that an order is about to change, behind all that is being written. */
  async #find(id: string): Promise<StoredOperation> {
    await this.#untilAnswering();
    return readable(await this.#parts.store.find(id));
  }

  /** Finds a row to show, whatever is being written. */
  async #look(id: string): Promise<StoredOperation> {
    return readable(await this.#shown(() => this.#parts.store.beside.find(id)));
  }

  /** Reads what is shown. While a disk hangs that is not read either, few wait for it. */
  async #shown<Read>(read: () => Promise<Read>): Promise<Read> {
    const { ready, journal } = this.#parts;
    await ready();
    if (journal.isHanging && this.#readsOut >= READS_WHILE_HANGING_MAX) {
      throw storeNotRead(journal.failure);
    }
    this.#readsOut += 1;
    try {
      return await read();
    } finally {
      this.#readsOut -= 1;
    }
  }
}

/** @throws HoldfastError where there is no row, or none that can be read. */
function readable(row: StoredOperation | null): StoredOperation {
  if (row?.standing === 'quarantined') throw quarantinedError();
  const newer = row === null ? null : newerRecordIn(syncOperationMachine, row.state);
  if (newer !== null) throw newer;
  if (row !== null) return row;
  throw operationUnknown();
}

function unheard(): void {
  // A caller that asks for the outcome later gets the rejection.
}

/** Whether its acceptance is written. */
function isAccepted(resident: Resident): boolean {
  const { state, chart } = resident;
  return state !== null && chart.demandOf(state, resident).write !== 'acceptance';
}

/** The disk answers nothing, so that the store is not asked. */
function storeNotRead(cause: HoldfastError | null): HoldfastError {
  return new HoldfastError(
    'HF_STORE_HANGING',
    `${cause?.message ?? 'The disk answers nothing.'} What is on it can not be read; ask again later.`,
    { retry: 'later', withStack: false },
  );
}

/** Nobody here will ever settle it: there is no such operation, or its record can't be read. */
function isGone(error: unknown): boolean {
  if (!isHoldfastError(error)) return false;
  const { code } = error;
  return code === 'HF_OPERATION_UNKNOWN' || code === 'HF_QUARANTINED' || code === 'HF_RECORD_NEWER';
}
