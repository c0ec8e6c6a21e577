/**
 * The entities that holdfast knows, each declared in a file of its own.
 *
 * @module
 */

import { declareEntity, type EntityRules } from '../declaration/entityRules.ts';
import { anything } from '../rules/anything.ts';
import { both } from '../rules/single.ts';
import { assessment } from './assessment.ts';
import { crisisPlan } from './crisisPlan.ts';
import { entitlement } from './entitlement.ts';
import { invoice } from './invoice.ts';
import { moodEntry } from './moodEntry.ts';
import { moodLog } from './moodLog.ts';
import { paymentMethod } from './paymentMethod.ts';
import { preferences } from './preferences.ts';
import { session } from './session.ts';
import { subscription } from './subscription.ts';

export const ENTITIES: readonly EntityRules[] = [
  crisisPlan,
  assessment,
  moodEntry,
  moodLog,
  session,
  subscription,
  paymentMethod,
  invoice,
  entitlement,
  preferences,
];

const NOBODY = 'nobody';

const BY_TYPE = new Map(ENTITIES.map((rules) => [rules.type, rules]));

/** The rules of an entity; of one that nobody declared, those that lose nothing. */
export function entityRulesOf(type: string): EntityRules {
  const known = BY_TYPE.get(type);
  if (known !== undefined) return known;
  return declareEntity({ type, title: type, authority: NOBODY, other: anything(both()) });
}

/** Whether somebody has declared these rules; else they are those that lose nothing. */
export function isDeclared({ authority }: EntityRules): boolean {
  return authority !== NOBODY;
}
