/**
 * Edits that meet nobody, as the rules of each entity judge them.
 */

import { describe, expect, test } from 'vitest';
import { mergeEntity } from '../../../../machines/merge/mergeEntity.ts';
import type { Tombstone } from '../../../../machines/vocabulary/record.ts';
import { A, NOW, reasonsOf, valueOf } from '../../../support/merge/two.ts';

function alone(
  entity: string,
  base: unknown,
  value: unknown,
  tombstones: readonly Tombstone[] = [],
) {
  return mergeEntity(entity, base, [{ value, meta: { ...A, tombstones } }], NOW);
}

const gone = (...paths: readonly string[]): readonly Tombstone[] =>
  paths.map((path) => ({ path, confirmed: true, by: 'Kim', at: NOW }));

const mom = { id: 'c1', name: 'Mom', phones: ['+15550100'] };
const ana = { id: 'p1', name: 'Ana', phones: ['+15550200'] };
const walk = { id: 's1', text: 'walk' };
const plan = {
  emergencyContacts: [mom],
  professionals: [ana],
  copingStrategies: [walk],
  note: 'n',
};

describe('CF-5 CF-6 a crisis plan that meets nobody', () => {
  test('CF-5 the last contact goes at once by a confirmed removal, and is asked about beside it, with who', () => {
    const first = alone(
      'crisis_plan',
      plan,
      { ...plan, professionals: [] },
      gone('/professionals/p1'),
    );
    expect(first).toMatchObject({ value: { ...plan, professionals: [] }, review: [] });
    const last = alone(
      'crisis_plan',
      { ...plan, professionals: [] },
      { ...plan, professionals: [], emergencyContacts: [] },
      gone('/emergencyContacts/c1'),
    );
    expect(valueOf(last)['emergencyContacts']).toEqual([]);
    expect(last.review).toMatchObject([
      {
        path: '/emergencyContacts',
        reason: 'no contact is left',
        alternatives: [
          { value: [mom], actor: null },
          { value: [], actor: 'device-A' },
        ],
        removedBy: ['Kim'],
      },
    ]);
    expect(last.audit).toMatchObject([{ path: '/emergencyContacts/c1', removedBy: ['Kim'] }]);
  });

  test('CF-5 of several lists each that had somebody is asked about', () => {
    const all = gone('/emergencyContacts/c1', '/professionals');
    const result = alone('crisis_plan', plan, { note: 'n' }, all);
    expect(valueOf(result)['emergencyContacts']).toEqual([]);
    expect(result.value).not.toHaveProperty('professionals');
    expect(reasonsOf(result)).toEqual([
      '/emergencyContacts: no contact is left',
      '/professionals: no contact is left',
    ]);
  });

  test('CF-5 without a removal nobody goes', () => {
    for (const side of [
      {},
      { emergencyContacts: [], professionals: [], copingStrategies: [] },
      { emergencyContacts: null, professionals: null, copingStrategies: null },
    ]) {
      const result = alone('crisis_plan', plan, side);
      expect(result.value).toEqual(plan);
      expect(result.review).toHaveLength('emergencyContacts' in side ? 3 : 0);
    }
  });

  test('CF-5 the last that can be done goes at once, and is asked about', () => {
    const result = alone(
      'crisis_plan',
      plan,
      { copingStrategies: [] },
      gone('/copingStrategies/s1'),
    );
    expect(valueOf(result)['copingStrategies']).toEqual([]);
    expect(result.review).toMatchObject([
      { path: '/copingStrategies', reason: 'nothing to do is left', removedBy: ['Kim'] },
    ]);
    const other = { ...plan, distractions: [{ id: 'd1', text: 'music' }] };
    const one = alone('crisis_plan', other, { copingStrategies: [] }, gone('/copingStrategies/s1'));
    expect(one.review).toEqual([]);
  });

  test('CF-5 the last number of a contact goes by a confirmed removal alone, and is asked about', () => {
    const without = { emergencyContacts: [{ ...mom, phones: [] }] };
    const kept = alone('crisis_plan', plan, without);
    expect(kept.value).toEqual(plan);
    expect(reasonsOf(kept)).toEqual(['/emergencyContacts/c1/phones: the last one stays']);
    const result = alone(
      'crisis_plan',
      plan,
      without,
      gone('/emergencyContacts/c1/phones/+15550100'),
    );
    expect(result.value).toMatchObject(without);
    expect(result.review).toMatchObject([
      {
        path: '/emergencyContacts/c1/phones',
        reason: 'the last one was removed',
        alternatives: [{ value: ['+15550100'] }, { value: [] }],
        removedBy: ['Kim'],
      },
    ]);
    const whole = alone('crisis_plan', plan, {}, gone('/emergencyContacts/c1/phones'));
    expect(whole.review).toMatchObject([
      {
        path: '/emergencyContacts/c1',
        reason: 'there is no way to reach this contact',
        alternatives: [{ value: mom }, { value: { id: 'c1', name: 'Mom' } }],
        removedBy: ['Kim'],
      },
    ]);
  });

  test('CF-6 where nothing was lost nobody is asked', () => {
    for (const side of [
      { ...plan, note: 'more' },
      { ...plan, note: '' },
      { emergencyContacts: [{ ...mom, phones: ['+15550101'] }] },
      { emergencyContacts: [mom, { id: 'c2', name: 'Bob', phones: ['1'] }] },
      { copingStrategies: [{ ...walk, text: 'run' }] },
    ]) {
      expect(alone('crisis_plan', plan, side).review).toEqual([]);
    }
  });
});

describe('CF-6 a questionnaire that meets nobody', () => {
  const answers = { q1: 1, q2: 1, q3: 1, q4: 1, q5: 1, q6: 1, q7: 1, q8: 1, q9: 3 };
  const sent = { instrument: 'PHQ-9', version: '1', status: 'completed', answers };
  const completed = { ...sent, total: 11, severity: 'moderate', riskFlag: true };

  test('CF-6 what was completed is not replaced: a person is asked', () => {
    const other = { ...sent, answers: { ...answers, q9: 0 }, riskFlag: false, total: 0 };
    const result = alone('assessment', completed, other);
    expect(result.value).toEqual(completed);
    expect(reasonsOf(result)).toEqual([': what was completed stays']);
    expect(
      alone('assessment', completed, { status: 'in-progress', answers: { q9: 0 } }).value,
    ).toEqual(completed);
  });

  test('CF-6 an amendment stands, with its sums, and the sign of risk stays', () => {
    const amended = { status: 'amended', answers: { q9: 0 } };
    const result = alone('assessment', completed, amended);
    expect(result).toMatchObject({
      value: { status: 'amended', answers: { ...answers, q9: 0 }, total: 8, riskFlag: true },
      review: [],
    });
  });

  test('CF-6 what is computed is computed again', () => {
    const draft = {
      instrument: 'PHQ-9',
      status: 'in-progress',
      answers: { q1: 1 },
      riskFlag: false,
    };
    const next = { ...draft, answers: { q9: 2 }, riskFlag: false, total: 99 };
    const result = alone('assessment', draft, next);
    expect(result).toMatchObject({
      value: { answers: { q1: 1, q9: 2 }, riskFlag: true },
      review: [],
    });
    expect(valueOf(result)['total']).not.toBe(99);
    const minutes = { minutesByDevice: { A: 5, B: 7 }, totalMinutes: 12 };
    const counted = alone('session', minutes, { minutesByDevice: { A: 6 }, totalMinutes: 6 });
    expect(counted).toMatchObject({
      value: { minutesByDevice: { A: 6, B: 7 }, totalMinutes: 13 },
      review: [],
    });
  });
});

describe('CF-4 CF-7 preferences that meet nobody', () => {
  const base = { consents: { research: false, ads: true }, crisisAlerts: true, sharing: ['team'] };

  test('CF-7 a consent is neither given nor withdrawn by absence', () => {
    for (const side of [{}, { consents: {} }, { consents: { ads: true } }]) {
      expect(alone('preferences', base, side)).toMatchObject({ value: base, review: [] });
    }
    for (const side of [
      { consents: null },
      { consents: { research: null } },
      { crisisAlerts: null },
    ]) {
      const result = alone('preferences', base, side);
      expect(result.value).toEqual(base);
      expect(result.review).toHaveLength(1);
    }
  });

  test('CF-4 a person may withdraw it, and give it', () => {
    const side = { consents: { research: true, ads: false } };
    expect(alone('preferences', base, side)).toMatchObject({
      value: { ...base, ...side },
      review: [],
    });
  });
});
