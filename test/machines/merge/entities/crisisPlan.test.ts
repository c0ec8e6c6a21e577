import { describe, expect, test } from 'vitest';
import {
  A,
  B,
  idsOf,
  isKept,
  MINUTE,
  merged,
  NOW,
  reasonsOf,
  removed,
  type Sided,
  valueOf,
} from '../../../support/merge/two.ts';

const mom = { id: 'c1', name: 'Mom', phones: ['+15550100'] };
const bob = { id: 'c2', name: 'Bob', phones: ['+15550101'] };
const eve = { id: 'c3', name: 'Eve', phones: ['+15550102'] };
const plan = (...emergencyContacts: readonly object[]) => ({ emergencyContacts });

const merge = (base: unknown, ...sides: readonly Sided[]) => merged('crisis_plan', base, ...sides);
const contacts = (result: ReturnType<typeof merge>) =>
  valueOf(result)['emergencyContacts'] as readonly (typeof mom)[];

describe('CF-5 contacts of a crisis plan', () => {
  test('the one that a longer list does not have stays', () => {
    const other = [{ ...eve, id: 'c4' }, eve];
    const result = merge(plan(mom), [plan(mom, bob), A], [plan(mom, ...other), B]);
    expect(new Set(idsOf(contacts(result)))).toEqual(new Set(['c1', 'c2', 'c3', 'c4']));
  });

  test('a confirmed removal holds against a copy that did not change', () => {
    const result = merge(
      plan(mom, bob),
      [plan(mom), { ...A, ...removed('/emergencyContacts/c2') }],
      [plan(mom, bob), B],
    );
    expect(idsOf(contacts(result))).toEqual(['c1']);
    expect(result.review).toEqual([]);
    expect(isKept(result, '+15550101')).toBe(true);
  });

  test('an edit keeps a contact that another device removed, and a person is asked', () => {
    const result = merge(
      plan(mom, bob),
      [plan(mom), { ...A, ...removed('/emergencyContacts/c2') }],
      [plan(mom, { ...bob, phones: ['+15550999'] }), B],
    );
    expect(contacts(result)[1]?.phones).toEqual(['+15550999']);
    expect(reasonsOf(result)).toEqual([
      '/emergencyContacts/c2: removed on one device, edited on another',
    ]);
  });

  test('a removal that was not confirmed removes nothing', () => {
    const tombstones = [{ path: '/emergencyContacts/c2', confirmed: false, by: 'sync', at: NOW }];
    const result = merge(plan(mom, bob), [plan(mom), { ...A, tombstones }], [plan(mom, bob), B]);
    expect(idsOf(contacts(result))).toEqual(['c1', 'c2']);
    expect(result.review).toHaveLength(1);
  });

  test('a contact that was removed for good is not put back by a device that still has it', () => {
    const result = merge(
      plan(mom),
      [plan(mom), { ...A, ...removed('/emergencyContacts/c2') }],
      [plan(mom, bob), B],
    );
    expect(idsOf(contacts(result))).toEqual(['c1']);
    expect(result.review).toHaveLength(1);
    expect(isKept(result, '+15550101')).toBe(true);
  });

  test('numbers that two devices put in place of one are both kept, and a person is asked', () => {
    const result = merge(
      plan(mom),
      [plan({ ...mom, phones: ['+15550201'] }), A],
      [plan({ ...mom, phones: ['+15550202'] }), B],
    );
    expect(contacts(result)[0]?.phones.toSorted()).toEqual(['+15550201', '+15550202']);
    expect(reasonsOf(result)).toEqual(['/emergencyContacts/c1/phones: replaced differently']);
  });

  test('a number that one device replaced is gone', () => {
    const changed = plan({ ...mom, phones: ['+15550201'] });
    const result = merge(plan(mom), [changed, A], [plan(mom), B]);
    const audit = [{ reason: 'taken out', lost: [{ value: '+15550100' }] }];
    expect(result).toMatchObject({ value: changed, review: [], audit });
  });

  test('the last number stays, whoever takes it out', () => {
    const two = { ...mom, phones: ['+15550100', '+15550101'] };
    const apart = merge(
      plan(two),
      [plan({ ...mom, phones: ['+15550100'] }), A],
      [plan({ ...mom, phones: ['+15550101'] }), B],
    );
    expect(contacts(apart)[0]?.phones).toEqual(['+15550100', '+15550101']);
    expect(apart.review).toHaveLength(1);
    const alone = merge(plan(mom), [plan({ ...mom, phones: [] }), A], [plan(mom), B]);
    expect(contacts(alone)[0]?.phones).toEqual(['+15550100']);
  });

  test.each([[null], [[]]])('a list that came as %j was not loaded', (emergencyContacts) => {
    const result = merge(plan(mom, bob), [{ emergencyContacts }, A], [plan(mom, bob), B]);
    expect(idsOf(contacts(result))).toEqual(['c1', 'c2']);
    expect(result.review).not.toEqual([]);
  });

  test('a national line stays, confirmed or not', () => {
    const line = { id: 's1', name: '988', phones: ['988'], system: true };
    const result = merge(
      plan(mom, line),
      [plan(mom), { ...A, ...removed('/emergencyContacts/s1') }],
      [plan(mom, line), B],
    );
    expect(idsOf(contacts(result))).toEqual(['c1', 's1']);
    expect(result.review).toHaveLength(1);
  });

  test('nobody reachable is told once, when it comes about', () => {
    const none = { id: 'c9', name: 'Sam', phones: [] };
    const result = merge(plan(mom), [plan(mom, none), A], [plan(mom), B]);
    expect(reasonsOf(result)).toEqual([
      '/emergencyContacts/c9: there is no way to reach this contact',
    ]);
    const later = merge(plan(mom, none), [plan(mom, none, bob), A], [plan(mom, none), B]);
    expect(later.review).toEqual([]);
  });

  test('the order of one device stands, with what others added', () => {
    const result = merge(plan(mom, bob), [plan(bob, mom), A], [plan(mom, bob, eve), B]);
    expect(new Set(idsOf(contacts(result)))).toEqual(new Set(['c1', 'c2', 'c3']));
    expect(result.review).toEqual([]);
  });

  test('contacts without an identity, and two under one, are all kept', () => {
    const bare = { name: 'Sam', phones: ['+15550300'] };
    const twin = { ...mom, phones: ['+15550400'] };
    const result = merge(plan(mom), [plan(mom, bare), A], [plan(mom, twin), B]);
    expect(contacts(result)).toHaveLength(3);
    for (const number of ['+15550100', '+15550300', '+15550400']) {
      expect(JSON.stringify(result.value)).toContain(number);
    }
  });

  test('a clock a year ahead changes the order by no more than its receipt', () => {
    const ahead = {
      ...A,
      hlc: { ms: NOW + 365 * 1_440 * MINUTE, c: 0 },
      receivedAt: NOW - 8 * MINUTE,
    };
    const result = merge(
      plan(mom),
      [plan({ ...mom, name: 'Mama' }), ahead],
      [plan({ ...mom, name: 'Mum' }), B],
    );
    expect(contacts(result)[0]?.name).toBe('Mum');
    expect(reasonsOf(result)).toEqual(['/emergencyContacts/c1/name: changed differently']);
    expect(isKept(result, 'Mama')).toBe(true);
  });
});

describe('CF-5 CF-6 words of a crisis plan', () => {
  const steps = (...copingStrategies: readonly object[]) => ({ copingStrategies });

  test('lines of both are there, and a line that both changed is kept twice', () => {
    const base = { ...steps({ id: 's1', text: 'walk' }), meansSafety: 'pills with Ann' };
    const result = merge(
      base,
      [{ ...steps({ id: 's1', text: 'walk the dog' }), meansSafety: 'pills with Ann' }, A],
      [{ ...steps({ id: 's1', text: 'walk far' }, { id: 's2', text: 'call' }) }, B],
    );
    expect(idsOf(valueOf(result)['copingStrategies'])).toEqual(['s1', 's2']);
    expect(valueOf(result)['meansSafety']).toBe('pills with Ann');
    expect(isKept(result, 'walk the dog') && isKept(result, 'walk far')).toBe(true);
    expect(result.review).toHaveLength(1);
  });

  test('parts that nobody declared are kept alike', () => {
    const base = { places: [{ id: 'p1', text: 'park' }], custom: { song: 'x' } };
    const result = merge(
      base,
      [{ places: [], custom: { song: 'y' } }, A],
      [{ ...base, custom: { song: 'z' } }, B],
    );
    expect(idsOf(valueOf(result)['places'])).toEqual(['p1']);
    expect(result.review.map(({ path }) => path)).toEqual(['/custom/song', '/places/p1']);
  });

  test('what somebody emptied is in the audit', () => {
    const result = merge({ note: 'keys' }, [{ note: '' }, A], [{ note: 'keys' }, B]);
    expect(valueOf(result)['note']).toBe('');
    expect(isKept(result, 'keys')).toBe(true);
  });

  test('a section that came as something else is kept, and asked of', () => {
    const result = merge(plan(mom), [{ emergencyContacts: 'none' }, A], [plan(mom, bob), B]);
    expect(idsOf(contacts(result))).toEqual(['c1', 'c2']);
    expect(isKept(result, 'none')).toBe(true);
  });
});
