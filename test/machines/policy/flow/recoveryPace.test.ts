import { describe, expect, test } from 'vitest';
import { RecoveryPace } from '../../../../machines/policy/flow/recoveryPace.ts';

/** 100 calls a second of 100 ms each: 10 are worked on, and 1.5 more may wait there. */
function known(): RecoveryPace {
  const pace = new RecoveryPace();
  pace.measured({ throughput: 100, isBound: true });
  pace.start(0);
  return pace;
}

/** Slots after so long, with all that is wanted asked for every 10 ms. */
function openAfter(pace: RecoveryPace, from: number, untilMs: number): number {
  let slots = from;
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 10) slots = pace.limit(slots, 64, 100, nowMs);
  return slots;
}

describe('DG-3 PF-6 slots after an outage', () => {
  test('DG-3 as many as are known to be worked on are open at once', () => {
    expect(known().limit(4, 11, 100, 0)).toBe(11);
    expect(known().limit(4, 64, 100, 0)).toBeCloseTo(11.5);
  });

  test('DG-3 further ones open by a twentieth of the calls of a second, each second', () => {
    expect(openAfter(known(), 4, 1_000)).toBeCloseTo(16.5);
    expect(openAfter(known(), 4, 2_000)).toBeCloseTo(21.5);
  });

  test('DG-3 what was not asked for is saved up for half a second, and no longer', () => {
    const pace = known();
    expect(pace.limit(4, 11, 100, 0)).toBe(11);
    expect(pace.limit(11, 64, 0, 5_000)).toBeCloseTo(13.5);
  });

  test('DG-3 a latency that was a queue before the outage opens no more than earlier ramps have seen', () => {
    const pace = known();
    pace.ramped(100);
    expect(pace.limit(4, 64, 300, 0)).toBeCloseTo(11.5);
    pace.ramped(300);
    expect(pace.limit(4, 64, 300, 0)).toBeCloseTo(14.375);
  });

  test('DG-3 fewer are taken at once', () => {
    expect(known().limit(20, 3, 100, 0)).toBe(3);
  });

  test('DG-3 where nothing is known, and once it is up for long, nothing holds them', () => {
    const pace = new RecoveryPace();
    pace.start(0);
    expect(pace.limit(4, 64, 100, 0)).toBe(64);
    expect(known().limit(4, 64, 100, 10_000)).toBe(64);
    const never = new RecoveryPace();
    never.measured({ throughput: 100, isBound: true });
    expect(never.limit(4, 64, 100, 0)).toBe(64);
  });

  test('DG-3 with slots to spare less is done than it could do: only more is learned from that', () => {
    const pace = known();
    pace.measured({ throughput: 10, isBound: false });
    expect(pace.limit(4, 64, 100, 0)).toBeCloseTo(11.5);
    pace.measured({ throughput: 300, isBound: false });
    expect(pace.limit(4, 64, 100, 0)).toBeCloseTo(23);
  });
});
