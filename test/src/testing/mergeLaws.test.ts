import { afterEach, describe, expect, test, vi } from 'vitest';
import { declareEntity } from '../../../machines/merge/declaration/entityRules.ts';
import type { ChangeNotes } from '../../../machines/merge/rules/change.ts';
import { type AnyRule, type Decide, whole } from '../../../machines/merge/rules/rule.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import {
  ask,
  both,
  defineEntity,
  fields,
  firstStays,
  furthest,
  largest,
  latest,
  list,
  map,
  mergeEntity,
  ownRule,
  serverDecides,
  set,
  snapshot,
  strictest,
  text,
} from '../../../src/merge/index.ts';
import { mergeLaws, type SeededRandom } from '../../../src/testing/index.ts';
import { cases } from '../../support/cases.ts';

interface Recipe {
  readonly id: string;
  readonly title: string;
  readonly servings?: number;
  readonly note?: string | null;
  readonly tags: readonly string[];
  readonly steps: readonly { readonly id: string; readonly text: string }[];
  readonly stage?: 'idea' | 'tried' | 'good' | 'bad';
}

const rating = ownRule<number>({
  says: 'The lowest stands.',
  resolve: (base, choices) => ({
    value: Math.min(...choices.map(({ value }) => value), base ?? 9),
  }),
});

const recipe = defineEntity<Recipe>()({
  type: 'recipe',
  fields: {
    id: firstStays(),
    title: both(),
    servings: largest(),
    note: text(),
    tags: set(),
    steps: list({ id: 'id', item: fields({ other: both() }), removing: 'confirmed' }),
    stage: furthest(['idea', 'tried', ['good', 'bad']]),
  },
});

const WORDS = ['a', 'b', 'ä', 'I', 'ı', 'b\nc'] as const;
const word = (random: SeededRandom) => random.pick([...WORDS]);

function anyRecipe(random: SeededRandom): Recipe {
  const some = <T>(make: () => T) => Array.from({ length: random.below(4) }, make);
  return {
    id: 'r1',
    title: word(random),
    servings: random.below(3),
    note: word(random),
    tags: some(() => word(random)),
    steps: some(() => ({ id: random.pick(['s1', 's2', 's3']), text: word(random) })),
    stage: random.pick(['idea', 'tried', 'good', 'bad']),
  };
}

const anyField = (random: SeededRandom): unknown => ({
  field: random.pick<unknown>([
    [...new Set([word(random), word(random)])],
    [...new Set([word(random), word(random), word(random)])],
    [],
  ]),
});
const anyNumber = (random: SeededRandom): unknown => ({ field: 1 + random.below(50) });

/** Rules of one field, as `declareEntity` takes them: nothing is checked. */
const only = (field: AnyRule) =>
  declareEntity({
    type: 'planted',
    title: 'planted',
    authority: '',
    fields: { field },
    other: both(),
  });
const planted = (decide: Decide) =>
  only(whole({ kind: 'own rule', says: 'planted', asks: '' }, decide));

afterEach(() => vi.restoreAllMocks());

describe('CF-3 an app’s own entity', () => {
  test('is typed by what it holds, and merged by its rules', () => {
    const base: Recipe = { id: 'r1', title: 'Soup', tags: [], steps: [] };
    const merged = mergeEntity(
      recipe,
      base,
      [
        { value: { ...base, title: 'Good soup', stage: 'good' }, meta: { actor: 'a' } },
        {
          value: { ...base, tags: ['hot'], steps: [{ id: 's1', text: 'stir' }] },
          meta: { actor: 'b' },
        },
      ],
      0,
    );
    expect(merged).toMatchObject({
      value: { title: 'Good soup', stage: 'good', tags: ['hot'], steps: [{ id: 's1' }] },
      review: [],
      audit: [],
    });
    defineEntity<Recipe>()({
      type: 'recipe',
      // @ts-expect-error text is for texts
      fields: { servings: text() },
    });
    // @ts-expect-error not a field
    defineEntity<Recipe>()({ type: 'recipe', fields: { colour: latest() } });
  });

  test('holds the laws', () => {
    expect(mergeLaws(recipe, { value: anyRecipe, runs: cases(100, 300) }).broken).toEqual([]);
  });

  test.each<[string, AnyRule]>([
    ['latest', latest()],
    ['both', both()],
    ['ask', ask(0)],
    ['serverDecides', serverDecides()],
    ['strictest', strictest([1, 2, 3])],
    ['furthest', furthest(['1', ['2', '3']])],
    ['largest', largest({ grows: true })],
    ['firstStays', firstStays()],
    ['text', text()],
    ['set', set()],
    ['keeping set', set({ keepsOne: true, asksOfReplaced: true })],
    ['list', list({ id: String, item: latest(), removing: 'declared' })],
    ['map', map(latest())],
    ['snapshot', snapshot({ ends: { field: 'x', states: ['y'] } })],
    ['own rule', rating],
  ])('the rule %s holds them for whatever it meets', (_, rule) => {
    for (const value of [anyField, anyNumber]) {
      expect(mergeLaws(only(rule), { value, runs: cases(50, 150), seed: 5 }).broken).toEqual([]);
    }
  });

  test('a rule of its own that throws, or gives nothing, stops no merge', () => {
    const faulty = (resolve: () => never) => only(ownRule({ says: 'faulty', resolve }));
    const rules = [
      faulty(() => {
        throw new Error('a bug');
      }),
      faulty(() => undefined as never),
      faulty(() => ({ value: () => 1 }) as never),
    ];
    for (const one of rules) {
      expect(mergeLaws(one, { value: anyNumber, runs: 100 }).broken).toEqual([]);
      const { review } = mergeEntity(
        one,
        { field: 1 },
        [{ value: { field: 2 }, meta: { actor: 'a' } }],
        0,
      );
      expect(review).toMatchObject([{ reason: 'the rule failed' }]);
    }
  });

  test('a rule of its own gets copies: what it changes is its own', () => {
    const vandal = ownRule<string[]>({
      says: 'vandal',
      resolve: (base, choices) => {
        base?.push('x');
        for (const { value } of choices) value.push('y');
        return { value: ['z'], review: 'look' };
      },
    });
    expect(mergeLaws(only(vandal), { value: anyField, runs: 100 }).broken).toEqual([]);
  });
});

describe('CF-2 CF-6 what the laws find', () => {
  const lawsFound = (rules: ReturnType<typeof only>, value = anyField) => {
    const { broken } = mergeLaws(rules, { value, runs: 200 });
    return [...new Set(broken.flatMap(({ laws }) => laws))].toSorted();
  };
  const length = (value: Json | undefined) => (Array.isArray(value) ? value.length : 0);

  test('the longer list: what the other had is lost', () => {
    const longer = planted((alts, base) => ({
      value:
        alts.toSorted((one, other) => length(other.value) - length(one.value))[0]?.value ?? base,
    }));
    expect(lawsFound(longer)).toContain('conservation');
  });

  test('who came last: the order decides', () => {
    let arrived = 0;
    const places = new Map<string, number>();
    const rule = latest();
    const byArrival: AnyRule = {
      ...rule,
      note: (base: Json | undefined, side: Json | undefined, notes: ChangeNotes) => {
        arrived += 1;
        places.set(notes.from.actor, arrived);
        rule.note(base, side, notes);
      },
      project: (base, node) =>
        node.own.toSorted(
          (one, other) => (places.get(other.from.actor) ?? 0) - (places.get(one.from.actor) ?? 0),
        )[0]?.value ?? base,
    };
    expect(lawsFound(only(byArrival))).toContain('commutative');
  });

  test('an average: what devices wrote is nowhere', () => {
    const average = planted((alts, base) => ({
      value:
        alts.length === 0
          ? base
          : alts.reduce((sum, { value }) => sum + Number(value) + 0.1, 0) / alts.length,
    }));
    expect(lawsFound(average, anyNumber)).toContain('conservation');
  });

  test('a loser without an audit', () => {
    expect(lawsFound(planted(([first], base) => ({ value: first?.value ?? base })))).toContain(
      'conservation',
    );
  });

  test('a rule that throws', () => {
    const throwing = planted((alts, base) => {
      if (alts.length > 1) throw new Error('cannot decide');
      return { value: alts[0]?.value ?? base };
    });
    expect(lawsFound(throwing)).toContain('total');
  });

  test('a rule that changes what it is given', () => {
    const changing = planted((alts, base) => {
      for (const { value } of alts) (value as unknown[]).push?.('changed');
      return { value: alts[0]?.value ?? base, lost: alts };
    });
    expect(lawsFound(changing)).not.toEqual([]);
  });

  test('chance, and counting what is delivered', () => {
    let tosses = 0;
    const tossed = planted((alts, base) => ({
      value: alts[tosses++ % alts.length]?.value ?? base,
      lost: alts,
    }));
    expect(lawsFound(tossed)).toContain('commutative');
    let count = 0;
    const counting: AnyRule = { ...latest(), note: () => (count += 1), project: () => count };
    const always: AnyRule = {
      ...counting,
      note: (_: unknown, __: unknown, notes: ChangeNotes) => {
        count += 1;
        notes.add('set', count);
      },
    };
    expect(lawsFound(only(always), anyNumber)).toEqual(
      expect.arrayContaining(['idempotent', 'identity']),
    );
  });

  test('a tie by locale: another locale breaks it', () => {
    const byLocale = planted((alts, base) => {
      const sorted = alts.toSorted((one, other) =>
        JSON.stringify(one.value).localeCompare(JSON.stringify(other.value)),
      );
      return { value: sorted[0]?.value ?? base, lost: alts };
    });
    const sides = ['a', 'b'].map((field) => ({ value: { field }, meta: { actor: field } }));
    const here = mergeEntity(byLocale, {}, sides, 0).mergeId;
    vi.spyOn(String.prototype, 'localeCompare').mockImplementation(function (this: string, other) {
      return this < other ? 1 : -1;
    });
    expect(mergeEntity(byLocale, {}, sides, 0).mergeId).not.toBe(here);
    const lawful = only(latest());
    const there = mergeEntity(lawful, {}, sides, 0).mergeId;
    vi.restoreAllMocks();
    expect(mergeEntity(lawful, {}, sides, 0).mergeId).toBe(there);
  });
});
