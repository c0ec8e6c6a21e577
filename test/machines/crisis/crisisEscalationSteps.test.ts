/** What is known of the steps of a chain, call by call, without its chart (CR-4). */

import { describe, expect, test } from 'vitest';
import {
  askAfterMs,
  type ChainStep,
  type CrisisEscalation,
  inNextRound,
  isEveryStepTold,
  nextStep,
  notEscalated,
  owedCalls,
  saidSafeAtMs,
  stepOf,
  withDecision,
  withStep,
} from '../../../machines/crisis/crisisEscalation.ts';

const BY = { id: 'staff-7' };
const CHAIN = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];

const step = (name: string, more: Partial<ChainStep> = {}): ChainStep => ({
  ...{ name, outcome: null, round: 1, calls: 1, failures: 0, throws: 0, cutOff: 0 },
  ...{ mayKnow: false, atMs: 10, owedAtMs: null, waitMs: 0 },
  ...more,
});
const escalation = (more: Partial<CrisisEscalation> = {}): CrisisEscalation => ({
  ...notEscalated(0),
  ...more,
});
const takenOn = {
  ...{ by: BY, atMs: 5, untilMs: 90, step: 'b', asks: 0, askAtMs: 60, askWaitMs: 55 },
};

describe('CR-4 which step is next, and which was told', () => {
  test('CR-4 the first that was not called in this round, from the one that it begins with', () => {
    const called = [step('b'), step('c', { round: 0 })];
    const next = (from: string | null, steps = called) =>
      nextStep(CHAIN, { steps, round: 1, from })?.name;
    expect([next(null), next('b'), next('c'), next('gone')]).toEqual(['a', 'c', 'c', 'a']);
    // Those before it come after the others, each once.
    expect(next('b', [step('b'), step('c')])).toBe('a');
    expect(nextStep([{ name: 'a' }], { steps: [step('a')], round: 1, from: 'a' })).toBeNull();
  });

  test('CR-4 each was told where each was, in this round', () => {
    const told = (name: string, round = 1) => step(name, { outcome: 'told', round });
    const isTold = (steps: readonly ChainStep[]) => isEveryStepTold(CHAIN, { steps, round: 1 });
    expect(isTold([told('a'), told('b'), told('c')])).toBe(true);
    expect(isTold([told('a'), told('b'), told('c', 0)])).toBe(false);
    expect(isTold([told('a'), told('b'), step('c', { outcome: 'refused' })])).toBe(false);
    expect(isTold([told('a'), told('b')])).toBe(false);
  });
});

describe('CR-4 which calls are owed', () => {
  const owed = step('a', { owedAtMs: 30, waitMs: 20 });

  test('CR-4 none before it escalates, while somebody has it, and once it has ended', () => {
    const all = escalation({ steps: [owed], step: 'b', takenOn });
    for (const state of ['quiet', 'acknowledged', 'ended'] as const) {
      expect(owedCalls(state, all, CHAIN), state).toEqual([]);
    }
  });

  test('CR-4 that of each step that is owed one, and of the one that the chain has come to', () => {
    const call = { step: 'a', isAsk: false, atMs: 30, waitMs: 20 };
    const now = { step: 'b', isAsk: false, atMs: 40, waitMs: 0 };
    const of = (more: Partial<CrisisEscalation>, state = 'notifying' as const) =>
      owedCalls(state, escalation({ steps: [owed], dueAtMs: 40, ...more }), CHAIN);
    expect(of({ step: 'b' })).toEqual([call, now]);
    expect(of({ step: null })).toEqual([call]);
    expect(of({ step: 'gone' })).toEqual([call]);
    // It was called in this round, or in the one before.
    expect(of({ step: 'b', steps: [step('b')] })).toEqual([]);
    expect(of({ step: 'b', steps: [step('b')], round: 2 })).toEqual([now]);
    const another = escalation({ steps: [owed], step: 'b' });
    expect(owedCalls('stepsOwed', another, CHAIN)).toEqual([call]);
    expect(
      owedCalls('notifying', escalation({ steps: [step('gone', { owedAtMs: 1 })] }), CHAIN),
    ).toEqual([]);
  });

  test('CR-5 while it lapses, that by which whoever has it is asked', () => {
    const of = (more: object | null) =>
      owedCalls(
        'lapsing',
        escalation({ steps: [owed], takenOn: more === null ? null : { ...takenOn, ...more } }),
        CHAIN,
      );
    expect(of({})).toEqual([{ step: 'b', isAsk: true, atMs: 60, waitMs: 55 }]);
    for (const none of [null, { step: null }, { askAtMs: null }, { step: 'gone' }]) {
      expect(of(none)).toEqual([]);
    }
  });
});

describe('CR-4 what is kept of steps and decisions', () => {
  test('CR-4 a step stands once, last, and 64 are kept', () => {
    const all = escalation({ steps: [step('a'), step('b')] });
    expect(withStep(all, step('a', { calls: 2 })).steps).toEqual([
      step('b'),
      step('a', { calls: 2 }),
    ]);
    const many = Array.from({ length: 64 }, (_, at) => step(`s${at}`));
    const { steps } = withStep(escalation({ steps: many }), step('new'));
    expect([steps.length, steps[0]?.name, steps.at(-1)?.name]).toEqual([64, 's1', 'new']);
  });

  test('CR-4 of a step in a new round its calls begin anew, and what happened in a row does not', () => {
    const before = step('a', {
      ...{ outcome: 'refused', calls: 3, failures: 4, throws: 2, cutOff: 1 },
      ...{ mayKnow: true, atMs: 10, owedAtMs: 30, waitMs: 20 },
    });
    expect(stepOf(escalation({ steps: [before] }), 'a', 99)).toEqual(before);
    expect(stepOf(escalation({ steps: [before], round: 2 }), 'a', 99)).toEqual({
      ...before,
      ...{ round: 2, outcome: null, calls: 0, atMs: 99, owedAtMs: null, waitMs: 0 },
    });
    expect(stepOf(escalation(), 'a', 99)).toEqual(step('a', { calls: 0, atMs: 99 }));
  });

  test('CR-4 in a new round what is owed is called at once, but for the step that it begins with', () => {
    const owed = step('a', { owedAtMs: 500, waitMs: 400, calls: 3 });
    const first = step('b', { owedAtMs: 600, waitMs: 500 });
    const steps = [owed, first, step('c')];
    const after = inNextRound(
      escalation({ steps, takenOn, step: 'c', sinceAtMs: 7, cause: 'attemptsUsedUp' }),
      { atMs: 50, from: 'b', anew: 2 },
    );
    expect(after).toMatchObject({
      ...{ round: 2, from: 'b', anew: 2, step: null, dueAtMs: 50, waitMs: 0, takenOn: null },
      ...{ sinceAtMs: 7, cause: 'attemptsUsedUp' },
    });
    expect(after.steps).toEqual([
      step('a', { round: 2, calls: 0, owedAtMs: 50 }),
      step('b'),
      step('c'),
    ]);
    expect(inNextRound(escalation(), { atMs: 50, from: null, anew: 0 })).toMatchObject({
      sinceAtMs: 50,
      cause: 'notInTime',
    });
  });

  test('CR-5 64 decisions are kept, and the last word of whose crisis it is', () => {
    const say = (what: 'saidSafe' | 'noted', atMs: number) => ({ what, by: BY, note: null, atMs });
    let all = escalation();
    expect(saidSafeAtMs(all)).toBeNull();
    for (const [at, what] of (['saidSafe', 'saidSafe', 'noted'] as const).entries()) {
      all = withDecision(all, say(what, at + 1));
    }
    expect(saidSafeAtMs(all)).toBe(2);
    for (let at = 4; at <= 65; at += 1) all = withDecision(all, say('noted', at));
    expect([all.decisions.length, all.decisions[0]?.atMs]).toEqual([64, 2]);
  });

  test('CR-5 whoever has it is asked five minutes before, or after half of a short time', () => {
    expect([1_800_000, 400_000].map(askAfterMs)).toEqual([1_500_000, 200_000]);
  });
});
