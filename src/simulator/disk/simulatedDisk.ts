/**
 * The disk of a simulated device, which outlives its processes: rows in memory, files beside them, and the troubles
 * of either.
 *
 * @module
 */

import { decodeWork } from '../../../actors/charts/workRecord.ts';
import { type ConflictRecord, decodeConflict } from '../../../machines/conflict/conflictRecord.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import { type ErrorCode, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { createMemoryStore, type MemoryDisk } from '../../../persistence/memory/memoryStore.ts';
import type { KeptPage } from '../../../persistence/port/kept.ts';
import { type Hold, holdWrite } from '../../../persistence/port/review.ts';
import type {
  AcceptWrite,
  StoredOperation,
  StoreInfo,
  Write,
  WriteResult,
} from '../../../persistence/port/store.ts';
import type { OutsideCrisis } from '../../../persistence/port/writes.ts';
import { nodeEngine } from '../../../persistence/sealing/nodeEngine.ts';
import { createSealer, type Sealer } from '../../../persistence/sealing/recordSealer.ts';
import { CrisisSpills } from '../../../persistence/sqlite/file/crisisSpills.ts';
import { type SeededRandom, seededRandom } from '../../virtual/seededRandom.ts';
import { createFaultyStore, type Faults, type FaultyStore, noFaults } from './faultyStore.ts';
import { type Change, changeRecord, type Mended, OtherHand } from './otherHand.ts';
import { type FileFaults, SimulatedFiles } from './simulatedFiles.ts';
import { createSimulatedStore, type DiskOfStore, FOLDER, SPILL_PATHS } from './simulatedStore.ts';

const PAGE_ROWS = 500;

/** A trouble of a disk for a time; functions left out work. */
export interface Trouble extends Partial<Omit<Faults, 'failure' | 'rewrite'>> {
  /** Code of each refusal. */
  readonly code: ErrorCode;
  readonly files?: Partial<FileFaults>;
}

export interface DiskParts {
  readonly seed: number;
  /** Hears that the hold of the store is released. */
  readonly onRelease: (reason: Hold['reason']) => void;
  /** Hears that a crisis went into a file beside the database. */
  readonly onSpilled: (id: string) => void;
  readonly onMended: Mended;
  /** Shortest time for which any process so far was to keep ended operations. */
  readonly retentionMs: () => number;
}

/** Something that has changed the database: a commit, or a change by no write, which another hand may have made. */
type Logged =
  | { readonly writes: readonly Write[] }
  | { readonly change: Change; readonly isTouch: boolean };

const COMES_IN: ReadonlySet<Write['kind']> = new Set(['accept', 'replay', 'reinstate']);

export class SimulatedDisk implements DiskOfStore {
  readonly storeId: string;
  readonly sealer: Sealer;
  readonly files: SimulatedFiles;
  readonly damaged = new Set<string>();
  readonly hand: OtherHand;
  /**
   * A commit of several parts, or a change of the whole database at rest: it happens whole or not at all, so that who
   * looks at the disk or opens it waits for its end.
   */
  underWay: Promise<void> | null = null;
  /** Ids of crises in a file beside the database, and not in it. */
  readonly onlySpilled = new Set<string>();
  /** Rows purged at the end of their time: they have ended, and are not lost. */
  readonly purged = new Map<string, StoredOperation>();
  /**
   * Conflicts that it no longer has, by their text, as one may go more than once: they were kept for long enough, or a
   * backup replaced their store.
   */
  readonly conflictsGone = new Map<string, ConflictRecord>();
  readonly troubles = new Set<Trouble>();
  /** Faults of all troubles together. */
  readonly faults: Faults;
  readonly #parts: DiskParts;
  #base: MemoryDisk;
  /** Number of operations that have come into the database, also those that left it at once. */
  arrivals = 0;
  /** Everything since the store was made, from which a backup rebuilds an older state. */
  #log: Logged[] = [];
  #migration: (NonNullable<StoreInfo['migration']> & { readonly takesMs: number }) | null = null;
  #held: Hold['reason'] | null = null;
  /** Whether the folder was put back, and no hold was released since. */
  #isPutBack = false;
  /** Whether what is written was written before: nobody releases anything now. */
  #isReplaying = false;
  #code: ErrorCode = 'HF_STORE_UNAVAILABLE';

  constructor(parts: DiskParts) {
    this.#parts = parts;
    this.hand = new OtherHand(parts.onMended);
    const random = seededRandom(parts.seed);
    const bytes = (length: number): Uint8Array => seededBytes(length, random);
    this.storeId = Buffer.from(bytes(16)).toString('hex');
    this.sealer = createSealer({
      engine: { ...nodeEngine, randomBytes: bytes },
      storeKey: bytes(32),
      keyId: 1,
      storeId: this.storeId,
    });
    this.#base = createMemoryStore(this.storeId);
    this.faults = this.#allTroubles();
    this.files = new SimulatedFiles({
      fails: (call) => this.#firstOf(({ files }) => files?.fails?.(call) ?? null),
      delayMs: (call) => this.#longest(({ files }) => files?.delayMs?.(call)),
      roomBytes: () =>
        Math.min(...[...this.troubles].map(({ files }) => files?.roomBytes?.() ?? Infinity)),
    });
  }

  /** The database, as a starting process finds it. */
  get base(): MemoryDisk {
    return this.#base;
  }

  /** Opens the database as a killed process has left it. */
  async atRest(): Promise<unknown> {
    while (this.underWay !== null) await this.underWay;
    return await this.#base.open();
  }

  /** Does a work of several parts, which nobody sees half done. */
  async whole<Result>(work: () => Promise<Result>): Promise<Result> {
    while (this.underWay !== null) await this.underWay;
    let end = (): void => undefined;
    // Before it begins: a process may be killed in its first step.
    this.underWay = new Promise((resolve) => {
      end = () => {
        this.underWay = null;
        resolve();
      };
    });
    try {
      return await work();
    } finally {
      end();
    }
  }

  /** Creates the store of a process, until it is killed. */
  store(clock: Clock): FaultyStore {
    return createFaultyStore(createSimulatedStore(this, clock), clock, this.faults);
  }

  /** Writes to the database. */
  async commit(writes: readonly Write[]): Promise<readonly WriteResult[]> {
    for (const write of writes) {
      if (write.kind === 'purgeSettled') await this.#notePurged(write.nowMs);
      if (write.kind === 'purgeKept') await this.#noteConflictsGone(write.nowMs);
    }
    const results = await this.#base.commit(writes);
    this.#log.push({ writes });
    this.hand.committed(writes, results);
    for (const write of writes) {
      if (write.kind === 'accept') this.onlySpilled.delete(write.id);
      if (COMES_IN.has(write.kind)) this.arrivals += 1;
      if (write.kind !== 'hold') continue;
      // A disk that was not well did not take the hold of a store behind its anchor; a release may be written twice.
      const held = this.#held ?? (this.#isPutBack ? 'rolledBack' : null);
      this.#held = write.hold?.reason ?? null;
      if (write.hold !== null) continue;
      this.#isPutBack = false;
      if (held !== null && !this.#isReplaying) this.#parts.onRelease(held);
    }
    return results;
  }

  change(made: Change, isTouch = false): void {
    changeRecord(this.#base.tables, made);
    this.#log.push({ change: made, isTouch });
    if (isTouch) this.hand.touch(made);
  }

  /** Tells whether a row is an earlier copy that somebody put back, and not handed out. */
  isEarlier(row: StoredOperation): boolean {
    return this.hand.codeOf(row) !== null;
  }

  spilled(id: string): void {
    this.onlySpilled.add(id);
    this.#parts.onSpilled(id);
  }

  /**
   * Keeps a crisis that another thread has answered, for the process that has the store open; returns false where it
   * can't.
   */
  keepOutside(crisis: OutsideCrisis): boolean {
    if (this.faults.hang() !== null) return false;
    const spills = this.#spills(this.files);
    try {
      spills.readOutside();
    } catch (error) {
      if (isHoldfastError(error) && error.code === 'HF_STORE_IO') return false;
      throw error;
    }
    if (spills.keepOutside(crisis).kind === 'notKept') return false;
    this.spilled(crisis.id);
    return true;
  }

  /** Lists crises in files beside the database and not in it, as a starting process finds them. */
  beside(): {
    readonly spilled: readonly AcceptWrite[];
    readonly outside: readonly OutsideCrisis[];
  } {
    if (this.onlySpilled.size === 0) return { spilled: [], outside: [] };
    const spills = this.#spills(this.files.copies());
    const isMissing = ({ id }: { readonly id: string }): boolean => this.onlySpilled.has(id);
    return {
      spilled: spills.takeUp().filter(isMissing),
      outside: spills.readOutside().filter(isMissing),
    };
  }

  #spills(files: SimulatedFiles): CrisisSpills {
    const { sealer, storeId } = this;
    return new CrisisSpills({ folder: FOLDER, sealer, storeId, files, told: () => undefined });
  }

  async #notePurged(nowMs: number): Promise<void> {
    for (let afterSeq = 0; ; ) {
      const page = await this.#base.list({ afterSeq, limit: PAGE_ROWS });
      for (const row of page) {
        if (row.standing !== 'settled' || (row.dueAtMs ?? nowMs + 1) > nowMs) continue;
        const { settledAtMs } = decodeWork(row).snapshot.context;
        if (nowMs - (settledAtMs ?? 0) >= this.#parts.retentionMs()) this.purged.set(row.id, row);
      }
      const last = page.at(-1);
      if (last === undefined) return;
      afterSeq = last.seq;
    }
  }

  /** Notes the conflicts that go: those kept for long enough by now, or all with the whole store. */
  async #noteConflictsGone(nowMs: number): Promise<void> {
    for (let fromSeq: number | null = 0; fromSeq !== null; ) {
      const query = { room: 'conflict', order: 'oldest', limit: PAGE_ROWS } as const;
      const page: KeptPage = await this.#base.keptPage({ ...query, fromSeq });
      for (const row of page.rows) {
        if (!('text' in row) || nowMs < (row.keepUntilMs ?? Number.POSITIVE_INFINITY)) continue;
        const conflict = decodeConflict(row.text);
        if (conflict !== null) this.conflictsGone.set(row.text, conflict);
      }
      fromSeq = page.nextSeq;
    }
  }

  /** Changes bytes of a file beside the database. Returns the ids that this may cost. */
  damageFile(random: SeededRandom): readonly string[] {
    this.files.damage(random.pick(SPILL_PATHS), random);
    return [...this.onlySpilled];
  }

  /**
   * Replaces the store with a backup, made when this share of all commits had been written. The store is then held
   * (PS-5), and knows nothing of later commits.
   */
  async restore(share: number, sinceAtMs: number): Promise<void> {
    await this.whole(async () => {
      await this.#replace(this.#first(share));
      await this.#hold({ reason: 'restored', sinceAtMs });
    });
  }

  /**
   * Puts the folder back as it was when this share of all commits had been written, and nothing says so; but where it
   * would not be behind `anchor`, the record of its last commit that is kept elsewhere. Resolves to whether it was.
   */
  async putBack(share: number, anchor: string | null): Promise<boolean> {
    return await this.whole(() => this.#putBack(share, anchor));
  }

  async #putBack(share: number, anchor: string | null): Promise<boolean> {
    const log = this.#first(share);
    const base = createMemoryStore(this.storeId);
    await base.open();
    for (const one of log) {
      if ('writes' in one) await base.commit(one.writes);
      else changeRecord(base.tables, one.change);
    }
    const { standing } = await base.compareAnchor({ found: anchor });
    if (standing !== 'behind') return false;
    await this.#replace(log);
    this.#isPutBack = true;
    return true;
  }

  /** The first of what was logged, up to this share of all. */
  #first(share: number): readonly Logged[] {
    return this.#log.slice(0, Math.ceil(share * this.#log.length));
  }

  async #replace(log: readonly Logged[]): Promise<void> {
    this.#held = null;
    this.#isReplaying = true;
    await this.#noteConflictsGone(Number.POSITIVE_INFINITY);
    this.#base = createMemoryStore(this.storeId);
    this.#log = [];
    this.purged.clear();
    this.hand.clear();
    await this.#base.open();
    for (const one of log) {
      if ('writes' in one) await this.commit(one.writes);
      else this.change(one.change, one.isTouch);
    }
    this.#isReplaying = false;
    this.files.clear();
    this.onlySpilled.clear();
  }

  /**
   * Holds the store as a copy: somebody copied its folder to another disk, and processes open the copy from now on.
   */
  async copied(): Promise<void> {
    await this.whole(() => this.#hold({ reason: 'copied', sinceAtMs: null }));
  }

  /** Releases the hold, as a command does while no process runs. */
  async release(): Promise<void> {
    const { hold } = await this.#base.open();
    if (hold !== null) await this.commit([holdWrite(null)]);
  }

  /**
   * Lets the next process be of a newer version, which takes this long to bring the store up to date when it opens
   * it.
   */
  upgrade(takesMs: number): void {
    this.#migration = { fromVersion: 1, backupPath: '/disk/store/backup', takesMs };
  }

  /** True while the store still needs the upgrade. */
  get isBehind(): boolean {
    return this.#migration !== null;
  }

  async migrate(clock: Clock): Promise<StoreInfo['migration']> {
    const migration = this.#migration;
    if (migration === null) return null;
    await new Promise<void>((resolve) => {
      clock.schedule(migration.takesMs, resolve);
    });
    this.#migration = null;
    const { fromVersion, backupPath } = migration;
    return { fromVersion, backupPath };
  }

  async #hold(hold: Omit<Hold, 'seqMax'>): Promise<void> {
    await this.#base.open();
    const seqMax = this.#base.nextSeq() - 1;
    await this.commit([holdWrite({ ...hold, seqMax })]);
  }

  #allTroubles(): Faults {
    const fails = (trouble: Trouble, isFailing: boolean | undefined): true | null => {
      if (isFailing !== true) return null;
      this.#code = trouble.code;
      return true;
    };
    return {
      ...noFaults(),
      failure: () => this.#code,
      fate: (writes) =>
        this.#firstOf((trouble) => {
          const fate = trouble.fate?.(writes) ?? 'works';
          return fails(trouble, fate !== 'works') === null ? null : fate;
        }) ?? 'works',
      delayMs: () => this.#longest(({ delayMs }) => delayMs?.()),
      readFails: () => this.#firstOf((trouble) => fails(trouble, trouble.readFails?.())) ?? false,
      openFails: () => this.#firstOf((trouble) => fails(trouble, trouble.openFails?.())) ?? false,
      hang: () => this.#firstOf(({ hang }) => hang?.() ?? null),
      looksHang: () => this.#firstOf(({ looksHang }) => looksHang?.() ?? null),
    };
  }

  #firstOf<Found>(find: (trouble: Trouble) => Found | null): Found | null {
    for (const trouble of this.troubles) {
      const found = find(trouble);
      if (found !== null) return found;
    }
    return null;
  }

  #longest(find: (trouble: Trouble) => number | undefined): number {
    let longest = 0;
    for (const trouble of this.troubles) longest = Math.max(longest, find(trouble) ?? 0);
    return longest;
  }
}

function seededBytes(length: number, random: SeededRandom): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}
