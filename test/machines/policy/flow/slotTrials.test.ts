import { describe, expect, test } from 'vitest';
import type { FlowNews } from '../../../../machines/policy/flow/flowNews.ts';
import { DEFAULT_FLOW_POLICY } from '../../../../machines/policy/flow/flowPolicy.ts';
import type { Measured } from '../../../../machines/policy/flow/flowWindow.ts';
import { SlotTrials } from '../../../../machines/policy/flow/slotTrials.ts';
import { seededRandom } from '../../../../src/virtual/seededRandom.ts';

/** What a window measures by the slots: each has its own. */
type Upstream = (slots: number) => Measured;

/** All slots in use, by Little's law. */
function window(slots: number, latencyMs: number, failureShare = 0): Measured {
  const throughput = (slots * 1_000) / latencyMs;
  return {
    goodput: throughput * (1 - failureShare),
    throughput,
    results: 400,
    failureShare,
    busyShare: 0,
    latencyMs,
    latencyErrorMs: 1,
    peak: slots,
    isBound: true,
    isPrecise: true,
  };
}

const workers =
  (count: number, failing = 0): Upstream =>
  (slots) =>
    window(Math.floor(slots), 100 * Math.max(1, Math.floor(slots) / count), failing);

const slowByItself: Upstream = (slots) => window(Math.floor(slots), 300);

/** As the drill `d1`: one call more than its workers, and each takes longer, and some are refused. */
const refusesBeyond =
  (count: number): Upstream =>
  (slots) => {
    const excess = Math.max(0, Math.floor(slots) / count - 1);
    const share = Math.min(0.9, 0.5 * excess);
    const done = window(Math.min(count, Math.floor(slots)), 100 * (1 + excess));
    const throughput = done.throughput / (1 - share);
    return { ...done, throughput, failureShare: share, busyShare: share, peak: Math.floor(slots) };
  };

interface Ran {
  readonly slots: number;
  readonly news: readonly FlowNews[];
  /** The slots of each window. */
  readonly course: readonly number[];
}

function run(trials: SlotTrials, from: number, windows: number, upstream: Upstream): Ran {
  const news: FlowNews[] = [];
  const course: number[] = [];
  let slots = from;
  for (let at = 0; at < windows; at++) {
    const decision = trials.measured(slots, upstream(slots));
    slots = Math.min(32, Math.max(2, decision.slots));
    if (decision.news !== null) news.push(decision.news);
    course.push(slots);
  }
  return { slots, news, course };
}

function trialsOf(usualMs: number): SlotTrials {
  const trials = new SlotTrials(DEFAULT_FLOW_POLICY);
  trials.start(usualMs);
  return trials;
}

const typesOf = (news: readonly FlowNews[]): string[] => news.map(({ type }) => type);

describe('PF-6 slots by goodput', () => {
  test('PF-6 a queue of our own making: fewer are tried, and kept', () => {
    const { slots, news } = run(trialsOf(100), 30, 8, workers(12));
    expect(typesOf(news).slice(0, 2)).toEqual(['trial.began', 'trial.kept']);
    expect(slots).toBeGreaterThanOrEqual(12);
    expect(slots).toBeLessThanOrEqual(18);
  });

  test('PF-6 slow by itself: fewer are tried, and the slots come back', () => {
    const { news, course } = run(trialsOf(100), 30, 30, slowByItself);
    expect(typesOf(news)).toEqual(['trial.began', 'trial.undone']);
    expect(course.at(-1)).toBeGreaterThanOrEqual(30);
  });

  test('PF-6 each trial says why, and what it changed', () => {
    const [began, kept] = run(trialsOf(100), 30, 2, workers(12)).news;
    expect(began).toEqual({ type: 'trial.began', from: 30, to: 24, because: 'slower' });
    expect(kept).toEqual({ type: 'trial.kept', from: 30, to: 24, because: 'noLessDone' });
  });

  test('PF-6 failures alone change nothing but for a question now and then', () => {
    const random = seededRandom(1);
    const failing = (): number =>
      Array.from({ length: 60 }, () => random.chance(0.35)).filter(Boolean).length;
    const { news, slots } = run(trialsOf(100), 32, 200, (open) => ({
      ...window(Math.floor(open), 100, failing() / 60),
      results: 60,
    }));
    expect(slots).toBe(32);
    const began = news.filter(({ type }) => type === 'trial.began');
    expect(began.every((each) => 'because' in each && each.because === 'questioned')).toBe(true);
    expect(began.length).toBeLessThan(8);
    expect(typesOf(news)).not.toContain('trial.kept');
  });

  test('PF-6 calm windows open ever more slots, up to all', () => {
    const { course } = run(trialsOf(100), 8, 14, () => window(8, 100));
    expect(course[0]).toBe(9);
    expect(course.at(-1)).toBe(32);
  });

  test('PF-6 slots that bring failures and nothing else are taken back', () => {
    // It works on ten at once and refuses the rest.
    const refuses: Upstream = (slots) =>
      window(Math.floor(slots), 100, Math.max(0, 1 - 10 / slots));
    const { news } = run(trialsOf(100), 9, 10, refuses);
    expect(news).toContainEqual(expect.objectContaining({ because: 'moreFailing' }));
  });

  test('PF-6 an upstream that refuses what is beyond its workers settles at these', () => {
    const { course, news } = run(trialsOf(100), 14, 38, refusesBeyond(12));
    expect(news).toContainEqual(expect.objectContaining({ because: 'busy' }));
    // What is usual is questioned after 40 windows.
    const late = course.slice(8);
    expect(Math.max(...late)).toBeLessThanOrEqual(13);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(11);
    expect(late.filter((slots) => slots === 12).length).toBeGreaterThan(late.length / 3);
  });

  test('PF-6 once it bears twice as much, more open again', () => {
    const trials = trialsOf(100);
    const { slots } = run(trials, 14, 40, refusesBeyond(12));
    expect(slots).toBeLessThanOrEqual(13);
    expect(run(trials, slots, 40, refusesBeyond(24)).slots).toBeGreaterThanOrEqual(22);
  });

  test('PF-6 control: 503 that come whatever is in flight take no slot', () => {
    const random = seededRandom(3);
    const { course, news } = run(trialsOf(100), 20, 400, (slots) => {
      const busy = Array.from({ length: 60 }, () => random.chance(0.15)).filter(Boolean).length;
      return { ...window(Math.floor(slots), 100, busy / 60), results: 60, busyShare: busy / 60 };
    });
    expect(news).toContainEqual(expect.objectContaining({ because: 'asBusy' }));
    expect(course.at(-1)).toBe(32);
    expect(news.filter(({ type }) => type === 'trial.kept')).toEqual([]);
  });

  test('PF-6 what is not in use is not tried, but twice what is used is open', () => {
    const idle = { ...window(6, 400), isBound: false };
    const { news, slots } = run(trialsOf(100), 8, 20, () => idle);
    expect([news, slots]).toEqual([[], 12]);
  });

  test('PF-6 a trial in which less was asked for says nothing', () => {
    const trials = trialsOf(100);
    const { slots } = trials.measured(30, window(30, 300));
    const decision = trials.measured(slots, { ...window(5, 100), isBound: false });
    expect(decision).toMatchObject({
      slots: 30,
      news: { type: 'trial.undone', because: 'lessAsked' },
    });
  });

  test('PF-6 a window that says too little goes on', () => {
    const trials = trialsOf(100);
    const vague = { ...window(30, 300), isPrecise: false };
    expect(trials.measured(30, vague)).toEqual({ slots: 30, news: null, after: 'goOn' });
  });

  test('PF-6 an outage ends a trial with the slots of before it', () => {
    const trials = trialsOf(100);
    const { slots } = trials.measured(30, window(30, 300));
    expect([slots, trials.isTrying, trials.settled(slots)]).toEqual([24, true, 30]);
    trials.stop();
    expect([trials.isTrying, trials.settled(slots)]).toEqual([false, 24]);
  });
});
