/**
 * Entry of a mood diary, which belongs to the user.
 *
 * @module
 */

import { declareEntity } from '../declaration/entityRules.ts';
import { anything } from '../rules/anything.ts';
import { type FieldRules, fields } from '../rules/fields.ts';
import { set } from '../rules/list.ts';
import { firstStays, latest } from '../rules/single.ts';
import { text } from '../rules/text.ts';

const ENTRY: FieldRules = {
  fields: { id: firstStays(), score: latest(), tags: set(), note: text(), at: latest() },
  other: anything(latest()),
};

/** Rule of an entry within a diary. */
export const entryRule = fields(ENTRY);

export const moodEntry = declareEntity({
  type: 'mood_entry',
  title: 'Mood entry',
  authority: 'the user',
  whileInReview: 'goesOut',
  ...ENTRY,
});
