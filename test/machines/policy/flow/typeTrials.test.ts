import { describe, expect, test } from 'vitest';
import { failuresOfNoChance, TypeTrials } from '../../../../machines/policy/flow/typeTrials.ts';

const [A, B, C] = ['type:a', 'type:b', 'type:c'];
const PACE = { probeMsMin: 250, probeShare: 0.075, probeMsMax: 15_000 };
/** So many failures one after the other are no chance. */
const AFTER = 5;
let ids = 0;

const call = (route: string, subject = 'user-42') => {
  ids += 1;
  return { id: `${ids}`, route, subject };
};

/** Failures of a type, one each second from `fromMs` on, each begun after the one before it. */
function fail(trials: TypeTrials, route: string, times: number, fromMs = 1_000): void {
  for (let n = 0; n < times; n += 1) {
    const atMs = fromMs + n * 1_000;
    trials.failed(call(route), atMs - 10, atMs, AFTER);
  }
}

/** Type a is parked at 6,000. */
function parked(): TypeTrials {
  const trials = new TypeTrials();
  fail(trials, A, 1);
  trials.answered(call(B), 1_100, 1_200);
  fail(trials, A, 4, 2_000);
  return trials;
}

describe('CB-2 which type is parked by itself', () => {
  test('CB-2 one that fails five times in a row while another succeeds, until it succeeds', () => {
    const trials = parked();
    expect(trials.isParked(A)).toBe(true);
    expect(trials.isParked(B)).toBe(false);
    expect(trials.parkedTypes).toEqual([{ route: A, sinceMs: 5_000, nextTryMs: 5_000 }]);
    expect(trials.changes).toBe(1);
    trials.answered(call(A), 6_000, 6_010);
    expect(trials.isParked(A)).toBe(false);
    expect(trials.changes).toBe(2);
  });

  test.each<[what: string, happens: (trials: TypeTrials) => void]>([
    ['one fewer', (trials) => fail(trials, A, 3, 2_000)],
    [
      'a success of its own between',
      (trials) => {
        trials.answered(call(A), 1_300, 1_400);
        fail(trials, A, 4, 2_000);
      },
    ],
    [
      'failures of what began together',
      (trials) => {
        for (let n = 0; n < 20; n += 1) trials.failed(call(A), 990, 2_000 + n, AFTER);
      },
    ],
  ])('CB-2 %s parks none', (_, happens) => {
    const trials = new TypeTrials();
    fail(trials, A, 1);
    trials.answered(call(B), 1_100, 1_200);
    happens(trials);
    expect(trials.isParked(A)).toBe(false);
  });

  test('CB-2 where no other succeeds, or only one that began before, none is', () => {
    const trials = new TypeTrials();
    fail(trials, A, 1);
    trials.answered(call(B), 900, 1_200);
    fail(trials, A, 30, 2_000);
    fail(trials, C, 30, 2_000);
    expect(trials.parked.size).toBe(0);
  });

  test('CB-2 in an outage none is, whatever succeeded before it', () => {
    const trials = new TypeTrials();
    fail(trials, A, 1);
    trials.answered(call(B), 1_100, 1_200);
    trials.answered(call(A, 'user-7'), 1_300, 1_400);
    fail(trials, A, 1, 1_500);
    trials.answered(call(B), 1_600, 1_700);
    fail(trials, C, 1, 1_800);
    trials.wentDown(1_900);
    fail(trials, A, 30, 2_000);
    expect(trials.parked.size).toBe(0);
    trials.answered(call(B), 33_000, 33_100);
    trials.cameUp();
    fail(trials, A, 2, 34_000);
    expect(trials.isParked(A)).toBe(true);
  });

  test('CB-2 one operation that fails alone parks nobody: its own waits are its pace', () => {
    const trials = new TypeTrials();
    const one = call(A);
    for (let n = 0; n < 30; n += 1) {
      trials.failed(one, n * 1_000 + 990, (n + 1) * 1_000, AFTER);
      trials.answered(call(B), n * 1_000 + 1_100, n * 1_000 + 1_200);
    }
    expect(trials.isParked(A)).toBe(false);
  });

  test('CB-2 one that alone told of an outage, which another ends', () => {
    const trials = new TypeTrials();
    // They began together, so that they are one failure in a row.
    for (let n = 0; n < 5; n += 1) trials.failed(call(A), 990, 1_000 + n, AFTER);
    trials.wentDown(1_010);
    trials.answered(call(B), 1_300, 1_320);
    trials.cameUp();
    expect(trials.isParked(A)).toBe(true);
  });

  test('CB-2 of an outage that several types told of, none is', () => {
    const trials = new TypeTrials();
    for (const [n, route] of [A, C, A, C, A].entries())
      trials.failed(call(route), 990, 1_000 + n, AFTER);
    trials.wentDown(1_010);
    trials.answered(call(B), 1_300, 1_320);
    expect(trials.parked.size).toBe(0);
  });
});

describe('CB-2 the probes of a type that is parked', () => {
  test('CB-2 the first at once, one at a time, then ever farther apart', () => {
    const trials = parked();
    expect(trials.nextTryMs(A)).toBe(5_000);
    trials.probeBegan(A);
    expect(trials.nextTryMs(A)).toBe(null);
    trials.probeEnded(A, PACE, 5_100, 0.5);
    expect(trials.nextTryMs(A)).toBe(5_350);
    trials.probeBegan(A);
    trials.probeEnded(A, PACE, 45_000, 0.5);
    expect(trials.nextTryMs(A)).toBe(48_000);
    trials.probeBegan(A);
    trials.probeEnded(A, PACE, 3_600_000, 0.5);
    expect(trials.nextTryMs(A)).toBe(3_615_000);
    expect(trials.nextTryMs(B)).toBe(null);
  });
});

describe('CB-2 who is tried next while the upstream is down', () => {
  test('CB-2 the type that succeeded last, a quick one, one that was never called, then the longest ago', () => {
    const trials = new TypeTrials();
    trials.answered(call(C), 0, 5);
    trials.answered(call(B), 0, 900);
    fail(trials, A, 3);
    trials.wentDown(4_000);
    expect(trials.order([A, B, C, 'type:d'])).toEqual([[B], [C], ['type:d'], [A]]);
    for (const [n, route] of [B, C, 'type:d'].entries()) {
      trials.began(call(route), 5_000 + n);
      trials.failed(call(route), 5_000 + n, 5_500 + n, AFTER);
    }
    expect(trials.order([A, B, C, 'type:d'])).toEqual([[A], [B], [C], ['type:d']]);
  });

  test('CB-2 what is parked comes last', () => {
    const trials = parked();
    fail(trials, B, 1, 7_000);
    trials.began(call(B), 8_000);
    trials.wentDown(8_100);
    expect(trials.order([A, B])).toEqual([[B], [A]]);
  });

  test('CB-2 subjects that failed are known until anything succeeds', () => {
    const trials = new TypeTrials();
    trials.failed(call(A, 'user-1'), 990, 1_000, AFTER);
    expect(trials.hasFailed('user-1')).toBe(true);
    expect(trials.hasFailed('user-2')).toBe(false);
    trials.answered(call(B), 990, 1_010);
    expect(trials.hasFailed('user-1')).toBe(false);
  });
});

/** Failures for a subject of type a, one each second from `fromMs` on. */
function failFor(trials: TypeTrials, subject: string, times: number, fromMs: number): void {
  for (let n = 0; n < times; n += 1) {
    const atMs = fromMs + n * 1_000;
    trials.failed(call(A, subject), atMs - 10, atMs, AFTER);
  }
}

describe('CB-2 which subject is parked by itself', () => {
  test('CB-2 one that fails five times in a row while another of its type succeeds, until it succeeds', () => {
    const trials = new TypeTrials();
    failFor(trials, 'user-1', 1, 1_000);
    trials.answered(call(A, 'user-2'), 1_100, 1_200);
    failFor(trials, 'user-1', 4, 2_000);
    expect(trials.isSubjectParked('user-1')).toBe(true);
    expect(trials.isParked(A, 'user-1')).toBe(true);
    expect(trials.isParked(A, 'user-2')).toBe(false);
    expect(trials.parkedTypes).toEqual([]);
    expect(trials.subjectsAside).toEqual({ count: 1, sinceMs: 5_000, nextTryMs: 5_000 });
    expect(trials.failedSubjects).toEqual(['user-1']);
    const key = TypeTrials.keyOf('user-1');
    expect([...trials.parked.keys()]).toEqual([key]);
    expect([trials.routeOf(key), TypeTrials.subjectOf(key)]).toEqual([A, 'user-1']);
    trials.probeBegan(key);
    expect(trials.subjectsAside?.nextTryMs).toBe(null);
    trials.probeEnded(key, PACE, 6_000, 0.5);
    expect(trials.nextTryMs(key)).toBe(6_250);
    // What fails of it then says nothing of its type.
    failFor(trials, 'user-1', 20, 7_000);
    trials.answered(call(B), 30_000, 30_010);
    failFor(trials, 'user-1', 20, 31_000);
    expect(trials.isParked(A)).toBe(false);
    trials.answered(call(A, 'user-1'), 60_000, 60_010);
    expect(trials.isSubjectParked('user-1')).toBe(false);
    expect(trials.parked.size).toBe(0);
    expect(trials.changes).toBe(2);
  });

  test.each<[what: string, happens: (trials: TypeTrials) => void]>([
    ['only another type succeeds', (trials) => trials.answered(call(B, 'user-2'), 1_100, 1_200)],
    ['only what began before succeeds', (trials) => trials.answered(call(A, 'user-2'), 900, 1_200)],
    ['it has succeeded between', (trials) => trials.answered(call(A, 'user-1'), 1_100, 1_200)],
  ])('CB-2 where %s none is', (_, happens) => {
    const trials = new TypeTrials();
    failFor(trials, 'user-1', 1, 1_000);
    happens(trials);
    failFor(trials, 'user-1', 4, 2_000);
    expect(trials.isSubjectParked('user-1')).toBe(false);
  });

  test('CB-2 one that alone told of an outage, which another of its type ends', () => {
    for (const [type, isParked] of [
      [A, true],
      [B, false],
    ] as const) {
      const trials = new TypeTrials();
      for (let n = 0; n < 5; n += 1) trials.failed(call(A, 'user-1'), 990, 1_000 + n, AFTER);
      trials.wentDown(1_010);
      trials.answered(call(type, 'user-2'), 1_300, 1_320);
      trials.cameUp();
      expect(trials.isSubjectParked('user-1')).toBe(isParked);
    }
  });

  test('CB-2 of an outage that several subjects told of, none is', () => {
    const trials = new TypeTrials();
    for (let n = 0; n < 6; n += 1) trials.failed(call(A, `user-${n % 2}`), 990, 1_000 + n, AFTER);
    trials.wentDown(1_010);
    trials.answered(call(A, 'user-2'), 1_300, 1_320);
    expect(trials.parked.size).toBe(0);
  });

  test('CB-2 the subjects that are known are bounded, and those that are parked stay known', () => {
    const trials = new TypeTrials();
    failFor(trials, 'user-x', 1, 1_000);
    trials.answered(call(A, 'user-y'), 1_100, 1_200);
    failFor(trials, 'user-x', 4, 2_000);
    for (let n = 0; n < 1_000; n += 1) failFor(trials, `user-${n}`, 1, 10_000 + n);
    expect(trials.isSubjectParked('user-x')).toBe(true);
    expect(trials.failedSubjects.length).toBeLessThanOrEqual(257);
    expect(trials.subjectsAside?.count).toBe(1);
  });
});

test('CB-1 how many failures in a row are no chance, by the usual share', () => {
  expect([0.1, 0.35, 0.5].map((share) => failuresOfNoChance(1e-5, share))).toEqual([5, 11, 17]);
});
