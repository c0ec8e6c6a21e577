/**
 * Records as an app is to show them: what the upstream holds, with the edits that wait for it merged in; and what is
 * heard of records from elsewhere (CF-1, CF-2).
 *
 * @module
 */

import { searchForCards } from '../../machines/conflict/cards.ts';
import { holdsWords } from '../../machines/conflict/carriedConflict.ts';
import { compareEdit } from '../../machines/conflict/compareEdit.ts';
import { decodeConflict } from '../../machines/conflict/conflictRecord.ts';
import { currentOfBase, lookThroughEdit } from '../../machines/conflict/editBase.ts';
import { bodyOf } from '../../machines/conflict/editBody.ts';
import { decodeEntityRecord, type EntityRecord } from '../../machines/conflict/entityRecord.ts';
import { afterRemote, afterSent } from '../../machines/conflict/recordNews.ts';
import { withRestored } from '../../machines/conflict/remembered.ts';
import { recordMetaFrom } from '../../machines/merge/clock/recordMeta.ts';
import { entityKey } from '../../machines/operation/keys.ts';
import { baseOf } from '../../machines/policy/request/editRequest.ts';
import {
  type MergedBody,
  parseBody,
  type RequestBody,
} from '../../machines/policy/request/requestBody.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { requireOption } from '../../machines/vocabulary/optionFields.ts';
import { atOnce, type Pieces, Work } from '../../machines/vocabulary/pieces.ts';
import type { Current, Entity } from '../../machines/vocabulary/record.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import { subjectForm } from '../../machines/vocabulary/subject.ts';
import type { Kept, StoredOperation } from '../../persistence/port/store.ts';
import { operationChart, type WorkContext } from '../charts/chartOfWork.ts';
import { decodeWork } from '../charts/workRecord.ts';
import { demandDurable, isEditBy } from '../operation/acceptance.ts';
import type { Resident } from '../operation/resident.ts';
import { Slices } from '../platform/slices.ts';
import type { DeskTools } from './deskParts.ts';
import type {
  EntityAccess,
  EntityListener,
  EntityPage,
  EntityPageQuery,
  EntityView,
  ListedEntity,
  RemoteChange,
  RemoteChangeResult,
  RemovedItem,
  RestoringEdit,
} from './entityAccess.ts';
import { EntityWatchers } from './entityWatchers.ts';
import { EditsMerged, type MergedEdit, type WaitingEdit } from './mergedEdits.ts';
import { comparisonOf, onlookerOf } from './merging.ts';
import { rulesWantedFor } from './outdatedEdits.ts';
import { contextOf } from './shownPlans.ts';

/** Conflicts looked at between two requests of others. */
const FORGOTTEN_PAGE_ROWS = 32;

/**
 * Resolves once it is on disk with whether there was anything.
 *
 * @throws HoldfastError `HF_ENTITY_IN_USE`: nothing was erased; `HF_STORE_…`, `HF_CLOSED`.
 */
async function forgetEntity(tools: DeskTools, entity: Entity): Promise<boolean> {
  const { records, conflicts, facts, clock } = tools;
  let wasKnown = await records.forget(entity, async () => {
    await demandFree(tools, entity);
  });
  for await (const { key, revision, isOpen, text } of conflictsOf(tools, entity)) {
    const isNeeded = isOpen && isAskedHere(text);
    if (isNeeded || !(await conflicts.erase(key, revision))) continue;
    wasKnown = true;
    const conflict = isOpen ? decodeConflict(text) : null;
    if (conflict === null) continue;
    const { operationId, type, openedAtMs } = conflict;
    const about = { conflictId: key, operationId, type, upstream: null, entityType: entity.type };
    facts.emit('conflict.resolved', about, null, Math.max(0, clock.now() - openedAtMs));
  }
  return wasKnown;
}

async function demandFree(tools: DeskTools, entity: Entity): Promise<void> {
  const lane = entityKey(entity) ?? '';
  const [waiting] = await tools.store.lane({ lane, afterSeq: 0, limit: 1 });
  if (waiting !== undefined) {
    throw inUse(
      `Operations of this entity wait, the first of them is ${waiting.id}. Let them end, or cancel them, then forget it.`,
    );
  }
  for await (const { isOpen, text } of conflictsOf(tools, entity, true)) {
    if (isOpen && isAskedHere(text)) {
      throw inUse(
        'A person is asked about a conflict of this entity. Decide it (holdfast conflicts list), then forget it.',
      );
    }
  }
}

/** Whether it is asked by this store, or it holds words of it: what another device asks can be forgotten here. */
function isAskedHere(text: string): boolean {
  const conflict = decodeConflict(text);
  return conflict === null || holdsWords(conflict);
}

/** The conflicts of an entity that can be read. */
async function* conflictsOf(
  { store }: DeskTools,
  entity: Entity,
  isOpen?: true,
): AsyncGenerator<Kept> {
  const key = entityKey(entity);
  for (let fromSeq: number | null = 0; fromSeq !== null; ) {
    const page = await store.keptPage({
      ...{ room: 'conflict', order: 'oldest', limit: FORGOTTEN_PAGE_ROWS, fromSeq },
      ...(isOpen === true ? { isOpen } : {}),
    });
    for (const row of page.rows) {
      if ('text' in row && entityKey(decodeConflict(row.text)?.entity ?? null) === key) yield row;
    }
    fromSeq = page.nextSeq;
  }
}

function inUse(message: string): HoldfastError {
  return new HoldfastError('HF_ENTITY_IN_USE', message, { retry: 'later', withStack: false });
}

/** Rows looked at between two requests of others. */
const PAGE_ROWS = 32;

/** What is known of a record, with the edits that wait merged in, and how it is shown. */
interface Look {
  readonly record: EntityRecord | null;
  readonly view: EntityView | null;
}

export class EntityViews implements EntityAccess {
  readonly #tools: DeskTools;
  readonly #merged: EditsMerged;
  readonly #slices: Slices;
  readonly #watchers: EntityWatchers;
  /** By record: the look that is under way, behind which the next one is. */
  readonly #looks = new Map<string, Promise<unknown>>();

  constructor(tools: DeskTools) {
    this.#tools = tools;
    const { clock, timers, onError } = tools;
    const slices = Slices.of(clock);
    this.#slices = slices;
    this.#merged = new EditsMerged((record, edit) => this.#mergeOne(record, edit), slices);
    this.#watchers = new EntityWatchers({
      ...{ timers, slices, onError },
      read: (entity) => this.shown(entity),
    });
  }

  /** The store serves: who watches is told. */
  start(): void {
    this.#watchers.start();
  }

  stop(): void {
    this.#watchers.stop();
  }

  /** Something has happened to the record of this key, which may show. */
  changed(key: string | null): void {
    this.#watchers.changed(key);
  }

  async get(entity: Entity): Promise<EntityView | null> {
    await this.#tools.ready();
    return await this.shown(entity);
  }

  async forget(entity: Entity): Promise<boolean> {
    await this.#tools.ready();
    const { journal } = this.#tools;
    if (journal.failure !== null) await demandDurable(journal);
    const wasKnown = await forgetEntity(this.#tools, entity);
    this.#merged.forget(entity);
    return wasKnown;
  }

  async remoteChange(change: RemoteChange): Promise<RemoteChangeResult> {
    await this.#tools.ready();
    const { entity, subject, value, version, meta } = change;
    const { journal, records } = this.#tools;
    // What nobody was promised yet is not left to wait for a sick disk.
    if (journal.failure !== null) await demandDurable(journal);
    const known = recordMetaFrom(meta);
    const current: Current | null =
      value === null ? null : { version, value, ...(known === null ? {} : { meta: known }) };
    const onlooker = onlookerOf(this.#tools, entity, null);
    const told: { status: RemoteChangeResult['status'] } = { status: 'known' };
    if (value !== null)
      await this.#slices.mostly(searchForCards(value, new Work(), onlooker.isExempt));
    await records.update(entity, onlooker, (before) => {
      const news = afterRemote(before, { entity, subject }, current, onlooker, false);
      told.status = news.status;
      return news.record;
    });
    if (told.status !== 'older') await this.#tools.plans.heard(entity, subject);
    const { value: shown, base, inReview } = (await this.shown(entity)) ?? NOTHING;
    return { ...told, value: shown, base, inReview };
  }

  subscribe(entity: Entity, listener: EntityListener): () => void {
    return this.#watchers.watch(entity, listener);
  }

  async page(query: EntityPageQuery): Promise<EntityPage> {
    await this.#tools.ready();
    const { stage, fromSeq } = placeOf(query.from);
    return stage === 'known'
      ? await this.#pageOfKnown(query, fromSeq)
      : await this.#pageOfUnknown(query, fromSeq);
  }

  /** Records of which something is kept. */
  async #pageOfKnown(query: EntityPageQuery, fromSeq: number): Promise<EntityPage> {
    const { rows, nextSeq } = await this.#tools.store.keptPage({
      ...{ room: 'entity', order: 'oldest', limit: PAGE_ROWS },
      ...(query.subject === undefined ? {} : { subject: query.subject }),
      fromSeq,
    });
    const entities: ListedEntity[] = [];
    for (const row of rows) {
      const record = 'text' in row ? decodeEntityRecord(row.text) : null;
      if (record === null) continue;
      const listed = await this.#listed(query, record.entity, record.subject);
      if (listed !== null) entities.push(listed);
    }
    return { entities, next: nextSeq === null ? 'waiting:0' : `known:${nextSeq}` };
  }

  /** Records of which nothing is kept yet, by the first of their edits that wait. */
  async #pageOfUnknown(query: EntityPageQuery, fromSeq: number): Promise<EntityPage> {
    const { store, records, pool } = this.#tools;
    const { rows, nextSeq } = await store.search({
      ...{ standings: ['inHand', 'due', 'held'], order: 'oldest', limit: PAGE_ROWS },
      subject: query.subject,
      fromSeq,
    });
    const entities: ListedEntity[] = [];
    for (const row of rows) {
      const context = contextOf(row);
      const handler = context === null ? null : pool().registered.of(context);
      if (context === null || !isEditBy(handler, context)) continue;
      const { entity, subject } = context;
      if (entity === null || !isOfQuery(query, entity, subject)) continue;
      if ((await records.read(entity)) !== null) continue;
      const [first] = await this.waitingFor(entity);
      if (first?.id !== row.id) continue;
      const listed = await this.#listed(query, entity, subject);
      if (listed !== null) entities.push(listed);
    }
    return { entities, next: nextSeq === null ? null : `waiting:${nextSeq}` };
  }

  async #listed(
    query: EntityPageQuery,
    entity: Entity,
    subject: string,
  ): Promise<ListedEntity | null> {
    if (!isOfQuery(query, entity, subject)) return null;
    const view = await this.shown(entity);
    if (view === null) return null;
    const isWaiting = view.waiting > 0;
    const { waiting = isWaiting, inReview = view.inReview } = query;
    const isWanted = waiting === isWaiting && inReview === view.inReview;
    return isWanted ? { entity, subject, ...view } : null;
  }

  async removed(entity: Entity): Promise<readonly RemovedItem[]> {
    await this.#tools.ready();
    const { record } = await this.#inTurn(entity);
    return (record?.tombstones ?? []).map(({ tombstone, removed }) => ({
      path: tombstone.path,
      ...(removed === undefined ? {} : { value: atOnce(copyOf(removed.value)) }),
      isConfirmed: tombstone.confirmed === true,
      by: tombstone.by ?? null,
      atMs: tombstone.at ?? null,
      reason: tombstone.reason ?? null,
    }));
  }

  async restoring(entity: Entity, path: string): Promise<RestoringEdit | null> {
    await this.#tools.ready();
    const { record, view } = await this.#inTurn(entity);
    if (record === null || view === null) return null;
    const payload = withRestored(view.value, record, path);
    return payload === null ? null : { subject: record.subject, payload, base: view.base };
  }

  /** Does what {@link get} does, for a store that is open. */
  async shown(entity: Entity): Promise<EntityView | null> {
    return (await this.#inTurn(entity)).view;
  }

  async #inTurn(entity: Entity): Promise<Look> {
    const key = entityKey(entity) ?? '';
    const before = this.#looks.get(key);
    const look = (async () => {
      await before?.catch(() => undefined);
      return await this.#look(entity);
    })();
    this.#looks.set(key, look);
    try {
      return await look;
    } finally {
      if (this.#looks.get(key) === look) this.#looks.delete(key);
    }
  }

  /**
   * An edit that ends while those that wait are looked for is in the record, or among them. It must not be in
   * neither: what the app then made of the value would take the edit back.
   */
  async #look(entity: Entity): Promise<Look> {
    const { records } = this.#tools;
    for (let kept = await records.kept(entity); ; ) {
      const waiting = await this.waitingFor(entity);
      const now = await records.kept(entity);
      if (now.revision === kept.revision) {
        return await this.#project(entity, kept.record, waiting);
      }
      kept = now;
    }
  }

  async #project(
    entity: Entity,
    record: EntityRecord | null,
    waiting: readonly WaitingEdit[],
  ): Promise<Look> {
    const { record: seen, isAsked } = await this.#merged.over(entity, record, waiting);
    const value = seen === null || seen.isGone ? null : (seen.current?.value ?? null);
    if (value === null && waiting.length === 0) return { record: seen, view: null };
    const version = record === null || record.isGone ? null : (record.current?.version ?? null);
    const edit = waiting.at(-1)?.context.id;
    const { outdated, rulesOf, asked } = this.#tools;
    const wanted = rulesWantedFor(record, rulesOf(entity.type));
    const view: EntityView = {
      value: await this.#slices.done(copyOf(value)),
      // Of its own: an app may make its edit of the value in place.
      base: {
        version,
        value: await this.#slices.done(copyOf(value)),
        ...(edit === undefined ? {} : { edit }),
      },
      waiting: waiting.length,
      inReview:
        isAsked ||
        asked.has(entity) ||
        waiting.some(({ id, isConflicted }) => isConflicted && outdated.of(id) === undefined),
      ...(wanted === null ? {} : { needsRules: wanted.wanted }),
    };
    return { record: seen, view };
  }

  async #mergeOne(
    record: EntityRecord | null,
    { id, context, handler, text }: WaitingEdit,
  ): Promise<MergedEdit> {
    const { entity, subject, acceptedAtMs } = context;
    if (entity === null) throw new HoldfastError('HF_INTERNAL', 'An edit has no entity.');
    const body = parseBody(text);
    const { merged, isAsked } = await this.#asSent(record, context, body);
    // It makes a version of its own: an edit on the one before it is not made on that.
    const kept = { version: `waiting ${id}` };
    const sent = { id, body: { ...body, merged }, acceptedAtMs, kept };
    const onlooker = onlookerOf(this.#tools, entity, handler);
    await this.#slices.mostly(searchForCards(merged.payload, new Work(), onlooker.isExempt));
    return { record: afterSent(record, { entity, subject }, sent, onlooker), isAsked };
  }

  /** What an edit would be sent as, by what is known of its record now. */
  async #asSent(
    record: EntityRecord | null,
    context: WorkContext,
    body: RequestBody,
  ): Promise<{ readonly merged: MergedBody; readonly isAsked: boolean }> {
    const comparison = comparisonOf(this.#tools, { context, body, record });
    const known = record === null || record.isGone ? null : record.current;
    const current = known ?? (record === null ? currentOfBase(baseOf(body.base)) : null);
    if (body.merged !== undefined && body.merged.version === (current?.version ?? null)) {
      return { merged: body.merged, isAsked: false };
    }
    await this.#slices.mostly(lookThroughEdit(comparison, current));
    const compared = compareEdit(comparison);
    if (compared.kind === 'clear') return { merged: compared.merged, isAsked: false };
    const { guard, recordBytesMax } = this.#tools;
    const given = { payload: body.payload, version: null, ancestor: null, current, removals: [] };
    // What it was made on is read before it goes out.
    const isUnread = compared.kind === 'fetch' && current === null;
    if (isUnread) return { merged: bodyOf(comparison, given), isAsked: false };
    const question = { ...comparison, current, bytesMax: recordBytesMax };
    const made = await guard.merge(context, question);
    if (made.isMerged) return { merged: made.merged, isAsked: made.review.length > 0 };
    return { merged: bodyOf(comparison, given), isAsked: true };
  }

  /** The edits of a record that the upstream has not taken, in the order of their lane. */
  async waitingFor(entity: Entity): Promise<readonly WaitingEdit[]> {
    const { pool: poolOf, store } = this.#tools;
    const pool = poolOf();
    const lane = entityKey(entity) ?? '';
    const found = new Map<string, WaitingEdit>();
    const add = (id: string, waiting: WaitingEdit | null): void => {
      if (waiting !== null) found.set(id, waiting);
    };
    for (let afterSeq = 0, isLast = false; !isLast; ) {
      const rows = await store.lane({ lane, afterSeq, limit: PAGE_ROWS });
      for (const row of rows) {
        const resident = pool.resident(row.id);
        // It may leave memory before the rest is read.
        const waiting =
          resident === undefined
            ? this.#waitingOfRow(row, lane)
            : this.#waitingOfResident(resident, lane);
        add(row.id, waiting);
      }
      isLast = rows.length < PAGE_ROWS;
      afterSeq = rows.at(-1)?.seq ?? afterSeq;
    }
    // What is in memory is newer than its row.
    for (const resident of pool.residents)
      add(resident.id, this.#waitingOfResident(resident, lane));
    return [...found.values()].toSorted((one, other) => one.seq - other.seq);
  }

  #waitingOfRow(row: StoredOperation, lane: string): WaitingEdit | null {
    try {
      const { chart, state, snapshot } = decodeWork(row);
      if (chart !== operationChart || row.payload === null) return null;
      const isConflicted = chart.waitReasonOf(state) === 'conflict';
      const { context } = snapshot;
      if (entityKey(context.entity) !== lane) return null;
      return this.#waiting({ ...row, context, text: row.payload, isConflicted });
    } catch {
      // The check of the store finds it.
      return null;
    }
  }

  #waitingOfResident(
    { id, chart, state, actor, seq, body: text }: Resident,
    lane: string,
  ): WaitingEdit | null {
    if (chart !== operationChart || text === null || state === null) return null;
    // One that is not on disk yet was not accepted, and may never be.
    if (seq === 0 || chart.isEnding(state)) return null;
    const { context } = actor.getSnapshot();
    if (entityKey(context.entity) !== lane) return null;
    const isConflicted = chart.waitReasonOf(state) === 'conflict';
    return this.#waiting({ id, seq, context, text, isConflicted });
  }

  #waiting({
    id,
    seq,
    context,
    text,
    isConflicted,
  }: Omit<WaitingEdit, 'handler'>): WaitingEdit | null {
    const handler = this.#tools.pool().registered.of(context);
    if (handler === null || !isEditBy(handler, context) || context.ending !== null) return null;
    return { id, seq, context, handler, text, isConflicted };
  }
}

function isOfQuery({ type, subject }: EntityPageQuery, entity: Entity, ofSubject: string): boolean {
  const isOfSubject = subject === undefined || subjectForm(subject) === subjectForm(ofSubject);
  return isOfSubject && (type ?? entity.type) === entity.type;
}

/** Where a page begins. @throws HoldfastError `HF_OPTION_INVALID` */
function placeOf(from = 'known:0'): { readonly stage: string; readonly fromSeq: number } {
  const [, stage, seq] = /^(known|waiting):(\d{1,15})$/.exec(from) ?? [];
  requireOption(stage !== undefined, 'from', 'must be what the page before gave as next');
  return { stage, fromSeq: Number(seq) };
}

/** What is kept is not what an app is given, which it may change. */
function* copyOf(value: Json): Pieces<Json> {
  const work = new Work();
  const begun = emptyLike(value);
  if (begun === null) return value;
  const left: (readonly [object, Holder])[] = [[value as object, begun]];
  for (let pair = left.pop(); pair !== undefined; pair = left.pop()) {
    const [source, copy] = pair;
    for (const [name, inner] of Object.entries(source) as [string, Json][]) {
      if (work.isDue()) yield;
      const holder = emptyLike(inner);
      if (holder !== null) left.push([inner as object, holder]);
      if (name === '__proto__') {
        Object.defineProperty(copy, name, {
          ...{ value: holder ?? inner, writable: true, enumerable: true, configurable: true },
        });
      } else (copy as Record<string, Json>)[name] = holder ?? inner;
    }
  }
  return begun;
}

type Holder = Json[] | Record<string, Json>;

/** `null` for what holds nothing. */
function emptyLike(value: Json): Holder | null {
  if (typeof value !== 'object' || value === null) return null;
  return Array.isArray(value) ? [] : {};
}

const NOTHING: EntityView = Object.freeze({
  value: null,
  base: Object.freeze({ version: null, value: null }),
  waiting: 0,
  inReview: false,
});
