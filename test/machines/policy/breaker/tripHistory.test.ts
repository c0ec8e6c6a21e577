/**
 * What a breaker remembers of its trips (CB-2, CB-6), apart from its chart.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { checkBreakerPolicy } from '../../../../machines/policy/breaker/breakerPolicy.ts';
import {
  clamped,
  NO_TRIPS,
  recovered,
  type TripHistory,
  tripped,
} from '../../../../machines/policy/breaker/tripHistory.ts';

const policy = checkBreakerPolicy({ openMs: 100, openMsMax: 1_000, openJitterShare: 0 }, 'breaker');

function trippedAt(atMs: number, history: Partial<TripHistory> = {}): TripHistory {
  const before = { ...NO_TRIPS, ...history };
  return { ...before, ...tripped(before, policy, { atMs, draw: 0 }) };
}

describe('a trip', () => {
  test('CB-2 the first opens it for the shortest time and begins an outage', () => {
    expect(NO_TRIPS).toEqual({
      tripsInARow: 0,
      lastOpenMs: 0,
      openUntilAtMs: null,
      openedAtMs: null,
      trippedAtMs: null,
      closedSinceAtMs: null,
      recoveries: 0,
      recoveriesMs: 0,
    });
    expect(trippedAt(5_000)).toEqual({
      ...NO_TRIPS,
      tripsInARow: 1,
      lastOpenMs: 100,
      openUntilAtMs: 5_100,
      openedAtMs: 5_000,
      trippedAtMs: 5_000,
    });
  });

  test('CB-2 CB-6 a further one of the same outage opens it for longer and keeps its begin', () => {
    expect(trippedAt(5_300, trippedAt(5_000))).toMatchObject({
      tripsInARow: 2,
      lastOpenMs: 200,
      openUntilAtMs: 5_500,
      openedAtMs: 5_000,
      trippedAtMs: 5_300,
    });
  });

  test('CB-2 earlier trips are forgiven once it was closed for as long as it was last open', () => {
    const closed = { tripsInARow: 3, lastOpenMs: 400, closedSinceAtMs: 10_000 };
    expect(trippedAt(10_399, closed)).toMatchObject({ tripsInARow: 4, lastOpenMs: 800 });
    expect(trippedAt(10_400, closed)).toMatchObject({ tripsInARow: 1, lastOpenMs: 100 });
    expect(trippedAt(10_400, closed).closedSinceAtMs).toBeNull();
  });

  test('CB-2 without having been closed, time alone forgives nothing', () => {
    expect(trippedAt(1e9, { tripsInARow: 3, lastOpenMs: 400 }).tripsInARow).toBe(4);
  });

  test('CB-2 what the upstream asks for, and chance, lengthen it', () => {
    const asked = tripped(NO_TRIPS, policy, { atMs: 0, draw: 0, retryAfterMs: 700 });
    expect(asked.openUntilAtMs).toBe(700);
    const jittered = { ...policy, openJitterShare: 0.5 };
    expect(tripped(NO_TRIPS, jittered, { atMs: 0, draw: 0.5 }).openUntilAtMs).toBe(125);
  });
});

describe('closing after probes', () => {
  test('CB-6 ends the outage and adds the time since the last known failure', () => {
    const open = { ...trippedAt(5_000), recoveries: 2, recoveriesMs: 1_000 };
    expect(recovered(open, 5_250)).toEqual({
      closedSinceAtMs: 5_250,
      openedAtMs: null,
      trippedAtMs: null,
      recoveries: 3,
      recoveriesMs: 1_250,
    });
  });

  test('CB-6 measures nothing where no trip came before, as after an operator held it open', () => {
    const closed = { closedSinceAtMs: 9, openedAtMs: null, trippedAtMs: null };
    expect(recovered({ ...NO_TRIPS, recoveries: 2 }, 9)).toEqual(closed);
  });

  test('CB-6 a clock that went back takes nothing from the sum', () => {
    expect(recovered(trippedAt(5_000), 4_000)).toMatchObject({ recoveries: 1, recoveriesMs: 0 });
  });
});

describe('at a restart', () => {
  test('RT-4 a cooldown is no longer than it was made, and one that is over stays so', () => {
    const open = trippedAt(5_000);
    expect(clamped(open, 1_000).openUntilAtMs).toBe(1_100);
    expect(clamped(open, 5_050).openUntilAtMs).toBe(5_100);
    expect(clamped(open, 9_000).openUntilAtMs).toBe(5_100);
  });

  test('RT-4 it was not closed later than now', () => {
    const closed = { ...NO_TRIPS, closedSinceAtMs: 5_000 };
    expect(clamped(closed, 4_000).closedSinceAtMs).toBe(4_000);
    expect(clamped(closed, 6_000).closedSinceAtMs).toBe(5_000);
  });

  test('RT-4 what is not known stays unknown', () => {
    expect(clamped(NO_TRIPS, 9)).toEqual({ openUntilAtMs: null, closedSinceAtMs: null });
  });
});
