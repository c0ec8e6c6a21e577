/**
 * Mood diary: entries of all devices.
 *
 * @module
 */

import { declareEntity } from '../declaration/entityRules.ts';
import { anything } from '../rules/anything.ts';
import { list } from '../rules/list.ts';
import { latest } from '../rules/single.ts';
import { entryRule } from './moodEntry.ts';

export const moodLog = declareEntity({
  type: 'mood_log',
  title: 'Mood diary',
  authority: 'the user',
  whileInReview: 'goesOut',
  fields: { entries: list({ id: 'id', item: entryRule, removing: 'confirmed' }) },
  other: anything(latest()),
});
