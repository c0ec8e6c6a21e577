/**
 * Records that people edit: entities of holdfast, one that an app declares itself, and one that nobody declares; and
 * the edits that people make of them.
 *
 * @module
 */

import { defineEntity } from '../../../machines/merge/declaration/defineEntity.ts';
import type { EntityRules } from '../../../machines/merge/declaration/entityRules.ts';
import { counter } from '../../../machines/merge/rules/counter.ts';
import { fields } from '../../../machines/merge/rules/fields.ts';
import { list, set } from '../../../machines/merge/rules/list.ts';
import { both, firstStays, latest } from '../../../machines/merge/rules/single.ts';
import { text } from '../../../machines/merge/rules/text.ts';
import type { CrisisPlan } from '../../../machines/policy/crisis/crisisResources.ts';
import type { Json, JsonObject } from '../../../machines/vocabulary/shape.ts';
import type { SeededRandom } from '../../virtual/seededRandom.ts';
import type { MadeEdit } from '../oracle/madeEdit.ts';

/** A visit, an entity that an app declares itself: its doubtful merges wait for a person. */
interface Visit {
  readonly id: string;
  readonly title: string;
  readonly places: number;
  readonly steps: readonly { readonly id: string; readonly text: string }[];
  readonly tags: readonly string[];
  readonly notes: string;
}

const visit: EntityRules = defineEntity<Visit>()({
  type: 'visit',
  whileInReview: 'waits',
  fields: {
    id: firstStays(),
    title: latest(),
    places: counter(),
    steps: list({ id: 'id', item: fields({ other: both() }), removing: 'confirmed' }),
    tags: set(),
    notes: text(),
  },
});

export const OWN_ENTITIES: readonly EntityRules[] = [visit];

/** An edit of a record. */
export interface Drawn extends Pick<MadeEdit, 'isRival' | 'replaces' | 'removes' | 'touches'> {
  readonly mark: string | null;
  readonly value: JsonObject;
}

/** A kind of record that people edit. */
export interface EditedRecord {
  /** Type of the requests that edit it. */
  readonly type: string;
  readonly entity: string;
  /** Value that the upstream holds from the start. */
  readonly begun: JsonObject;
  /** Reads it as a crisis plan; `null` for other records. */
  readonly asCrisisPlan: ((value: Json) => CrisisPlan | null) | null;
  /** Draws the edit of somebody who writes `mark` into it. */
  readonly draw: (random: SeededRandom, shown: JsonObject, mark: string) => Drawn;
}

const ADDED = { isRival: false, replaces: null, removes: [], touches: null } as const;

export const EDITED: readonly [EditedRecord, ...EditedRecord[]] = [
  {
    type: 'plans.put',
    entity: 'crisis_plan',
    begun: {
      emergencyContacts: ['a', 'b', 'c'].map((id) => ({
        id,
        name: `begun-${id}`,
        phones: [`+49 30 ${id.charCodeAt(0)}`],
      })),
      copingSteps: [{ id: 's', text: 'begun-step' }],
      meansSafety: [{ id: 'm', text: 'begun-safety' }],
      reasonsForLiving: 'begun-reasons',
    },
    asCrisisPlan: planOf,
    draw: (random, shown, mark) => {
      const contacts = items(shown, 'emergencyContacts');
      const one = contacts[random.below(Math.max(1, contacts.length))];
      const id = idOf(one);
      if (id !== null && random.chance(0.15)) {
        const left = contacts.filter((each) => each !== one);
        const value = { ...shown, emergencyContacts: left };
        return { ...ADDED, mark: null, value, removes: [`/emergencyContacts/${id}`] };
      }
      if (one !== undefined && id !== null && random.chance(0.3)) {
        const phones = [...(Array.isArray(one['phones']) ? one['phones'] : []), `+49 ${mark}`];
        const all = contacts.map((each) => (each === one ? { ...each, phones } : each));
        return { ...ADDED, mark, value: { ...shown, emergencyContacts: all }, touches: id };
      }
      if (random.chance(0.4)) {
        const copingSteps = [...items(shown, 'copingSteps'), { id: `s-${mark}`, text: mark }];
        return { ...ADDED, mark, value: { ...shown, copingSteps } };
      }
      const added = { id: `c-${mark}`, name: mark, phones: [`+49 30 ${contacts.length}`] };
      return { ...ADDED, mark, value: { ...shown, emergencyContacts: [...contacts, added] } };
    },
  },
  {
    type: 'diary.put',
    entity: 'mood_entry',
    begun: { id: 'diary', score: 1, tags: ['begun-tag'], note: 'begun-line' },
    asCrisisPlan: null,
    draw: (random, shown, mark) => {
      if (random.chance(0.3))
        return { ...ADDED, mark, value: { ...shown, tags: [...valuesOf(shown, 'tags'), mark] } };
      const lines = textOf(shown['note']).split('\n');
      const note = lines.toSpliced(random.below(lines.length + 1), 0, mark).join('\n');
      return { ...ADDED, mark, value: { ...shown, note } };
    },
  },
  {
    type: 'preferences.put',
    entity: 'preferences',
    begun: { theme: 'begun-theme', consents: { research: false }, crisisAlerts: true },
    asCrisisPlan: null,
    draw: (random, shown, mark) =>
      random.chance(0.5)
        ? {
            ...ADDED,
            mark,
            value: { ...shown, theme: mark },
            isRival: true,
            replaces: textOf(shown['theme']),
          }
        : { ...ADDED, mark, value: { ...shown, [`of-${mark}`]: mark } },
  },
  {
    type: 'visits.put',
    entity: 'visit',
    begun: {
      id: 'visit',
      title: 'begun-title',
      places: 5,
      steps: [{ id: 'v', text: 'begun-step' }],
      tags: ['begun-tag'],
      notes: 'begun-line',
    },
    asCrisisPlan: null,
    draw: (random, shown, mark) => {
      const steps = items(shown, 'steps');
      const one = steps[random.below(Math.max(1, steps.length))];
      const id = idOf(one);
      switch (random.below(id === null ? 3 : 4)) {
        case 0:
          return {
            ...ADDED,
            mark,
            value: { ...shown, steps: [...steps, { id: `v-${mark}`, text: mark }] },
          };
        case 1:
          return {
            ...ADDED,
            mark,
            value: { ...shown, title: mark },
            isRival: true,
            replaces: textOf(shown['title']),
          };
        case 2:
          return { ...ADDED, mark, value: { ...shown, tags: [...valuesOf(shown, 'tags'), mark] } };
        default: {
          const left = steps.filter((each) => each !== one);
          return {
            ...ADDED,
            mark: null,
            value: { ...shown, steps: left },
            removes: [`/steps/${id}`],
          };
        }
      }
    },
  },
  {
    type: 'notes.put',
    entity: 'note',
    begun: { title: 'begun-title', words: ['begun-word'] },
    asCrisisPlan: null,
    draw: (random, shown, mark) =>
      random.chance(0.5)
        ? { ...ADDED, mark, value: { ...shown, words: [...valuesOf(shown, 'words'), mark] } }
        : { ...ADDED, mark, value: { ...shown, [`of-${mark}`]: mark } },
  },
];

function items(value: JsonObject, name: string): readonly JsonObject[] {
  return valuesOf(value, name).filter(
    (one): one is JsonObject => typeof one === 'object' && one !== null && !Array.isArray(one),
  );
}

function valuesOf(value: JsonObject, name: string): readonly Json[] {
  const all = value[name];
  return Array.isArray(all) ? (all as readonly Json[]) : [];
}

function idOf(item: JsonObject | undefined): string | null {
  const id = item?.['id'];
  return typeof id === 'string' ? id : null;
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** Reads the plan that answers a crisis. */
function planOf(value: Json): CrisisPlan {
  const contacts = items((value ?? {}) as JsonObject, 'emergencyContacts');
  return {
    resources: contacts.flatMap(({ name, phones }) => {
      const [phone] = Array.isArray(phones) ? phones : [];
      return typeof name === 'string' && typeof phone === 'string'
        ? [{ kind: 'contact', name, phone }]
        : [];
    }),
  };
}
