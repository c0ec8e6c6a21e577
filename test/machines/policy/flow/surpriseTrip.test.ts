import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_FLOW_POLICY } from '../../../../machines/policy/flow/flowPolicy.ts';
import { SurpriseTrip } from '../../../../machines/policy/flow/surpriseTrip.ts';
import { seededRandom } from '../../../../src/testing/seededRandom.ts';

/** Failures in a row until it trips. */
function runToTrip(trip: SurpriseTrip): number {
  for (let run = 1; run <= 1_000; run++) {
    if (trip.failure(run)) return run;
  }
  return Number.POSITIVE_INFINITY;
}

const tripAt = (share: number): SurpriseTrip => new SurpriseTrip(DEFAULT_FLOW_POLICY, share);

describe('CB-1 a run of failures that chance does not explain', () => {
  test.each([
    [0, 5],
    [0.1, 5],
    [0.35, 11],
    [0.5, 17],
    [0.9, 110],
    [1, 110],
  ])('CB-1 where %d of the calls fail as usual, %i in a row are an outage', (share, run) => {
    expect(tripAt(share).failuresToTrip).toBe(run);
    expect(runToTrip(tripAt(share))).toBe(run);
  });

  test('CB-1 a success ends the run, and the run counts in the usual share', () => {
    const trip = tripAt(0.1);
    for (let at = 0; at < 4; at++) expect(trip.failure(at)).toBe(false);
    expect(trip.run).toBe(4);
    trip.success();
    expect(trip.run).toBe(0);
    expect(trip.usualFailureShare).toBeGreaterThan(0.15);
    expect(trip.usualFailureShare).toBeLessThan(0.25);
  });

  test('CB-1 the run of an outage does not count in the usual share', () => {
    const trip = tripAt(0.2);
    const run = runToTrip(trip);
    expect(run).toBe(8);
    trip.forget();
    expect([trip.run, trip.usualFailureShare]).toEqual([0, 0.2]);
  });

  test('CB-1 it knows when the run began, and doubts from halfway on', () => {
    const trip = tripAt(0.1);
    trip.success();
    trip.failure(7_000);
    trip.failure(7_100);
    expect([trip.firstFailureAtMs, trip.isDoubted]).toEqual([7_000, false]);
    trip.failure(7_200);
    expect([trip.firstFailureAtMs, trip.isDoubted]).toEqual([7_000, true]);
    expect(trip.doubt).toBeCloseTo(0.6);
    trip.success();
    expect([trip.isDoubted, trip.doubt]).toEqual([false, 0]);
  });

  test('CB-1 an upstream that gets well is soon taken for well', () => {
    const trip = tripAt(0.6);
    for (let at = 0; at < 60; at++) trip.success();
    expect(trip.usualFailureShare).toBe(0.1);
  });

  test('CB-1 random failures up to half of the calls hardly ever trip it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 50 }), fc.nat(), (percent, seed) => {
        const share = percent / 100;
        const trip = tripAt(share);
        const random = seededRandom(seed);
        let trips = 0;
        for (let at = 0; at < 400; at++) {
          if (!random.chance(share)) trip.success();
          else if (trip.failure(at)) {
            trips += 1;
            trip.forget();
          }
        }
        expect(trips).toBeLessThanOrEqual(2);
        expect(trip.usualFailureShare).toBeGreaterThanOrEqual(0.1);
        expect(trip.usualFailureShare).toBeLessThanOrEqual(0.9);
      }),
      { numRuns: 100 },
    );
  });
});
