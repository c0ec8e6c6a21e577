/** What each window of a trial of slots decides, number by number (PF-6). */

import { describe, expect, test } from 'vitest';
import { DEFAULT_FLOW_POLICY } from '../../../../machines/policy/flow/flowPolicy.ts';
import type { Measured } from '../../../../machines/policy/flow/flowWindow.ts';
import { type SlotDecision, SlotTrials } from '../../../../machines/policy/flow/slotTrials.ts';

/** All slots in use, by Little's law. */
function window(slots: number, latencyMs: number, more: Partial<Measured> = {}): Measured {
  const throughput = (Math.floor(slots) * 1_000) / latencyMs;
  const failureShare = more.failureShare ?? 0;
  return {
    goodput: throughput * (1 - failureShare),
    throughput,
    results: 400,
    failureShare,
    busyShare: 0,
    latencyMs,
    latencyErrorMs: 0,
    peak: Math.floor(slots),
    isBound: true,
    isPrecise: true,
    ...more,
  };
}

function trialsOf(usualMs: number): SlotTrials {
  const trials = new SlotTrials(DEFAULT_FLOW_POLICY);
  trials.start(usualMs);
  return trials;
}

/** So many windows of this latency; the slots after each. */
function windows(
  trials: SlotTrials,
  from: number,
  count: number,
  latencyMs: number,
  more: Partial<Measured> = {},
): number[] {
  const slots: number[] = [];
  let open = from;
  for (let n = 0; n < count; n += 1) {
    open = trials.measured(open, window(open, latencyMs, more)).slots;
    slots.push(Number(open.toFixed(6)));
  }
  return slots;
}

const next = (slots: number): SlotDecision => ({ slots, news: null, after: 'nextWindow' });
const began = (from: number, to: number, because: string) => ({
  slots: to,
  news: { type: 'trial.began', from, to, because },
  after: 'nextWindow',
});

describe('PF-6 what is slow', () => {
  test.each([
    [100, 140, 0, false],
    [100, 140.1, 0, true],
    [100, 150, 25, false],
    [100, 150, 24.9, true],
    [1_000, 1_250, 0, false],
    [1_000, 1_251, 0, true],
  ])('PF-6 usual %d ms, now %d with an error of %d: %j', (usual, now, latencyErrorMs, isSlow) => {
    const { news } = trialsOf(usual).measured(30, window(30, now, { latencyErrorMs }));
    expect(news?.type === 'trial.began').toBe(isSlow);
  });

  test.each([
    [140.1, 25],
    [145, 24],
    [300, 24],
  ])('PF-6 of 30 slots at %d ms, usually 100, %i are tried', (latencyMs, to) => {
    const decision = trialsOf(100).measured(30, window(30, latencyMs));
    expect(decision).toEqual(began(30, to, 'slower'));
  });

  test('PF-6 with failures beside it half of them are tried, also of a vague window', () => {
    const trials = trialsOf(100);
    trials.measured(30, window(30, 130));
    const more = { failureShare: 0.2, isPrecise: false };
    expect(trials.measured(30, window(30, 300, more))).toEqual(began(30, 15, 'slowerAndFailing'));
  });

  test('PF-6 failures of a tenth more, or of what chance makes, are not beside it', () => {
    for (const more of [{ failureShare: 0.1 }, { failureShare: 0.2, results: 10 }]) {
      const trials = trialsOf(100);
      trials.measured(30, window(30, 130));
      expect(trials.measured(30, window(30, 300, more))).toEqual(began(30, 24, 'slower'));
    }
  });

  test('PF-6 failures that go on are the usual ones after some windows', () => {
    const trials = trialsOf(100);
    trials.measured(30, window(30, 130));
    for (let n = 0; n < 9; n += 1) trials.measured(30, window(30, 130, { failureShare: 0.1 }));
    // Of 0.1 the usual has taken in 0.087: what is 0.1 above it is no more than 0.187.
    const above = (failureShare: number) => ({ failureShare, results: 4_000 });
    expect(trials.measured(30, window(30, 300, above(0.18)))).toEqual(began(30, 24, 'slower'));
    trials.stop();
    expect(trials.measured(30, window(30, 300, above(0.23)))).toEqual(
      began(30, 15, 'slowerAndFailing'),
    );
  });

  test('PF-6 with as few slots as there may be it is slow by itself, and one more is tried', () => {
    const trials = trialsOf(100);
    expect(trials.measured(2, window(2, 300))).toEqual(next(3));
    expect(trials.usualMs).toBe(300);
    expect(trialsOf(100).measured(3, window(3, 300))).toEqual(began(3, 2, 'slower'));
  });
});

describe('PF-6 what is calm opens ever more slots', () => {
  test('PF-6 5, 10, 20 and 40 percent, then half as many again, one at least, up to all', () => {
    expect(windows(trialsOf(100), 8, 8, 100)).toEqual([9, 10, 12, 16.8, 25.2, 32, 32, 32]);
    const forty = trialsOf(100);
    forty.change({ ...DEFAULT_FLOW_POLICY, slotsMax: 1_000 });
    const opened = windows(forty, 100, 7, 100);
    expect(opened.map((slots) => Math.round(slots))).toEqual([105, 116, 139, 194, 291, 437, 655]);
  });

  test.each([
    [120, 0, true],
    [121, 0, false],
    [125, 5, true],
    [125, 4.9, false],
  ])('PF-6 usually 100 ms, now %d with an error of %d: %j', (latencyMs, latencyErrorMs, isCalm) => {
    const { slots } = trialsOf(100).measured(8, window(8, latencyMs, { latencyErrorMs }));
    expect(slots).toBe(isCalm ? 9 : 8);
    // Of a slow upstream by its share.
    const slow = trialsOf(1_000).measured(8, window(8, 1_120));
    expect([slow.slots, trialsOf(1_000).measured(8, window(8, 1_121)).slots]).toEqual([9, 8]);
  });

  test('PF-6 a window that is not calm, or not in use, begins with 5 percent again', () => {
    const between = trialsOf(100);
    windows(between, 8, 3, 100);
    windows(between, 12, 1, 300);
    between.stop();
    expect(windows(between, 20, 1, 100)).toEqual([21]);
    const idle = trialsOf(100);
    windows(idle, 8, 3, 100);
    expect(windows(idle, 20, 1, 100, { isBound: false, peak: 3 })).toEqual([20]);
    expect(windows(idle, 20, 1, 100)).toEqual([21]);
  });

  test('PF-6 where fewer are used, twice as many as are used are open, as far as there may be', () => {
    const open = (slots: number, peak: number) =>
      trialsOf(100).measured(slots, window(slots, 100, { isBound: false, peak }));
    expect(open(8, 6)).toEqual(next(12));
    expect(open(8, 3)).toEqual(next(8));
    expect(open(8, 30)).toEqual(next(32));
  });

  test('PF-6 sixteen windows that are neither slow nor calm are what is usual', () => {
    const trials = trialsOf(100);
    expect(windows(trials, 8, 16, 130)).toEqual(Array.from({ length: 16 }, () => 8));
    expect(trials.usualMs).toBe(130);
    expect(windows(trials, 8, 1, 130)).toEqual([9]);
    const fewer = trialsOf(100);
    windows(fewer, 8, 15, 130);
    expect(fewer.usualMs).toBe(100);
  });

  test('PF-6 what is faster is the usual from then on, with its error', () => {
    const trials = trialsOf(100);
    trials.measured(8, window(8, 60, { latencyErrorMs: 7 }));
    expect(trials.usualMs).toBe(67);
    expect(new SlotTrials(DEFAULT_FLOW_POLICY).usualMs).toBe(Number.POSITIVE_INFINITY);
  });

  test('PF-6 more slots that bring failures and nothing else are taken back, and it rests', () => {
    const trials = trialsOf(100);
    expect(trials.measured(20, window(20, 100))).toEqual(next(21));
    const failing = { failureShare: 0.2, goodput: 190 };
    expect(trials.measured(21, window(21, 100, failing))).toEqual({
      slots: 20,
      news: { type: 'trial.undone', from: 21, to: 20, because: 'moreFailing' },
      after: 'nextWindow',
    });
    expect(windows(trials, 20, 5, 100)).toEqual([20, 20, 20, 20, 21]);
  });

  test('PF-6 more slots that bring failures and more done, or hardly any failures, stay', () => {
    const more = { failureShare: 0.2, goodput: 210 };
    const few = { failureShare: 0.005, goodput: 190 };
    for (const now of [more, few]) {
      const trials = trialsOf(100);
      trials.measured(20, window(20, 100));
      expect(trials.measured(21, window(21, 100, now)).news).toBeNull();
    }
  });
});

describe('PF-6 how a trial ends', () => {
  /** 30 slots at 300 ms, usually 100: 24 are tried, with this share of what was done before. */
  function judged(ratio: number, trials = trialsOf(100)): SlotDecision {
    const before = window(30, 300);
    const { slots } = trials.measured(30, before);
    const throughput = ratio * before.throughput;
    return trials.measured(slots, window(slots, 250, { throughput, goodput: throughput }));
  }

  test.each([
    [1, 'trial.kept', 24, 'nextWindow'],
    [0.931, 'trial.kept', 24, 'nextWindow'],
    [0.929, 'trial.undone', 30, 'nextWindow'],
    [0.861, 'trial.undone', 30, 'nextWindow'],
    [0.859, 'trial.undone', 30, 'ramp'],
  ])('PF-6 of a fifth fewer slots and %d of what was done: %s', (ratio, type, slots, after) => {
    const isKept = type === 'trial.kept';
    const news = isKept
      ? { type, from: 30, to: 24, because: 'noLessDone' }
      : { type, from: 24, to: 30, because: 'lessDone' };
    expect(judged(ratio)).toEqual({ slots, news, after });
  });

  test('PF-6 kept slots have found what is usual, and the next trial takes half of them', () => {
    const trials = trialsOf(100);
    judged(1, trials);
    expect([trials.usualMs, trials.isTrying]).toEqual([100, false]);
    expect(trials.measured(24, window(24, 300))).toEqual(began(24, 12, 'slower'));
    const found = trialsOf(400);
    found.measured(30, window(30, 600));
    found.measured(24, window(24, 300, { latencyErrorMs: 5, throughput: 100, goodput: 100 }));
    expect(found.usualMs).toBe(305);
  });

  test('PF-6 slots that came back are slow by themselves, and it rests ever longer', () => {
    const trials = trialsOf(100);
    judged(0.8, trials);
    expect([trials.usualMs, trials.isTrying]).toEqual([300, false]);
    expect(windows(trials, 30, 5, 300)).toEqual([30, 30, 30, 30, 31.5]);
    // The next one in vain: eight windows, in which nothing is tried, however slow it is.
    trials.measured(30, window(30, 400));
    trials.measured(24, window(24, 400));
    expect(windows(trials, 30, 8, 600)).toEqual(Array.from({ length: 8 }, () => 30));
    expect(trials.measured(30, window(30, 600)).news).toMatchObject({ type: 'trial.began' });
  });

  test('PF-6 while it rests, failures beside latency are tried all the same', () => {
    const trials = trialsOf(100);
    judged(0.8, trials);
    const { news } = trials.measured(30, window(30, 600, { failureShare: 0.3 }));
    expect(news).toMatchObject({ type: 'trial.began', because: 'slowerAndFailing' });
  });

  test('PF-6 failures count where chance does not explain how they differ', () => {
    const before = window(30, 300, { failureShare: 0.1 });
    const ends = (failureShare: number) => {
      const trials = trialsOf(100);
      trials.measured(30, window(30, 130, { failureShare: 0.1 }));
      trials.measured(30, before);
      // As many answers, and all of them fewer by those that failed.
      const { throughput } = before;
      const goodput = throughput * (1 - failureShare);
      return trials.measured(24, window(24, 250, { failureShare, throughput, goodput })).news?.type;
    };
    expect([ends(0.1), ends(0.12), ends(0.3)]).toEqual([
      'trial.kept',
      'trial.kept',
      'trial.undone',
    ]);
  });

  test('PF-6 a trial goes on until it says enough', () => {
    const trials = trialsOf(100);
    trials.measured(30, window(30, 300));
    const vague = window(24, 250, { isPrecise: false });
    expect(trials.measured(24, vague)).toEqual({ slots: 24, news: null, after: 'goOn' });
    expect([trials.isTrying, trials.settled(24)]).toEqual([true, 30]);
  });
});

describe('PF-6 what is usual is questioned', () => {
  const newsOf = (trials: SlotTrials, count: number, more: Partial<Measured> = {}) => {
    for (let n = 1; n <= count; n += 1) {
      const { news } = trials.measured(32, window(32, 100, more));
      if (news !== null) return [n, news];
    }
    return null;
  };

  test('PF-6 after forty windows with all slots in use, by three fifths of them', () => {
    const question = { type: 'trial.began', from: 32, to: 20, because: 'questioned' };
    expect(newsOf(trialsOf(100), 60)).toEqual([40, question]);
    expect(newsOf(trialsOf(100), 60, { failureShare: 0.31 })).toEqual([8, question]);
    expect(newsOf(trialsOf(100), 60, { failureShare: 0.3 })).toEqual([40, question]);
    expect(newsOf(trialsOf(Number.POSITIVE_INFINITY), 60)).toEqual([4, question]);
  });

  test('PF-6 the next time after twice as many, and after forty again where fewer were kept', () => {
    const trials = trialsOf(100);
    newsOf(trials, 40);
    // As many fewer answers as slots: they come back.
    trials.measured(20, window(20, 100));
    expect(newsOf(trials, 100)?.[0]).toBe(80);
    trials.measured(20, window(20, 62.5));
    expect(newsOf(trials, 100, { latencyMs: 62.5 })?.[0]).toBe(40);
  });

  test('PF-6 not by a vague window: that goes on', () => {
    const trials = trialsOf(100);
    expect(newsOf(trials, 39)).toBeNull();
    const vague = window(32, 100, { isPrecise: false });
    expect(trials.measured(32, vague)).toEqual({ slots: 32, news: null, after: 'goOn' });
    expect(newsOf(trials, 1)?.[0]).toBe(1);
  });

  test('PF-6 the end of a ramp begins to count anew', () => {
    const trials = trialsOf(100);
    newsOf(trials, 39);
    trials.start(100);
    expect(newsOf(trials, 60)?.[0]).toBe(40);
  });
});
