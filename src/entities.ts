/**
 * Records as an app asks for them: the same in the process that owns the store and in its clients.
 *
 * @module
 */

import type {
  Entities,
  EntityAccess,
  EntityListener,
  EntityQuery,
  EntityView,
  ListedEntity,
} from '../actors/port.ts';
import { checkedEntity } from '../machines/policy/request/remoteChange.ts';
import { checkFields, requireOption } from '../machines/vocabulary/optionFields.ts';
import type { OptionRules } from '../machines/vocabulary/optionRules.ts';

const QUERY_RULES: OptionRules<EntityQuery> = {
  type: 'text',
  subject: 'text',
  waiting: 'boolean',
  inReview: 'boolean',
};

/** The calls about records, on what does them. What the app takes a record for, nothing checks. */
export function entitiesOf(access: Omit<EntityAccess, 'remoteChange'>): Entities {
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
