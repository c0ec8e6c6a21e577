import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ConflictRecord,
  decodeConflict,
  encodeConflict,
  isOpen,
  isToBeCarriedOut,
  standingValue,
} from '../../../machines/conflict/conflictRecord.ts';
import {
  carriedOut,
  decided as decidedInPieces,
  undone,
} from '../../../machines/conflict/decision.ts';
import { valueAt, withValueAt } from '../../../machines/conflict/items.ts';
import { entityRulesOf } from '../../../machines/merge/entities/rulesOf.ts';
import { atOnce } from '../../../machines/vocabulary/pieces.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { conflictOf, MERGED_AT_MS } from '../../support/merge/conflictOf.ts';

const ANA = { id: 'staff-7', role: 'clinician' };
const rules = entityRulesOf('crisis_plan');

function decided(...given: Parameters<typeof decidedInPieces>): ConflictRecord {
  return atOnce(decidedInPieces(...given));
}

const mom = { id: 'c1', name: 'Mom', phones: ['+15550100'] };
const base = {
  emergencyContacts: [mom, { id: 'c2', name: 'Bob', phones: ['+15550101'] }],
  note: '',
};

/** Mom was renamed on both sides, and Bob is missing on one without a word. */
function plan(): ConflictRecord {
  return conflictOf({
    entity: 'crisis_plan',
    base,
    ours: { emergencyContacts: [{ ...mom, name: 'Mama' }], note: '' },
    theirs: { ...base, emergencyContacts: [{ ...mom, name: 'Mother' }, base.emergencyContacts[1]] },
  });
}

const question = (record: ConflictRecord, path: string) => {
  const item = record.items.find((one) => one.path === path);
  if (item === undefined) throw new Error(`No question at ${path}.`);
  return item;
};
const taking = (record: ConflictRecord, takes: Readonly<Record<string, number>>) =>
  Object.fromEntries(
    Object.entries(takes).map(([path, take]) => [question(record, path).id, { take }]),
  );
const NAME = '/emergencyContacts/c1/name';
const BOB = '/emergencyContacts/c2';

describe('CF-7 a record that its upstream has no more', () => {
  const asked = (how: Partial<ConflictRecord>): ConflictRecord => {
    const record = plan();
    const alternatives = [record.value, null].map((value) => ({ value, actor: null, atMs: null }));
    const item = { id: 'gone', path: '', rule: 'absence', reason: 'gone', alternatives };
    return { ...record, items: [item], ...how };
  };
  const decide = (record: ConflictRecord, take: number) =>
    decided(record, { by: ANA, atMs: MERGED_AT_MS, choices: { gone: { take } } }, rules);

  test('CF-7 it may stay so, as long as nothing was sent', () => {
    const record = asked({ isHeld: true, version: null });
    expect(standingValue(decide(record, 2))).toBeNull();
    expect(standingValue(decide(record, 1))).toEqual(record.value);
  });

  test('CF-7 an edit removes no record: that is refused, and says what to do', () => {
    expect(() => decide(asked({ isHeld: false, version: null }), 2)).toThrow(/removes none/);
    const whole = { by: ANA, atMs: MERGED_AT_MS, value: null };
    expect(() => decided(plan(), whole, rules)).toThrow(/removes none/);
  });
});

describe('CF-6 a person decides', () => {
  test('CF-6 CF-5 each alternative that is taken stands where its question was', () => {
    const record = plan();
    expect(record.items.map(({ path }) => path)).toEqual([NAME, BOB]);
    const alternatives = question(record, NAME).alternatives.map(({ value }) => value);
    const take = alternatives.indexOf('Mama') + 1;
    const choices = taking(record, { [NAME]: take, [BOB]: 0 });
    const after = decided(record, { by: ANA, atMs: 9, choices }, rules);
    expect(after.state).toBe('resolved');
    expect(valueAt(standingValue(after), NAME)).toBe('Mama');
    // What nobody touched is as it was.
    expect(valueAt(standingValue(after), BOB)).toEqual(valueAt(record.value, BOB));
    expect(after.decisions).toEqual([
      {
        ...{ kind: 'resolved', by: ANA, atMs: 9, choices, isCarriedOut: false, operationId: null },
        before: record.value,
        after: standingValue(after),
        nonce: '',
      },
    ]);
    // Nothing that a side wrote is gone.
    expect(after.sides).toEqual(record.sides);
    expect(after.items).toEqual(record.items);
  });

  test('CF-6 CF-5 the alternative of an item that is gone takes it out of its list', () => {
    const record = plan();
    const gone = question(record, BOB).alternatives.findIndex(({ value }) => value === null);
    const choices = taking(record, { [NAME]: 0, [BOB]: gone + 1 });
    const after = standingValue(decided(record, { by: ANA, atMs: 9, choices }, rules));
    expect(valueAt(after, BOB)).toBeUndefined();
    expect(valueAt(after, '/emergencyContacts/c1/phones')).toEqual(['+15550100']);
  });

  test('CF-6 CF-5 a side answers the questions, and takes nothing that they were not about', () => {
    const sam = { id: 'c3', name: 'Sam', phones: ['+15550102'] };
    const asked = { theirs: { note: 'of the tablet' }, ours: { note: 'of the phone' } };
    const record = conflictOf({
      entity: 'crisis_plan',
      base: { ...base, meansSafety: ['locked away'] },
      ours: { ...base, ...asked.ours, copingSteps: [{ id: 's1', text: 'walk' }] },
      theirs: { ...base, ...asked.theirs, emergencyContacts: [...base.emergencyContacts, sam] },
    });
    expect(record.items.map(({ path }) => path)).toEqual(['/note']);
    for (const side of [1, 2]) {
      const after = standingValue(decided(record, { by: ANA, atMs: 9, side }, rules));
      expect(after).toEqual({ ...(record.value as object), ...Object.values(asked)[2 - side] });
      expect(valueAt(after, '/emergencyContacts/c3')).toEqual(sam);
      expect(valueAt(after, '/copingSteps/s1')).toEqual({ id: 's1', text: 'walk' });
    }
    // Where nothing could be merged, the whole record is what is asked about.
    const unmerged = { ...record, state: 'quarantined', reason: 'mergeFailed', items: [] } as const;
    const whole = standingValue(decided(unmerged, { by: ANA, atMs: 9, side: 1 }, rules));
    expect(whole).toEqual(record.sides[0]?.value);
  });

  test('CF-6 CF-7 a side that does not have the item in question takes it, one without the field does not', () => {
    const record = plan();
    const after = standingValue(decided(record, { by: ANA, atMs: 9, side: 1 }, rules));
    expect(valueAt(after, BOB)).toBeUndefined();
    const [ours, theirs] = record.sides;
    if (ours === undefined || theirs === undefined) throw new Error('There are two sides.');
    const nameless = { ...ours, value: { emergencyContacts: [{ id: 'c1' }] } };
    const unknown = { ...record, sides: [nameless, theirs] };
    const kept = standingValue(decided(unknown, { by: ANA, atMs: 9, side: 1 }, rules));
    expect(valueAt(kept, NAME)).toBe(valueAt(record.value, NAME));
  });

  test('CF-6 a value of their own, a whole side, and a whole record', () => {
    const record = plan();
    const own = { ...taking(record, { [BOB]: 0 }), [question(record, NAME).id]: { value: 'Mum' } };
    const of = (decision: object) =>
      standingValue(decided(record, { by: ANA, atMs: 9, ...decision }, rules));
    expect(valueAt(of({ choices: own }), NAME)).toBe('Mum');
    expect(of({ side: 2 })).toEqual(record.sides[1]?.value);
    expect(of({ value: { emergencyContacts: [], note: 'by hand' } })).toEqual({
      emergencyContacts: [],
      note: 'by hand',
    });
  });

  test.each([
    ['a question without an answer', { choices: {} }, /none to number 1, 2/],
    ['no choices at all', {}, /none to number 1, 2/],
    [
      'a question that there is not',
      { choices: { nothing: { take: 1 } } },
      /names a question that this conflict does not have/,
    ],
    ['a side that there is not', { side: 3 }, /1 to 2/],
    ['a part of a number', { side: 1.5 }, /1 to 2/],
  ])('CF-6 UX-2 %s is refused, and says so', (_, decision, says) => {
    expect(() => decided(plan(), { by: ANA, atMs: 9, ...decision }, rules)).toThrow(says);
  });

  test('CF-6 UX-2 the number of an alternative that there is not is refused', () => {
    const record = plan();
    const choices = taking(record, { [NAME]: 9, [BOB]: 0 });
    expect(() => decided(record, { by: ANA, atMs: 9, choices }, rules)).toThrow(/0 to 2/);
  });

  test('CF-6 UX-2 a question is named by its id, its path or its number, once', () => {
    const record = plan();
    const of = (choices: Readonly<Record<string, { take: number }>>) =>
      decided(record, { by: ANA, atMs: 9, choices }, rules);
    const byId = of(taking(record, { [NAME]: 2, [BOB]: 0 }));
    expect(of({ [NAME]: { take: 2 }, [BOB]: { take: 0 } })).toEqual(byId);
    expect(of({ 1: { take: 2 }, 2: { take: 0 } })).toEqual(byId);
    expect(() => of({ 1: { take: 1 }, [NAME]: { take: 2 }, 2: { take: 0 } })).toThrow(/twice/);
    expect(() => decided(record, { by: ANA, atMs: 9, side: 1, value: {} }, rules)).toThrow(
      /one of them/,
    );
    // Of two that stand at one place neither is meant.
    const [first] = record.items;
    if (first === undefined) throw new Error('Nobody is asked.');
    const twice = { ...record, items: [first, { ...first, id: 'other' }] };
    expect(() =>
      decided(twice, { by: ANA, atMs: 9, choices: { [NAME]: { take: 1 } } }, rules),
    ).toThrow(/several questions/);
  });

  test('CF-6 what is decided is not decided again', () => {
    const record = plan();
    const after = decided(record, { by: ANA, atMs: 9, side: 1 }, rules);
    expect(() => decided(after, { by: ANA, atMs: 10, side: 2 }, rules)).toThrow(
      expect.objectContaining({ code: 'HF_CONFLICT_RESOLVED' }),
    );
  });

  test('CF-6 fields that follow from others are computed anew', () => {
    const answers = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`q${at + 1}`, 0]));
    const draft = (q1: number) => ({
      ...{ instrument: 'PHQ-9', version: '1', status: 'in-progress' },
      answers: { ...answers, q1 },
    });
    const record = conflictOf({
      entity: 'assessment',
      base: { ...draft(0), answers: {} },
      ours: draft(1),
      theirs: draft(3),
    });
    const path = '/answers/q1';
    expect(valueAt(record.value, '/total')).toBe(3);
    const take = question(record, path).alternatives.findIndex(({ value }) => value === 1) + 1;
    const choices = taking(record, { [path]: take });
    const after = standingValue(
      decided(record, { by: ANA, atMs: 9, choices }, entityRulesOf('assessment')),
    );
    expect(valueAt(after, path)).toBe(1);
    expect(valueAt(after, '/total')).toBe(1);
  });

  test('CF-6 CF-7 a version of several fields is taken as a whole', () => {
    const done = (q1: number, completedAt: string) => ({
      ...{ instrument: 'GAD-7', version: '1', status: 'completed', completedAt },
      answers: Object.fromEntries(Array.from({ length: 7 }, (_, at) => [`q${at + 1}`, q1])),
    });
    const record = conflictOf({
      entity: 'assessment',
      base: { instrument: 'GAD-7', version: '1', status: 'in-progress', answers: {}, id: 'a-1' },
      ours: { ...done(1, '2026-01-01'), id: 'a-1' },
      theirs: { ...done(2, '2026-01-02'), id: 'a-1' },
    });
    const [item] = record.items;
    if (item === undefined) throw new Error('Nobody is asked.');
    const take = item.alternatives.findIndex((one) => valueAt(one.value, '/answers/q1') === 1) + 1;
    const choices = { [item.id]: { take } };
    const after = standingValue(
      decided(record, { by: ANA, atMs: 9, choices }, entityRulesOf('assessment')),
    );
    expect(after).toMatchObject({ ...done(1, '2026-01-01'), id: 'a-1', total: 7 });
  });

  test('CF-6 SE-5 card data of a person is masked as that of a device is', () => {
    const record = plan();
    const value = { note: '4111 1111 1111 1111' };
    const after = decided(record, { by: ANA, atMs: 9, value }, rules);
    expect(JSON.stringify(after)).not.toContain('4111 1111 1111 1111');
  });
});

describe('CF-6 a decision is taken back', () => {
  test('CF-6 one that nothing carries yet is as if it had not been made', () => {
    const record = plan();
    const after = decided(record, { by: ANA, atMs: 9, side: 1 }, rules);
    expect([isOpen(after), isToBeCarriedOut(after)]).toEqual([true, true]);
    const back = undone(after, ANA, 10);
    expect(back.state).toBe('awaitingReview');
    expect(standingValue(back)).toEqual(record.value);
    expect(back.decisions.map(({ kind }) => kind)).toEqual(['resolved', 'undone']);
    const unmerged = { ...record, state: 'quarantined', reason: 'mergeFailed' } as const;
    const set = decided(unmerged, { by: ANA, atMs: 9, side: 1 }, rules);
    expect(undone(set, ANA, 10).state).toBe('quarantined');
    // It can be decided again.
    expect(decided(back, { by: ANA, atMs: 11, side: 2 }, rules).state).toBe('resolved');
  });

  test('CF-6 any other is followed by a change that puts back what was', () => {
    const record = plan();
    const sent = carriedOut(decided(record, { by: ANA, atMs: 9, side: 1 }, rules), 'op-2');
    expect([isOpen(sent), isToBeCarriedOut(sent)]).toEqual([false, false]);
    const back = undone(sent, ANA, 10);
    expect(back.state).toBe('resolved');
    expect(standingValue(back)).toEqual(record.value);
    expect([isOpen(back), isToBeCarriedOut(back)]).toEqual([true, true]);
    // Where what waited is gone, nothing carries it, and it is over.
    expect(isOpen(carriedOut(back, null))).toBe(false);
    expect(() => undone(carriedOut(back, 'op-3'), ANA, 11)).toThrow(
      expect.objectContaining({ code: 'HF_CONFLICT_RESOLVED' }),
    );
  });

  test('CF-6 where nobody has decided there is nothing to undo', () => {
    expect(() => undone(plan(), ANA, 10)).toThrow(
      expect.objectContaining({ code: 'HF_CONFLICT_OPEN' }),
    );
  });

  test('CF-6 what went out already is sent again only where it was decided otherwise', () => {
    const out: ConflictRecord = { ...plan(), isHeld: false };
    const choices = taking(out, { [NAME]: 0, [BOB]: 0 });
    const same = decided(out, { by: ANA, atMs: 9, choices }, rules);
    expect([isToBeCarriedOut(same), isOpen(same)]).toEqual([false, false]);
    // What waits goes on, whatever was decided.
    const held = decided(plan(), { by: ANA, atMs: 9, choices }, rules);
    expect(isToBeCarriedOut(held)).toBe(true);
  });
});

describe('CF-6 the record as it is kept', () => {
  test('CF-6 it is read as it was written', () => {
    const record = decided(plan(), { by: ANA, atMs: 9, side: 1 }, rules);
    expect(decodeConflict(encodeConflict(record))).toEqual(record);
  });

  test('CF-6 PS-3 what is no record is none, and throws nothing', () => {
    const text = encodeConflict(plan());
    const record = JSON.parse(text) as Record<string, unknown>;
    for (const name of Object.keys(record)) {
      const { [name]: _, ...rest } = record;
      expect(decodeConflict(JSON.stringify(rest)), name).toBeNull();
    }
    fc.assert(fc.property(fc.json(), (json) => decodeConflict(json) === null));
    expect(decodeConflict(text.slice(1))).toBeNull();
  });

  test('CF-6 a question is found by its path, and what was not asked about stays', () => {
    const whole = { list: [{ id: 'a/b', n: 1 }, { id: 7 }], 'x~y': { z: [1, 2] } };
    expect(valueAt(whole, '/list/a~1b/n')).toBe(1);
    expect(valueAt(whole, '/list/7')).toEqual({ id: 7 });
    expect(valueAt(whole, '/x~0y/z')).toEqual([1, 2]);
    expect(valueAt(whole, '')).toBe(whole);
    expect(valueAt(whole, '/list/c')).toBeUndefined();
    expect(withValueAt(whole, '/list/a~1b', null)).toEqual({ ...whole, list: [{ id: 7 }] });
    expect(withValueAt(whole, '/list/c', { id: 'c' })).toEqual({
      ...whole,
      list: [...whole.list, { id: 'c' }],
    });
    expect(withValueAt({}, '/__proto__/x', 1)).not.toHaveProperty('x');
    const path = fc
      .array(fc.string(), { maxLength: 4 })
      .map((keys) =>
        keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
      );
    fc.assert(
      fc.property(fc.jsonValue(), path, fc.integer(), (value, at, put) => {
        const after = withValueAt(value as Json, at, put);
        return valueAt(after, at) === put || Array.isArray(value) || hasList(value as Json);
      }),
    );
  });

  test('CF-6 what stands already may be taken in every question, and changes nothing', () => {
    const record = plan();
    const choices = Object.fromEntries(record.items.map(({ id }) => [id, { take: 0 }]));
    const after = decided(record, { by: ANA, atMs: MERGED_AT_MS, choices }, rules);
    expect(standingValue(after)).toEqual(record.value);
  });
});

function hasList(value: Json): boolean {
  return JSON.stringify(value).includes('[');
}
