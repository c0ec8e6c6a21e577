/** Clinical payloads that ship with a schema (OP-9). */

import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { PayloadSchema } from '../../../machines/policy/request/payloadSchema.ts';
import { createRuntime, defineHandler } from '../../../src/index.ts';
import {
  type CrisisPlanRecord,
  crisisPlan,
  type Gad7,
  gad7,
  type MoodEntry,
  moodEntry,
  type Phq9,
  phq9,
} from '../../../src/schemas/index.ts';

const ANSWERS = { q1: 1, q2: 1, q3: 2, q4: 1, q5: 0, q6: 1, q7: 1, q8: 0, q9: 0 } as const;
const PHQ: Phq9 = {
  id: 'as-1',
  instrument: 'PHQ-9',
  status: 'completed',
  startedAt: 1_789_996_400_000,
  completedAt: 1_789_999_400_000,
  answers: ANSWERS,
};
const GAD: Gad7 = {
  id: 'as-2',
  instrument: 'GAD-7',
  status: 'in-progress',
  startedAt: 1_789_996_400_000,
  answers: { q1: 3, q2: 3 },
};
const MOOD: MoodEntry = { id: 'e1', score: 3, tags: ['work'], note: 'a bit better' };
const PLAN: CrisisPlanRecord = {
  warningSigns: [{ id: 'w1', text: 'no sleep' }],
  emergencyContacts: [{ id: 'c1', name: 'Sam', phones: ['+49 (30) 123-45 67', '112'] }],
  reasonsForLiving: 'my kids',
};

/** Where what is given does not fit; empty where it does. */
function misfits(schema: PayloadSchema, value: unknown): string[] {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) throw new Error('A schema answers at once.');
  return (result.issues ?? []).map(({ path = [] }) => path.map(String).join('.'));
}

function given(schema: PayloadSchema, value: unknown): unknown {
  const result = schema['~standard'].validate(value);
  return result instanceof Promise || result.issues !== undefined ? null : result.value;
}

describe('OP-9 questionnaires', () => {
  test('OP-9 are kept with what follows from their answers', () => {
    expect(given(phq9, PHQ)).toEqual({
      ...PHQ,
      version: '1',
      total: 7,
      severity: 'mild',
      riskFlag: false,
    });
    expect(given(phq9, { ...PHQ, answers: { ...ANSWERS, q9: 1 } })).toMatchObject({
      total: 8,
      riskFlag: true,
    });
    expect(given(gad7, GAD)).toEqual({ ...GAD, version: '1', riskFlag: false });
  });

  test.each([
    ['an answer out of range', { answers: { ...ANSWERS, q3: 4 } }, 'answers.q3'],
    ['an answer that is no number', { answers: { ...ANSWERS, q3: '2' } }, 'answers.q3'],
    ['an item that it does not have', { answers: { ...ANSWERS, q10: 1 } }, 'answers.q10'],
    ['an item that is missing though it is completed', { answers: { q1: 1 } }, 'answers.q2'],
    ['another questionnaire', { instrument: 'GAD-7' }, 'instrument'],
    ['a status that there is not', { status: 'done' }, 'status'],
    ['a sum that is not that of the answers', { total: 8 }, 'total'],
    ['no time of completion', { completedAt: undefined }, 'completedAt'],
    ['a time that is none', { startedAt: '2026-11-26' }, 'startedAt'],
    ['no id', { id: undefined }, 'id'],
  ])('OP-9 with %s are refused, with its path', (_, change, path) => {
    expect(misfits(phq9, { ...PHQ, ...change })[0]).toBe(path);
  });

  test('CF-7 OP-9 may have fields that a newer app has added', () => {
    expect(misfits(phq9, { ...PHQ, mode: 'spoken' })).toEqual([]);
  });

  test('OP-9 may be open while they are filled in, and hold anything that was entered in error', () => {
    expect(misfits(phq9, { ...PHQ, status: 'in-progress', answers: {} })).toEqual([]);
    expect(misfits(phq9, { ...PHQ, status: 'entered-in-error', answers: {} })).toEqual([]);
    expect(misfits(phq9, { ...PHQ, total: 7 })).toEqual([]);
  });
});

describe('OP-9 crisis plans and moods', () => {
  test('OP-9 are kept as they are', () => {
    expect(given(crisisPlan, PLAN)).toEqual(PLAN);
    expect(given(crisisPlan, {})).toEqual({});
    expect(given(moodEntry, MOOD)).toEqual(MOOD);
  });

  test.each([
    ['a contact without a number', { phones: [] }, 'emergencyContacts.0.phones'],
    ['a number that can not be dialled', { phones: ['call Sam'] }, 'emergencyContacts.0.phones.0'],
    ['a number of two digits', { phones: ['+1'] }, 'emergencyContacts.0.phones.0'],
    ['a contact without a name', { name: '' }, 'emergencyContacts.0.name'],
    ['no list of numbers', { phones: '112' }, 'emergencyContacts.0.phones'],
  ])('OP-9 with %s are refused, with its path', (_, change, path) => {
    const contact = { ...PLAN.emergencyContacts?.[0], ...change };
    expect(misfits(crisisPlan, { ...PLAN, emergencyContacts: [contact] })).toEqual([path]);
  });

  test('OP-9 a mood is a whole number from 0 to 10', () => {
    for (const score of [-1, 11, 2.5, '3', null, undefined, Number.NaN]) {
      expect(misfits(moodEntry, { ...MOOD, score })).toEqual(['score']);
    }
    expect(misfits(moodEntry, { ...MOOD, tags: ['x', 3] })).toEqual(['tags.1']);
  });
});

test('OP-9 SE-5 no schema throws, waits, or repeats what it was given', () => {
  const canary = 'canary-4711';
  const anything = fc.oneof(
    fc.anything(),
    fc.record({ answers: fc.anything(), id: fc.anything(), phones: fc.anything() }),
    fc.constant({ [canary]: canary, answers: { q1: canary }, emergencyContacts: [canary] }),
  );
  fc.assert(
    fc.property(
      anything,
      fc.constantFrom<PayloadSchema>(phq9, gad7, crisisPlan, moodEntry),
      (value, schema) => {
        const result = schema['~standard'].validate(value);
        expect(result).not.toBeInstanceOf(Promise);
        const { issues = [] } = result as { issues?: readonly { message: string }[] };
        expect(issues.map(({ message }) => message).join()).not.toContain(canary);
      },
    ),
  );
});

test('OP-9 a request that does not fit is refused before acceptance, and its types follow', async () => {
  const seen: unknown[] = [];
  const runtime = createRuntime({
    store: ':memory:',
    handlers: {
      'assessments.put': defineHandler()({
        upstream: 'default',
        schema: phq9,
        run: ({ payload }) => {
          expectTypeOf(payload.riskFlag).toEqualTypeOf<boolean>();
          seen.push(payload);
          return null;
        },
      }),
    },
  });
  const request = { type: 'assessments.put', subject: 'user-42', tier: 'premium' } as const;
  await expect(
    runtime.sync({ ...request, payload: { ...PHQ, answers: { ...ANSWERS, q9: 7 as 3 } } }),
  ).rejects.toMatchObject({ code: 'HF_REQUEST_INVALID', at: ['payload', 'answers', 'q9'] });
  await (await runtime.sync({ ...request, payload: PHQ })).outcome;
  expect(seen).toEqual([{ ...PHQ, version: '1', total: 7, severity: 'mild', riskFlag: false }]);
  await runtime.close();
});
