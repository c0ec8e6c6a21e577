/**
 * The store port in memory: for tests, simulations and `':memory:'`. Nothing is sealed and nothing
 * outlives the object, but closing and opening it again finds everything as it was, like a disk.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { subjectForm } from '../../machines/vocabulary/subject.ts';
import type { AnchorVerdict } from '../port/anchor.ts';
import type { AuditCheckpoint, AuditPage, AuditPageQuery } from '../port/audit.ts';
import { faultPoint } from '../port/faultPoints.ts';
import type { FoundRows } from '../port/search.ts';
import {
  type AcceptWrite,
  type BesideReads,
  type BlockedCounts,
  type CheckedPage,
  type Claim,
  type ClaimQuery,
  type CrisisPlanPage,
  type CrisisPlanPageQuery,
  type DeadLetterQuery,
  type DeadLetterRows,
  type Expired,
  type Kept,
  type KeptCounts,
  type KeptCrisisPlan,
  type KeptKey,
  type KeptPage,
  type KeptPageQuery,
  NEVER_MS,
  type QuarantinedRecord,
  type QuarantinedRow,
  type SealedRecord,
  type SearchPage,
  type SearchQuery,
  type StandingCounts,
  type Store,
  type StoredOperation,
  type StoreInfo,
  type WaitingCount,
  type WaitsFor,
  type Write,
  type WriteResult,
} from '../port/store.ts';
import { deadLettersOf, quarantineOf } from './memoryReview.ts';
import { type MemoryRow, operationOf } from './memoryRow.ts';
import { searchRows } from './memorySearch.ts';
import { MemoryTables } from './memoryTables.ts';

/** @param storeId 32 hex digits. The same for all: a store in memory is no new device at each start (CF-7). */
export function createMemoryStore(storeId: string = '0'.repeat(32)): MemoryDisk {
  return new MemoryStore(storeId);
}

/** The standings of rows that wait. */
const WAITING = ['due', 'held'] as const;

/** A store in memory that several owners open, one after the other, as a disk outlives its processes. */
export interface MemoryDisk extends Store {
  /** Tables of the store, for a hand that changes them behind its back. */
  readonly tables: MemoryTables;
  /** Another owner has it from now on; told by hand where the one before did not close it. */
  claimed(): void;
}

class MemoryStore implements MemoryDisk {
  readonly beside: BesideReads = this;
  readonly #storeId: string;
  readonly #tables: MemoryTables;
  readonly #listeners: ((row: QuarantinedRow) => void)[] = [];
  /** Accepted while a store made around this one failed. */
  readonly #spilled: AcceptWrite[] = [];
  #isOpen = false;
  #wasOpened = false;
  #lastSeq = 0;

  constructor(storeId: string) {
    this.#storeId = storeId;
    this.#tables = new MemoryTables(storeId);
  }

  get tables(): MemoryTables {
    return this.#tables;
  }

  open(): Promise<StoreInfo> {
    if (!this.#isOpen) this.claimed();
    this.#tables.apply(this.#spilled.splice(0));
    const created = !this.#wasOpened;
    this.#isOpen = true;
    this.#wasOpened = true;
    this.#lastSeq = Math.max(this.#lastSeq, this.#tables.seqMax());
    const components = new Map(this.#tables.components);
    return Promise.resolve({
      storeId: this.#storeId,
      created,
      migration: null,
      hold: this.#tables.hold,
      components,
      componentsUnreadable: 0,
      crisisModes: {
        kept: [...this.#tables.crisisModes].map(([subject, state]) => ({ subject, state })),
        isInDoubt: false,
      },
      crisisPlans: {
        pinned: [...this.#tables.crisisPlans.values()].filter(({ isPinned }) => isPinned),
        unreadable: [],
        isEmpty: this.#tables.crisisPlans.size === 0,
      },
      quarantined: this.#tables.count('quarantined'),
      spilled: [],
      outside: [],
    });
  }

  claimed(): void {
    this.#tables.claimed();
  }

  nextSeq(): number {
    this.#lastSeq += 1;
    return this.#lastSeq;
  }

  commit(writes: readonly Write[]): Promise<readonly WriteResult[]> {
    return this.#answer(() => {
      faultPoint('store.beforeCommit');
      const results = this.#tables.apply(writes);
      this.#tellOfQuarantine(writes, results);
      faultPoint('store.afterCommit');
      faultPoint('store.beforeAck');
      return results;
    });
  }

  anchorRecord(): Promise<string> {
    return this.#answer(() => this.#tables.anchorRecord(this.#storeId));
  }

  compareAnchor({ found }: { readonly found: string | null }): Promise<AnchorVerdict> {
    return this.#answer(() => this.#tables.compareAnchor(this.#storeId, found));
  }

  auditPage(query: AuditPageQuery): Promise<AuditPage> {
    return this.#answer(() => this.#tables.audit.page(query));
  }

  auditHandle({ person }: { readonly person: string }): Promise<string | null> {
    return this.#answer(() => this.#tables.audit.handle(person));
  }

  auditCheckpoint(): Promise<AuditCheckpoint> {
    return this.#answer(() => this.#tables.audit.checkpoint());
  }

  spillLine(): null {
    return null;
  }

  spill(write: AcceptWrite): Promise<void> {
    return this.#answer(() => {
      this.#spilled.push(write);
    });
  }

  claim(query: ClaimQuery): Promise<Claim> {
    return this.#answer(() => {
      const isChosen = choiceOf(query);
      const rows: MemoryRow[] = [];
      let nextDueAtMs: number | null = null;
      for (let urgency = query.urgencyMin ?? 0; urgency <= query.urgencyMax; urgency += 1) {
        for (const row of this.#tables.dueIn(query.routes, urgency)) {
          if (query.passOver?.includes(row.seq) === true || !isChosen(row)) continue;
          const dueAtMs = row.dueAtMs ?? NEVER_MS;
          if (dueAtMs > query.nowMs) {
            if (dueAtMs < Math.min(nextDueAtMs ?? NEVER_MS, NEVER_MS)) nextDueAtMs = dueAtMs;
            break;
          }
          if (rows.length === query.limit) {
            if (dueAtMs === NEVER_MS) break;
            return { rows: rows.map(operationOf), nextDueAtMs: dueAtMs };
          }
          rows.push(row);
        }
      }
      return { rows: rows.map(operationOf), nextDueAtMs };
    });
  }

  inHand(query: Parameters<Store['inHand']>[0]): Promise<readonly StoredOperation[]> {
    const after = query.after ?? { urgency: -1, seq: -1 };
    return this.#answer(() =>
      this.#tables
        .standing('inHand')
        .filter((row) => byUrgency(row, after) > 0)
        .toSorted(byUrgency)
        .slice(0, query.limit)
        .map(operationOf),
    );
  }

  freedHeads(query: Parameters<Store['freedHeads']>[0]): Promise<SearchPage> {
    return this.#answer(() => {
      const rows = this.#tables
        .laneHeads()
        .filter((row) => row.standing === 'held' && row.seq > query.afterSeq)
        .toSorted(bySeq)
        .slice(0, query.limit)
        .map((head) => operationOf(this.#tables.ranked(head)));
      return { rows, nextAfterSeq: nextAfter(rows, query.limit) };
    });
  }

  /** Memory is never sealed, so there is nothing to find. */
  check(_query: Parameters<Store['check']>[0]): Promise<CheckedPage> {
    return this.#answer(() => ({
      checked: this.#tables.size,
      unreadable: 0,
      nextAfterSeq: null,
    }));
  }

  checkKeys(_query: Parameters<Store['checkKeys']>[0]): Promise<null> {
    return this.#answer(() => null);
  }

  occupiedRoutes({ routes }: Parameters<Store['occupiedRoutes']>[0]): Promise<readonly string[]> {
    return this.#answer(() => routes.filter((route) => this.#tables.hasDue(route)));
  }

  strays(query: Parameters<Store['strays']>[0]): Promise<readonly StoredOperation[]> {
    const routes = new Set(query.routes);
    return this.#answer(() => {
      const rows: StoredOperation[] = [];
      for (const row of this.#tables.each('due')) {
        if (rows.length === query.limit) break;
        if (routes.has(row.route) || row.dueAtMs === NEVER_MS) continue;
        if (query.passOver?.includes(row.seq) !== true) rows.push(operationOf(row));
      }
      return rows;
    });
  }

  expired(query: Parameters<Store['expired']>[0]): Promise<Expired> {
    return this.#answer(() => {
      const waiting: MemoryRow[] = [];
      for (const standing of WAITING) {
        for (const row of this.#tables.each(standing)) {
          const isPassedOver = query.passOver?.includes(row.seq) === true;
          if (row.expiresAtMs !== null && !isPassedOver) waiting.push(row);
        }
      }
      waiting.sort((a, b) => expiryOf(a) - expiryOf(b) || bySeq(a, b));
      const rows = waiting.filter((row) => expiryOf(row) <= query.nowMs).slice(0, query.limit);
      const next = waiting[rows.length];
      return { rows: rows.map(operationOf), nextExpiryAtMs: next?.expiresAtMs ?? null };
    });
  }

  find(id: string): Promise<StoredOperation | null> {
    return this.#answer(() => {
      const row = this.#tables.byId(id);
      return row === undefined ? null : operationOf(row);
    });
  }

  lane(query: Parameters<Store['lane']>[0]): Promise<readonly StoredOperation[]> {
    return this.#answer(() =>
      this.#tables
        .inLane(query.lane)
        .filter(({ seq }) => seq > query.afterSeq)
        .slice(0, query.limit)
        .map(operationOf),
    );
  }

  crisisPlan(subject: string): Promise<KeptCrisisPlan | null> {
    return this.#answer(() => this.#tables.crisisPlans.get(subject) ?? null);
  }

  /** All of them are one page. */
  crisisPlanPage(_query: CrisisPlanPageQuery): Promise<CrisisPlanPage> {
    return this.#answer(() => ({
      kept: [...this.#tables.crisisPlans.values()],
      unreadable: 0,
      next: null,
    }));
  }

  kept(query: KeptKey): Promise<Kept | null> {
    return this.#answer(() => this.#tables.kept.find(query));
  }

  keptPage(query: KeptPageQuery): Promise<KeptPage> {
    return this.#answer(() => this.#tables.kept.page(query));
  }

  keptCounts(): Promise<KeptCounts> {
    return this.#answer(() => this.#tables.kept.counts());
  }

  list(query: Parameters<Store['list']>[0]): Promise<readonly StoredOperation[]> {
    return this.#answer(() => {
      const { standing } = query;
      const rows = standing === undefined ? this.#tables.all() : this.#tables.standing(standing);
      return rows
        .filter((row) => row.seq > query.afterSeq)
        .toSorted(bySeq)
        .slice(0, query.limit)
        .map((row) => ({ ...operationOf(row), payload: null }));
    });
  }

  search(query: SearchQuery): Promise<FoundRows> {
    return this.#answer(() => searchRows(this.#tables.all(), query));
  }

  deadLetters(query: DeadLetterQuery): Promise<DeadLetterRows> {
    return this.#answer(() => deadLettersOf(this.#tables, query));
  }

  quarantine(query: Parameters<Store['quarantine']>[0]): Promise<readonly QuarantinedRecord[]> {
    return this.#answer(() => quarantineOf(this.#tables, query));
  }

  /** Nothing in memory is sealed. */
  sealedQuarantine(): Promise<readonly SealedRecord[]> {
    return this.#answer(() => []);
  }

  counts(): Promise<StandingCounts> {
    return this.#answer(() => ({
      settled: this.#tables.count('settled'),
      inHand: this.#tables.count('inHand'),
      due: this.#tables.count('due'),
      held: this.#tables.count('held'),
      quarantined: this.#tables.count('quarantined'),
      deadLettered: this.#tables.count('deadLettered'),
    }));
  }

  blockedCounts(): Promise<BlockedCounts> {
    return this.#answer(() => {
      const of = (what: WaitsFor): number => this.#tables.waitingFor(what);
      const [handler, conflict, review] = [of('handler'), of('conflict'), of('review')];
      return { handler, conflict, review, rate: of('rate'), startAt: of('startAt') };
    });
  }

  waitingCounts({
    groups,
  }: Parameters<Store['waitingCounts']>[0]): Promise<readonly WaitingCount[]> {
    return this.#answer(() =>
      waitingIn(
        WAITING.map((standing) => this.#tables.each(standing)),
        groups,
      ),
    );
  }

  /** Does nothing: memory is counted when it is asked. */
  recount(): Promise<void> {
    return this.#answer(() => undefined);
  }

  /** Does nothing: what is erased from memory is nowhere else. */
  clearErased(): Promise<boolean> {
    return Promise.resolve(true);
  }

  onQuarantine(listener: (row: QuarantinedRow) => void): void {
    this.#listeners.push(listener);
  }

  /** Never called: memory has no faults. */
  onNotice(): void {}

  close(): Promise<void> {
    this.#isOpen = false;
    return Promise.resolve();
  }

  /** Memory is never sealed, so nothing in it fails to open; rows are quarantined by the engine only. */
  #tellOfQuarantine(writes: readonly Write[], results: readonly WriteResult[]): void {
    for (const [index, write] of writes.entries()) {
      if (write.kind !== 'quarantine' || results[index]?.kind !== 'quarantined') continue;
      const { seq, id, code } = write;
      for (const listener of this.#listeners) listener({ seq, id, code });
    }
  }

  #answer<Value>(ask: () => Value): Promise<Value> {
    return new Promise((resolve) => {
      if (!this.#isOpen) throw new HoldfastError('HF_CLOSED', 'The store is not open.');
      resolve(ask());
    });
  }
}

/** True for rows of a subject that the query asks for. */
function choiceOf({ subjects }: ClaimQuery): (row: MemoryRow) => boolean {
  if (subjects === undefined) return () => true;
  const forms = new Set(subjects.names.map(subjectForm));
  return ({ subject }) => (subject !== null && forms.has(subjectForm(subject))) === subjects.isOnly;
}

function nextAfter(rows: readonly { readonly seq: number }[], limit: number): number | null {
  return rows.length < limit ? null : (rows.at(-1)?.seq ?? null);
}

function expiryOf(row: MemoryRow): number {
  return row.expiresAtMs ?? NEVER_MS;
}

function bySeq(a: { readonly seq: number }, b: { readonly seq: number }): number {
  return a.seq - b.seq;
}

interface Ranked {
  readonly urgency: number;
  readonly seq: number;
}

function byUrgency(a: Ranked, b: Ranked): number {
  return a.urgency - b.urgency || a.seq - b.seq;
}

/** @param all the rows that are due, and those that are held */
function waitingIn(
  all: readonly Iterable<MemoryRow>[],
  groups: readonly (readonly string[])[],
): readonly WaitingCount[] {
  const groupOf = new Map<string, number>();
  for (const [group, routes] of groups.entries()) {
    for (const route of routes) if (!groupOf.has(route)) groupOf.set(route, group);
  }
  const together = new Map<string, Waiting>();
  /** By group and urgency, when the first of them is due, whatever it waits for. */
  const dueAtMs = new Map<string, number>();
  for (const rows of all) {
    for (const row of rows) {
      const { route, urgency, waitsFor, seq } = row;
      const group = groupOf.get(route) ?? null;
      const rank = `${group} ${urgency}`;
      dueAtMs.set(rank, Math.min(dueAtMs.get(rank) ?? NEVER_MS, row.dueAtMs ?? NEVER_MS));
      const key = `${rank} ${waitsFor}`;
      const same = together.get(key);
      if (same === undefined) together.set(key, { rank, group, first: row, count: 1 });
      else {
        same.count += 1;
        if (seq < same.first.seq) same.first = row;
      }
    }
  }
  return [...together.values()]
    .map(({ rank, group, first: { id, urgency, waitsFor }, count }) => {
      const isInTurn = waitsFor === 'turn' && group !== null;
      const nextDueAtMs = dueAtMs.get(rank) ?? NEVER_MS;
      return {
        ...{ group, urgency, waitsFor, count },
        oldestId: isInTurn ? id : null,
        nextDueAtMs: isInTurn && nextDueAtMs < NEVER_MS ? nextDueAtMs : null,
      };
    })
    .toSorted((one, other) => one.urgency - other.urgency);
}

/** Rows of one group and urgency that wait for the same. */
interface Waiting {
  readonly rank: string;
  readonly group: number | null;
  first: MemoryRow;
  count: number;
}
