/**
 * Unlawful rules, clocks and vectors, one or more for each law: what finds nothing on these finds nothing.
 *
 * @module
 */

import fc from 'fast-check';
import { vectorFrom } from '../../../machines/merge/clock/hybridClock.ts';
import { declareEntity } from '../../../machines/merge/declaration/entityRules.ts';
import { anything } from '../../../machines/merge/rules/anything.ts';
import type { ChangeNotes } from '../../../machines/merge/rules/change.ts';
import { fields, map } from '../../../machines/merge/rules/fields.ts';
import { list, set } from '../../../machines/merge/rules/list.ts';
import { type AnyRule, type Decide, whole } from '../../../machines/merge/rules/rule.ts';
import { both, firstStays, largest, latest } from '../../../machines/merge/rules/single.ts';
import { canonical } from '../../../machines/merge/values/canonical.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import type { Subject } from './law.ts';
import { subjectCalled, subjectOf } from './subjects.ts';

export interface Planted {
  /** The law that it breaks. */
  readonly law: string;
  /** What the check of L1 to L7 calls it; of the others, a part of what is said. */
  readonly found: string;
  readonly subject: Subject;
}

const texts = fc.constantFrom<unknown>('a', 'b', 'c', 'z', 'ä', 'I', 'ı', 'i');
const planted = (name: string, decide: Decide, value?: fc.Arbitrary<unknown>): Subject =>
  subjectOf(name, whole({ kind: 'own rule', says: name, asks: '' }, decide), value);

/** The entity with some of its fields by other rules, and without its groups. */
function spoilt(type: string, fieldRules: Readonly<Record<string, AnyRule>>): Subject {
  const { record, rules } = subjectCalled(type);
  const own = (rules.fields.parts ?? []).filter(([name]) => /^\w+$/.test(name));
  const declared = declareEntity({
    type,
    title: type,
    authority: 'nobody',
    fields: { ...Object.fromEntries(own), ...fieldRules },
    other: anything(both()),
  });
  const names = Object.keys(fieldRules).join(', ');
  return { name: `${type} with other rules of ${names}`, record, rules: declared };
}

/** Whoever came last, by a clock of arrivals. */
function byArrival(): AnyRule {
  const rule = latest();
  const places = new Map<string, number>();
  let arrived = 0;
  return {
    ...rule,
    note: (base: Json | undefined, side: Json | undefined, notes: ChangeNotes) => {
      places.set(notes.from.actor, ++arrived);
      rule.note(base, side, notes);
    },
    project: (base, { own }) => {
      const place = ({ from }: (typeof own)[number]) => places.get(from.actor) ?? 0;
      return own.toSorted((one, other) => place(other) - place(one))[0]?.value ?? base;
    },
  };
}

/** The latest record stands whole, whether or not it changed anything. */
function wholeRecord(): Subject {
  const subject = subjectOf('the latest record', latest());
  const rule: AnyRule = {
    ...latest(),
    note: (_, side, notes) => {
      if (side !== undefined) notes.add('set', side);
    },
  };
  return { ...subject, rules: { ...subject.rules, fields: rule } };
}

/** Adds to what it came to last time. */
function remembering(): AnyRule {
  let times = 0;
  return { ...latest(), project: (base, { own }) => (own.length > 0 ? (times += 1) : base) };
}

const average: Decide = (alts, base) => ({
  value:
    alts.length === 0
      ? base
      : alts.reduce((sum, { value }) => sum + (typeof value === 'number' ? value : 0), 0.5) /
        alts.length,
});

/** Rules that come to something else in another locale, or in another time zone. */
export const UNLAWFUL_ELSEWHERE: readonly Subject[] = [
  planted(
    'a tie by locale',
    (alts, base) => ({
      value:
        alts.toSorted((one, other) => canonical(one.value).localeCompare(canonical(other.value)))[0]
          ?.value ?? base,
      lost: alts,
    }),
    texts,
  ),
  planted('a number as the locale writes it', ([first], base) => ({
    value: first === undefined ? base : (first.from.ms + 0.5).toLocaleString(),
  })),
  planted('the hour of the day here', ([first], base) => ({
    value: first === undefined ? base : new Date(first.from.ms).getHours(),
  })),
];

const MERGES: readonly Planted[] = [
  { law: 'L1', found: 'commutative', subject: subjectOf('who came last', byArrival()) },
  { law: 'L2', found: 'associative', subject: subjectOf('what it was before', remembering()) },
  {
    law: 'L3',
    found: 'idempotent',
    subject: subjectOf('counts deliveries', {
      ...latest(),
      note: (() => {
        let delivered = 0;
        return (_: unknown, side: unknown, notes: ChangeNotes) => {
          if (side !== undefined) notes.add('set', (delivered += 1));
        };
      })(),
    }),
  },
  {
    law: 'L4',
    found: 'identity',
    subject: wholeRecord(),
  },
  {
    law: 'L5',
    found: 'agreement',
    subject: subjectOf('counts who says so', {
      ...latest(),
      project: (base, { own }) => (own.length === 0 ? base : own.length),
    }),
  },
  {
    law: 'L6',
    found: 'total',
    subject: planted('throws', (alts, base) => {
      if (alts.length > 1) throw new Error('cannot decide');
      return { value: alts[0]?.value ?? base };
    }),
  },
  {
    law: 'L7',
    found: 'conservation',
    subject: planted('a loser without an audit', ([first], base) => ({
      value: first?.value ?? base,
    })),
  },
  {
    law: 'L7',
    found: 'conservation',
    subject: planted('the longer list', (alts, base) => {
      const length = (value: Json) => (Array.isArray(value) ? value.length : 0);
      return {
        value: alts.toSorted((a, b) => length(b.value) - length(a.value))[0]?.value ?? base,
      };
    }),
  },
];

const item = fields({
  fields: { amount: firstStays(), currency: firstStays() },
  other: anything(both()),
});
const ENTITIES: readonly Planted[] = [
  {
    law: 'L8',
    found: 'is gone',
    subject: spoilt('crisis_plan', {
      emergencyContacts: list({ id: 'id', item, removing: 'observed' }),
    }),
  },
  {
    law: 'L9',
    found: 'last number',
    subject: spoilt('crisis_plan', {
      emergencyContacts: list({
        id: 'id',
        item: fields({ fields: { phones: set() }, other: both() }),
        removing: 'confirmed',
      }),
    }),
  },
  {
    law: 'L9',
    found: 'is not reached',
    subject: spoilt('crisis_plan', {
      emergencyContacts: list({
        id: 'id',
        item: fields({ fields: { phones: firstStays() }, other: both() }),
        removing: 'confirmed',
      }),
    }),
  },
  { law: 'L10', found: 'taken back', subject: spoilt('assessment', { riskFlag: latest() }) },
  {
    law: 'L11',
    found: 'nobody answered',
    subject: spoilt('assessment', {
      answers: map(whole({ kind: 'own rule', says: '', asks: '' }, average)),
    }),
  },
  {
    law: 'L12',
    found: 'is gone',
    subject: spoilt('invoice', { payments: list({ id: 'id', item, removing: 'observed' }) }),
  },
  {
    law: 'L12',
    found: 'another amount',
    subject: spoilt('invoice', {
      payments: list({
        id: 'id',
        item: fields({
          fields: { amount: largest(), currency: firstStays() },
          other: anything(both()),
        }),
        removing: 'never',
      }),
    }),
  },
  { law: 'L13', found: 'a claim changed', subject: spoilt('subscription', { status: latest() }) },
  { law: 'L13', found: 'a claim changed', subject: spoilt('entitlement', { plan: latest() }) },
  { law: 'L13', found: 'a claim changed', subject: spoilt('invoice', { status: latest() }) },
  {
    law: 'L13',
    found: 'not marked pending',
    subject: spoilt('payment_method', { methods: list({ id: 'id', item, removing: 'declared' }) }),
  },
  {
    law: 'L13b',
    found: 'stands against the provider',
    subject: spoilt('payment_method', { defaultId: latest() }),
  },
  { law: 'L14', found: 'refused', subject: spoilt('preferences', { consents: map(latest()) }) },
];

const faulty = (name: string, clock: NonNullable<Subject['clock']>): Subject => ({
  ...subjectOf(name, latest()),
  clock,
});
const CLOCKS: readonly Planted[] = [
  {
    law: 'L15',
    found: 'went back',
    subject: faulty('the wall clock alone', { nextStamp: (__, ms) => ({ ms, c: 0 }) }),
  },
  {
    law: 'L15',
    found: 'taken along',
    subject: faulty('follows any clock', {
      stampAfter: (last, seen) => ({ ms: Math.max(last.ms, seen.ms), c: last.c + seen.c + 1 }),
    }),
  },
  {
    law: 'L15',
    found: 'ahead of its receipt',
    subject: faulty('no bound', { clampedMs: (ms) => ms }),
  },
  {
    law: 'L15',
    found: 'a clock that is ahead decides',
    subject: planted('the clock as it came', (alts, base) => {
      const [first] = alts.toSorted((one, other) => other.from.givenMs - one.from.givenMs);
      const isAhead = first !== undefined && first.from.givenMs > first.from.ms;
      return { value: isAhead ? 'ahead' : (first?.value ?? base), lost: alts };
    }),
  },
  { law: 'L17', found: 'do not say the same', subject: subjectOf('who came last', byArrival()) },
  {
    law: 'L18',
    found: 'not equal to itself',
    subject: faulty('who has more changes', {
      compareVectors: (one, other) => {
        const sum = (vector: Readonly<Record<string, number>>) =>
          Object.values(vector).reduce((all, count) => all + count, 0);
        return sum(one) >= sum(other) ? 'after' : 'before';
      },
    }),
  },
  {
    law: 'L18',
    found: 'joined below',
    subject: faulty('the newer vector instead of both', {
      joinVectors: (one, other) => vectorFrom({ ...one, ...other }) ?? {},
    }),
  },
];

export const PLANTED: readonly Planted[] = [...MERGES, ...ENTITIES, ...CLOCKS];
