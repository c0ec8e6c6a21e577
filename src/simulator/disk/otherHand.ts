/**
 * Records of a simulated disk that another hand, which has no key, has deleted or put back from an earlier copy, and
 * what a store says of them.
 *
 * It stands in for the set of all records (docs/decisions/0294): rows in memory have no seals, so there are no tags to
 * compare. What was touched is remembered by name until a write seals the record again or deletes it, and is answered
 * for as persistence/sqlite/rows does where its tags differ. Not in it: that tags find every touch, touches of the set
 * itself, of single columns, indexes, counts, quarantine and conflicts. Those are for
 * test/persistence/sqlite/rows/recordSet.test.ts and test/oracle/tampering.
 *
 * @module
 */

import { type ErrorCode, HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { MemoryRecord } from '../../../persistence/memory/memoryKept.ts';
import type { MemoryRow } from '../../../persistence/memory/memoryRow.ts';
import type { MemoryTables } from '../../../persistence/memory/memoryTables.ts';
import type { Question } from '../../../persistence/port/questions.ts';
import {
  type CrisisPlanPage,
  type KeptCrisisPlan,
  type KeptKey,
  type KeptPage,
  type StoredOperation,
  type StoreInfo,
  type Write,
  type WriteResult,
} from '../../../persistence/port/store.ts';

const MISSING = 'HF_RECORD_MISSING';
const STALE = 'HF_RECORD_STALE';

/** A record in the place of what is there; `null` for none. */
export type Change =
  | { readonly of: 'operation'; readonly seq: number; readonly id: string; to: MemoryRow | null }
  | { readonly of: 'plan'; readonly subject: string; to: KeptCrisisPlan | null }
  | { readonly of: 'kept'; readonly key: KeptKey; to: MemoryRecord | null }
  | { readonly of: 'mode'; readonly subject: string | null; to: string | null }
  | { readonly of: 'component'; readonly name: string; to: string | null };

/** Changes what lies in the tables, by no write. */
export function changeRecord(tables: MemoryTables, change: Change): void {
  switch (change.of) {
    case 'operation':
      tables.replace(tables.byId(change.id) ?? null, change.to);
      break;
    case 'plan':
      if (change.to === null) tables.crisisPlans.delete(change.subject);
      else tables.crisisPlans.set(change.subject, change.to);
      break;
    case 'mode':
      if (change.to === null) tables.crisisModes.delete(change.subject);
      else tables.crisisModes.set(change.subject, change.to);
      break;
    case 'kept':
      tables.kept.replace(change.key, change.to);
      break;
    case 'component':
      if (change.to === null) tables.components.delete(change.name);
      else tables.components.set(change.name, change.to);
  }
}

/** Name of a record among all. */
export function nameOf(change: Change): string {
  switch (change.of) {
    case 'operation':
      return operation(change.seq);
    case 'plan':
      return plan(change.subject);
    case 'mode':
      return mode(change.subject);
    case 'kept':
      return kept(change.key);
    case 'component':
      return component(change.name);
  }
}

const operation = (seq: number): string => `operation ${seq}`;
const plan = (subject: string): string => `plan ${subject}`;
const MODE = 'mode ';
const mode = (subject: string | null): string => `${MODE}${subject ?? '(everybody)'}`;
const kept = ({ room, key }: KeptKey): string => `kept ${room} ${key}`;
const component = (name: string): string => `component ${name}`;

/** Tells of a record that is missing or stale; told once in a process where it has a name. */
export type TellTouched = (error: HoldfastError, once?: string) => void;

/** Hears by what kind of write a touched record is sealed again, or deleted by its owner. */
export type Mended = (name: string, by: Write['kind']) => void;

export class OtherHand {
  readonly #onMended: Mended;
  readonly #touched = new Map<string, typeof MISSING | typeof STALE>();

  constructor(onMended: Mended) {
    this.#onMended = onMended;
  }

  get hasTouched(): boolean {
    return this.#touched.size > 0;
  }

  isTouched(name: string): boolean {
    return this.#touched.has(name);
  }

  touch(made: Change): void {
    this.#touched.set(nameOf(made), made.to === null ? MISSING : STALE);
  }

  /** Forgets all: another store is in its place. */
  clear(): void {
    this.#touched.clear();
  }

  /** The code of a row that is quarantined before it is handed out; crises are handed out all the same (CR-4). */
  codeOf({ seq, urgency }: Pick<StoredOperation, 'seq' | 'urgency'>): ErrorCode | null {
    const code = this.#touched.get(operation(seq)) ?? null;
    return code === STALE && urgency >= 1 ? code : null;
  }

  /** Numbers of operations that must be there and are not. */
  get missingSeqs(): readonly number[] {
    return [...this.#touched].flatMap(([name, code]) =>
      code === MISSING && name.startsWith('operation ') ? [Number(name.split(' ')[1])] : [],
    );
  }

  /** Tells of a crisis that is an earlier copy, and is handed out. */
  met({ seq, urgency }: StoredOperation, tell: TellTouched): void {
    const name = operation(seq);
    if (urgency < 1 && this.#touched.get(name) === STALE) tell(stale('A crisis'), name);
  }

  /** The info of a store that is opened, with doubts about touched records; tells of them. */
  opened(info: StoreInfo, tell: TellTouched): StoreInfo {
    const { crisisModes, crisisPlans, components } = info;
    for (const name of components.keys()) {
      if (this.#touched.get(component(name)) === STALE) tell(stale(`The state of ${name}`));
    }
    this.#tellMissing('component ', 'states of the runtime are', tell);
    const modes = this.#modes;
    for (const name of modes) {
      if (this.#touched.get(name) === STALE) tell(stale('A record of crisis mode'));
    }
    this.#tellMissing(MODE, 'records of crisis mode are', tell);
    return {
      ...info,
      crisisModes: { ...crisisModes, isInDoubt: modes.length > 0 },
      crisisPlans: {
        ...crisisPlans,
        isEmpty: crisisPlans.isEmpty && this.#missing('plan ') === 0,
        pinned: crisisPlans.pinned.map((one) => this.#shown(one, tell)),
      },
    };
  }

  /** An answer as the store gives it. */
  answer(question: Question, query: unknown, found: unknown, tell: TellTouched): unknown {
    switch (question) {
      case 'crisisPlan': {
        const code = this.#touched.get(plan(query as string));
        if (code === MISSING) return { unreadable: MISSING };
        return found === null ? null : this.#shown(found as KeptCrisisPlan, tell);
      }
      case 'crisisPlanPage': {
        const page = found as CrisisPlanPage;
        const gone = page.next === null ? this.#missing('plan ') : 0;
        const shown = page.kept.map((one) => this.#shown(one, tell));
        return { ...page, kept: shown, unreadable: page.unreadable + gone };
      }
      case 'kept': {
        const code = this.#touched.get(kept(query as KeptKey));
        return code === undefined ? found : { unreadable: code };
      }
      case 'keptPage': {
        const page = found as KeptPage;
        const rows = page.rows.map((row) =>
          'room' in row && this.#touched.has(kept(row)) ? { unreadable: STALE, seq: row.seq } : row,
        );
        return { ...page, rows };
      }
      case 'recount':
        this.#tellMissing('plan ', 'crisis plans are', tell);
        this.#tellMissing('kept ', 'kept records are', tell);
        return found;
      default:
        return found;
    }
  }

  /** Tells how many operations are missing, as the check of every record does. */
  checked(tell: TellTouched): void {
    this.#tellMissing('operation ', 'operations are', tell);
  }

  /**
   * What has to be changed before a write, so that nothing of a touched record gets under a new seal; an answer in its
   * place where the write is not performed.
   */
  before(
    write: Write,
    tables: MemoryTables,
    tell: TellTouched,
  ): { readonly changes: readonly Change[]; readonly answer: WriteResult | null } {
    switch (write.kind) {
      case 'update':
        return { changes: this.#madeWhole(write, tables), answer: null };
      case 'crisisPlan': {
        const code = this.#touched.get(plan(write.subject));
        const isRefused = code !== undefined && write.plan === undefined;
        return { changes: [], answer: isRefused ? { kind: 'crisisPlanUnreadable', code } : null };
      }
      case 'keep': {
        const records = [write, ...(write.also ?? [])];
        const those = records.filter((key) => this.#touched.has(kept(key)));
        const isOther = those.includes(write) && (write.revision ?? 0) > 0;
        if (isOther) return { changes: [], answer: { kind: 'keptOtherwise', revision: 0 } };
        for (const key of those) tell(writtenOver(this.#touched.get(kept(key)) ?? STALE));
        return { changes: those.map((key) => ({ of: 'kept', key, to: null })), answer: null };
      }
      default:
        return { changes: [], answer: null };
    }
  }

  /** The row of a live operation is written again as a whole, out of its lane and, but for a crisis, without its key. */
  #madeWhole(
    { seq, id, revision }: Extract<Write, { kind: 'update' }>,
    tables: MemoryTables,
  ): readonly Change[] {
    const row = tables.byId(id);
    if (this.#touched.get(operation(seq)) !== STALE || row === undefined) return [];
    // A crisis is used as it is, where the write follows it.
    if (row.revision === revision - 1 && row.aside === null && this.codeOf(row) === null) return [];
    const { before = row } = row.aside ?? {};
    const idempotencyKey =
      row.aside === null && this.codeOf(row) === null ? row.idempotencyKey : null;
    const whole: MemoryRow = {
      ...before,
      ...{ revision: revision - 1, lane: null, idempotencyKey, aside: null },
    };
    return [{ of: 'operation', seq, id, to: whole }];
  }

  /** Notes what these writes have sealed again or deleted. */
  committed(writes: readonly Write[], results: readonly WriteResult[]): void {
    if (this.#touched.size === 0) return;
    for (const [index, write] of writes.entries()) {
      const result = results[index];
      if (result === undefined) continue;
      const sealed = write.kind === 'crisisModes' ? this.#modes : sealedBy(write, result);
      for (const name of sealed) this.#mended(name, write.kind);
    }
  }

  /** Names of touched records of crisis mode. */
  get #modes(): readonly string[] {
    return [...this.#touched.keys()].filter((name) => name.startsWith(MODE));
  }

  #mended(name: string, by: Write['kind']): void {
    if (this.#touched.delete(name)) this.#onMended(name, by);
  }

  /** A plan that is an earlier copy is shown, and marked: better an earlier one than none. */
  #shown(one: KeptCrisisPlan, tell: TellTouched): KeptCrisisPlan {
    const name = plan(one.subject);
    if (this.#touched.get(name) !== STALE) return one;
    tell(stale('A crisis plan'), name);
    return { ...one, isEarlier: true };
  }

  #tellMissing(prefix: string, what: string, tell: TellTouched): void {
    const gone = this.#missing(prefix);
    if (gone > 0) tell(missing(`${gone} ${what}`));
  }

  /** Number of records of a kind that must be there and are not. */
  #missing(prefix: string): number {
    const isMissing = ([name, code]: readonly [string, string]): boolean =>
      code === MISSING && name.startsWith(prefix);
    return [...this.#touched].filter(isMissing).length;
  }
}

/** The records that a write has sealed again, or deleted. */
function sealedBy(write: Write, result: WriteResult): readonly string[] {
  switch (write.kind) {
    case 'update':
      return result.kind === 'updated' ? [operation(write.seq)] : [];
    case 'withdraw':
    case 'purge':
    case 'replay':
    case 'reinstate':
      return result.kind === 'missing' || result.kind === 'notReinstated'
        ? []
        : [operation(write.seq)];
    case 'component':
      return [component(write.name)];
    case 'crisisMode':
      return [mode(write.subject)];
    case 'crisisPlan':
      return result.kind === 'crisisPlanKept' ? [plan(write.subject)] : [];
    case 'keep':
      return result.kind === 'kept' ? [write, ...(write.also ?? [])].map(kept) : [];
    default:
      return [];
  }
}

function stale(what: string): HoldfastError {
  return new HoldfastError(STALE, `${what} is an earlier copy, and is used.`, { withStack: false });
}

function missing(what: string): HoldfastError {
  return new HoldfastError(MISSING, `${what} missing.`, { withStack: false });
}

function writtenOver(code: ErrorCode): HoldfastError {
  return new HoldfastError(code, `A kept record is written again (${code}).`, { withStack: false });
}
