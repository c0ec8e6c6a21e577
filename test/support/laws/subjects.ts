/**
 * What the laws are tried on: each entity, and each policy of the kit as the rule of one field.
 *
 * @module
 */

// Subjects are entities by name.
import '../../../machines/merge/entities/entities.ts';
import fc from 'fast-check';
import { declareEntity } from '../../../machines/merge/declaration/entityRules.ts';
import { entityRulesOf } from '../../../machines/merge/entities/rulesOf.ts';
import { anything } from '../../../machines/merge/rules/anything.ts';
import { counter } from '../../../machines/merge/rules/counter.ts';
import { fields, map } from '../../../machines/merge/rules/fields.ts';
import { list, set } from '../../../machines/merge/rules/list.ts';
import { ownRule } from '../../../machines/merge/rules/ownRule.ts';
import type { AnyRule } from '../../../machines/merge/rules/rule.ts';
import {
  ask,
  both,
  firstStays,
  furthest,
  largest,
  latest,
  serverDecides,
  strictest,
} from '../../../machines/merge/rules/single.ts';
import { snapshot } from '../../../machines/merge/rules/snapshot.ts';
import { text } from '../../../machines/merge/rules/text.ts';
import { RECORDS } from '../merge/arbitraries.ts';
import type { Subject } from './law.ts';

const ENTITY_SUBJECTS: readonly Subject[] = Object.entries(RECORDS).map(([name, record]) => ({
  name,
  rules: entityRulesOf(name),
  record,
}));

const word = fc.constantFrom('a', 'b', 'ä', 'I', 'ı', 'a\u0308', 'a\nb', 'b\nc', '');
const single = fc.oneof(word, fc.nat(3), fc.boolean(), fc.constant(null));
const item = fc.record(
  { id: fc.constantFrom('c1', 'c2', 'c3'), text: word, at: fc.nat(2) },
  { requiredKeys: ['id'] },
);
const values = fc.array(single, { maxLength: 4 });
const items = fc.array(item, { maxLength: 4 });
const object = fc.dictionary(fc.constantFrom('x', 'y', 'id'), single, { maxKeys: 3 });
const whatever: fc.Arbitrary<unknown> = fc.oneof(
  single,
  values,
  items,
  object,
  fc.jsonValue({ maxDepth: 2 }),
);

/** An entity of one field, which goes by a rule. */
export function subjectOf(name: string, rule: AnyRule, value = whatever): Subject {
  const rules = declareEntity({
    type: name,
    title: name,
    authority: 'nobody',
    fields: { custom: rule },
    other: anything(both()),
  });
  // The field is named as removals of the cases name it.
  return { name, rules, record: fc.record({ custom: value, rest: single }, { requiredKeys: [] }) };
}

const lowest = ownRule<number>({
  says: 'The lowest stands.',
  resolve: (base, choices) => ({
    value: Math.min(...choices.map(({ value }) => value), base ?? 9),
  }),
});

const policies = (): Readonly<Record<string, AnyRule>> => ({
  latest: latest(),
  both: both(),
  ask: ask(true),
  serverDecides: serverDecides(),
  strictest: strictest([false, true]),
  furthest: furthest(['a', ['b', 'ä'], 'I']),
  largest: largest(),
  'largest, grows': largest({ grows: true }),
  firstStays: firstStays(),
  counter: counter(),
  text: text(),
  set: set(),
  'set, keeps one': set({ keepsOne: true, asksOfReplaced: true }),
  'list, confirmed': list({ id: 'id', item: fields({ other: both() }), removing: 'confirmed' }),
  'list, declared': list({ id: 'id', item: anything(latest()), removing: 'declared' }),
  'list, never': list({
    id: 'id',
    item: fields({ fields: { at: firstStays() }, other: latest() }),
    removing: 'never',
    uniqueBy: 'text',
  }),
  map: map(latest()),
  'map, strict': map(strictest(), { isStrict: true }),
  group: fields({
    groups: { pair: { names: ['x', 'y'], rule: latest() } },
    other: anything(both()),
  }),
  snapshot: snapshot({ ends: { field: 'x', states: ['a'] } }),
  'snapshot, prefers': snapshot({ prefers: (value) => value === true }),
  'anything, latest': anything(latest()),
  'anything, both': anything(both()),
});

/** All subjects, made now. */
export const subjects = (): readonly Subject[] => [
  ...ENTITY_SUBJECTS,
  ...Object.entries(policies()).map(([name, rule]) => subjectOf(name, rule)),
  subjectOf('own rule', lowest, fc.nat(50)),
  subjectOf(
    'counter of numbers',
    counter(),
    fc.oneof(fc.nat(9), fc.constantFrom(0.1, 0.2, -3, 1e308)),
  ),
];

export const SUBJECTS = subjects();

/** The subject that is called so. */
export function subjectCalled(name: string): Subject {
  const found = SUBJECTS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no subject ${name}`);
  return found;
}
