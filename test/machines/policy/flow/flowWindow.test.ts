import { describe, expect, test } from 'vitest';
import { FlowWindow } from '../../../../machines/policy/flow/flowWindow.ts';

/** A window that opened at 0, with so many answers of `latencyMs` that end every `everyMs`. */
function windowOf(answers: number, everyMs: number, latencyMs = 20): FlowWindow {
  const window = new FlowWindow();
  window.open(0);
  for (let each = 1; each <= answers; each += 1) window.answered(latencyMs, each * everyMs);
  return window;
}

describe('what it counts', () => {
  test('PF-6 goodput is answers a second, throughput has failures too', () => {
    const window = windowOf(30, 20);
    for (let each = 0; each < 10; each += 1) window.failed(600, each < 4);
    expect(window.measure(1_000)).toMatchObject({
      goodput: 30,
      throughput: 40,
      results: 40,
      failureShare: 0.25,
      busyShare: 0.1,
      latencyMs: 20,
      latencyErrorMs: 0,
    });
  });

  test('PF-6 what ends before it opens belongs to what was before', () => {
    const window = new FlowWindow();
    window.open(500);
    window.answered(900, 499);
    window.failed(499, true);
    window.answered(10, 500);
    expect(window.measure(1_500)).toMatchObject({ results: 1, latencyMs: 10, failureShare: 0 });
  });

  test('PF-6 the most in flight, and whether all slots were in use', () => {
    const window = windowOf(1, 1);
    window.began(3, 8);
    window.began(7, 8);
    window.began(2, 8);
    expect(window.measure(100)).toMatchObject({ peak: 7, isBound: false });
    window.began(8, 8);
    expect(window.measure(100)).toMatchObject({ peak: 8, isBound: true });
  });

  test('PF-6 one that opens anew holds nothing of before', () => {
    const window = windowOf(30, 20);
    window.began(8, 8);
    window.open(600);
    window.answered(5, 700);
    expect(window.measure(1_600)).toMatchObject({
      results: 1,
      latencyMs: 5,
      peak: 0,
      isBound: false,
    });
  });

  test('PF-6 without any answer there is no latency, and no number that is none', () => {
    const window = new FlowWindow();
    window.open(0);
    window.failed(0, false);
    const measured = window.measure(0);
    expect(Object.values(measured).every((value) => !Number.isNaN(value))).toBe(true);
  });
});

describe('when it is looked at', () => {
  test('PF-6 not before 200 ms, nor before two round trips', () => {
    expect(windowOf(30, 5).isFull(199, 32)).toBe(false);
    expect(windowOf(30, 5).isFull(200, 32)).toBe(true);
    expect(windowOf(30, 5, 150).isFull(299, 32)).toBe(false);
    expect(windowOf(30, 5, 150).isFull(300, 32)).toBe(true);
  });

  test('PF-6 not before 20 results, or three a slot where there are few', () => {
    expect(windowOf(19, 20).isFull(500, 32)).toBe(false);
    expect(windowOf(20, 20).isFull(500, 32)).toBe(true);
    expect(windowOf(9, 20).isFull(500, 3)).toBe(true);
  });

  test('PF-6 after two seconds a few are enough, and fewer are not', () => {
    expect(windowOf(8, 200).isFull(2_000, 32)).toBe(true);
    expect(windowOf(7, 200).isFull(2_000, 32)).toBe(false);
  });

  test('PF-6 never by failures alone: they say nothing of latency', () => {
    const window = new FlowWindow();
    window.open(0);
    for (let each = 0; each < 100; each += 1) window.failed(each, false);
    expect(window.isFull(5_000, 32)).toBe(false);
  });

  test('PF-6 one that said too little is looked at eight results later', () => {
    const window = windowOf(20, 20);
    window.goOn();
    expect(window.isFull(500, 32)).toBe(false);
    for (let each = 0; each < 8; each += 1) window.answered(20, 500);
    expect(window.isFull(500, 32)).toBe(true);
  });
});

describe('how well it knows', () => {
  test('PF-6 latency is known where its standard error is a twentieth of it', () => {
    expect(windowOf(20, 20).measure(500).isPrecise).toBe(true);
    const window = windowOf(10, 20, 10);
    for (let each = 0; each < 10; each += 1) window.answered(200, 250);
    expect(window.measure(500).isPrecise).toBe(false);
  });

  test('PF-6 and no longer waited for than two seconds or six round trips', () => {
    const uneven = (slowMs: number): FlowWindow => {
      const window = windowOf(10, 20, 10);
      for (let each = 0; each < 10; each += 1) window.answered(slowMs, 250);
      return window;
    };
    expect(uneven(200).measure(1_999).isPrecise).toBe(false);
    expect(uneven(200).measure(2_000).isPrecise).toBe(true);
    expect(uneven(1_990).measure(5_999).isPrecise).toBe(false);
    expect(uneven(1_990).measure(6_000).isPrecise).toBe(true);
  });
});

describe('PF-6 a window that opened at another time than 0', () => {
  /** Ten answers of 10 ms and ten of 30, and four failures, within 400 ms. */
  const opened = (): FlowWindow => {
    const window = new FlowWindow();
    window.open(1_000);
    for (let each = 0; each < 10; each += 1) {
      window.answered(10, 1_100);
      window.answered(30, 1_200);
    }
    for (let each = 0; each < 4; each += 1) window.failed(1_000, false);
    return window;
  };

  test('PF-6 its rates are of its span, its error of how far answers lie apart', () => {
    expect(opened().measure(1_400)).toMatchObject({
      ...{ goodput: 50, throughput: 60, results: 24, latencyMs: 20 },
      latencyErrorMs: Math.sqrt(100 / 20),
      isPrecise: false,
    });
    expect([opened().isFull(1_199, 32), opened().isFull(1_200, 32)]).toEqual([false, true]);
  });

  test('PF-6 failures are results: they fill it, and are waited for where it said too little', () => {
    const few = new FlowWindow();
    few.open(1_000);
    for (let each = 0; each < 10; each += 1) few.answered(10, 1_100);
    expect(few.isFull(1_500, 32)).toBe(false);
    for (let each = 0; each < 10; each += 1) few.failed(1_100, false);
    expect(few.isFull(1_500, 32)).toBe(true);
    few.goOn();
    for (let each = 0; each < 7; each += 1) few.failed(1_100, false);
    expect(few.isFull(1_500, 32)).toBe(false);
    few.failed(1_100, false);
    expect(few.isFull(1_500, 32)).toBe(true);
  });

  test('PF-6 an answer at the instant that it opens is its first, and before it opens none is bound', () => {
    const window = new FlowWindow();
    window.answered(10, 0);
    expect(window.measure(1_000)).toMatchObject({ results: 1, isBound: false });
    // An error of exactly a twentieth.
    const even = new FlowWindow();
    even.open(0);
    for (let each = 0; each < 4; each += 1) even.answered(each < 2 ? 90 : 110, 100);
    expect(even.measure(500)).toMatchObject({ latencyErrorMs: 5, isPrecise: true });
  });
});
