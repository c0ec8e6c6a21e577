/**
 * What an app may ask of the records that its edits change, and tell of them.
 *
 * @module
 */

import type { Entity } from '../../machines/vocabulary/entity.ts';
import type { Json } from '../../machines/vocabulary/json.ts';
import type { EditBase } from '../../machines/vocabulary/record.ts';

/** A record as it is to be shown. */
export interface EntityView<Value = Json> {
  /** What the upstream held when it was last heard of, with the edits that wait merged in. */
  readonly value: Value;
  /** Give it as `base` of the edit that is made of {@link value}. */
  readonly base: EditBase;
  /** Edits that the upstream has not taken yet. */
  readonly waiting: number;
  /** A person is asked about it, or will be when what waits is merged. */
  readonly inReview: boolean;
}

/** What was heard of a record at its upstream, by a push or a poll of the app. */
export interface RemoteChange {
  readonly entity: Entity;
  readonly subject: string;
  /** The whole record; `null`: the upstream has none any more. */
  readonly value: Json;
  /** Its validator, such as an entity tag, exactly as the upstream gave it; `null` where it gives none. */
  readonly version: string | null;
  /** What another store said of it (`attempt.meta`), where the upstream carries that: it tells what is newer. */
  readonly meta?: unknown;
}

/** What became of a change from elsewhere. */
export interface RemoteChangeResult {
  /** `taken`: it is known from now on. `known`: it was already. `older`: something newer is known, and stays. */
  readonly status: 'taken' | 'known' | 'older';
  /** As {@link EntityView} has them. */
  readonly value: Json;
  readonly base: EditBase;
  readonly inReview: boolean;
}

/** The records that edits change. */
export interface Entities {
  /**
   * A record as it is to be shown: with the edits that wait merged in, as they will be sent. `null` where nothing is
   * known of it, and none waits. It asks no upstream.
   *
   * @example
   * const plan = await runtime.entities.get({ type: 'crisis_plan', id: 'p-17' });
   * console.log(plan?.waiting ?? 0);
   *
   * @throws HoldfastError (rejects) `HF_REQUEST_INVALID` for what is no entity, `HF_STORE_…`, `HF_CLOSED`.
   */
  get(entity: Entity): Promise<EntityView | null>;
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
export interface EntityAccess extends Entities {
  remoteChange(change: RemoteChange): Promise<RemoteChangeResult>;
}
