/**
 * What an app may ask of the records that its edits change, and tell of them.
 *
 * @module
 */

import type { EditBase, Entity } from '../../machines/vocabulary/record.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';

/** A record as it is to be shown. */
export interface EntityView<Value = Json> {
  /** What the upstream held when it was last heard of, with the edits that wait merged in. */
  readonly value: Value;
  /** Give it as `base` of the edit that is made of {@link value}. */
  readonly base: EditBase<Value>;
  /** Edits that the upstream has not taken yet. */
  readonly waiting: number;
  /** A person is asked about it, or will be when what waits is merged. */
  readonly inReview: boolean;
  /**
   * The version of the entity's rules that wrote the record, where this program has older ones: its edits wait until it
   * is updated. Left out where it has those rules.
   */
  readonly needsRules?: number;
}

/** Told what a record is: now, and whenever that has changed. `null` where nothing is known of it, and none waits. */
export type EntityListener<Value = Json> = (view: EntityView<Value> | null) => void;

/** Something that was removed from a record. */
export interface RemovedItem {
  /** A JSON Pointer, as the removal named it. */
  readonly path: string;
  /** What was there; left out where this store never had it. */
  readonly value?: Json;
  /** Whether a person was asked and said yes. */
  readonly isConfirmed: boolean;
  /** Person or device that removed the item; `null` where nothing says so. */
  readonly by: string | null;
  /** When, in milliseconds since 1970, as the removal says; `null` where it does not. */
  readonly atMs: number | null;
  readonly reason: string | null;
}

/** An edit that puts back what was removed, but for its type. */
export interface RestoringEdit {
  readonly subject: string;
  readonly payload: Json;
  readonly base: EditBase;
}

/** A record, as it is listed. */
export interface ListedEntity<Value = Json> extends EntityView<Value> {
  readonly entity: Entity;
  /** Subject whose record it is. */
  readonly subject: string;
}

/** Which records to list; what is left out is not asked about. */
export interface EntityQuery {
  /** The type of the entity. */
  readonly type?: string | undefined;
  readonly subject?: string | undefined;
  /** Whether edits of it wait to be sent. */
  readonly waiting?: boolean | undefined;
  /** Whether a person is or will be asked about it. */
  readonly inReview?: boolean | undefined;
}

/** Where a list goes on, and what is listed. */
export interface EntityPageQuery extends EntityQuery {
  /** Mark that the page before gave as `next`; left out for the first. */
  readonly from?: string | undefined;
}

/** A piece of a list; it may be empty and not the last. */
export interface EntityPage {
  readonly entities: readonly ListedEntity[];
  /** Where the next one begins; `null` after the last. */
  readonly next: string | null;
}

/** What was heard of a record at its upstream, by a push or a poll of the app. */
export interface RemoteChange {
  readonly entity: Entity;
  readonly subject: string;
  /** The whole record; `null`: the upstream has none any more. */
  readonly value: Json;
  /** Validator of the record, such as an entity tag, exactly as the upstream gave it; `null` where it gives none. */
  readonly version: string | null;
  /** What another store said of it (`attempt.meta`), where the upstream carries that: it tells what is newer. */
  readonly meta?: unknown;
}

/** What became of a change from elsewhere. */
export interface RemoteChangeResult {
  /** `taken`: it is known from now on. `known`: it was already. `older`: something newer is known, and stays. */
  readonly status: 'taken' | 'known' | 'older';
  /** Fields as {@link EntityView} has them. */
  readonly value: Json;
  readonly base: EditBase;
  readonly inReview: boolean;
}

/** The records that edits change. */
export interface Entities {
  /**
   * A record as it is to be shown: with the edits that wait merged in, as they will be sent. `null` where nothing is
   * known of it, and none waits. It asks no upstream. `Value` is what the app takes the record for; nothing checks that.
   *
   * @example
   * const plan = await runtime.entities.get<Plan>({ type: 'crisis_plan', id: 'p-17' });
   * console.log(plan?.value.note, plan?.waiting ?? 0);
   *
   * @throws HoldfastError (rejects) `HF_REQUEST_INVALID` for what is no entity, `HF_STORE_…`, `HF_CLOSED`.
   */
  get<Value = Json>(entity: Entity): Promise<EntityView<Value> | null>;
  /**
   * Tells `listener` what a record is, as {@link get} has it: as soon as it is read, and again whenever that has
   * changed, by an edit, by what was heard of it, or by what a person decided; until the returned function is called.
   * Changes that come at once may be told as one. What the listener throws goes to `onError`, and holds up nobody; so
   * does that the record can't be read, and it is read again.
   *
   * @example
   * const stop = runtime.entities.subscribe<Plan>({ type: 'crisis_plan', id: 'p-17' }, (plan) => {
   *   console.log(plan?.value.note, plan?.inReview ?? false);
   * });
   *
   * @throws HoldfastError `HF_REQUEST_INVALID` for what is no entity, `HF_OPTION_INVALID` for what is no function.
   */
  subscribe<Value = Json>(entity: Entity, listener: EntityListener<Value>): () => void;
  /**
   * Goes through the records that this store knows of, or has edits of that wait: first those that were known longest.
   * Each is shown as it is when its piece is read; what changes meanwhile may be seen or not.
   *
   * @example
   * for await (const { entity, value } of runtime.entities.list<Plan>({ type: 'crisis_plan', subject: 'user-42' })) {
   *   console.log(entity.id, value.note);
   * }
   *
   * @throws HoldfastError `HF_OPTION_INVALID` for a filter that is none; while it goes, `HF_STORE_…`, `HF_CLOSED`.
   */
  list<Value = Json>(query?: EntityQuery): AsyncIterable<ListedEntity<Value>>;
  /**
   * What was removed from a record and is not there again, with who removed it, as far as this store knows: each for as
   * long as its removal is remembered, which is as long as a device may be silent. {@link forget} erases it. It may be
   * health data: show it to whom the app allows, and log nothing of it.
   *
   * @example
   * for (const { path, value, by } of await runtime.entities.removed({ type: 'crisis_plan', id: 'p-17' })) {
   *   console.log(path, value, by);
   * }
   *
   * @throws HoldfastError (rejects) as {@link get}.
   */
  removed(entity: Entity): Promise<readonly RemovedItem[]>;
  /**
   * Erases what this store knows of a record, and its conflicts that are decided: for a person who is to be forgotten
   * here. Resolves once that is on disk with whether there was anything. Dead letters and the crisis plan of its
   * subject stay: `deadLetters.purge()` and `crisisPlans.delete()` erase those. The upstream is told nothing, and
   * what is heard of the record from then on is kept again.
   *
   * @example
   * const wasKnown = await runtime.entities.forget({ type: 'crisis_plan', id: 'p-17' });
   * console.log(wasKnown);
   *
   * @throws HoldfastError (rejects) `HF_ENTITY_IN_USE` while operations of it wait or a conflict of it is open: nothing
   * is erased then. `HF_REQUEST_INVALID` for what is no entity, `HF_STORE_…`, `HF_CLOSED`.
   */
  forget(entity: Entity): Promise<boolean>;
}

/** What an engine can say of records. */
export interface EntityAccess {
  get(entity: Entity): Promise<EntityView | null>;
  subscribe(entity: Entity, listener: EntityListener): () => void;
  /** A piece of what {@link Entities.list} goes through. */
  page(query: EntityPageQuery): Promise<EntityPage>;
  removed(entity: Entity): Promise<readonly RemovedItem[]>;
  /** `null` where nothing is kept of what was removed there. */
  restoring(entity: Entity, path: string): Promise<RestoringEdit | null>;
  forget(entity: Entity): Promise<boolean>;
  remoteChange(change: RemoteChange): Promise<RemoteChangeResult>;
}

/** The same, where each question ends while the disk hangs, too. */
export function answeringEntities(
  access: EntityAccess,
  whileAnswering: <Result>(work: Promise<Result>, mayBeStored: boolean) => Promise<Result>,
): EntityAccess {
  return {
    get: (entity) => whileAnswering(access.get(entity), false),
    subscribe: (entity, listener) => access.subscribe(entity, listener),
    page: (query) => whileAnswering(access.page(query), false),
    removed: (entity) => whileAnswering(access.removed(entity), false),
    restoring: (entity, path) => whileAnswering(access.restoring(entity, path), false),
    forget: (entity) => whileAnswering(access.forget(entity), true),
    remoteChange: (change) => whileAnswering(access.remoteChange(change), true),
  };
}
