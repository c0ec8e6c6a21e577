/** How likely chance makes a run of failures, by which of its calls began before it and how soon they failed (CB-1). */

import { describe, expect, test } from 'vitest';
import { DEFAULT_FLOW_POLICY } from '../../../../machines/policy/flow/flowPolicy.ts';
import {
  HALFWAY,
  logChanceOf,
  SurpriseTrip,
} from '../../../../machines/policy/flow/surpriseTrip.ts';

const USUAL = 0.1;
const OUTAGE = Math.log(1e-5);
/** When the first failure of each run ends. */
const FIRST_MS = 1_000;

/** So many failures of each kind of call. */
interface Run {
  readonly earlyBefore?: number;
  readonly lateBefore?: number;
  readonly earlySince?: number;
  readonly lateSince?: number;
}

/** Calls in flight as a run begins, and all that have begun by then. */
const IN_FLIGHT = 4;
const BEGUN = 100;

const tripAt = (share = USUAL): SurpriseTrip => new SurpriseTrip(DEFAULT_FLOW_POLICY, share);

/** Ends so many failures of each kind, those of before first; whether the last of them trips it. */
function fail(trip: SurpriseTrip, run: Run): boolean {
  const { earlyBefore = 0, lateBefore = 0, earlySince = 0, lateSince = 0 } = run;
  let hasTripped = false;
  const end = (times: number, beganAtMs: number, isEarly: boolean, begun: number): void => {
    for (let n = 0; n < times; n += 1) {
      const call = { beganAtMs, inFlight: IN_FLIGHT, begun, isEarly };
      hasTripped = trip.failure(FIRST_MS, call);
    }
  };
  end(earlyBefore, FIRST_MS - 1, true, BEGUN);
  end(lateBefore, FIRST_MS - 1, false, BEGUN);
  end(earlySince, FIRST_MS, true, BEGUN + 3);
  end(lateSince, FIRST_MS, false, BEGUN + 3);
  return hasTripped;
}

describe('CB-1 how near a run is to an outage', () => {
  test.each<[run: Run, logChance: number]>([
    [{ lateBefore: 2 }, 2 * Math.log(USUAL)],
    [{ earlyBefore: 2 }, logChanceOf(2, IN_FLIGHT, USUAL)],
    [{ earlyBefore: 2, lateBefore: 1 }, logChanceOf(2, IN_FLIGHT, USUAL) + Math.log(USUAL)],
    [
      { earlyBefore: 1, earlySince: 2 },
      logChanceOf(1, IN_FLIGHT, USUAL) + logChanceOf(2, 3, USUAL),
    ],
    [{ earlyBefore: 1, lateSince: 2 }, logChanceOf(1, IN_FLIGHT, USUAL) + 2 * Math.log(USUAL)],
    [
      { earlyBefore: 1, lateBefore: 1, earlySince: 1, lateSince: 1 },
      logChanceOf(1, IN_FLIGHT, USUAL) + logChanceOf(1, 3, USUAL) + 2 * Math.log(USUAL),
    ],
  ])('CB-1 of %j', (run, logChance) => {
    const trip = tripAt();
    fail(trip, run);
    expect(trip.doubt).toBeCloseTo(logChance / OUTAGE, 7);
    const isHalfway = logChance / OUTAGE >= 0.5;
    expect([trip.isDoubted, trip.mostDoubt >= HALFWAY]).toEqual([isHalfway, isHalfway]);
  });

  test('CB-1 what began before and fails as slowly as answers come makes doubt, and no outage', () => {
    const trip = tripAt();
    for (let n = 0; n < 10; n += 1) {
      const call = { beganAtMs: 900, inFlight: 100, begun: BEGUN, isEarly: false };
      expect(trip.failure(FIRST_MS + n, call)).toBe(false);
    }
    expect([trip.doubt, trip.run, trip.inFlightAtRun]).toEqual([1, 10, 100]);
    // Control: all of few are one.
    expect(fail(tripAt(), { lateBefore: 5 })).toBe(true);
  });

  test('CB-1 one failure makes none, two do, and one by itself had nothing beside it in flight', () => {
    const trip = tripAt();
    trip.failure(FIRST_MS);
    expect([trip.doubt, trip.isDoubted, trip.mostDoubt, trip.inFlightAtRun]).toEqual([
      0,
      false,
      0,
      1,
    ]);
    trip.failure(FIRST_MS);
    expect(trip.doubt).toBeCloseTo(0.4, 7);
    expect([trip.isDoubted, trip.mostDoubt]).toEqual([false, trip.doubt]);
    trip.failure(FIRST_MS);
    expect(trip.mostDoubt).toBeCloseTo(0.6, 7);
    expect(trip.isDoubted).toBe(true);
  });
});

describe('CB-1 answers to calls of before', () => {
  /** Two late failures and an early one of four, then so many answers of before, then a failure since. */
  function besideAnswers(trip: SurpriseTrip, answers: number): number {
    fail(trip, { earlyBefore: 1, lateBefore: 2 });
    for (let n = 0; n < answers; n += 1) expect(trip.success(FIRST_MS, FIRST_MS - 1)).toBe(false);
    trip.failure(FIRST_MS, {
      ...{ beganAtMs: FIRST_MS, inFlight: IN_FLIGHT },
      ...{ begun: BEGUN + 3, isEarly: false },
    });
    return trip.doubt;
  }
  const before = logChanceOf(3, IN_FLIGHT, 0.5);

  test('CB-1 half of those may fail as usual, and of little that is known as many as failed of them', () => {
    expect(besideAnswers(tripAt(), 3)).toBeCloseTo((before + Math.log(2 / 5)) / OUTAGE, 7);
    // At most half, and at least the usual share.
    expect(besideAnswers(tripAt(), 1)).toBeCloseTo((before + Math.log(0.5)) / OUTAGE, 7);
    expect(besideAnswers(tripAt(), 98)).toBeCloseTo((before + Math.log(USUAL)) / OUTAGE, 7);
    // Where more fails as usual, that many of those may.
    const often = besideAnswers(tripAt(0.7), 3);
    expect(often).toBeCloseTo((logChanceOf(3, IN_FLIGHT, 0.7) + Math.log(0.7)) / OUTAGE, 7);
  });

  test('CB-1 once thirty calls have taught it, the usual share is what is known', () => {
    const taught = (calls: number): SurpriseTrip => {
      const trip = tripAt();
      for (let n = 0; n < calls; n += 1) trip.success(-100_000 + n * 1_000);
      return trip;
    };
    expect(besideAnswers(taught(30), 3)).toBeCloseTo((before + Math.log(USUAL)) / OUTAGE, 7);
    expect(besideAnswers(taught(29), 3)).toBeCloseTo((before + Math.log(2 / 5)) / OUTAGE, 7);
  });

  test('CB-1 the most doubt of a run stays until it is over', () => {
    const trip = tripAt();
    fail(trip, { lateBefore: 3 });
    const { mostDoubt } = trip;
    expect(mostDoubt).toBeCloseTo(0.6, 7);
    trip.success(FIRST_MS, FIRST_MS - 1);
    expect([trip.isDoubted, trip.mostDoubt]).toEqual([false, mostDoubt]);
    trip.success(FIRST_MS, FIRST_MS);
    expect(trip.mostDoubt).toBe(0);
  });

  test('CB-1 one that began as the first failure ended ends the run, one of an earlier run its own', () => {
    const trip = tripAt();
    fail(trip, { lateBefore: 2 });
    expect(trip.success(FIRST_MS + 5, FIRST_MS)).toBe(true);
    expect(trip.run).toBe(0);
    expect(trip.success(FIRST_MS + 5, FIRST_MS - 1)).toBe(true);
  });

  test('CB-1 a run that is forgotten leaves nothing behind', () => {
    const trip = tripAt();
    fail(trip, { earlyBefore: 1, lateBefore: 1, earlySince: 1, lateSince: 1 });
    trip.success(FIRST_MS, FIRST_MS - 1);
    trip.forget();
    expect([trip.run, trip.doubt, trip.mostDoubt]).toEqual([0, 0, 0]);
    fail(trip, { lateBefore: 2 });
    expect(trip.doubt).toBeCloseTo((2 * Math.log(USUAL)) / OUTAGE, 7);
  });
});

describe('CB-1 what is learned', () => {
  test('CB-1 a run that has ended teaches how many fail, and how many of these at once', () => {
    const trip = tripAt();
    fail(trip, { earlyBefore: 2, earlySince: 1, lateSince: 1 });
    trip.success(FIRST_MS, FIRST_MS);
    const kept = 0.97 ** 5;
    const share = USUAL * kept + ((1 - kept) / 5) * 4;
    expect(trip.usualFailureShare).toBeCloseTo(share, 10);
    const early = USUAL * kept + ((1 - kept) / 5) * 3;
    fail(trip, { earlyBefore: 1, earlySince: 2 });
    expect(trip.doubt).toBeCloseTo(
      (logChanceOf(1, IN_FLIGHT, share) + logChanceOf(2, 3, early)) / OUTAGE,
      7,
    );
    // A second lesson within the second goes on from what was known before the first.
    trip.success(FIRST_MS, FIRST_MS);
    const both = 0.97 ** 9;
    expect(trip.usualFailureShare).toBeCloseTo(USUAL * both + ((1 - both) / 9) * 7, 10);
    fail(trip, { earlyBefore: 1, earlySince: 2 });
    const [ofAll, ofEarly] = [7, 6].map((failed) => USUAL * both + ((1 - both) / 9) * failed);
    expect(trip.doubt).toBeCloseTo(
      (logChanceOf(1, IN_FLIGHT, ofAll ?? 0) + logChanceOf(2, 3, ofEarly ?? 0)) / OUTAGE,
      7,
    );
  });

  test('CB-1 a second later, to the millisecond, another lesson begins', () => {
    const trip = tripAt(0.3);
    for (let n = 0; n < 40; n += 1) trip.success(0);
    const first = 0.3 * 0.97 ** 30;
    expect(trip.usualFailureShare).toBeCloseTo(first, 10);
    trip.success(999);
    expect(trip.usualFailureShare).toBeCloseTo(first, 10);
    trip.success(1_000);
    expect(trip.usualFailureShare).toBeCloseTo(first * 0.97, 10);
  });

  test('CB-1 what was kept counts where it is a share', () => {
    for (const odd of [Number.NaN, -1, 0]) expect(tripAt(odd).usualFailureShare).toBe(USUAL);
    expect(new SurpriseTrip(DEFAULT_FLOW_POLICY).usualFailureShare).toBe(USUAL);
  });

  test('CB-1 other numbers hold at once, and what was learned stays above the least', () => {
    const trip = tripAt(0.2);
    trip.change({ surprise: 1e-3, failureShareMin: 0.1 });
    expect([trip.usualFailureShare, trip.failuresToTrip]).toEqual([0.2, 5]);
    trip.change({ surprise: 1e-3, failureShareMin: 0.5 });
    expect([trip.usualFailureShare, trip.failuresToTrip]).toEqual([0.5, 10]);
    expect(new SurpriseTrip({ surprise: 0.1, failureShareMin: 0.01 }).failuresToTrip).toBe(1);
  });
});
