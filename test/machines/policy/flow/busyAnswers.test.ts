import { describe, expect, test } from 'vitest';
import { BusyAnswers, isBusy } from '../../../../machines/policy/flow/busyAnswers.ts';
import type { Measured } from '../../../../machines/policy/flow/flowWindow.ts';

/** A window of a second. */
function windowOf(results: number, busy: number, failed = busy): Measured {
  return {
    ...{ goodput: results - failed, throughput: results, results },
    ...{ failureShare: failed / results, busyShare: busy / results },
    ...{ latencyMs: 100, latencyErrorMs: 1, peak: 12, isBound: true, isPrecise: true },
  };
}

describe('which windows are busy', () => {
  test('PF-6 where more than one in fifty is refused, and hardly any fail otherwise', () => {
    expect(isBusy(windowOf(100, 3))).toBe(true);
    expect(isBusy(windowOf(100, 2))).toBe(false);
    expect(isBusy(windowOf(100, 6, 8))).toBe(true);
    expect(isBusy(windowOf(100, 6, 9))).toBe(false);
  });
});

describe('whether it is of the load', () => {
  test('PF-6 not before anything was compared', () => {
    expect(new BusyAnswers().isOfLoad).toBe(false);
  });

  test('PF-6 several trials tell what one cannot', () => {
    const busy = new BusyAnswers();
    busy.compare(windowOf(40, 3), windowOf(40, 0));
    expect(busy.isOfLoad).toBe(false);
    busy.compare(windowOf(40, 3), windowOf(40, 0));
    busy.compare(windowOf(40, 3), windowOf(40, 0));
    expect(busy.isOfLoad).toBe(true);
  });

  test('PF-6 as many with fewer slots: it is not', () => {
    const busy = new BusyAnswers();
    for (let each = 0; each < 50; each += 1) busy.compare(windowOf(40, 4), windowOf(40, 4));
    expect(busy.isOfLoad).toBe(false);
  });

  test('PF-6 what was long ago is forgotten by halves', () => {
    const busy = new BusyAnswers();
    for (let each = 0; each < 20; each += 1) busy.compare(windowOf(40, 8), windowOf(40, 0));
    for (let each = 0; each < 60; each += 1) busy.compare(windowOf(40, 4), windowOf(40, 4));
    expect(busy.isOfLoad).toBe(false);
  });
});

describe('when fewer are tried', () => {
  test('PF-6 by all windows with the same slots together', () => {
    const busy = new BusyAnswers();
    expect(busy.measured(windowOf(20, 1))).toMatchObject({ results: 20, busyShare: 0.05 });
    expect(busy.measured(windowOf(20, 0))).toMatchObject({ results: 40, busyShare: 0.025 });
    expect(busy.measured(windowOf(40, 0))).toBeNull();
    busy.changed();
    expect(busy.measured(windowOf(20, 1))).toMatchObject({
      results: 20,
      goodput: 19,
      throughput: 20,
    });
  });

  test('PF-6 two windows as one have the goodput of both', () => {
    const busy = new BusyAnswers();
    busy.measured(windowOf(30, 0));
    // Twice as many in the same time.
    expect(busy.measured(windowOf(60, 6))).toMatchObject({
      ...{ results: 90, throughput: 45, goodput: 42 },
      failureShare: expect.closeTo(6 / 90) as number,
    });
  });

  test('PF-6 the next trial after one in vain waits for 2, 4, 8 windows', () => {
    const busy = new BusyAnswers();
    const windowsToWait = (): number => {
      busy.triedInVain();
      busy.changed();
      let waited = 0;
      while (busy.measured(windowOf(40, 4)) === null) waited += 1;
      return waited;
    };
    expect([1, 2, 3, 4, 5, 6, 7].map(windowsToWait)).toEqual([2, 4, 8, 16, 32, 64, 64]);
    busy.limitTo(12);
    expect(windowsToWait()).toBe(2);
  });
});

describe('the limit', () => {
  test('PF-6 without one all may open', () => {
    expect(new BusyAnswers().mostAfter(12)).toBe(Number.POSITIVE_INFINITY);
  });

  test('PF-6 up to one below it at once, and beyond that one, once enough is known', () => {
    const busy = new BusyAnswers();
    busy.limitTo(13.5);
    expect(busy.mostAfter(8)).toBe(12);
    expect(busy.mostAfter(12)).toBe(12);
    busy.measured(windowOf(39, 0));
    expect(busy.mostAfter(12)).toBe(12);
    busy.measured(windowOf(1, 0));
    expect(busy.mostAfter(12)).toBe(13);
    expect(busy.mostAfter(14)).toBe(15);
    busy.limitTo(101);
    expect(busy.mostAfter(100)).toBe(105);
  });

  test('PF-6 it is forgotten a tenth beyond it, after forty windows, and with an outage', () => {
    const limited = (): BusyAnswers => {
      const busy = new BusyAnswers();
      busy.limitTo(13);
      return busy;
    };
    const beyond = limited();
    expect(beyond.mostAfter(15)).toBe(Number.POSITIVE_INFINITY);
    expect(beyond.mostAfter(12)).toBe(Number.POSITIVE_INFINITY);
    const old = limited();
    for (let each = 0; each < 40; each += 1) old.measured(windowOf(20, 0));
    expect(old.mostAfter(8)).toBe(12);
    old.measured(windowOf(20, 0));
    expect(old.mostAfter(8)).toBe(Number.POSITIVE_INFINITY);
    const down = limited();
    down.forgetLimit();
    expect(down.mostAfter(8)).toBe(Number.POSITIVE_INFINITY);
  });
});

test.each([
  [0.1, 0.05, true],
  [0.1, 0.06, false],
])(
  'PF-6 of 400 calls each %d and %d that are refused: whether of the load is %j',
  (more, fewer, is) => {
    const busy = new BusyAnswers();
    const of = (busyShare: number): Measured => ({
      ...{ goodput: 10, throughput: 10, results: 400, failureShare: busyShare, busyShare },
      ...{ latencyMs: 100, latencyErrorMs: 0, peak: 8, isBound: true, isPrecise: true },
    });
    busy.compare(of(more), of(fewer));
    expect(busy.isOfLoad).toBe(is);
  },
);
