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
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { without } from './dropping.ts';

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

export type Change = 'title' | 'text' | 'addPerson' | 'renamePerson' | 'removePerson' | 'addTag';

/** What an app makes of the record, with what that takes out; `null` for nothing. */
export function changedBy(
  change: Change,
  before: Note,
  pick: number,
  newWord: () => string,
): { readonly after: Note; readonly removed: readonly string[] } | null {
  const { people = [], tags = [] } = before;
  const after = (changed: Note) => ({ after: { ...before, ...changed }, removed: [] });
  if (change === 'title' || change === 'text') return after({ [change]: newWord() });
  if (change === 'addTag') return after({ tags: [...tags, newWord()] });
  if (change === 'addPerson') {
    const name = newWord();
    return after({ people: [...people, { id: `id-${name}`, name }] });
  }
  const chosen = people[pick % Math.max(1, people.length)];
  if (chosen === undefined) return null;
  const others = (one: Person) => one !== chosen;
  if (change === 'removePerson') {
    return {
      after: { ...before, people: people.filter(others) },
      removed: [`/people/${chosen.id}`],
    };
  }
  const named = { ...chosen, name: newWord() };
  return after({ people: people.map((one) => (others(one) ? one : named)) });
}

/**
 * What an app gives of what it made of a record: any keys may be left out of what it did not change, but for the id of an
 * item. Without that it is another item.
 */
export function partOf(after: Note, before: Note, drops: readonly boolean[]): Json {
  const whole = after as unknown as Json;
  if (!drops.includes(true)) return whole;
  const part = without({ record: whole, draws: drops }, ['id']) as Note;
  const { people = [], ...changed } = Object.fromEntries(
    Object.entries(after).filter(([name, value]) => before[name as keyof Note] !== value),
  ) as Note;
  const given = people.map((one, at) =>
    before.people?.includes(one) === true ? (part.people?.[at] ?? one) : one,
  );
  return { ...part, ...changed, ...(people === after.people ? { people: given } : {}) } as Json;
}

/** The words in a value, wherever they stand. */
export function wordsIn(value: Json): ReadonlySet<string> {
  return new Set(JSON.stringify(value).match(/\bw\d+\b/g) ?? []);
}
