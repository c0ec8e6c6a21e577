import { describe, expect, test } from 'vitest';
import { ANSWER_FLAWS } from '../../../src/drill/stage/answerCheck.ts';
import type { ToldRule } from '../../../src/drill/stage/stageMessages.ts';
import { DrillLedger } from '../../../src/drill/upstream/drillUpstream.ts';
import { dueAtMs, goodLedger, goodResult, judged } from './drillSample.ts';

/** The good result with the answer of crisis 7 so many milliseconds late. */
function answeredLate(ms: number) {
  const result = goodResult();
  result.answeredAtMs[7] = dueAtMs(7) + ms;
  return result;
}

describe('the judge of the crisis drill', () => {
  test('CR-1 CR-4 a scenario in which all went well passes', () => {
    expect(judged()).toMatchObject({
      verdict: 'PASS',
      faults: [],
      late: 0,
      missing: 0,
      doubled: 0,
      taken: 20,
      isAimMet: true,
      answers: { p50Ms: 2, maxMs: 2 },
      pinned: { count: 10 },
      delivery: { p50Ms: 28, maxMs: 28 },
    });
  });

  test('CR-1 control: one answer after 200 ms fails it, one before does not', () => {
    expect(judged({ result: answeredLate(201) })).toMatchObject({
      verdict: 'FAIL',
      late: 1,
      faults: ['1 crisis was answered after 200 ms or more'],
    });
    expect(judged({ result: answeredLate(199.9) })).toMatchObject({ verdict: 'PASS', late: 0 });
  });

  test('CR-1 where only deliveries are judged, late answers are counted and pass', () => {
    expect(judged({ result: answeredLate(900) }, 'deliveries')).toMatchObject({
      verdict: 'PASS',
      late: 1,
    });
  });

  test('CR-1 a late answer is the machine’s only where the control was late by as much as explains it', () => {
    const starving = answeredLate(900);
    // Instants are 100 ms apart: the wake-up at 10 is within those 900 ms.
    starving.control.lateMs[10] = 701;
    expect(judged({ result: starving })).toMatchObject({
      verdict: 'PASS',
      late: 0,
      starved: 1,
      answers: { maxMs: 900 },
      own: { maxMs: 199 },
    });
    starving.control.lateMs[10] = 699;
    expect(judged({ result: starving })).toMatchObject({ verdict: 'FAIL', late: 1, starved: 0 });
    starving.control.lateMs[10] = 0.5;
    starving.control.lateMs[18] = 800;
    expect(judged({ result: starving }).late).toBe(1);
  });

  test('CR-1 or where the kernel counts that its thread had no processor for as long', () => {
    const unscheduled = answeredLate(900);
    unscheduled.control.keptMs.fill(7 + 701, 12);
    expect(judged({ result: unscheduled })).toMatchObject({
      verdict: 'PASS',
      late: 0,
      starved: 0,
      unscheduled: 1,
    });
    unscheduled.control.keptMs.fill(7 + 699, 12);
    expect(judged({ result: unscheduled }).late).toBe(1);
    unscheduled.control.keptMs.fill(Number.NaN);
    expect(judged({ result: unscheduled }).late).toBe(1);
  });

  test('CR-1 control: one that was never answered fails it, also where only deliveries are judged', () => {
    const result = goodResult();
    result.answeredAtMs[3] = Number.NaN;
    expect(judged({ result }, 'deliveries').faults).toEqual(['1 crisis was never answered']);
  });

  test('CR-4 control: one that was answered and not taken fails it', () => {
    const result = goodResult();
    result.isTaken[3] = 0;
    expect(judged({ result }, 'deliveries')).toMatchObject({
      verdict: 'FAIL',
      untaken: 1,
      faults: ['1 crisis was answered and not taken'],
    });
  });

  test('CR-3 control: an answer that lacks what it has to hold fails it', () => {
    const result = goodResult();
    result.flaws[3] = ANSWER_FLAWS.builtIn.bit | ANSWER_FLAWS.plan.bit;
    result.flaws[4] = ANSWER_FLAWS.plan.bit;
    expect(judged({ result }, 'deliveries')).toMatchObject({
      verdict: 'FAIL',
      flawed: 2,
      faults: [
        '1 crisis was answered without every built-in help line',
        "2 crises were answered without the person's own plan, which was in memory",
      ],
    });
  });

  describe('CR-5 who had to be told', () => {
    const rule: ToldRule = {
      step: 'on-call',
      subjects: ['anna', 'ben'],
      fromMs: dueAtMs(0) + 1_000,
      withinMs: 60_000,
      pace: 10,
    };
    const result = { ...goodResult(), toldRules: [rule] };
    const told = (subject: string, afterMs: number, step = 'on-call') => ({
      ...{ step, subjects: [subject], people: 1, atMs: rule.fromMs + afterMs },
    });

    test('is told within its time, as the clock of the runtime counts it', () => {
      const notices = [told('anna', -500), told('anna', 2_000), told('ben', 5_999)];
      expect(judged({ result, notices }, 'deliveries')).toMatchObject({
        verdict: 'PASS',
        told: { count: 2, p50Ms: 20_000, maxMs: 59_990, pace: 10 },
      });
    });

    test('a digest is about everybody', () => {
      const digest = { ...told('anna', 1_000), people: 2 };
      expect(judged({ result, notices: [digest] })).toMatchObject({ verdict: 'PASS' });
    });

    test('control: fails it where a step was not told of somebody, or after its time', () => {
      const notices = [told('anna', 6_001), told('ben', 10, 'clinician')];
      expect(judged({ result, notices }, 'deliveries').faults).toEqual([
        'on-call was not told of 1 person',
        'on-call was told of 1 person after more than 60 s',
      ]);
    });
  });

  test('CR-4 control: a missing, a doubled and an overdue delivery each fail it', () => {
    expect(judged({ ledger: goodLedger().slice(1) }, 'deliveries')).toMatchObject({
      verdict: 'FAIL',
      missing: 1,
      faults: ['1 crisis was not delivered'],
    });
    const doubled = goodLedger();
    doubled[4] = [4, 2, dueAtMs(4) + 30];
    expect(judged({ ledger: doubled }, 'deliveries')).toMatchObject({
      verdict: 'FAIL',
      doubled: 1,
    });
    const overdue = goodLedger();
    overdue[4] = [4, 1, dueAtMs(4) + 60_010];
    expect(judged({ ledger: overdue }, 'deliveries')).toMatchObject({
      verdict: 'FAIL',
      overdue: 1,
    });
  });

  test('CR-4 the time to delivery counts from when the upstream was well', () => {
    const result = { ...goodResult(), wellAtMs: dueAtMs(0) + 50_000 };
    const ledger = goodLedger().map(([number]) => [number, 1, dueAtMs(0) + 50_040] as const);
    expect(judged({ result, ledger })).toMatchObject({ verdict: 'PASS', delivery: { maxMs: 40 } });
  });

  test('CR-4 control: what an earlier process has left behind has to arrive as well', () => {
    expect(judged({ leftBehind: [100, 101] })).toMatchObject({ taken: 22, missing: 2 });
  });

  test('CR-4 control: a drill that provoked nothing fails', () => {
    const result = { ...goodResult(), evidence: [{ isSeen: false, text: 'nothing hung' }] };
    expect(judged({ result }).faults).toEqual(['the fault was not there: nothing hung']);
  });
});

test('CR-4 the ledger of the drill makes an effect once a key, and sees a crisis under two keys', () => {
  const ledger = new DrillLedger();
  ledger.apply(1, 'a', 10);
  ledger.apply(1, 'a', 20);
  ledger.apply(2, 'b', 30);
  ledger.apply(2, 'c', 40);
  expect(ledger.lines()).toEqual([
    [1, 1, 10],
    [2, 2, 30],
  ]);
});
