/**
 * Rules of an entity by its name. Those that holdfast has are loaded apart, by the first who needs them: entities.ts.
 *
 * @module
 */

import { HoldfastError } from '../../vocabulary/errors.ts';
import { declareEntity, type EntityRules } from '../declaration/entityRules.ts';
import { anything } from '../rules/anything.ts';
import { both } from '../rules/single.ts';

const NOBODY = 'nobody';

const BY_TYPE = new Map<string, EntityRules>();

/** Called once, by the file that declares them. */
export function knowEntities(entities: readonly EntityRules[]): void {
  for (const rules of entities) BY_TYPE.set(rules.type, rules);
}

export function areEntitiesKnown(): boolean {
  return BY_TYPE.size > 0;
}

/**
 * The rules of an entity; of one that nobody declared, those that lose nothing.
 *
 * @throws HoldfastError `HF_INTERNAL` before those of holdfast are loaded: a crisis plan must not be merged by others.
 */
export function entityRulesOf(type: string): EntityRules {
  if (!areEntitiesKnown()) {
    throw new HoldfastError('HF_INTERNAL', 'The rules of entities are not loaded yet.');
  }
  const known = BY_TYPE.get(type);
  if (known !== undefined) return known;
  return declareEntity({ type, title: type, authority: NOBODY, other: anything(both()) });
}

/** Whether somebody has declared these rules; else they are those that lose nothing. */
export function isDeclared({ authority }: EntityRules): boolean {
  return authority !== NOBODY;
}
