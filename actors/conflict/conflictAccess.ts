/**
 * Conflicts as people look at them and decide about them, under a running engine or in a store at rest (CF-6).
 *
 * A decision is on disk before anything follows from it: the record has it and stays open until it is carried out.
 * So one that is made at rest, or right before a crash, is carried out by the next process.
 *
 * @module
 */

import {
  type ConflictRecord,
  decodeConflict,
  encodeConflict,
  isOpen,
  isToBeCarriedOut,
  standingValue,
} from '../../machines/conflict/conflictRecord.ts';
import {
  type ConflictDecision,
  carriedOut,
  decided,
  refused,
  undone,
  withComputed,
} from '../../machines/conflict/decision.ts';
import { decodeEntityRecord } from '../../machines/conflict/entityRecord.ts';
import type { EntityRules } from '../../machines/merge/declaration/entityRules.ts';
import { entityKey } from '../../machines/operation/keys.ts';
import type { Ending } from '../../machines/operation/syncOperationMachine.ts';
import type { DecisionHolds } from '../../machines/policy/request/requestBody.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import {
  type ErrorCode,
  HoldfastError,
  isHoldfastError,
} from '../../machines/vocabulary/errors.ts';
import type { Person } from '../../machines/vocabulary/subject.ts';
import type {
  KeepWrite,
  Kept,
  Store,
  UnreadableKept,
  WriteResult,
} from '../../persistence/port/store.ts';
import type { AuditNotes } from '../journal/auditTrail.ts';
import { Slices } from '../platform/slices.ts';
import { conflictNote } from './conflictKeeper.ts';
import type { ConflictOrders } from './conflictOrders.ts';

/** Which conflicts are read, in the order in which they came. */
export interface ConflictPageQuery {
  /** Only those that somebody has to look at, or whose decision is still to be carried out. */
  readonly isOpen: boolean;
  readonly order: 'newest' | 'oldest';
  /** Where the last page ended; left out for the first. */
  readonly fromSeq?: number | undefined;
  readonly limit: number;
}

export interface ConflictPageRead {
  readonly records: readonly ConflictRecord[];
  /** How many of them can't be opened or read. */
  readonly unreadable: number;
  /** Where the next page begins; `null` after the last. */
  readonly nextSeq: number | null;
}

/** Reads conflicts, and keeps what people decide. Each change is durable when its promise resolves. */
export interface ConflictAccess {
  page(query: ConflictPageQuery): Promise<ConflictPageRead>;
  /** @throws HoldfastError (rejects) `HF_CONFLICT_UNKNOWN`; `HF_RECORD_…` for one that can't be opened. */
  find(id: string): Promise<ConflictRecord>;
  /** The record as a decision would leave it; nothing is changed. Throws what `decide` does. */
  preview(id: string, decision: ConflictDecision): Promise<ConflictRecord>;
  /**
   * Keeps a decision, and carries it out: what waits for it goes on with it, and what went out is followed by
   * another edit. At rest the next process does that.
   *
   * @throws HoldfastError (rejects) `HF_CONFLICT_UNKNOWN`, `HF_CONFLICT_RESOLVED`; `HF_OPTION_INVALID` for choices;
   * `HF_RECORD_…`, `HF_STORE_…`, `HF_CLOSED`.
   */
  decide(id: string, decision: ConflictDecision): Promise<ConflictRecord>;
  /** Takes the last decision back. @throws HoldfastError as `decide`; `HF_CONFLICT_OPEN` where there is none. */
  undo(id: string, by: Person): Promise<ConflictRecord>;
}

type Rooms = Pick<Store, 'kept' | 'beside'>;

export interface ConflictAccessParts {
  readonly store: Rooms;
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'defer'>;
  readonly random: Pick<Random, 'uuid'>;
  readonly notes: AuditNotes;
  /** Resolves once the store is open. */
  readonly ready: () => Promise<void>;
  /** How long one is kept that is over, in milliseconds. */
  readonly retentionMs: number;
  readonly keep: (write: KeepWrite) => Promise<WriteResult>;
  readonly rulesOf: (entityType: string) => EntityRules;
  /** `null` at rest: the next process carries decisions out. */
  readonly carrier: Pick<ConflictOrders, 'decide' | 'edit'> | null;
  /** How an operation has ended; `null` where it has not, `purged` where it is not there any more. */
  readonly endingOf: (operationId: string) => Promise<Ending | 'purged' | null>;
  /** A decision is kept and could not be carried out now. */
  readonly onLeft: (error: unknown) => void;
  /** Told of each record once its change is on disk. */
  readonly onChanged: (record: ConflictRecord, change: ConflictChange) => void;
}

/** What has become of a record: decided, taken back, over by itself, or refused and asked again. */
export type ConflictChange = 'resolved' | 'undone' | 'closed' | 'refused';

/** What is wrong with the request itself that carries a decision out: it stays wrong however often it is tried. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'HF_REQUEST_INVALID',
  'HF_PAYLOAD_TOO_LARGE',
  'HF_CARD_NUMBER_REFUSED',
  'HF_OPTION_INVALID',
  'HF_IDEMPOTENCY_CONFLICT',
]);

const ROOM = 'conflict';
const OPEN_ROWS = 100;

export class Conflicts implements ConflictAccess {
  readonly #parts: ConflictAccessParts;
  /** One decision about a conflict at a time: what a decision sets off is over before the next is made. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(parts: ConflictAccessParts) {
    this.#parts = parts;
  }

  async page({
    isOpen: areOpen,
    order,
    fromSeq,
    limit,
  }: ConflictPageQuery): Promise<ConflictPageRead> {
    await this.#parts.ready();
    const { rows, nextSeq } = await this.#parts.store.beside.keptPage({
      room: ROOM,
      ...(areOpen ? { isOpen: true as const } : {}),
      order,
      fromSeq: fromSeq ?? (order === 'newest' ? Number.MAX_SAFE_INTEGER : 0),
      limit,
    });
    const records = rows.flatMap((row) => ('text' in row ? (decodeConflict(row.text) ?? []) : []));
    return { records, unreadable: rows.length - records.length, nextSeq };
  }

  async find(id: string): Promise<ConflictRecord> {
    await this.#parts.ready();
    return (await this.#read(id)).record;
  }

  async preview(id: string, decision: ConflictDecision): Promise<ConflictRecord> {
    return await this.#decided(await this.find(id), decision);
  }

  async decide(id: string, decision: ConflictDecision): Promise<ConflictRecord> {
    return await this.#alone(id, async () => {
      const isTold = await this.#isTold((await this.#read(id)).record);
      const record = await this.#change(id, (before) => this.#decided(before, decision, isTold));
      this.#parts.onChanged(record, 'resolved');
      return await this.#carryOut(record);
    });
  }

  async undo(id: string, by: Person): Promise<ConflictRecord> {
    return await this.#alone(id, async () => {
      const record = await this.#change(id, (before) =>
        undone(before, by, this.#parts.clock.now(), this.#parts.random.uuid()),
      );
      this.#parts.onChanged(record, 'undone');
      return await this.#carryOut(record);
    });
  }

  /**
   * Carries out what was decided at rest, or before a crash, and gives every record that somebody has to look at.
   */
  async carryOutAll(onWaiting: (record: ConflictRecord) => void): Promise<void> {
    for (let fromSeq: number | null = 0; fromSeq !== null; ) {
      const page: ConflictPageRead = await this.page({
        ...{ isOpen: true, order: 'oldest', limit: OPEN_ROWS },
        fromSeq,
      });
      for (const record of page.records) {
        const after = isToBeCarriedOut(record) ? await this.#carryOutNow(record.id) : record;
        if (isOpen(after) && !isToBeCarriedOut(after)) onWaiting(after);
      }
      fromSeq = page.nextSeq;
    }
  }

  async #carryOutNow(id: string): Promise<ConflictRecord> {
    return await this.#alone(id, async () => this.#carryOut((await this.#read(id)).record));
  }

  /** What carried a decision out has ended without the upstream having taken it: the question is open again. */
  async reopen(id: string, operationId: string, why: string): Promise<void> {
    await this.#alone(id, async () => {
      const { record: before } = await this.#read(id);
      if (refused(before, why, operationId) === before) return;
      const record = await this.#change(id, (now) => refused(now, why, operationId));
      this.#parts.onChanged(record, 'refused');
    });
  }

  /** Nobody has to decide it any more: the edit that waited for it has ended. */
  async close(id: string): Promise<void> {
    await this.#alone(id, async () => {
      if ((await this.#read(id)).record.state === 'resolved') return;
      const record = await this.#change(id, (before) => ({ ...before, state: 'resolved' }));
      this.#parts.onChanged(record, 'closed');
    });
  }

  /** Whether other devices know, or are about to hear, that it is asked: then they have to hear of the decision. */
  async #isTold({ id, entity, carried, operationId, isHeld }: ConflictRecord): Promise<boolean> {
    if (carried !== undefined) return true;
    const key = entityKey(entity);
    if (isHeld || key === null) return false;
    const kept = await this.#parts.store.kept({ room: 'entity', key });
    const record = kept === null || 'unreadable' in kept ? null : decodeEntityRecord(kept.text);
    if (record?.asks.some((question) => question.id === id) === true) return true;
    if (record?.current?.meta === undefined || operationId === null) return false;
    return (await this.#parts.endingOf(operationId)) === null;
  }

  async #decided(
    record: ConflictRecord,
    decision: ConflictDecision,
    isTold = false,
  ): Promise<ConflictRecord> {
    const { rulesOf, clock, random } = this.#parts;
    const made = { ...decision, atMs: clock.now(), nonce: random.uuid(), isTold };
    return await Slices.of(clock).mostly(decided(record, made, rulesOf(record.entity.type)));
  }

  /**
   * Where it can't be carried out now, it is kept, and another try carries it out. Where it never can be, the question
   * is open again.
   */
  async #carryOut(record: ConflictRecord): Promise<ConflictRecord> {
    const { carrier } = this.#parts;
    if (carrier === null || !isToBeCarriedOut(record)) return record;
    try {
      const operationId = await this.#carry(carrier, record);
      return await this.#change(record.id, (before) => carriedOut(before, operationId));
    } catch (error) {
      this.#parts.onLeft(error);
      if (!isHoldfastError(error) || !REFUSALS.has(error.code)) return record;
      const after = await this.#change(record.id, (before) => refused(before, error.code));
      this.#parts.onChanged(after, 'refused');
      return after;
    }
  }

  /** The operation that carries it; `null` where what waited for it is gone. */
  async #carry(
    carrier: Pick<ConflictOrders, 'decide' | 'edit'>,
    record: ConflictRecord,
  ): Promise<string | null> {
    const { id, isHeld, operationId, version, decisions } = record;
    const last = decisions.at(-1);
    // Where it was decided at rest nobody knew the rules of the app.
    const rules = this.#parts.rulesOf(record.entity.type);
    const computed = withComputed(rules, standingValue(record), last?.before ?? record.value);
    const value = await Slices.of(this.#parts.clock).mostly(computed);
    if (isHeld && operationId !== null && last?.kind === 'resolved') {
      // What has come to the upstream since is compared with what the person has seen of it.
      const ancestor = record.sides.find(({ isOurs }) => !isOurs)?.value ?? null;
      const absent = version === null && ancestor === null ? (true as const) : undefined;
      const holds = holdsOf(record);
      const decision = { value, version, absent, ancestor: ancestor ?? undefined, holds };
      const isWaiting = await carrier.decide(operationId, decision);
      if (isWaiting) return operationId;
      // It went on with this before a crash, or it is gone.
      const ending = await this.#parts.endingOf(operationId);
      return ending === null || ending === 'completed' ? operationId : null;
    }
    return await carrier.edit(record, {
      value,
      // Which version the upstream has by now is not known here.
      base: { version: null, value: last?.before ?? record.value },
      key: `${id}-d${decisions.length}-${last?.nonce ?? ''}`,
    });
  }

  async #alone<Result>(id: string, work: () => Promise<Result>): Promise<Result> {
    await this.#parts.ready();
    const before = this.#underWay.get(id);
    const mine = (async () => {
      await before?.catch(() => undefined);
      return await work();
    })();
    this.#underWay.set(id, mine);
    try {
      return await mine;
    } finally {
      if (this.#underWay.get(id) === mine) this.#underWay.delete(id);
    }
  }

  /** Writes what `change` makes of it, of whatever is there by then. */
  async #change(
    id: string,
    change: (before: ConflictRecord) => ConflictRecord | Promise<ConflictRecord>,
  ): Promise<ConflictRecord> {
    for (;;) {
      const { record, revision } = await this.#read(id);
      const after = await change(record);
      const result = await this.#parts.keep({
        ...{ kind: 'keep', room: ROOM, key: id, text: encodeConflict(after), revision },
        lane: entityKey(after.entity),
        isOpen: isOpen(after),
        keepUntilMs: this.#parts.clock.now() + this.#parts.retentionMs,
        audit: conflictNote(this.#parts.notes, record, after),
      });
      if (result.kind !== 'keptOtherwise') return after;
    }
  }

  async #read(id: string): Promise<{ readonly record: ConflictRecord; readonly revision: number }> {
    const kept: Kept | UnreadableKept | null =
      id === '' ? null : await this.#parts.store.kept({ room: ROOM, key: id });
    if (kept === null) throw unknown();
    if ('unreadable' in kept) throw unreadable(kept.unreadable);
    const record = decodeConflict(kept.text);
    if (record === null) throw unreadable('HF_RECORD_UNSUPPORTED');
    return { record, revision: kept.revision };
  }
}

/** Edits that the person has seen beside the one that is held: of what was asked they ask nobody again. */
function holdsOf({ behind = [], items }: ConflictRecord): DecisionHolds | undefined {
  if (behind.length === 0) return undefined;
  return { edits: behind, paths: [...new Set(items.map(({ path }) => path))] };
}

function unknown(): HoldfastError {
  return new HoldfastError(
    'HF_CONFLICT_UNKNOWN',
    'There is no conflict of that id in the store; those that are over are kept as long as operations are.',
    { field: 'id' },
  );
}

function unreadable(code: string): HoldfastError {
  return new HoldfastError(
    code as ErrorCode,
    'The record of that conflict can not be opened or read. See holdfast doctor --deep.',
    { field: 'id' },
  );
}
