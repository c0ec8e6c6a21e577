import { describe, expect, test } from 'vitest';
import { canonical } from '../../../../machines/merge/values/canonical.ts';
import type { JsonObject } from '../../../../machines/vocabulary/shape.ts';
import {
  conflictStory,
  DIARY,
  decided,
  edited,
  PLAN,
  pathOf,
} from '../../../../src/demo/conflicts/conflictStory.ts';
import {
  type ConflictEvidence,
  conflictText,
  judgeConflicts,
} from '../../../../src/demo/conflicts/conflictVerdict.ts';

const story = conflictStory(1);

/** What the records are when every step is made on one device, and the person has decided. */
function madeInOrder(): Map<string, JsonObject> {
  const records = new Map(story.begun.map(([entity, value]) => [pathOf(entity), value]));
  for (const { entity, edits } of [...story.steps, story.last]) {
    const path = pathOf(entity);
    records.set(path, edits.reduce(edited, records.get(path) ?? {}));
  }
  for (const [path, value] of records) {
    if (path.startsWith('/subscription')) records.set(path, decided(value));
  }
  return records;
}

/** A run in which all went well. */
function goodRun(records = madeInOrder()): ConflictEvidence {
  const texts = new Map([...records].map(([path, value]) => [path, canonical(value)]));
  return {
    story,
    accepted: story.steps.length + 1,
    upstream: texts,
    shown: { phone: texts, tablet: texts },
    appliedTwice: 0,
    laidOver: 0,
    merges: 4,
    questions: { asked: 1, decided: 1 },
    kills: 1,
    crises: [
      { elapsedMs: 0.4, isWithPlan: null },
      { elapsedMs: 0.2, isWithPlan: true },
    ],
    cutShort: null,
  };
}

/** The good run with one record changed at the upstream, and on both devices. */
function withRecord(path: string, change: (value: JsonObject) => JsonObject) {
  const records = madeInOrder();
  records.set(path, change(records.get(path) ?? {}));
  return judgeConflicts(goodRun(records));
}

describe('judgeConflicts', () => {
  test('CF-6 a run in which all went well passes', () => {
    const summary = judgeConflicts(goodRun());
    expect(summary).toMatchObject({ verdict: 'PASS', faults: [], lost: [], doubled: [] });
    expect(conflictText(summary).split('\n').at(-1)).toMatch(/^PASS {2}9 changes/);
  });

  test('CF-6 control: a line that is nowhere is lost', () => {
    const summary = withRecord(pathOf(DIARY), (value) => ({ ...value, note: 'Slept badly.' }));
    expect(summary.verdict).toBe('FAIL');
    expect(summary.lost).toHaveLength(2);
  });

  test('CF-7 control: what an older app does not know and drops is lost', () => {
    const summary = withRecord(pathOf(PLAN), (plan) => ({ ...plan, meansSafety: '' }));
    expect(summary).toMatchObject({ verdict: 'FAIL', lost: ['The tablets are with Sam.'] });
  });

  test('CF-6 control: a line that is there twice is doubled', () => {
    const summary = withRecord(pathOf(DIARY), (value) => ({
      ...value,
      note: `${value['note'] as string}\n${value['note'] as string}`,
    }));
    expect(summary.verdict).toBe('FAIL');
    expect(summary.doubled).toHaveLength(2);
  });

  test('CF-5 control: somebody who was removed and is there again is told', () => {
    const summary = withRecord(pathOf(PLAN), (value) => ({
      ...value,
      emergencyContacts: [...(value['emergencyContacts'] as JsonObject[]), { name: 'Robin' }],
    }));
    expect(summary).toMatchObject({ verdict: 'FAIL', risen: ['Robin'] });
  });

  test('CF-6 control: a device that shows something else is told', () => {
    const run = goodRun();
    const tablet = new Map(run.shown.tablet).set(pathOf(DIARY), '{}');
    const summary = judgeConflicts({ ...run, shown: { ...run.shown, tablet } });
    expect(summary).toMatchObject({ verdict: 'FAIL', unequal: [`tablet ${pathOf(DIARY)}`] });
  });

  test.each<[string, Partial<ConflictEvidence>]>([
    ['a write that was applied twice', { appliedTwice: 1 }],
    ['a write laid over what it had not seen', { laidOver: 1 }],
    ['a question too many', { questions: { asked: 2, decided: 2 } }],
    ['a question without an answer', { questions: { asked: 1, decided: 0 } }],
    ['no kill', { kills: 0 }],
    ['a change that was not accepted', { accepted: 7 }],
    ['a crisis that waited', { crises: [{ elapsedMs: 200, isWithPlan: true }] }],
    ['a crisis without the plan', { crises: [{ elapsedMs: 1, isWithPlan: false }] }],
    ['no crisis at all', { crises: [] }],
    ['an end before the end', { cutShort: 'interrupted' }],
  ])('CF-6 control: %s fails it', (_, more) => {
    const summary = judgeConflicts({ ...goodRun(), ...more });
    expect(summary.verdict).toBe('FAIL');
    expect(summary.faults).toHaveLength(1);
    expect(conflictText(summary)).toContain(`FAIL  ${summary.faults[0]}`);
  });

  test('UX-1 a run that was cut short says that first, and calls nothing lost that may still come', () => {
    const run = goodRun();
    const none = new Map(run.shown.tablet).set(pathOf(DIARY), '{}');
    const cutShort = 'it did not end within 90 s';
    const summary = judgeConflicts({
      ...{ ...run, cutShort, shown: { ...run.shown, tablet: none } },
      ...{ upstream: new Map(), accepted: 3, kills: 0, crises: [] },
      questions: { asked: 0, decided: 0 },
    });
    expect(summary).toMatchObject({ verdict: 'FAIL', isFinished: false });
    expect(summary.faults).toEqual([`not finished: ${cutShort}`]);
    const text = conflictText(summary);
    expect(text).toMatch(/lost {9}not known: .*may still come/);
    expect(text).toMatch(/unequal {6}not known/);
    expect(judgeConflicts({ ...run, cutShort, appliedTwice: 1 }).faults).toHaveLength(2);
  });

  test('CF-8 control: a decision that does not stand fails it', () => {
    const summary = withRecord('/subscription/subscription-1', (value) => ({
      ...value,
      intents: (value['intents'] as JsonObject[]).map((one) => ({ ...one, state: 'pending' })),
    }));
    expect(summary.faults).toEqual(['what the person decided does not stand']);
  });
});

describe('conflictStory', () => {
  test('UX-1 is the same for the same seed, and another for another', () => {
    expect(conflictStory(7)).toEqual(conflictStory(7));
    const texts = [1, 2, 3, 4].map((seed) => JSON.stringify(conflictStory(seed)));
    expect(new Set(texts).size).toBe(4);
  });

  test('CF-6 each text is written by one step alone, and is not there before', () => {
    for (let seed = 0; seed < 50; seed++) {
      const { begun, steps } = conflictStory(seed);
      const before = JSON.stringify(begun.map(([, value]) => value));
      const writes = steps.flatMap((step) => step.writes);
      expect(new Set(writes).size).toBe(writes.length);
      for (const text of writes) expect(before).not.toContain(JSON.stringify(text).slice(1, -1));
    }
  });
});
