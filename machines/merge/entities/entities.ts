/**
 * Entities that holdfast knows, each declared in a file of its own. A process that merges nothing never loads them.
 *
 * @module
 */

import type { EntityRules } from '../declaration/entityRules.ts';
import { assessment } from './assessment.ts';
import { crisisPlan } from './crisisPlan.ts';
import { entitlement } from './entitlement.ts';
import { invoice } from './invoice.ts';
import { moodEntry } from './moodEntry.ts';
import { moodLog } from './moodLog.ts';
import { paymentMethod } from './paymentMethod.ts';
import { preferences } from './preferences.ts';
import { knowEntities } from './rulesOf.ts';
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

knowEntities(ENTITIES);
