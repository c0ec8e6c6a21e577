/**
 * Rules of an entity by its name. The built-in ones are in entities.ts, which is loaded when they are first needed.
 *
 * @module
 */

import { HoldfastError } from '../../vocabulary/errors.ts';
import { declareEntity, type EntityRules } from '../declaration/entityRules.ts';
import { anything } from '../rules/anything.ts';
import { both } from '../rules/single.ts';

const NOBODY = 'nobody';

const BY_TYPE = new Map<string, EntityRules>();

/** Registers the built-in rules; entities.ts calls it. */
export function knowEntities(entities: readonly EntityRules[]): void {
  for (const rules of entities) BY_TYPE.set(rules.type, rules);
}

export function areEntitiesKnown(): boolean {
  return BY_TYPE.size > 0;
}

/**
 * Returns the rules of an entity; for an undeclared one, rules that lose nothing.
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

/** Names of the fields, in lower case. */
export const CARD_FIELDS: readonly string[] = [
  'pan',
  'cardnumber',
  'card_number',
  'cvc',
  'cvc2',
  'cvv',
  'cvv2',
  'csc',
  'securitycode',
  'security_code',
];
