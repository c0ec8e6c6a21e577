/**
 * Edits of devices in a gossip. Their texts occur nowhere else, so that a test can follow each to the end.
 *
 * @module
 */

import type { Entity } from '../../../machines/vocabulary/record.ts';
import type { Json, JsonObject } from '../../../machines/vocabulary/shape.ts';
import type { SeededRandom } from '../../../src/virtual/seededRandom.ts';

export const PLAN: Entity = { type: 'crisis_plan', id: 'plan' };
export const DIARY: Entity = { type: 'mood_entry', id: 'diary' };
export const PREFERENCES: Entity = { type: 'preferences', id: 'preferences' };
export const ENTITIES = [PLAN, DIARY, PREFERENCES] as const;

/** An edit of a record as its device showed it. */
export interface GossipEdit {
  readonly entity: Entity;
  readonly value: JsonObject;
  /** Text that it writes there; `null` where it only removes. */
  readonly mark: string | null;
  /** True if others may write at its place: the audit alone may then have it. */
  readonly isRival: boolean;
  /** Text that it knowingly replaces; `null` for none. */
  readonly replaces: string | null;
  /** Ids of the contact whose removal a person has confirmed, and of the contact that this edit changes. */
  readonly removes: string | null;
  readonly touches: string | null;
}

export const BEGUN: readonly (readonly [Entity, JsonObject])[] = [
  [
    PLAN,
    {
      emergencyContacts: ['a', 'b', 'c', 'd'].map((id) => ({
        id,
        name: `begun-${id}`,
        phones: [`+49 30 ${id.charCodeAt(0)}`],
      })),
      copingSteps: [],
    },
  ],
  [DIARY, { id: 'diary', score: 1, tags: [], note: 'begun-line' }],
  [PREFERENCES, { theme: 'begun-theme' }],
];

/** Draws an edit of a record; `name` is a text of its own. */
export function drawEdit(
  random: SeededRandom,
  entity: Entity,
  shown: JsonObject,
  name: string,
): GossipEdit {
  const edit = {
    entity,
    mark: name,
    isRival: false,
    replaces: null,
    removes: null,
    touches: null,
  } satisfies Partial<GossipEdit>;
  const value = structuredClone(shown) as Record<string, Json>;
  switch (entity) {
    case DIARY:
      return { ...edit, value: diaryEdited(random, value, name) };
    case PREFERENCES:
      return random.chance(0.5)
        ? {
            ...edit,
            value: { ...value, theme: name },
            isRival: true,
            replaces: textOf(value['theme']),
          }
        : { ...edit, value: { ...value, [`of-${name}`]: name } };
    default:
      return planEdited(random, { ...edit, value }, name);
  }
}

function diaryEdited(random: SeededRandom, value: JsonObject, name: string): JsonObject {
  const lines = textOf(value['note']).split('\n');
  switch (random.below(4)) {
    case 0:
      return { ...value, tags: [...((value['tags'] ?? []) as Json[]), name] };
    case 1:
      return { ...value, note: [name, ...lines].join('\n') };
    case 2:
      return { ...value, note: lines.toSpliced(random.below(lines.length), 0, name).join('\n') };
    default:
      return { ...value, note: [...lines, name].join('\n') };
  }
}

function planEdited(random: SeededRandom, edit: GossipEdit, name: string): GossipEdit {
  const { value } = edit;
  const contacts = (value['emergencyContacts'] ?? []) as readonly JsonObject[];
  const chosen = contacts[random.below(Math.max(1, contacts.length))];
  const id = typeof chosen?.['id'] === 'string' ? chosen['id'] : null;
  if (id !== null && random.chance(0.15)) {
    const left = contacts.filter((one) => one !== chosen);
    return { ...edit, value: { ...value, emergencyContacts: left }, mark: null, removes: id };
  }
  if (id !== null && random.chance(0.3)) {
    const phones = [...((chosen?.['phones'] ?? []) as Json[]), `+49 ${name}`];
    const all = contacts.map((one) => (one === chosen ? { ...one, phones } : one));
    return { ...edit, value: { ...value, emergencyContacts: all }, touches: id };
  }
  if (random.chance(0.3)) {
    const steps = [...((value['copingSteps'] ?? []) as Json[]), { id: `s-${name}`, text: name }];
    return { ...edit, value: { ...value, copingSteps: steps } };
  }
  const added = { id: `c-${name}`, name, phones: [`+49 30 ${contacts.length}`] };
  return { ...edit, value: { ...value, emergencyContacts: [...contacts, added] } };
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
