/**
 * The record that a fleet of devices edits: what its app makes of it, and by which rules it is merged.
 *
 * @module
 */

import { defineEntity } from '../../../machines/merge/declaration/defineEntity.ts';
import type { EntityRules } from '../../../machines/merge/declaration/entityRules.ts';
import { fields } from '../../../machines/merge/rules/fields.ts';
import { list, set } from '../../../machines/merge/rules/list.ts';
import { both, latest } from '../../../machines/merge/rules/single.ts';
import type { Json } from '../../../machines/vocabulary/json.ts';

interface Person {
  id: string;
  name: string;
}

/** The record as the app has it. */
export interface Note {
  title?: string;
  text?: string;
  people?: Person[];
  tags?: string[];
}

export const noteRules = (whileInReview: EntityRules['whileInReview']): EntityRules =>
  defineEntity<Note>()({
    type: 'note',
    fields: {
      title: latest(),
      text: both(),
      people: list({ id: 'id', item: fields({ other: latest() }), removing: 'confirmed' }),
      tags: set(),
    },
    whileInReview,
  });

/** The words in a value, wherever they stand. */
export function wordsIn(value: Json): ReadonlySet<string> {
  return new Set(JSON.stringify(value).match(/\bw\d+\b/g) ?? []);
}
