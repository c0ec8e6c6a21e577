/**
 * What happens in the demo of conflicts, the same for the same seed: four records, what a person does to them
 * on two devices that are offline, and what has to be left of it in the end.
 *
 * @module
 */

import type { Entity } from '../../../machines/vocabulary/record.ts';
import type { Json, JsonObject } from '../../../machines/vocabulary/shape.ts';
import { seededRandom } from '../../virtual/seededRandom.ts';

export const DEVICES = ['phone', 'tablet'] as const;
export type Device = (typeof DEVICES)[number];

/** The person whose records they are, who decides what no rule can. */
export const SUBJECT = 'user-1';

export const PLAN: Entity = { type: 'crisis_plan', id: 'plan-1' };
export const DIARY: Entity = { type: 'mood_entry', id: 'entry-1' };
export const PREFERENCES: Entity = { type: 'preferences', id: 'user-1' };
export const SUBSCRIPTION: Entity = { type: 'subscription', id: 'subscription-1' };
export const RECORDS: readonly Entity[] = [PLAN, DIARY, PREFERENCES, SUBSCRIPTION];

/** The app on the tablet is older than these fields of the records: it hands them over without. */
export const UNKNOWN_TO: Readonly<Record<Device, readonly string[]>> = {
  phone: [],
  tablet: ['meansSafety', 'language'],
};

/** The field of a record in which devices tell each other what they have seen and what was removed. */
export const META_FIELD = 'holdfast';

/** Where the upstream has it, below its base URL. */
export function pathOf({ type, id }: Entity): string {
  return `/${type}/${id}`;
}

/** How a record is changed, as data: the process of a device is told it. */
export type Edit =
  | { readonly kind: 'set'; readonly fields: JsonObject }
  | { readonly kind: 'add'; readonly field: string; readonly item: Json }
  | { readonly kind: 'remove'; readonly field: string; readonly id: string }
  | { readonly kind: 'lineAbove' | 'lineBelow'; readonly text: string };

export interface StoryStep {
  readonly device: Device;
  readonly entity: Entity;
  /** What the person does, to be told: `adds Mia to the crisis plan`. */
  readonly tells: string;
  readonly edits: readonly Edit[];
  /** JSON Pointers of items that the person was asked about, and said that they go. */
  readonly removals: readonly string[];
  /** Texts that it puts in the record, each of which no other step has. */
  readonly writes: readonly string[];
  /** Texts that must be gone afterwards, since the person confirmed their removal. */
  readonly removes: readonly string[];
}

export interface Story {
  readonly seed: number;
  /** What the records are before anybody goes offline. */
  readonly begun: readonly (readonly [Entity, JsonObject])[];
  /** What is changed while both devices are offline. */
  readonly steps: readonly StoryStep[];
  /** What the older app changes in the end, online, while nobody else writes. */
  readonly last: StoryStep;
  /** Texts of the beginning that only the newer app knows. */
  readonly keeps: readonly (readonly [Entity, string])[];
  /** The device that comes online first. The other meets its edits, and is killed while it merges them. */
  readonly first: Device;
  readonly second: Device;
}

const FRIENDS = ['Mia', 'Noor', 'Jonas', 'Aylin', 'Tom', 'Lea'] as const;
const STEPS = [
  'Walk to the river',
  'Breathe slowly for five minutes',
  'Listen to the quiet playlist',
  'Hold ice in one hand',
] as const;
const LAST_STEP = 'Open a window';
const MEANS_SAFETY = 'The tablets are with Sam.';
const LANGUAGE = 'en-GB';
const MORNINGS = ['Woke up at four.', 'A bad dream.', 'Rain all morning.'] as const;
const EVENINGS = ['A walk helped.', 'Called my sister.', 'Cooked something new.'] as const;

export function conflictStory(seed: number): Story {
  const random = seededRandom(seed);
  const number = (): string => `+49 30 ${String(1_000_000 + random.below(9_000_000))}`;
  const friend = random.pick(FRIENDS);
  const friendNumber = number();
  const newNumber = number();
  const oldNumber = number();
  const step = random.pick(STEPS);
  const morning = random.pick(MORNINGS);
  const evening = random.pick(EVENINGS);
  const quietStart = `2${random.below(4)}:15`;
  const isPhoneFirst = random.chance(0.5);
  const steps: readonly StoryStep[] = [
    {
      device: 'phone',
      entity: PLAN,
      tells: `adds ${friend} to the crisis plan`,
      edits: [
        {
          kind: 'add',
          field: 'emergencyContacts',
          item: { id: 'friend', name: friend, phones: [friendNumber] },
        },
      ],
      removals: [],
      writes: [friend, friendNumber],
      removes: [],
    },
    {
      device: 'tablet',
      entity: PLAN,
      tells: 'removes Robin from it (and says yes when asked), adds a step and a number of Sam',
      edits: [
        { kind: 'remove', field: 'emergencyContacts', id: 'robin' },
        { kind: 'add', field: 'copingSteps', item: { id: 'step', text: step } },
        { kind: 'add', field: 'emergencyContacts/sam/phones', item: newNumber },
      ],
      removals: ['/emergencyContacts/robin'],
      writes: [step, newNumber],
      removes: ['Robin', oldNumber],
    },
    {
      device: 'phone',
      entity: DIARY,
      tells: 'writes a line at the top of the diary entry',
      edits: [
        { kind: 'lineAbove', text: morning },
        { kind: 'add', field: 'tags', item: 'alone' },
      ],
      removals: [],
      writes: [morning, 'alone'],
      removes: [],
    },
    {
      device: 'tablet',
      entity: DIARY,
      tells: 'writes a line at its end',
      edits: [
        { kind: 'lineBelow', text: evening },
        { kind: 'add', field: 'tags', item: 'outside' },
      ],
      removals: [],
      writes: [evening, 'outside'],
      removes: [],
    },
    {
      device: 'phone',
      entity: PREFERENCES,
      tells: `sets quiet hours from ${quietStart}, and shares with the clinic`,
      edits: [{ kind: 'set', fields: { quietStart, quietEnd: '07:05', shareWithClinic: true } }],
      removals: [],
      writes: [quietStart, '07:05'],
      removes: [],
    },
    {
      device: 'tablet',
      entity: PREFERENCES,
      tells: 'makes the text larger, and takes back a consent',
      edits: [{ kind: 'set', fields: { textSize: 'larger', researchConsent: false } }],
      removals: [],
      writes: ['larger', '"researchConsent":false'],
      removes: [],
    },
    {
      device: 'phone',
      entity: SUBSCRIPTION,
      tells: 'asks for the yearly plan',
      edits: [{ kind: 'add', field: 'intents', item: intent('upgrade', 'to the yearly plan') }],
      removals: [],
      writes: ['to the yearly plan'],
      removes: [],
    },
    {
      device: 'tablet',
      entity: SUBSCRIPTION,
      tells: 'asks to cancel at the end of the month',
      edits: [{ kind: 'add', field: 'intents', item: intent('cancel', 'at the end of the month') }],
      removals: [],
      writes: ['at the end of the month'],
      removes: [],
    },
  ];
  return {
    seed,
    begun: begun(oldNumber),
    steps: shuffled(steps, (end) => random.below(end)),
    last: {
      device: 'tablet',
      entity: PLAN,
      tells: `has an older app, which knows no ${UNKNOWN_TO.tablet.join(' and no ')}; it adds a step to the crisis plan`,
      edits: [{ kind: 'add', field: 'copingSteps', item: { id: 'last', text: LAST_STEP } }],
      removals: [],
      writes: [LAST_STEP],
      removes: [],
    },
    keeps: [
      [PLAN, MEANS_SAFETY],
      [PREFERENCES, LANGUAGE],
    ],
    first: isPhoneFirst ? 'phone' : 'tablet',
    second: isPhoneFirst ? 'tablet' : 'phone',
  };
}

function intent(kind: string, what: string): Json {
  return { key: kind, kind, state: 'pending', what };
}

function begun(oldNumber: string): Story['begun'] {
  return [
    [
      PLAN,
      {
        emergencyContacts: [
          { id: 'sam', name: 'Sam', phones: ['+49 30 1234567'] },
          { id: 'robin', name: 'Robin', phones: [oldNumber] },
        ],
        copingSteps: [{ id: 'tea', text: 'Make tea' }],
        meansSafety: MEANS_SAFETY,
      },
    ],
    [DIARY, { id: 'entry-1', score: 4, tags: ['tired'], note: 'Slept badly.' }],
    [
      PREFERENCES,
      {
        textSize: 'normal',
        researchConsent: true,
        quietStart: null,
        quietEnd: null,
        language: LANGUAGE,
      },
    ],
    [SUBSCRIPTION, { id: 'subscription-1', status: 'active', plan: 'monthly', intents: [] }],
  ];
}

/** Steps of one record on one device stay in their order: there is one of each. */
function shuffled<Item>(items: readonly Item[], below: (end: number) => number): readonly Item[] {
  const left = [...items];
  return items.flatMap(() => left.splice(below(left.length), 1));
}

/** A record with an edit made. */
export function edited(value: JsonObject, edit: Edit): JsonObject {
  switch (edit.kind) {
    case 'set':
      return { ...value, ...edit.fields };
    case 'add':
      return changedAt(value, edit.field.split('/'), (list) => [...list, edit.item]);
    case 'remove':
      return changedAt(value, edit.field.split('/'), (list) =>
        list.filter((item) => (item as JsonObject)['id'] !== edit.id),
      );
    case 'lineAbove':
      return { ...value, note: `${edit.text}\n${textOf(value['note'])}` };
    case 'lineBelow':
      return { ...value, note: `${textOf(value['note'])}\n${edit.text}` };
    default:
      return edit satisfies never;
  }
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** The list at the end of a path of fields and of ids of items, changed. */
function changedAt(
  value: JsonObject,
  [field = '', id, ...rest]: readonly string[],
  change: (list: readonly Json[]) => readonly Json[],
): JsonObject {
  const list = (value[field] ?? []) as readonly Json[];
  if (id === undefined) return { ...value, [field]: change(list) };
  const items = list.map((item) =>
    (item as JsonObject)['id'] === id ? changedAt(item as JsonObject, rest, change) : item,
  );
  return { ...value, [field]: items };
}

/** The state of a wish that goes no further. */
export const WITHDRAWN = 'rejected';

/** What the person decides of the subscription: the yearly plan stands, the other wish is withdrawn. */
export function decided(subscription: JsonObject): JsonObject {
  const intents = (subscription['intents'] ?? []) as readonly JsonObject[];
  return {
    ...subscription,
    intents: intents.map((one) => (one['kind'] === 'cancel' ? { ...one, state: WITHDRAWN } : one)),
  };
}
