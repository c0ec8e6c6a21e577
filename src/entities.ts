/**
 * Records as an app reads them: the same for the owner of the store and its clients.
 *
 * @module
 */

import type {
  EntityAccess,
  EntityListener,
  EntityQuery,
  EntityView,
  Entities as KnownEntities,
  ListedEntity,
} from '../actors/port.ts';
import { checkedEntity } from '../machines/policy/request/remoteChange.ts';
import type { SyncRequest } from '../machines/policy/request/request.ts';
import { HoldfastError } from '../machines/vocabulary/errors.ts';
import {
  checkFields,
  isObject,
  type OptionRules,
  requireOption,
} from '../machines/vocabulary/optionFields.ts';
import type { Entity } from '../machines/vocabulary/record.ts';
import type { Operation } from './operation.ts';

const QUERY_RULES: OptionRules<EntityQuery> = {
  type: 'text',
  subject: 'text',
  waiting: 'boolean',
  inReview: 'boolean',
};

/** Records that edits change. */
export interface Entities extends KnownEntities {
  /**
   * Restores what was removed from a record, by an edit as `sync()` makes one: all devices get it back, and its
   * removal is over. Resolves once the edit is durable.
   *
   * @param path as {@link Entities.removed} names it
   * @param edit `type`: of the requests that edit the record
   *
   * @example
   * const entity = { type: 'crisis_plan', id: 'p-17' };
   * const [removed] = await runtime.entities.removed(entity);
   * if (removed) await runtime.entities.restore(entity, removed.path, { type: 'plans.put' });
   *
   * @throws HoldfastError (rejects) `HF_OPTION_INVALID` for a path at which nothing was removed, or nothing is kept of
   * what was; what `sync()` throws; `HF_STORE_…`, `HF_CLOSED`.
   */
  restore(entity: Entity, path: string, edit: RestoreOptions): Promise<Operation>;
}

/** Edit that restores something. */
export type RestoreOptions = Pick<SyncRequest, 'type' | 'tier' | 'idempotencyKey' | 'tags'>;

/** Makes the calls about records. The type that an app gives a record is not checked. */
export function entitiesOf(
  access: Omit<EntityAccess, 'remoteChange'>,
  sync: (request: SyncRequest) => Promise<Operation>,
): Entities {
  return {
    async get<Value>(entity: EntityKey) {
      return (await access.get(checkedEntity(entity))) as EntityView<Value> | null;
    },
    subscribe<Value>(entity: EntityKey, listener: EntityListener<Value>) {
      const checked = checkedEntity(entity);
      requireOption(typeof listener === 'function', 'listener', 'must be a function');
      return access.subscribe(checked, listener as EntityListener);
    },
    list<Value>(query: EntityQuery = {}) {
      checkFields(query, QUERY_RULES, '');
      return listed(access, query) as AsyncIterable<ListedEntity<Value>>;
    },
    removed: async (entity) => await access.removed(checkedEntity(entity)),
    async restore(entity, path, edit) {
      const checked = checkedEntity(entity);
      requireOption(
        typeof path === 'string',
        'path',
        'must be a path, as entities.removed() names it',
      );
      requireOption(isObject(edit), 'edit', 'must be an object with the type of the edit');
      const restoring = await access.restoring(checked, path);
      if (restoring === null) {
        const rule = 'names nothing that was removed and is kept here; see entities.removed()';
        throw new HoldfastError('HF_OPTION_INVALID', `path ${rule}.`, { field: 'path' });
      }
      return await sync({ ...edit, entity: checked, ...restoring });
    },
    forget: async (entity) => await access.forget(checkedEntity(entity)),
  };
}

type EntityKey = Parameters<Entities['forget']>[0];

async function* listed(
  access: Pick<EntityAccess, 'page'>,
  query: EntityQuery,
): AsyncGenerator<ListedEntity> {
  for (let from: string | undefined; ; ) {
    const { entities, next } = await access.page({ ...query, from });
    yield* entities;
    if (next === null) return;
    from = next;
  }
}
