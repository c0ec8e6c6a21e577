/**
 * The store of a simulated process: rows in memory, as SQLite would hold them, and beside them the real files of
 * crises over simulated ones. Rows may be damaged, or touched by another hand; the store then meets and quarantines them
 * as the real one does (PS-3, SE-6).
 *
 * @module
 */

import { join } from 'node:path';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import {
  type ErrorCode,
  type HoldfastError,
  reviveError,
} from '../../../machines/vocabulary/errors.ts';
import type { MemoryDisk } from '../../../persistence/memory/memoryStore.ts';
import {
  forwardBeside,
  forwardQuestions,
  type Question,
} from '../../../persistence/port/questions.ts';
import type {
  AcceptWrite,
  CheckedPage,
  QuarantinedRecord,
  QuarantinedRow,
  Store,
  StoredOperation,
  StoreInfo,
  Write,
  WriteResult,
} from '../../../persistence/port/store.ts';
import type { Sealer } from '../../../persistence/sealing/recordSealer.ts';
import {
  CrisisSpills,
  OUTSIDE_FILE_NAME,
  SPILL_FILE_NAME,
} from '../../../persistence/sqlite/file/crisisSpills.ts';
import type { Faults } from './faultyStore.ts';
import type { Change, OtherHand, TellTouched } from './otherHand.ts';
import type { SimulatedFiles } from './simulatedFiles.ts';

/** Error of a damaged row. */
const DAMAGED = 'HF_RECORD_TAMPERED';
export const FOLDER = '/disk/store';
/** The files beside the database. */
export const SPILL_PATHS = [join(FOLDER, SPILL_FILE_NAME), join(FOLDER, OUTSIDE_FILE_NAME)] as [
  string,
  string,
];
const PAGE_ROWS = 500;

/** Parts of a disk that the store of a process needs. */
export interface DiskOfStore {
  readonly base: MemoryDisk;
  readonly storeId: string;
  readonly sealer: Sealer;
  readonly files: SimulatedFiles;
  readonly faults: Faults;
  /** Ids of rows that nobody can open. */
  readonly damaged: Set<string>;
  /** Records that another hand has touched. */
  readonly hand: OtherHand;
  /** Changes a record by no write. */
  change(change: Change): void;
  /** Hears that a crisis is in a file beside the database and not in it. */
  spilled(id: string): void;
  commit(writes: readonly Write[]): Promise<readonly WriteResult[]>;
  /** Work of several parts on the database; `null` for none. */
  readonly underWay: Promise<void> | null;
  /** Does a work of several parts once no other is under way. */
  whole<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Brings the store up to date; `null` where it is. */
  migrate(clock: Clock): Promise<StoreInfo['migration']>;
}

/** Creates the store of one process on this disk. */
export function createSimulatedStore(disk: DiskOfStore, clock: Clock): Store {
  const simulated = new SimulatedStore(disk, clock);
  return {
    ...forwardQuestions((question, query) => simulated.ask(question, query)),
    beside: forwardBeside((question, query) => simulated.ask(question, query)),
    open: () => simulated.open(),
    nextSeq: () => simulated.nextSeq(),
    commit: (writes) => simulated.commit(writes),
    spill: (write) => simulated.spill(write),
    clearErased: () => disk.base.clearErased(),
    onQuarantine: (listener) => {
      simulated.onQuarantine.push(listener);
    },
    onNotice: (listener) => {
      simulated.onNotice.push(listener);
    },
    spillLine: () => null,
    close: () => Promise.resolve(),
  };
}

class SimulatedStore {
  readonly onQuarantine: ((row: QuarantinedRow) => void)[] = [];
  readonly onNotice: ((notice: HoldfastError) => void)[] = [];
  readonly #disk: DiskOfStore;
  readonly #clock: Clock;
  readonly #notices: HoldfastError[] = [];
  /** Names of touched records that were told of. */
  readonly #told = new Set<string>();
  #spills: CrisisSpills | null = null;
  #isOpened = false;
  #lastSeq = 0;

  constructor(disk: DiskOfStore, clock: Clock) {
    this.#disk = disk;
    this.#clock = clock;
  }

  async open(): Promise<StoreInfo> {
    const { sealer, storeId, files, faults } = this.#disk;
    const migration = await this.#disk.migrate(this.#clock);
    while (this.#disk.underWay !== null) await this.#disk.underWay;
    // Nobody has closed it for a process that was killed.
    if (!this.#isOpened) this.#disk.base.claimed();
    this.#isOpened = true;
    const info = this.#disk.hand.opened(await this.#disk.base.open(), this.#touched);
    const told = (notice: HoldfastError): void => {
      this.#notices.push(notice);
    };
    const spills = new CrisisSpills({ folder: FOLDER, sealer, storeId, files, told });
    this.#spills = spills;
    const writes = spills.takeUp();
    spills.reserveForOutside();
    const seqs = writes.map(({ seq }) => seq);
    const { missingSeqs } = this.#disk.hand;
    const last = this.#disk.base.nextSeq() - 1;
    this.#lastSeq = Math.max(this.#lastSeq, last, ...seqs, ...missingSeqs);
    const isTaken =
      writes.length > 0 &&
      faults.fate(writes) === 'works' &&
      (await this.commit(writes).then(
        () => true,
        // Spilled crises must not make a start fail.
        () => false,
      ));
    const outside = [];
    for (const crisis of spills.readOutside()) {
      if ((await this.#disk.base.find(crisis.id)) === null) outside.push(crisis);
      else spills.dropOutside(crisis.id);
    }
    spills.wipe();
    await this.#passTime();
    return { ...info, migration, spilled: isTaken ? [] : writes, outside };
  }

  nextSeq(): number {
    this.#lastSeq += 1;
    return this.#lastSeq;
  }

  async commit(writes: readonly Write[]): Promise<readonly WriteResult[]> {
    const results = await (this.#isWhole
      ? this.#disk.commit(writes)
      : this.#disk.whole(() => this.#commitOverDamage(writes)));
    for (const [index, write] of writes.entries()) {
      if (write.kind === 'quarantine' && results[index]?.kind === 'quarantined') this.#tell(write);
    }
    this.#spills?.committed(writes);
    this.#spills?.wipe();
    await this.#passTime();
    this.#deliverNotices();
    return results;
  }

  async spill(write: AcceptWrite): Promise<void> {
    const error = this.#spills?.keep(write) ?? null;
    await this.#passTime();
    if (error !== null) throw reviveError(error);
    this.#disk.spilled(write.id);
  }

  /** Answers a question; quarantines the damaged and earlier rows that it meets. */
  async ask(question: Question, query: unknown): Promise<unknown> {
    const { base, hand } = this.#disk;
    const asked = base[question] as (query: unknown) => Promise<unknown>;
    this.#deliverNotices();
    if (this.#isWhole) return await asked.call(base, query);
    if (question === 'check') return await this.#check();
    for (;;) {
      const answer = await asked.call(base, query);
      if (question === 'quarantine') return this.#asSealed(answer as readonly QuarantinedRecord[]);
      const rows = rowsIn(answer);
      const met = rows.filter((row) => this.#codeOf(row) !== null);
      for (const row of met) await this.#setAside(row);
      if (met.length > 0) continue;
      for (const row of rows) hand.met(row, this.#touched);
      const given = hand.answer(question, query, answer, this.#touched);
      this.#deliverNotices();
      return given;
    }
  }

  /** True where every record is as it was written. */
  get #isWhole(): boolean {
    return this.#disk.damaged.size === 0 && !this.#disk.hand.hasTouched;
  }

  /** Notes what is to be told of a touched record, with the next answer. */
  readonly #touched: TellTouched = (error, once) => {
    if (once !== undefined && this.#told.has(once)) return;
    if (once !== undefined) this.#told.add(once);
    this.#notices.push(error);
  };

  /**
   * Commits writes over damaged and touched rows: an update mends the row that it writes, and any other write that has
   * to read such a row quarantines it.
   */
  async #commitOverDamage(writes: readonly Write[]): Promise<readonly WriteResult[]> {
    const { base, damaged, hand } = this.#disk;
    const results: WriteResult[] = [];
    for (const write of writes) {
      if (write.kind === 'update') damaged.delete(write.id);
      if (write.kind === 'replay' || write.kind === 'purge') {
        const row = await base.find(write.id);
        if (row !== null && this.#codeOf(row) !== null) await this.#setAside(row);
      }
      if (write.kind === 'purgeSettled') await this.#setEarlierAside();
      const { changes, answer } = hand.before(write, base.tables, this.#touched);
      for (const change of changes) this.#disk.change(change);
      if (answer !== null) results.push(answer);
      else if (write.kind === 'reinstate' && damaged.has(write.id)) {
        results.push({ kind: 'notReinstated', code: DAMAGED });
      } else {
        results.push(...(await this.#commitOne(write)));
      }
    }
    return results;
  }

  /** Quarantines rows that ended by an earlier copy, and would be purged by it. */
  async #setEarlierAside(): Promise<void> {
    const { tables } = this.#disk.base;
    for (const row of tables.standing('settled')) {
      if (this.#disk.hand.codeOf(row) !== null) await this.#setAside(row);
    }
  }

  async #commitOne(write: Write): Promise<readonly WriteResult[]> {
    const results = await this.#disk.commit([write]);
    const [result] = results;
    if (result?.kind === 'duplicate' && this.#codeOf(result.of) !== null) {
      // Such a row gives up its key, so that the new one can have it.
      await this.#setAside(result.of);
      return await this.#disk.commit([write]);
    }
    if (result !== undefined && 'laneNext' in result && result.laneNext !== null) {
      if (this.#codeOf(result.laneNext) === null) return results;
      // The operations behind it count among the heads of lanes that nobody woke.
      await this.#setAside(result.laneNext);
      return [{ ...result, laneNext: null }];
    }
    return results;
  }

  /** Opens every record to find the damaged ones, the earlier copies, and what is missing. */
  async #check(): Promise<CheckedPage> {
    let checked = 0;
    for (let afterSeq = 0; ; ) {
      const rows = await this.#disk.base.list({ afterSeq, limit: PAGE_ROWS });
      for (const row of rows) {
        if (this.#codeOf(row) !== null) await this.#setAside(row);
        else this.#disk.hand.met(row, this.#touched);
      }
      const last = rows.at(-1);
      if (last === undefined) {
        this.#disk.hand.checked(this.#touched);
        this.#deliverNotices();
        return { checked, unreadable: 0, nextAfterSeq: null };
      }
      checked += rows.length;
      afterSeq = last.seq;
    }
  }

  #asSealed(records: readonly QuarantinedRecord[]): readonly QuarantinedRecord[] {
    return records.map((record) =>
      this.#disk.damaged.has(record.id) ? { ...record, state: null, opensNot: DAMAGED } : record,
    );
  }

  /** The code of a row that can't be handed out; `null` where it can. */
  #codeOf(row: StoredOperation): ErrorCode | null {
    if (row.standing === 'quarantined') return null;
    return this.#disk.damaged.has(row.id) ? DAMAGED : this.#disk.hand.codeOf(row);
  }

  async #setAside(row: StoredOperation): Promise<void> {
    const { seq, id, revision } = row;
    const code = this.#codeOf(row) ?? DAMAGED;
    await this.#disk.commit([{ kind: 'quarantine', seq, id, revision, code }]);
    this.#tell({ seq, id, code });
  }

  #tell({ seq, id, code }: QuarantinedRow): void {
    for (const listener of this.onQuarantine) listener({ seq, id, code });
  }

  #deliverNotices(): void {
    for (const notice of this.#notices.splice(0)) {
      for (const listener of this.onNotice) listener(notice);
    }
  }

  /** Passes the time that the files have taken. */
  async #passTime(): Promise<void> {
    const tookMs = this.#disk.files.takeTime();
    if (tookMs === 0) return;
    await new Promise<void>((resolve) => {
      this.#clock.schedule(tookMs, resolve);
    });
  }
}

/** Lists the operations of an answer. */
function rowsIn(answer: unknown): readonly StoredOperation[] {
  if (Array.isArray(answer)) return answer.filter(isRow);
  if (typeof answer !== 'object' || answer === null) return [];
  if (isRow(answer)) return [answer];
  const { rows } = answer as { readonly rows?: unknown };
  return Array.isArray(rows) ? rows.filter(isRow) : [];
}

function isRow(value: unknown): value is StoredOperation {
  return typeof value === 'object' && value !== null && 'standing' in value && 'seq' in value;
}
