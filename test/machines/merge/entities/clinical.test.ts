import { describe, expect, test } from 'vitest';
import {
  A,
  B,
  isKept,
  isWhole,
  merged,
  reasonsOf,
  removed,
  valueOf,
} from '../../../support/merge/two.ts';

const ALL = { q1: 1, q2: 1, q3: 2, q4: 1, q5: 0, q6: 1, q7: 1, q8: 0, q9: 0 };
const draft = (answers: object, more: object = {}) => ({
  id: 'as_1',
  instrument: 'PHQ-9',
  version: '1',
  status: 'in-progress',
  answers,
  ...more,
});
const completed = (answers: object, more: object = {}) =>
  draft(answers, { status: 'completed', ...more });

describe('CF-4 CF-6 questionnaires', () => {
  test('an item that was answered twice is asked of; the heavier stands, and no average', () => {
    const result = merged('assessment', draft({}), [draft({ q2: 3 }), A], [draft({ q2: 1 }), B]);
    expect(valueOf(result)['answers']).toEqual({ q2: 3 });
    expect(reasonsOf(result)).toEqual(['/answers/q2: answered differently']);
    expect(isKept(result, 1)).toBe(true);
    expect(valueOf(result)['total']).toBeNull();
  });

  test('completed twice: both versions are whole, and a person is asked', () => {
    const other = { ...ALL, q2: 3 };
    const result = merged('assessment', draft({}), [completed(ALL), A], [completed(other), B]);
    expect(valueOf(result)).toMatchObject({ answers: other, total: 9, severity: 'mild' });
    expect(isWhole(result, ALL) && isWhole(result, other)).toBe(true);
    expect(reasonsOf(result)).toEqual([': completed more than once']);
  });

  test('what was completed stays; a clinician amends it', () => {
    const edited = { ...ALL, q5: 3 };
    const kept = merged('assessment', completed(ALL), [completed(edited), A], [completed(ALL), B]);
    expect(valueOf(kept)['answers']).toEqual(ALL);
    expect(isWhole(kept, edited)).toBe(true);
    const amended = draft(edited, { status: 'amended' });
    const result = merged('assessment', completed(ALL), [amended, A], [completed(ALL), B]);
    expect(valueOf(result)).toMatchObject({ status: 'amended', answers: edited, total: 10 });
    expect(result.review).toEqual([]);
    const stale = merged('assessment', completed(ALL), [draft({ q1: 2 }), A], [completed(ALL), B]);
    expect(reasonsOf(stale)).toEqual([': answered after it was completed']);
  });

  test('amended twice is asked of', () => {
    const one = draft({ ...ALL, q5: 1 }, { status: 'amended' });
    const two = draft({ ...ALL, q5: 2 }, { status: 'amended' });
    const result = merged('assessment', completed(ALL), [one, A], [two, B]);
    expect(valueOf(result)['answers']).toMatchObject({ q5: 2 });
    expect(reasonsOf(result)).toEqual([': changed twice after it was completed']);
  });

  test('a sign of risk is never taken back', () => {
    const risky = merged('assessment', draft({}), [draft({ q9: 0 }), A], [draft({ q9: 2 }), B]);
    expect(valueOf(risky)['riskFlag']).toBe(true);
    const before = merged('assessment', draft({ q9: 2 }), [draft({ q9: 0 }), A]);
    expect(valueOf(before)['riskFlag']).toBe(true);
    const flagged = merged('assessment', draft({}, { riskFlag: true }), [
      draft({ q1: 0 }, { riskFlag: false }),
      A,
    ]);
    expect(valueOf(flagged)['riskFlag']).toBe(true);
    const calm = merged('assessment', draft({}), [draft({ q9: 0 }, { riskFlag: false }), A]);
    expect(valueOf(calm)['riskFlag']).toBe(false);
  });

  test.each([7, -1, 1.5, 'often'])('the answer %j is asked of, and not taken', (answer) => {
    const result = merged(
      'assessment',
      draft({}),
      [draft({ q1: answer }), A],
      [draft({ q2: 1 }), B],
    );
    expect(valueOf(result)['answers']).toEqual({ q2: 1 });
    expect(reasonsOf(result)).toEqual(['/answers/q1: out of range']);
    expect(isKept(result, answer)).toBe(true);
    const done = merged('assessment', draft({}), [completed({ ...ALL, q1: answer }), A]);
    expect(valueOf(done)['answers']).not.toHaveProperty('q1');
    expect(isKept(done, answer)).toBe(true);
  });

  test('another instrument is asked of, and its answers are not mixed in', () => {
    const other = { ...draft({ q1: 3, q2: 3 }), instrument: 'GAD-7' };
    const result = merged('assessment', draft({ q1: 1 }), [other, A], [draft({ q1: 1, q3: 1 }), B]);
    expect(valueOf(result)).toMatchObject({ instrument: 'PHQ-9', answers: { q1: 1, q3: 1 } });
    expect(isWhole(result, { q1: 3, q2: 3 })).toBe(true);
  });

  test.each<[string, object, number]>([
    ['a draft that is named so', { status: 'draft', answers: { q1: 1, q9: 2 } }, 0],
    ['a status that is not known', { status: 'submitted', answers: { q1: 1, q9: 2 } }, 0],
    ['answers in a list', { answers: [1, 2, 0] }, 0],
    ['answers of another instrument', { instrument: 'WHO-5', answers: { q1: 5 }, total: 20 }, 0],
  ])('CF-6 %s: the only words that there are stand', (_, more, questions) => {
    const value = draft({}, more);
    const result = merged('assessment', undefined, [value, A]);
    expect(valueOf(result)).toMatchObject(value);
    expect(result.review).toHaveLength(questions);
    expect(valueOf(result)['riskFlag']).not.toBe(false);
  });

  test('CF-6 of several strange versions the earliest stands, and a person is asked', () => {
    const one = draft({ q1: 1 }, { status: 'submitted' });
    const two = draft({ q1: 2 }, { status: 'submitted' });
    const result = merged('assessment', undefined, [one, A], [two, B]);
    expect(valueOf(result)).toMatchObject({ status: 'submitted' });
    expect(isWhole(result, { q1: 1 }) && isWhole(result, { q1: 2 })).toBe(true);
    expect(reasonsOf(result)).toEqual([': another instrument, or nothing that is known']);
  });

  test('completed without all answers is asked of, sums are computed anew', () => {
    const { q9: _, ...eight } = ALL;
    expect(reasonsOf(merged('assessment', draft({}), [completed(eight), A]))).toEqual([
      '/answers: completed without all its answers',
    ]);
    const wrong = completed(ALL, { total: 27, severity: 'severe' });
    const result = merged('assessment', draft({}), [wrong, A], [draft({}), B]);
    expect(valueOf(result)).toMatchObject({ total: 7, severity: 'mild', riskFlag: false });
  });
});

describe('CF-4 mood, sessions, preferences', () => {
  test('CF-6 minutes that are not told by device stay as they were said', () => {
    const first = merged('session', undefined, [{ id: 's1', totalMinutes: 30 }, A]);
    expect(valueOf(first)).toEqual({ id: 's1', totalMinutes: 30 });
    const next = merged('session', { id: 's1', totalMinutes: 30 }, [
      { id: 's1', totalMinutes: 45 },
      A,
    ]);
    expect(valueOf(next)).toEqual({ id: 's1', totalMinutes: 45 });
  });

  test('tags that one took out are gone, those that the other put in are there', () => {
    const result = merged(
      'mood_entry',
      { id: 'e1', tags: ['work', 'sleep'] },
      [{ id: 'e1', tags: ['work'] }, A],
      [{ id: 'e1', tags: ['work', 'sleep', 'family'] }, B],
    );
    expect(valueOf(result)['tags']).toEqual(['work', 'family']);
    expect(result.review).toEqual([]);
  });

  test('a note is put together by lines; the same line is kept twice, and asked of', () => {
    const note = (text: string) => ({ id: 'e1', note: text });
    const apart = merged(
      'mood_entry',
      note('a\nb\nc'),
      [note('a1\nb\nc'), A],
      [note('a\nb\nc1'), B],
    );
    expect(valueOf(apart)['note']).toBe('a1\nb\nc1');
    expect(apart.review).toEqual([]);
    const same = merged('mood_entry', note('a'), [note('a1'), A], [note('a2'), B]);
    expect(valueOf(same)['note']).toBe('a1\na2');
    expect(same.review).toHaveLength(1);
  });

  test('the earlier score is in the audit', () => {
    const result = merged('mood_entry', { score: 3 }, [{ score: 4 }, A], [{ score: 6 }, B]);
    expect(valueOf(result)['score']).toBe(6);
    expect(result.audit).toHaveLength(1);
    expect(isKept(result, 4)).toBe(true);
  });

  test('a deleted entry is gone when nobody wrote in it', () => {
    const log = { entries: [{ id: 'e1', score: 3 }] };
    const result = merged(
      'mood_log',
      log,
      [{ entries: [] }, { ...A, ...removed('/entries/e1') }],
      [log, B],
    );
    expect(valueOf(result)['entries']).toEqual([]);
  });

  test('minutes never become fewer', () => {
    const base = { id: 's', minutesByDevice: { A: 5 } };
    const result = merged('session', base, [{ id: 's', minutesByDevice: { A: 2 } }, A], [base, B]);
    expect(valueOf(result)).toMatchObject({ minutesByDevice: { A: 5 }, totalMinutes: 5 });
  });

  test('quiet hours are one side’s, never some of each', () => {
    const hours = (quietStart: string, quietEnd: string) => ({
      quietStart,
      quietEnd,
      quietTz: 'UTC',
    });
    const result = merged(
      'preferences',
      hours('22:00', '07:00'),
      [hours('21:00', '07:00'), A],
      [hours('22:00', '08:00'), B],
    );
    expect(valueOf(result)).toEqual(hours('22:00', '08:00'));
    expect(isKept(result, '21:00')).toBe(true);
  });

  test('the stricter consent stands, whichever is later', () => {
    const consent = (research: boolean | null) => ({
      consents: { research },
      shareUsage: research,
    });
    const withdrawn = merged('preferences', consent(null), [consent(false), A], [consent(true), B]);
    expect(valueOf(withdrawn)).toEqual(consent(false));
    const given = merged('preferences', consent(false), [consent(true), A], [consent(false), B]);
    expect(valueOf(given)).toEqual(consent(true));
    const taken = merged('preferences', consent(false), [consent(null), A], [consent(true), B]);
    // Null takes out nothing that a rule guards.
    expect(valueOf(taken)).toEqual(consent(true));
    expect(reasonsOf(taken)).toEqual([
      '/consents/research: emptied without a removal',
      '/shareUsage: emptied without a removal',
    ]);
  });

  test('null resets a setting; alerts for a crisis stand as they were', () => {
    const reset = merged(
      'preferences',
      { theme: 'dark' },
      [{ theme: null }, A],
      [{ theme: 'dark' }, B],
    );
    expect(valueOf(reset)).toEqual({ theme: null });
    const alerts = merged(
      'preferences',
      {},
      [{ crisisAlerts: false }, A],
      [{ crisisAlerts: true }, B],
    );
    expect(valueOf(alerts)).toEqual({ crisisAlerts: true });
    expect(alerts.review).toHaveLength(1);
  });
});
