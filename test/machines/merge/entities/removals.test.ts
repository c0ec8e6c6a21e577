/**
 * Removals, and what stands against them: what is not there, what comes back, what nobody may take out.
 */

import { describe, expect, test } from 'vitest';
import {
  A,
  B,
  idsOf,
  isKept,
  merged,
  NOW,
  reasonsOf,
  removed,
  valueOf,
} from '../../../support/merge/two.ts';

const mom = { id: 'c1', name: 'Mom', phones: ['+15550100'] };
const ex = { id: 'c9', name: 'Alex', phones: ['+15550109'] };
const plan = (...contacts: readonly unknown[]) => ({ emergencyContacts: contacts });
const contactsOf = (result: ReturnType<typeof merged>) =>
  idsOf(valueOf(result)['emergencyContacts']);
const gone = removed('/emergencyContacts/c9');
describe('CF-5 removals from a crisis plan', () => {
  test('CF-5: a number that nobody can dial takes the place of none', () => {
    for (const phones of [[''], ['none'], ['', '-'], [], [{ 0: false }]]) {
      const result = merged('crisis_plan', plan(mom), [plan({ ...mom, phones }), A]);
      const [contact] = valueOf(result)['emergencyContacts'] as (typeof mom)[];
      expect(contact?.phones).toContain('+15550100');
      expect(reasonsOf(result)).toEqual(['/emergencyContacts/c1/phones: the last one stays']);
    }
    const other = { ...mom, phones: ['+15550111'] };
    expect(merged('crisis_plan', plan(mom), [plan(other), A])).toMatchObject({
      value: plan(other),
      review: [],
    });
    // Where none was a number, the last of them stays all the same.
    const chat = { ...mom, phones: ['the chat'] };
    expect(merged('crisis_plan', plan(chat), [plan({ ...mom, phones: [] }), A]).value).toEqual(
      plan(chat),
    );
  });

  test('CF-5: a removal counts though the device told nothing else of the list', () => {
    for (const side of [{ note: 'x' }, { emergencyContacts: null }]) {
      const result = merged(
        'crisis_plan',
        plan(mom, ex),
        [side, { ...A, ...gone }],
        [plan(mom, ex), B],
      );
      expect(contactsOf(result)).toEqual(['c1']);
      expect(isKept(result, 'Alex')).toBe(true);
    }
    // A list that nobody declared goes by the same rule.
    const friends = { friends: [mom, ex] };
    const tombstones = [{ path: '/friends/c9', confirmed: true, by: 'user', at: NOW }];
    const result = merged('crisis_plan', friends, [{}, { ...A, tombstones }], [friends, B]);
    expect(valueOf(result)['friends']).toEqual([mom]);
    // Without a word of removal what is not there is not known.
    expect(merged('crisis_plan', plan(mom, ex), [{}, A])).toMatchObject({
      value: plan(mom, ex),
      review: [],
    });
  });

  test('CF-5: whoever still has it although he lists its removal has not put it back', () => {
    // Devices list each removal that they have heard of, also beside a copy that is older.
    for (const base of [plan(mom), plan(mom, ex)]) {
      const stale = [plan(mom, ex), { ...A, ...gone }] as const;
      const result = merged('crisis_plan', base, stale, [plan(mom), { ...B, ...gone }]);
      expect(contactsOf(result)).toEqual(['c1']);
      expect(isKept(result, 'Alex')).toBe(true);
    }
  });

  test('CF-5: a card that was removed is not put back by whoever knows of it', () => {
    const cards = (...ids: readonly string[]) => ({ methods: ids.map((id) => ({ id })) });
    const known = removed('/methods/p2');
    const result = merged(
      'payment_method',
      cards('p1'),
      [cards('p1', 'p2'), { ...A, ...known }],
      [cards('p1'), { ...B, ...known }],
    );
    expect(idsOf(valueOf(result)['methods'])).toEqual(['p1']);
  });

  test('CF-5: a national line stays also where it is not known since when it is there', () => {
    const line = { ...ex, system: true };
    for (const base of [null, plan(mom), plan(mom, line)]) {
      const result = merged(
        'crisis_plan',
        base,
        [plan(mom, line), A],
        [plan(mom), { ...B, ...gone }],
      );
      expect(contactsOf(result)).toEqual(['c1', 'c9']);
      expect(reasonsOf(result)).toEqual(['/emergencyContacts/c9: this item stays']);
    }
  });

  test('CF-5: lists that came as something else are told, whoever wrote last', () => {
    const result = merged(
      'crisis_plan',
      { emergencyContacts: { c1: mom } },
      [{ emergencyContacts: { c1: mom, c2: ex } }, A],
      [{ emergencyContacts: { c1: mom, c3: ex } }, B],
    );
    expect(reasonsOf(result)).toEqual(['/emergencyContacts: not a list']);
    expect(result.review[0]?.alternatives).toHaveLength(2);
  });
});
