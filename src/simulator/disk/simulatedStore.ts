/**
 * The store of a simulated process: rows in memory, as SQLite would hold them, and beside them the real files of
 * crises over simulated ones. Rows may be damaged; the store then meets and quarantines them as the real one does
 * (PS-3).
 *
 * @module
 */

import { join } from 'node:path';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import { type HoldfastError, reviveError } from '../../../machines/vocabulary/errors.ts';
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
  /** Hears that a crisis is in a file beside the database and not in it. */
  spilled(id: string): void;
  commit(writes: readonly Write[]): Promise<readonly WriteResult[]>;
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
    // Nobody has closed it for a process that was killed.
    if (!this.#isOpened) this.#disk.base.claimed();
    this.#isOpened = true;
    const info = await this.#disk.base.open();
    const told = (notice: HoldfastError): void => {
      this.#notices.push(notice);
    };
    const spills = new CrisisSpills({ folder: FOLDER, sealer, storeId, files, told });
    this.#spills = spills;
    const writes = spills.takeUp();
    spills.reserveForOutside();
    const seqs = writes.map(({ seq }) => seq);
    this.#lastSeq = Math.max(this.#lastSeq, this.#disk.base.nextSeq() - 1, ...seqs);
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
    const results =
      this.#disk.damaged.size === 0
        ? await this.#disk.commit(writes)
        : await this.#commitOverDamage(writes);
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

  /** Answers a question; quarantines the damaged rows that it meets. */
  async ask(question: Question, query: unknown): Promise<unknown> {
    const { base, damaged } = this.#disk;
    const asked = base[question] as (query: unknown) => Promise<unknown>;
    this.#deliverNotices();
    if (damaged.size === 0) return await asked.call(base, query);
    if (question === 'check') return await this.#check();
    for (;;) {
      const answer = await asked.call(base, query);
      if (question === 'quarantine') return this.#asSealed(answer as readonly QuarantinedRecord[]);
      const met = rowsIn(answer).filter((row) => this.#isDamaged(row));
      if (met.length === 0) return answer;
      for (const row of met) await this.#setAside(row);
    }
  }

  /**
   * Commits writes over damage: an update mends the row that it writes, and any other write that has to read a
   * damaged row quarantines it.
   */
  async #commitOverDamage(writes: readonly Write[]): Promise<readonly WriteResult[]> {
    const { base, damaged } = this.#disk;
    const results: WriteResult[] = [];
    for (const write of writes) {
      if (write.kind === 'update') damaged.delete(write.id);
      if (write.kind === 'replay' || write.kind === 'purge') {
        const row = await base.find(write.id);
        if (row !== null && this.#isDamaged(row)) await this.#setAside(row);
      }
      if (write.kind === 'reinstate' && damaged.has(write.id)) {
        results.push({ kind: 'notReinstated', code: DAMAGED });
      } else {
        results.push(...(await this.#commitOne(write)));
      }
    }
    return results;
  }

  async #commitOne(write: Write): Promise<readonly WriteResult[]> {
    const results = await this.#disk.commit([write]);
    const [result] = results;
    if (result?.kind === 'duplicate' && this.#isDamaged(result.of)) {
      // The damaged row gives up its key, so that the new one can have it.
      await this.#setAside(result.of);
      return await this.#disk.commit([write]);
    }
    if (result !== undefined && 'laneNext' in result && result.laneNext !== null) {
      if (!this.#isDamaged(result.laneNext)) return results;
      // The operations behind it count among the heads of lanes that nobody woke.
      await this.#setAside(result.laneNext);
      return [{ ...result, laneNext: null }];
    }
    return results;
  }

  /** Opens every record to find the damaged ones. */
  async #check(): Promise<CheckedPage> {
    let checked = 0;
    for (let afterSeq = 0; ; ) {
      const rows = await this.#disk.base.list({ afterSeq, limit: PAGE_ROWS });
      for (const row of rows) if (this.#isDamaged(row)) await this.#setAside(row);
      const last = rows.at(-1);
      if (last === undefined) return { checked, unreadable: 0, nextAfterSeq: null };
      checked += rows.length;
      afterSeq = last.seq;
    }
  }

  #asSealed(records: readonly QuarantinedRecord[]): readonly QuarantinedRecord[] {
    return records.map((record) =>
      this.#disk.damaged.has(record.id) ? { ...record, state: null, opensNot: DAMAGED } : record,
    );
  }

  #isDamaged({ id, standing }: Pick<StoredOperation, 'id' | 'standing'>): boolean {
    return standing !== 'quarantined' && this.#disk.damaged.has(id);
  }

  async #setAside({ seq, id, revision }: StoredOperation): Promise<void> {
    await this.#disk.commit([{ kind: 'quarantine', seq, id, revision, code: DAMAGED }]);
    this.#tell({ seq, id, code: DAMAGED });
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
