/** What a type is parked by and what lets it go, to the millisecond and to the call (CB-2). */

import { describe, expect, test } from 'vitest';
import { failuresOfNoChance, TypeTrials } from '../../../../machines/policy/flow/typeTrials.ts';

const [A, B, C] = ['type:a', 'type:b', 'type:c'];
const PACE = { probeMsMin: 250, probeShare: 0.075, probeMsMax: 15_000 };
let ids = 0;

const call = (route: string, subject = 'user-42') => {
  ids += 1;
  return { id: `${ids}`, route, subject };
};

/** Failures of a type, one a second from `fromMs` on, each begun as the one before it has ended. */
function fail(trials: TypeTrials, route: string, times: number, fromMs: number, after = 3): void {
  for (let n = 0; n < times; n += 1) {
    const atMs = fromMs + n * 1_000;
    trials.failed(call(route), n === 0 ? atMs - 10 : atMs - 1_000, atMs, after);
  }
}

/** Type a is parked at 3,000: three failures, and another type succeeded that began with the first of them. */
function parked(): TypeTrials {
  const trials = new TypeTrials();
  fail(trials, A, 1, 1_000);
  trials.answered(call(B), 1_000, 1_500);
  trials.failed(call(A), 1_000, 2_000, 3);
  trials.failed(call(A), 2_000, 3_000, 3);
  return trials;
}

describe('CB-2 what is known of types', () => {
  test('CB-2 how many were called, and whether any has failed since it succeeded', () => {
    const trials = new TypeTrials();
    expect([trials.size, trials.isTroubled, trials.changes]).toEqual([0, false, 0]);
    trials.began(call(A), 0);
    trials.answered(call(B), 0, 10);
    expect([trials.size, trials.isTroubled]).toEqual([2, false]);
    trials.failed(call(A), 0, 20, 3);
    expect(trials.isTroubled).toBe(true);
    trials.answered(call(A), 30, 40);
    expect([trials.size, trials.isTroubled, trials.changes]).toEqual([2, false, 0]);
  });

  test('CB-2 of subjects that failed the first 256 are known', () => {
    const trials = new TypeTrials();
    for (let n = 0; n < 257; n += 1) trials.failed(call(A, `user-${n}`), 0, n, 3);
    expect([trials.hasFailed('user-255'), trials.hasFailed('user-256')]).toEqual([true, false]);
  });
});

describe('CB-2 what parks a type', () => {
  test('CB-2 failures of which each began as the one before it ended, beside a success that began with the first', () => {
    const trials = parked();
    expect([...trials.parked.keys()]).toEqual([A]);
    expect(trials.parkedTypes).toEqual([{ route: A, sinceMs: 3_000, nextTryMs: 3_000 }]);
  });

  test('CB-2 a success that began a millisecond before the first failure is none', () => {
    const trials = new TypeTrials();
    fail(trials, A, 1, 1_000);
    trials.answered(call(B), 999, 1_500);
    fail(trials, A, 5, 2_000);
    expect(trials.parked.size).toBe(0);
  });

  test('CB-2 however many the usual share asks for, seventeen in a row', () => {
    const trials = new TypeTrials();
    fail(trials, A, 1, 1_000, 100);
    trials.answered(call(B), 1_000, 1_500);
    fail(trials, A, 15, 2_000, 100);
    expect(trials.isParked(A)).toBe(false);
    fail(trials, A, 1, 20_000, 100);
    expect(trials.isParked(A)).toBe(true);
  });

  test('CB-2 what parked it once counts no more once it has succeeded', () => {
    const trials = parked();
    trials.answered(call(A), 3_000, 3_100);
    expect([trials.parked.size, trials.changes]).toEqual([0, 2]);
    // No other type has succeeded since.
    fail(trials, A, 5, 4_000);
    expect(trials.isParked(A)).toBe(false);
    trials.answered(call(A), 9_000, 9_100);
    // And now it is one operation alone that fails.
    const one = call(A);
    trials.failed(one, 9_990, 10_000, 3);
    trials.answered(call(B), 10_000, 10_100);
    for (let n = 1; n < 9; n += 1) trials.failed(one, 10_000 + n * 1_000, 11_000 + n * 1_000, 3);
    expect(trials.isParked(A)).toBe(false);
    trials.failed(call(A), 30_000, 31_000, 3);
    expect([trials.isParked(A), trials.changes]).toEqual([true, 3]);
  });

  test('CB-2 one that is parked is not parked again by another success or failure', () => {
    const trials = parked();
    trials.wentDown(3_500);
    trials.answered(call(B), 4_000, 4_100);
    trials.failed(call(A), 4_000, 5_000, 3);
    expect(trials.parkedTypes).toEqual([{ route: A, sinceMs: 3_000, nextTryMs: 3_000 }]);
    expect(trials.changes).toBe(1);
  });
});

describe('CB-2 the only type that told of an outage', () => {
  /** Calls of type a that began together and failed. */
  const down = (ofSeveral: boolean): TypeTrials => {
    const trials = new TypeTrials();
    const one = call(A);
    for (let n = 0; n < 5; n += 1) trials.failed(ofSeveral ? call(A) : one, 990, 1_000 + n, 5);
    trials.wentDown(1_010);
    return trials;
  };

  test('CB-2 is parked by the first success of another that began since it failed', () => {
    const trials = down(true);
    trials.answered(call(B), 999, 1_320);
    expect(trials.isParked(A)).toBe(false);
    trials.answered(call(B), 1_000, 1_330);
    expect(trials.parkedTypes).toEqual([{ route: A, sinceMs: 1_330, nextTryMs: 1_330 }]);
  });

  test('CB-2 is not, where one operation failed alone, where another type failed too, or once it is up', () => {
    const alone = down(false);
    const beside = down(true);
    beside.failed(call(C), 1_000, 1_020, 5);
    beside.wentDown(1_030);
    const over = down(true);
    over.cameUp();
    for (const trials of [alone, beside, over]) {
      trials.answered(call(B), 1_300, 1_320);
      expect(trials.isParked(A)).toBe(false);
    }
  });
});

describe('CB-2 the probes of a type that is parked', () => {
  test('CB-2 one that is out is told, and what is not parked has none', () => {
    const trials = parked();
    trials.probeBegan(A);
    trials.probeBegan(B);
    expect(trials.parkedTypes).toEqual([{ route: A, sinceMs: 3_000, nextTryMs: null }]);
    trials.probeEnded(B, PACE, 3_100, 0.5);
    expect([trials.nextTryMs(A), trials.nextTryMs(B)]).toEqual([null, null]);
    trials.probeEnded(A, PACE, 3_100, 0.5);
    expect(trials.parkedTypes).toEqual([{ route: A, sinceMs: 3_000, nextTryMs: 3_350 }]);
  });

  test('CB-2 one that let its type go holds up none of the next time', () => {
    const trials = parked();
    trials.probeBegan(A);
    trials.answered(call(A), 3_100, 3_200);
    trials.probeEnded(A, PACE, 3_200, 0.5);
    fail(trials, A, 1, 4_000);
    trials.answered(call(B), 4_000, 4_100);
    fail(trials, A, 2, 5_000);
    expect(trials.parkedTypes).toEqual([{ route: A, sinceMs: 6_000, nextTryMs: 6_000 }]);
  });
});

describe('CB-2 in which order types are tried', () => {
  const answered = (times: Readonly<Record<string, number>>): TypeTrials => {
    const trials = new TypeTrials();
    for (const [route, ms] of Object.entries(times)) trials.answered(call(route), 0, ms);
    return trials;
  };

  test('CB-2 four that were answered each by itself, the quick ones first, then the rest together', () => {
    const trials = answered({ e: 50, d: 40, f: 60, c: 30, b: 20, a: 10, last: 90 });
    const routes = ['new', 'f', 'e', 'd', 'c', 'b', 'a', 'last'];
    expect(trials.order(routes)).toEqual([['last'], ['a'], ['b'], ['c'], ['d', 'e', 'f', 'new']]);
    expect(trials.order(['a', 'b', 'c', 'd'])).toEqual([['a'], ['b'], ['c'], ['d']]);
    expect(trials.order([])).toEqual([]);
  });

  test('CB-2 one that was called and not answered yet is as one that was never called', () => {
    const trials = answered({ a: 10 });
    trials.began(call('b'), 100);
    expect(trials.order(['b', 'c', 'a'])).toEqual([['a'], ['b', 'c']]);
  });

  test('CB-2 one that was tried since the upstream went down comes after those that were not', () => {
    const trials = answered({ b: 20 });
    trials.answered(call('a'), 5_000, 5_010);
    trials.wentDown(6_000);
    expect(trials.order(['b', 'a'])).toEqual([['a'], ['b']]);
    trials.began(call('a'), 6_000);
    expect(trials.order(['b', 'a'])).toEqual([['b'], ['a']]);
    trials.cameUp();
    expect(trials.order(['b', 'a'])).toEqual([['a'], ['b']]);
    // Neither was the last that was answered: the quick one first.
    trials.answered(call('c'), 7_000, 7_900);
    expect(trials.order(['b', 'a'])).toEqual([['a'], ['b']]);
  });

  test('CB-2 of those that failed the one that was tried longest ago, and what is parked last', () => {
    const trials = parked();
    trials.began(call(A), 1);
    for (const [n, route] of [C, B].entries()) {
      trials.began(call(route), 5_000 + n);
      fail(trials, route, 1, 6_000);
    }
    expect(trials.order([A, B, C])).toEqual([[C], [B], [A]]);
    expect(trials.order([B, C, A])).toEqual([[C], [B], [A]]);
  });
});

test('CB-1 a share that fails hardly ever makes one failure no chance, and whole numbers stay whole', () => {
  expect(failuresOfNoChance(1e-5, 1e-9)).toBe(1);
  expect(failuresOfNoChance(0.001, 0.1)).toBe(3);
});

describe('CB-2 subjects that are parked', () => {
  /** Calls of one subject fail while another's of the same type succeed. */
  function park(trials: TypeTrials, subject: string, fromMs: number): void {
    trials.failed(call(A, subject), fromMs - 10, fromMs, 3);
    trials.answered(call(A, 'well'), fromMs, fromMs + 100);
    for (let n = 1; n < 3; n += 1) {
      trials.failed(call(A, subject), fromMs + n * 1_000, fromMs + n * 1_000, 3);
    }
  }

  test('CB-2 are told together, with the longest since and the next probe of any', () => {
    const trials = new TypeTrials();
    expect(trials.subjectsAside).toBeNull();
    expect(trials.isParked(A)).toBe(false);
    park(trials, 'user-1', 1_000);
    park(trials, 'user-2', 11_000);
    expect([...trials.parkedSubjects]).toEqual(['user-1', 'user-2']);
    expect(trials.subjectsAside).toEqual({ count: 2, sinceMs: 3_000, nextTryMs: 3_000 });
    const key = TypeTrials.keyOf('user-1');
    trials.probeBegan(key);
    expect(trials.subjectsAside).toMatchObject({ sinceMs: 3_000, nextTryMs: 13_000 });
    trials.probeBegan(TypeTrials.keyOf('user-2'));
    expect(trials.subjectsAside).toMatchObject({ nextTryMs: null });
    expect([trials.routeOf(key), trials.routeOf(A)]).toEqual([A, A]);
    const unknown = TypeTrials.keyOf('nobody');
    expect(trials.routeOf(unknown)).toBe(unknown);
    expect([trials.isParked(A), trials.isParked(A, 'user-1'), trials.isParked(A, 'well')]).toEqual([
      false,
      true,
      false,
    ]);
  });
});
