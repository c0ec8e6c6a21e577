/** What windows in which some calls are refused by 503 decide of slots, number by number (PF-6). */

import { describe, expect, test } from 'vitest';
import { DEFAULT_FLOW_POLICY } from '../../../../machines/policy/flow/flowPolicy.ts';
import type { Measured } from '../../../../machines/policy/flow/flowWindow.ts';
import { type SlotDecision, SlotTrials } from '../../../../machines/policy/flow/slotTrials.ts';

/** 400 calls, of which this share was refused; as many answers whatever the slots are. */
function window(busyShare: number, more: Partial<Measured> = {}): Measured {
  return {
    ...{ goodput: 100, throughput: 100 / (1 - busyShare), results: 400 },
    ...{ failureShare: busyShare, busyShare, latencyMs: 100, latencyErrorMs: 0 },
    ...{ peak: 16, isBound: true, isPrecise: true },
    ...more,
  };
}

const trialsOf = (): SlotTrials => {
  const trials = new SlotTrials(DEFAULT_FLOW_POLICY);
  trials.start(100);
  return trials;
};

/** Of 16 slots 14 are tried. */
function tried(busyShare = 0.1): SlotTrials {
  const trials = trialsOf();
  expect(trials.measured(16, window(busyShare)).slots).toBe(14);
  return trials;
}

/** 503 was of the load: 14 of 16 slots were kept. */
function ofLoad(): SlotTrials {
  const trials = tried();
  expect(trials.measured(14, window(0)).news).toMatchObject({ type: 'trial.kept' });
  return trials;
}

const goesOn = (slots: number): SlotDecision => ({ slots, news: null, after: 'goOn' });

describe('PF-6 a trial because of 503', () => {
  test('PF-6 takes an eighth of the slots, once forty calls tell', () => {
    const news = { type: 'trial.began', from: 16, to: 14, because: 'busy' };
    expect(trialsOf().measured(16, window(0.1))).toEqual({ slots: 14, news, after: 'nextWindow' });
    const of = (results: number) => trialsOf().measured(16, window(0.1, { results })).news;
    expect([of(39), of(40)]).toEqual([null, news]);
    const trials = trialsOf();
    trials.measured(16, window(0.1, { results: 30 }));
    expect(trials.measured(16, window(0.1, { results: 10 })).news).toEqual(news);
  });

  test('PF-6 is over once forty calls tell, or less was asked for', () => {
    const of = (more: Partial<Measured>) => tried().measured(14, window(0, more));
    expect(of({ results: 39 })).toEqual(goesOn(14));
    expect(of({ results: 40 }).news).not.toBeNull();
    expect(of({ results: 39, isBound: false }).news).toMatchObject({ because: 'lessAsked' });
    expect(of({ isPrecise: false })).toEqual(goesOn(14));
    // Another trial needs no forty.
    const slow = trialsOf();
    slow.measured(16, window(0, { latencyMs: 300 }));
    expect(slow.measured(13, window(0, { results: 39 })).news).toMatchObject({
      type: 'trial.kept',
    });
  });

  test('PF-6 in which as many are refused told nothing, and the next one waits two windows', () => {
    const trials = tried();
    expect(trials.measured(14, window(0.1))).toEqual({
      slots: 16,
      news: { type: 'trial.undone', from: 14, to: 16, because: 'asBusy' },
      after: 'nextWindow',
    });
    const between = window(0.1, { latencyMs: 130 });
    const news = [1, 2, 3].map(() => trials.measured(16, between).news?.type);
    expect(news).toEqual([undefined, undefined, 'trial.began']);
  });

  test('PF-6 keeps its slots where as much is answered, and a little less where none is refused', () => {
    const of = (busyShare: number, goodput: number) =>
      tried().measured(14, window(busyShare, { goodput }));
    const kept = { type: 'trial.kept', from: 16, to: 14, because: 'noLessDone' };
    expect(of(0, 100)).toEqual({ slots: 14, news: kept, after: 'nextWindow' });
    expect(of(0, 91).news).toEqual(kept);
    const undone = { type: 'trial.undone', from: 14, to: 16, because: 'lessDone' };
    expect(of(0, 89)).toEqual({ slots: 16, news: undone, after: 'nextWindow' });
    expect(of(0.03, 97).news).toEqual(kept);
    expect(of(0.03, 94)).toEqual({ slots: 16, news: undone, after: 'nextWindow' });
  });
});

describe('PF-6 once 503 is known to be of the load', () => {
  test('PF-6 no more slots open than were refused some, then one at a time', () => {
    const trials = ofLoad();
    const calm = window(0);
    expect(trials.measured(14, calm).slots).toBe(15);
    expect(trials.measured(15, calm).slots).toBe(16);
  });

  test('PF-6 one slot too many goes at once, and without a rest', () => {
    const trials = ofLoad();
    expect(trials.measured(14, window(0)).slots).toBe(15);
    expect(trials.measured(15, window(0.2))).toEqual({
      slots: 14,
      news: { type: 'trial.undone', from: 15, to: 14, because: 'moreFailing' },
      after: 'nextWindow',
    });
    expect(trials.measured(14, window(0)).slots).toBe(15);
  });

  test('PF-6 failures of another kind make it rest, as ever', () => {
    const trials = ofLoad();
    trials.measured(14, window(0));
    const failing = window(0, { failureShare: 0.2, goodput: 90 });
    expect(trials.measured(15, failing).news).toMatchObject({ because: 'moreFailing' });
    expect([1, 2, 3, 4, 5].map(() => trials.measured(14, window(0)).slots)).toEqual([
      ...[14, 14, 14, 14],
      15,
    ]);
  });

  test('PF-6 many more that are refused take a quarter of the slots at once', () => {
    const news = { type: 'trial.began', from: 14, to: 11, because: 'slowerAndFailing' };
    const many = window(0.4, { isPrecise: false });
    expect(ofLoad().measured(14, many).news).toEqual(news);
    // As little as half where it is slow as well.
    const slow = window(0.4, { latencyMs: 300 });
    expect(ofLoad().measured(14, slow).news).toMatchObject({ to: 7 });
    // Failures of another kind, or where 503 is not known to be of the load.
    expect(ofLoad().measured(14, window(0, { failureShare: 0.4 })).news).toBeNull();
    const unknown = trialsOf();
    unknown.measured(14, window(0));
    unknown.measured(15, window(0, { isBound: false }));
    expect(unknown.measured(14, many).news).toBeNull();
  });

  test('PF-6 a trial in which many more are refused has found a weaker upstream: half of it is tried', () => {
    const trials = ofLoad();
    expect(trials.measured(14, window(0.05)).news).toMatchObject({ to: 13, because: 'busy' });
    const more = (busyShare: number) => window(busyShare, { isPrecise: false });
    expect(trials.measured(13, more(0.15))).toEqual(goesOn(13));
    expect(trials.measured(13, window(0.2, { isPrecise: false, failureShare: 0.05 }))).toEqual(
      goesOn(13),
    );
    expect(trials.measured(13, more(0.2)).news).toEqual({
      ...{ type: 'trial.began', from: 13, to: 7 },
      because: 'slowerAndFailing',
    });
    // Where that is not known, the trial goes on.
    expect(tried().measured(14, more(0.4))).toEqual(goesOn(14));
  });
});

describe('PF-6 how 503 bear on other trials', () => {
  /** A slow upstream that does in proportion less with fewer slots. */
  function ends(before: Partial<Measured>, now: Partial<Measured> = {}): SlotDecision['after'] {
    const trials = trialsOf();
    trials.measured(30, window(0, { latencyMs: 300, ...before }));
    const decision = trials.measured(
      24,
      window(0, { latencyMs: 300, throughput: 80, goodput: 80, ...now }),
    );
    expect(decision.news).toMatchObject({ because: 'lessDone' });
    return decision.after;
  }

  test('PF-6 where a twentieth is refused, less done is no reason to open many', () => {
    const of = (busyShare: number) => ({ failureShare: 0.09, busyShare });
    expect(ends({})).toBe('ramp');
    expect(ends({ ...of(0.04) }, { ...of(0.04) })).toBe('ramp');
    expect(ends({ ...of(0.05) }, { ...of(0.01) })).toBe('nextWindow');
    expect(ends({ ...of(0.01) }, { ...of(0.05) })).toBe('nextWindow');
  });

  test('PF-6 shares differ where chance does not explain it, by how many calls there were', () => {
    const before = { failureShare: 0.1, latencyMs: 300, throughput: 100 };
    const of = (failureShare: number, results: number) => {
      const trials = trialsOf();
      trials.measured(30, window(0, { ...before, latencyMs: 130 }));
      trials.measured(30, window(0, before));
      // Goodput says the opposite of throughput.
      const now = { failureShare, results, throughput: 100, goodput: 10 };
      return trials.measured(24, window(0, now)).news?.type;
    };
    expect([of(0.144, 400), of(0.151, 400)]).toEqual(['trial.kept', 'trial.undone']);
    expect([of(0.17, 100), of(0.18, 100)]).toEqual(['trial.kept', 'trial.undone']);
  });

  test('PF-6 failures are beside latency where chance does not explain them', () => {
    const of = (results: number) => {
      const trials = trialsOf();
      trials.measured(30, window(0, { latencyMs: 130 }));
      const now = window(0, { failureShare: 0.3, latencyMs: 300, results });
      const { news } = trials.measured(30, now);
      return news !== null && 'because' in news ? news.because : null;
    };
    expect([of(17), of(9)]).toEqual(['slowerAndFailing', 'slower']);
  });

  test('PF-6 more slots that bring fewer failures stay, whatever is done', () => {
    const trials = trialsOf();
    trials.measured(20, window(0, { failureShare: 0.2 }));
    expect(trials.measured(21, window(0, { goodput: 50 })).news).toBeNull();
  });
});
