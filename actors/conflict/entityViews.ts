/**
 * Records as an app is to show them: what the upstream holds, with the edits that wait for it merged in; and what is
 * heard of records from elsewhere (CF-1, CF-2).
 *
 * @module
 */

import { compareEdit } from '../../machines/conflict/compareEdit.ts';
import { bodyOf } from '../../machines/conflict/editBody.ts';
import type { EntityRecord } from '../../machines/conflict/entityRecord.ts';
import { afterRemote, afterSent } from '../../machines/conflict/recordNews.ts';
import { recordMetaFrom } from '../../machines/merge/clock/recordMeta.ts';
import { entityKey } from '../../machines/operation/keys.ts';
import {
  type MergedBody,
  parseBody,
  type RequestBody,
} from '../../machines/policy/request/requestBody.ts';
import type { Entity } from '../../machines/vocabulary/entity.ts';
import type { Current } from '../../machines/vocabulary/record.ts';
import type { StoredOperation } from '../../persistence/port/store.ts';
import type { Handler } from '../attempt/handler.ts';
import { operationChart, type WorkContext } from '../charts/chartOfWork.ts';
import { decodeWork } from '../charts/workRecord.ts';
import { demandDurable } from '../operation/acceptance.ts';
import { isEditBy } from '../operation/edit.ts';
import type { Resident } from '../operation/resident.ts';
import type { DeskTools } from './deskParts.ts';
import type { EntityAccess, EntityView, RemoteChange, RemoteChangeResult } from './entityAccess.ts';
import { forgetEntity } from './forgetting.ts';
import { comparisonOf, onlookerOf } from './merging.ts';

/** Rows looked at between two requests of others. */
const PAGE_ROWS = 32;

/** An edit that the upstream has not taken. */
interface Waiting {
  readonly seq: number;
  readonly context: WorkContext;
  readonly handler: Handler;
  readonly body: RequestBody;
  /** A person is asked what becomes of it. */
  readonly isConflicted: boolean;
}

export class EntityViews implements EntityAccess {
  readonly #tools: DeskTools;
  readonly #ready: () => Promise<void>;

  constructor(tools: DeskTools, ready: () => Promise<void>) {
    this.#tools = tools;
    this.#ready = ready;
  }

  async get(entity: Entity): Promise<EntityView | null> {
    await this.#ready();
    return await this.#shown(entity);
  }

  async forget(entity: Entity): Promise<boolean> {
    await this.#ready();
    const { journal } = this.#tools;
    if (journal.failure !== null) await demandDurable(journal);
    return await forgetEntity(this.#tools, entity);
  }

  async remoteChange(change: RemoteChange): Promise<RemoteChangeResult> {
    await this.#ready();
    const { entity, subject, value, version, meta } = change;
    const { journal, records } = this.#tools;
    // What nobody was promised yet is not left to wait for a sick disk.
    if (journal.failure !== null) await demandDurable(journal);
    const known = recordMetaFrom(meta);
    const current: Current | null =
      value === null ? null : { version, value, ...(known === null ? {} : { meta: known }) };
    const onlooker = onlookerOf(this.#tools, entity, null);
    const told: { status: RemoteChangeResult['status'] } = { status: 'known' };
    await records.update(entity, onlooker, (before) => {
      const news = afterRemote(before, { entity, subject }, current, onlooker, false);
      told.status = news.status;
      return news.record;
    });
    if (told.status !== 'older') await this.#tools.plans.heard(entity, subject);
    const { value: shown, base, inReview } = (await this.#shown(entity)) ?? NOTHING;
    return { ...told, value: shown, base, inReview };
  }

  /**
   * An edit that ends while those that wait are looked for is in the record, or among them. It must not be in
   * neither: what the app then made of the value would take the edit back.
   */
  async #shown(entity: Entity): Promise<EntityView | null> {
    const { records } = this.#tools;
    for (let kept = await records.kept(entity); ; ) {
      const waiting = await this.#waitingFor(entity);
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
    waiting: readonly Waiting[],
  ): Promise<EntityView | null> {
    let seen = record;
    let inReview = this.#tools.asked.has(entity);
    for (const { context, handler, body, isConflicted } of waiting) {
      const { merged, isAsked } = await this.#asSent(seen, context, body);
      inReview ||= isAsked || isConflicted;
      const version = seen?.current?.version ?? null;
      seen = afterSent(
        seen,
        { entity, subject: context.subject },
        { body: { ...body, merged }, acceptedAtMs: context.acceptedAtMs, kept: { version } },
        onlookerOf(this.#tools, entity, handler),
      );
    }
    const value = seen === null || seen.isGone ? null : (seen.current?.value ?? null);
    if (value === null && waiting.length === 0) return null;
    const version = record === null || record.isGone ? null : (record.current?.version ?? null);
    return { value, base: { version, value }, waiting: waiting.length, inReview };
  }

  /** What an edit would be sent as, by what is known of its record now. */
  async #asSent(
    record: EntityRecord | null,
    context: WorkContext,
    body: RequestBody,
  ): Promise<{ readonly merged: MergedBody; readonly isAsked: boolean }> {
    const comparison = comparisonOf(this.#tools, { context, body, record });
    const current = record === null || record.isGone ? null : record.current;
    if (body.merged !== undefined && body.merged.version === (current?.version ?? null)) {
      return { merged: body.merged, isAsked: false };
    }
    const compared = compareEdit(comparison);
    if (compared.kind === 'clear') return { merged: compared.merged, isAsked: false };
    const { guard, recordBytesMax } = this.#tools;
    const question = { ...comparison, current, bytesMax: recordBytesMax };
    const made = await guard.merge(context.id, question);
    if (made.isMerged) return { merged: made.merged, isAsked: made.review.length > 0 };
    const given = { payload: body.payload, version: null, ancestor: null, current, removals: [] };
    return { merged: bodyOf(comparison, given), isAsked: true };
  }

  /** The edits of a record that the upstream has not taken, in the order of their lane. */
  async #waitingFor(entity: Entity): Promise<readonly Waiting[]> {
    const { pool: poolOf, store } = this.#tools;
    const pool = poolOf();
    const lane = entityKey(entity) ?? '';
    const isOf = (context: WorkContext): boolean => entityKey(context.entity) === lane;
    const found = new Map<string, Waiting>();
    const add = (id: string, waiting: Waiting | null): void => {
      if (waiting !== null && isOf(waiting.context)) found.set(id, waiting);
    };
    for (let afterSeq = 0, isLast = false; !isLast; ) {
      const rows = await store.lane({ lane, afterSeq, limit: PAGE_ROWS });
      for (const row of rows) {
        const resident = pool.resident(row.id);
        // It may leave memory before the rest is read.
        const waiting =
          resident === undefined ? this.#waitingOfRow(row) : this.#waitingOfResident(resident);
        add(row.id, waiting);
      }
      isLast = rows.length < PAGE_ROWS;
      afterSeq = rows.at(-1)?.seq ?? afterSeq;
    }
    // What is in memory is newer than its row.
    for (const resident of pool.residents) add(resident.id, this.#waitingOfResident(resident));
    return [...found.values()].toSorted((one, other) => one.seq - other.seq);
  }

  #waitingOfRow(row: StoredOperation): Waiting | null {
    try {
      const { chart, state, snapshot } = decodeWork(row);
      if (chart !== operationChart || row.payload === null) return null;
      const isConflicted = chart.waitReasonOf(state) === 'conflict';
      return this.#waiting(row.seq, snapshot.context, row.payload, isConflicted);
    } catch {
      // The check of the store finds it.
      return null;
    }
  }

  #waitingOfResident({ chart, state, actor, seq, body }: Resident): Waiting | null {
    if (chart !== operationChart || body === null || state === null) return null;
    // One that is not on disk yet was not accepted, and may never be.
    if (seq === 0 || chart.isEnding(state)) return null;
    const isConflicted = chart.waitReasonOf(state) === 'conflict';
    return this.#waiting(seq, actor.getSnapshot().context, body, isConflicted);
  }

  #waiting(seq: number, context: WorkContext, body: string, isConflicted: boolean): Waiting | null {
    const handler = this.#tools.pool().registered.of(context);
    if (handler === null || !isEditBy(handler, context) || context.ending !== null) return null;
    return { seq, context, handler, body: parseBody(body), isConflicted };
  }
}

const NOTHING: EntityView = Object.freeze({
  value: null,
  base: Object.freeze({ version: null, value: null }),
  waiting: 0,
  inReview: false,
});
