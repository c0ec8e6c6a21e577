/**
 * What a side does not have, has `null` for, or removed by a path: at any depth, alone and beside another side.
 */

import { describe, expect, test } from 'vitest';
import { missingFrom, pointersIn } from '../../../../machines/conflict/items.ts';
import { defineEntity } from '../../../../machines/merge/declaration/defineEntity.ts';
import {
  declareEntity,
  type EntityRules,
} from '../../../../machines/merge/declaration/entityRules.ts';
import { entityRulesOf } from '../../../../machines/merge/entities/rulesOf.ts';
import { mergeEntity } from '../../../../machines/merge/mergeEntity.ts';
import { anything } from '../../../../machines/merge/rules/anything.ts';
import { fields, map } from '../../../../machines/merge/rules/fields.ts';
import { list, set } from '../../../../machines/merge/rules/list.ts';
import type { AnyRule } from '../../../../machines/merge/rules/rule.ts';
import {
  ask,
  both,
  firstStays,
  furthest,
  largest,
  latest,
  serverDecides,
  strictest,
} from '../../../../machines/merge/rules/single.ts';
import { text } from '../../../../machines/merge/rules/text.ts';
import type { Tombstone } from '../../../../machines/vocabulary/record.ts';
import { A, B, merged, NOW, reasonsOf, removed, valueOf } from '../../../support/merge/two.ts';

/** An entity of one field, by a rule. */
function one(rule: AnyRule): EntityRules {
  return declareEntity({
    type: 'one',
    title: 'one',
    authority: 'the user',
    fields: { it: rule },
    other: anything(both()),
  });
}

/** An edit that meets nobody. */
function alone(
  rules: EntityRules | string,
  base: unknown,
  value: unknown,
  tombstones: readonly Tombstone[] = [],
) {
  return mergeEntity(rules, base, [{ value, meta: { ...A, tombstones } }], NOW);
}

const gone = (path: string, confirmed = true): Tombstone => ({
  path,
  confirmed,
  by: 'Kim',
  at: NOW,
});

describe('CF-7 null', () => {
  test.each<[string, AnyRule, unknown]>([
    ['the latest', latest(), 'x'],
    ['both', both(), 'x'],
    ['text', text(), 'x'],
    ['anything', anything(both()), 3],
  ])('CF-7 takes out a single value that no rule guards: %s', (_, rule, value) => {
    const result = alone(one(rule), { it: value }, { it: null });
    expect(result).toMatchObject({ value: { it: null }, review: [] });
  });

  test.each<[string, AnyRule, unknown]>([
    ['an object', anything(both()), { a: 1 }],
    ['an object that is taken whole', latest(), { a: 1 }],
    ['an object by its fields', fields({ other: latest() }), { a: 1 }],
    ['a list', anything(latest()), ['a']],
    ['a list of items', anything(both()), [{ id: 'a' }]],
    [
      'a declared list',
      list({ id: 'id', item: anything(both()), removing: 'confirmed' }),
      [{ id: 'a' }],
    ],
    ['a set', set(), ['a']],
    ['a list that is taken whole', latest(), ['a']],
    ['what is asked', ask(true), false],
    ['a consent', strictest(), false],
    ['what the server decides', serverDecides(), 'x'],
    ['a state', furthest(['a', 'b']), 'b'],
    ['a number that grows', largest({ grows: true }), 3],
    ['what never changes', firstStays(), 'x'],
  ])('CF-7 takes out nothing else, and a person is asked: %s', (_, rule, value) => {
    const result = alone(one(rule), { it: value, more: 1 }, { it: null });
    expect(result.value).toEqual({ it: value, more: 1 });
    expect(result.review).toMatchObject([
      {
        path: '/it',
        reason: 'emptied without a removal',
        alternatives: [{ value }, { value: null, actor: 'device-A' }],
      },
    ]);
  });

  test('CF-7 nobody is asked where nothing was', () => {
    for (const base of [{}, { it: null }, { it: [] }, { it: {} }, { it: 1 }]) {
      const rule = 'it' in base && base.it !== 1 ? anything(both()) : latest();
      expect(alone(one(rule), base, { it: null }).review).toEqual([]);
    }
    expect(alone(one(anything(both())), { it: [] }, { it: null }).value).toEqual({ it: [] });
  });

  test('CF-7 deep in what is taken whole it is the same', () => {
    const base = { it: { from: 22, days: ['mo'], more: { zone: 'x' } } };
    const result = alone(one(latest()), base, { it: { from: null, days: null, more: null } });
    expect(result.value).toEqual({ it: { from: null, days: ['mo'], more: { zone: 'x' } } });
    expect(reasonsOf(result)).toEqual([
      '/it/days: emptied without a removal',
      '/it/more: emptied without a removal',
    ]);
  });

  test('CF-7 the server may take back what it said', () => {
    const sides = [{ value: { it: null }, meta: { ...A, verified: true } }];
    const result = mergeEntity(one(serverDecides()), { it: 'x' }, sides, NOW);
    expect(result).toMatchObject({ value: { it: null }, review: [] });
  });

  test('CF-7 what another device wrote meanwhile stands, and a person is asked', () => {
    const result = merged('thing', { it: { a: 1 } }, [{ it: null }, A], [{ it: { a: 2 } }, B]);
    expect(valueOf(result)).toEqual({ it: { a: 2 } });
    expect(reasonsOf(result)).toEqual(['/it: emptied without a removal']);
  });

  test('CF-6 an answer of a questionnaire is not emptied unseen', () => {
    const base = { instrument: 'PHQ-9', answers: { q1: 1, q9: 3 } };
    const result = alone('assessment', base, { answers: { q9: null, q2: 1 } });
    expect(valueOf(result)).toMatchObject({ answers: { q1: 1, q2: 1, q9: 3 }, riskFlag: true });
    expect(reasonsOf(result)).toEqual(['/answers/q9: emptied without a removal']);
  });
});

describe('CF-7 what a side does not have', () => {
  const base = {
    note: 'n',
    quiet: { from: 22, to: 7, on: { mo: true, tu: false } },
    lines: ['a', 'b'],
    contacts: [{ id: 'c1', name: 'Mom', phones: ['1'], more: { a: 1, b: 2 } }],
  };

  test.each<[string, unknown, unknown]>([
    ['of the record', {}, base],
    ['of an object', { quiet: {} }, base],
    [
      'of an object in an object',
      { quiet: { to: 8, on: { mo: false } } },
      { ...base, quiet: { from: 22, to: 8, on: { mo: false, tu: false } } },
    ],
    [
      'of an item',
      { contacts: [{ id: 'c1', more: { a: 3 } }] },
      { ...base, contacts: [{ id: 'c1', name: 'Mom', phones: ['1'], more: { a: 3, b: 2 } }] },
    ],
  ])('CF-7 is not known to it: %s', (_, side, expected) => {
    for (const rules of [
      'thing',
      declareEntity({
        type: 'whole',
        title: 'w',
        authority: 'u',
        fields: { quiet: latest() },
        other: anything(latest()),
      }),
      declareEntity({
        type: 'parts',
        title: 'p',
        authority: 'u',
        fields: { quiet: map(latest()) },
        other: anything(both()),
      }),
    ]) {
      const result = alone(rules, base, side);
      expect(result).toMatchObject({ value: expected, review: [] });
    }
  });

  test('CF-7 a questionnaire that is completed keeps the answers of its draft', () => {
    const draft = { instrument: 'PHQ-9', status: 'in-progress', answers: { q1: 2, q9: 3 } };
    const result = alone('assessment', draft, { status: 'completed', answers: { q1: 2, q2: 0 } });
    expect(valueOf(result)).toMatchObject({ answers: { q1: 2, q2: 0, q9: 3 }, riskFlag: true });
  });

  test('CF-7 an entry of a list that nobody declared stays, and is asked about', () => {
    const result = alone(
      'crisis_plan',
      { medications: ['Sertraline', 'Lithium'] },
      { medications: ['Sertraline'] },
    );
    expect(valueOf(result)).toEqual({ medications: ['Sertraline', 'Lithium'] });
    expect(reasonsOf(result)).toEqual([
      '/medications/"Lithium": missing without a confirmed removal',
    ]);
  });

  test('CF-7 an entry without an id stays as well, and what is new beside it is taken', () => {
    const pills = [{ name: 'Sertraline', mg: 50 }, { name: 'Lithium' }];
    const [first, second] = pills;
    const result = alone('thing', { pills }, { pills: [first] });
    expect(valueOf(result)).toEqual({ pills });
    expect(reasonsOf(result)).toEqual([
      '/pills/{"name":"Lithium"}: missing without a confirmed removal',
    ]);
    const gone2 = alone('thing', { pills }, { pills: [second] }, [
      gone('/pills/{"mg":50,"name":"Sertraline"}'),
    ]);
    expect(gone2).toMatchObject({ value: { pills: [second] }, review: [] });
    const grown = merged(
      'thing',
      { pills },
      [{ pills: [...pills, { name: 'a' }] }, A],
      [{ pills: [...pills, { name: 'b' }] }, B],
    );
    expect(grown).toMatchObject({
      value: { pills: [...pills, { name: 'a' }, { name: 'b' }] },
      review: [],
    });
    const changed = alone('thing', { pills }, { pills: [{ ...first, mg: 25 }, second] });
    expect(changed).toMatchObject({
      value: { pills: [{ name: 'Sertraline', mg: 25 }, second] },
      review: [],
      audit: [{ path: '/pills', reason: 'replaced', lost: [{ value: pills }] }],
    });
  });

  test('CF-6 what a device took out of a set is in the audit', () => {
    const result = alone('mood_entry', { tags: ['a', 'b'] }, { tags: ['a'] });
    expect(valueOf(result)).toEqual({ tags: ['a'] });
    expect(result.audit).toMatchObject([
      {
        path: '/tags/"b"',
        reason: 'taken out',
        kept: null,
        lost: [{ value: 'b' }],
        removedBy: ['device-A'],
      },
    ]);
  });

  test('CF-6 what a list that is taken whole had is in the audit', () => {
    const result = alone(one(latest()), { it: [['a'], ['b']] }, { it: [['a']] });
    expect(result.audit).toMatchObject([
      { path: '/it', reason: 'replaced', lost: [{ value: [['a'], ['b']] }] },
    ]);
    expect(alone(one(latest()), { it: [['a']] }, { it: [['a'], ['b']] }).audit).toEqual([]);
  });
});

describe('CF-7 a removal with a path', () => {
  const base = {
    note: 'n',
    quiet: { from: 22, to: 7, days: ['mo'] },
    lines: ['a', 'b'],
    contacts: [
      { id: 'c1', name: 'Mom', more: { a: 1, b: 2 } },
      { id: 'c2', name: 'Bob' },
    ],
  };
  const { quiet, contacts, lines, note } = base;
  const mom = { id: 'c1', name: 'Mom', more: { a: 1, b: 2 } };

  test.each<[string, unknown, unknown]>([
    ['/note', { quiet, contacts, lines }, { quiet, contacts, lines }],
    ['/quiet', { note, contacts, lines }, { note, contacts, lines }],
    ['/quiet/from', { quiet: { to: 7 } }, { ...base, quiet: { to: 7, days: ['mo'] } }],
    ['/quiet/days', { quiet: {} }, { ...base, quiet: { from: 22, to: 7 } }],
    ['/quiet/days/mo', {}, { ...base, quiet: { from: 22, to: 7, days: [] } }],
    ['/lines/a', { lines: ['b'] }, { ...base, lines: ['b'] }],
    ['/lines/"a"', {}, { ...base, lines: ['b'] }],
    ['/contacts', {}, { note, quiet, lines }],
    ['/contacts/c2', { contacts: [mom] }, { ...base, contacts: [mom] }],
    ['/contacts/c2', {}, { ...base, contacts: [mom] }],
    [
      '/contacts/c1/name',
      { contacts: [{ id: 'c1' }, { id: 'c2' }] },
      { ...base, contacts: [{ id: 'c1', more: mom.more }, contacts[1]] },
    ],
    ['/contacts/c1/more/b', {}, { ...base, contacts: [{ ...mom, more: { a: 1 } }, contacts[1]] }],
  ])('CF-7 takes out an item or a value, at any depth: %s', (path, value, expected) => {
    const result = alone('thing', base, value, [gone(path)]);
    expect(result.value).toEqual(expected);
    expect(result.review).toEqual([]);
    expect(result.audit.some(({ removedBy = [] }) => removedBy.includes('Kim'))).toBe(true);
    // A device that has heard of nothing does not bring it back.
    const sides = [
      { value, meta: { ...A, tombstones: [gone(path)] } },
      { value: base, meta: B },
    ];
    expect(mergeEntity('thing', base, sides, NOW)).toMatchObject({ value: expected, review: [] });
  });

  test('CF-7 a text in a list is there by its own name and in quotes, so that what is put in again is not removed', () => {
    const there = pointersIn(entityRulesOf('thing'), { lines: ['a "b"'] });
    expect(there).toContain('/lines/a "b"');
    expect(there).toContain(String.raw`/lines/"a \"b\""`);
  });

  test('CF-6 a decision that takes an object out removes it, and it is not taken for there again', () => {
    const rules = entityRulesOf('thing');
    expect(missingFrom(rules, base, { ...base, quiet: null })).toEqual(['/quiet']);
    expect(pointersIn(rules, { ...base, quiet: null })).not.toContain('/quiet');
    const decided = alone('thing', base, { ...base, quiet: null }, [gone('/quiet')]);
    expect(decided).toMatchObject({ value: { note, lines, contacts }, review: [] });
  });

  test('CF-7 takes a field out of what is taken whole', () => {
    const result = alone(one(latest()), { it: quiet }, { it: { to: 7 } }, [gone('/it/from')]);
    expect(result.value).toEqual({ it: { to: 7, days: ['mo'] } });
    expect(result.audit).toMatchObject([{ lost: [{ value: quiet }] }]);
  });

  test('CF-7 takes nothing out that the side has still', () => {
    expect(alone('thing', base, base, [gone('/note'), gone('/contacts/c1/name')])).toMatchObject({
      value: base,
      review: [],
    });
  });

  test('CF-7 of an object or a list has to be confirmed', () => {
    for (const [path, rest] of [
      ['/quiet', { note, contacts, lines }],
      ['/lines', { note }],
    ] as const) {
      const result = alone('thing', base, rest, [gone(path, false)]);
      expect(result.value).toEqual(base);
      expect(reasonsOf(result)).toEqual([`${path}: missing without a confirmed removal`]);
    }
    expect(alone('thing', base, {}, [gone('/note', false)])).toMatchObject({
      value: { quiet, contacts, lines },
      review: [],
    });
  });

  test('CF-5 an edit of another device keeps it, and a person is asked', () => {
    const result = merged(
      'thing',
      base,
      [
        { quiet, contacts, lines },
        { ...A, ...removed('/note') },
      ],
      [{ ...base, note: 'other' }, B],
    );
    expect(valueOf(result)['note']).toBe('other');
    expect(reasonsOf(result)).toEqual(['/note: removed on one device, edited on another']);
  });

  test('CF-5 what never changes, or is never taken out, stays, and a person is asked', () => {
    const ledger = list({ id: 'id', item: anything(both()), removing: 'never' });
    for (const [rule, value] of [
      [firstStays(), 'x'],
      [serverDecides(), 'x'],
      [furthest(['a']), 'a'],
      [ledger, [{ id: 'p' }]],
    ] as const) {
      const result = alone(one(rule), { it: value, more: 1 }, { more: 1 }, [gone('/it')]);
      expect(result.value).toEqual({ it: value, more: 1 });
      expect(reasonsOf(result)).toEqual(['/it: this is not taken out']);
    }
  });

  test('CF-5 of two removals of one path a confirmed one stands, whoever knows of which', () => {
    const without = { contacts: [mom] };
    const open = gone('/contacts/c2', false);
    const confirmed = { ...gone('/contacts/c2'), by: 'Lee' };
    for (const two of [
      [open, confirmed],
      [confirmed, open],
    ] as const) {
      expect(alone('thing', base, without, two).review).toEqual([]);
      const apart = merged(
        'thing',
        base,
        [without, { ...A, tombstones: [two[0]] }],
        [without, { ...B, tombstones: [two[1]] }],
      );
      expect(apart.review).toEqual([]);
      expect(apart.value).toMatchObject(without);
      const seen = merged(
        'thing',
        base,
        [without, { ...A, vv: { a: 1 }, tombstones: [two[0]] }],
        [without, { ...B, vv: { a: 1, b: 1 }, tombstones: [two[1]] }],
      );
      expect(seen.review).toEqual([]);
    }
  });

  test('CF-7 names a value of a group', () => {
    const hours = { quietStart: '22', quietEnd: '7', quietTz: 'x' };
    const result = alone('preferences', hours, { quietEnd: '7' }, [gone('/quietTz')]);
    expect(result).toMatchObject({ value: { quietStart: '22', quietEnd: '7' }, review: [] });
    expect(result.value).not.toHaveProperty('quietTz');
  });
});

describe('CF-3 an entity of the app', () => {
  test('CF-7 keeps what its older version does not know', () => {
    const visit = defineEntity<{ at: number; where: { city: string; room?: string } }>()({
      type: 'visit',
      fields: { at: latest(), where: latest() },
    });
    const result = alone(
      visit,
      { at: 1, where: { city: 'x', room: '4' }, by: { car: true } },
      { at: 2, where: { city: 'y' } },
    );
    expect(result).toMatchObject({
      value: { at: 2, where: { city: 'y', room: '4' }, by: { car: true } },
      review: [],
    });
  });
});
