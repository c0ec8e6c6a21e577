import { describe, expect, test } from 'vitest';
import {
  cameUp,
  downMsAt,
  handedOver,
  NO_OUTAGES,
  type OutageHistory,
  recovered,
  reopened,
  resumed,
  tripped,
  wasDownAt,
  wentDown,
} from '../../../../machines/policy/breaker/outages.ts';
import { TEST_PACING } from '../../../support/harness/breakerHarness.ts';

const MIDDLE = 0.5;

function trippedAt(atMs: number, firstFailureAtMs = atMs, history = NO_OUTAGES): OutageHistory {
  const facts = { atMs, firstFailureAtMs, probes: 1, draw: MIDDLE };
  return { ...history, ...tripped(history, TEST_PACING, facts) };
}

function endedAt(history: OutageHistory, atMs: number): OutageHistory {
  return { ...history, ...recovered(history, atMs) };
}

describe('an outage', () => {
  test('CB-2 begins with the first failure of its run, and not where it is told of', () => {
    const history = trippedAt(5_000, 3_000);
    expect(history).toMatchObject({ firstFailureAtMs: 3_000, downSinceAtMs: 3_000 });
    expect([2_999, 3_000, 1e9].map((atMs) => wasDownAt(history, atMs))).toEqual([
      false,
      true,
      true,
    ]);
  });

  test('CB-2 a first failure that is told to lie ahead is taken for now', () => {
    expect(trippedAt(5_000, 9_000).firstFailureAtMs).toBe(5_000);
  });

  test('CB-2 the wait for each probe is a share of the time since it began', () => {
    const history = trippedAt(10_000, 10_000);
    const later = reopened(history, TEST_PACING, { atMs: 60_000, draw: MIDDLE });
    expect([history.lastOpenMs, later.lastOpenMs, later.openUntilAtMs]).toEqual([
      1_000, 5_000, 65_000,
    ]);
    expect(later).toMatchObject({ firstFailureAtMs: 10_000, failedAtMs: 60_000 });
  });

  test('CB-6 its end is measured from the last failure that was known', () => {
    const failed = reopened(trippedAt(10_000), TEST_PACING, { atMs: 20_000, draw: MIDDLE });
    const history = endedAt({ ...trippedAt(10_000), ...failed }, 22_500);
    expect(history).toMatchObject({
      recoveries: 1,
      lastRecoveryMs: 2_500,
      longestRecoveryMs: 2_500,
      outages: [[10_000, 22_500]],
      firstFailureAtMs: null,
      openUntilAtMs: null,
    });
    const again = endedAt(trippedAt(40_000, 40_000, history), 41_000);
    expect(again).toMatchObject({
      recoveries: 2,
      recoveriesMs: 3_500,
      lastRecoveryMs: 1_000,
      longestRecoveryMs: 2_500,
    });
  });

  test('CB-6 what was no outage is no recovery', () => {
    const history = endedAt({ ...NO_OUTAGES, ...wentDown(NO_OUTAGES, 1_000) }, 4_000);
    expect(history).toMatchObject({ recoveries: 0, outages: [], downMs: 3_000 });
  });

  test('RT-1 an instant at either end lies in it, and only in it', () => {
    const history = endedAt(trippedAt(10_000), 12_000);
    const instants = [9_999, 10_000, 12_000, 12_001];
    expect(instants.map((atMs) => wasDownAt(history, atMs))).toEqual([false, true, true, false]);
  });

  test('RT-1 the oldest is forgotten once there are more than are kept', () => {
    let history = NO_OUTAGES;
    for (let each = 0; each < 40; each += 1) {
      history = endedAt(trippedAt(each * 1_000, each * 1_000, history), each * 1_000 + 100);
    }
    expect(history.outages).toHaveLength(32);
    expect(history.outages[0]).toEqual([8_000, 8_100]);
    expect(history.downMs).toBe(4_000);
  });
});

describe('the time down', () => {
  test('RT-1 grows while it is down, and stands while it is up', () => {
    const down = { ...NO_OUTAGES, ...wentDown(NO_OUTAGES, 1_000) };
    expect([downMsAt(NO_OUTAGES, 9_000), downMsAt(down, 3_000)]).toEqual([0, 2_000]);
    const up = { ...down, ...cameUp(down, 3_000) };
    expect([downMsAt(up, 3_000), downMsAt(up, 9_000)]).toEqual([2_000, 2_000]);
  });

  test('RT-1 to go down twice, or up twice, is to do it once', () => {
    const down = { ...NO_OUTAGES, ...wentDown(NO_OUTAGES, 1_000) };
    expect({ ...down, ...wentDown(down, 2_000) }).toEqual(down);
    expect(cameUp(NO_OUTAGES, 2_000)).toEqual({});
  });

  test('RT-1 a clock that went back makes none of it negative', () => {
    const down = { ...NO_OUTAGES, ...wentDown(NO_OUTAGES, 5_000) };
    expect(downMsAt(down, 4_000)).toBe(0);
    expect(cameUp(down, 4_000).downMs).toBe(0);
    expect(endedAt(trippedAt(5_000), 4_000).outages).toEqual([[5_000, 5_000]]);
  });
});

describe('an operator who takes over', () => {
  test('CB-1 ends the outage as far as it was seen, and no recovery is measured', () => {
    const history = { ...trippedAt(10_000), ...handedOver(trippedAt(10_000), 15_000, true) };
    expect(history).toMatchObject({
      outages: [[10_000, 15_000]],
      recoveries: 0,
      downSinceAtMs: null,
      downMs: 5_000,
    });
  });

  test('CB-1 who holds it open keeps it down', () => {
    const history = { ...trippedAt(10_000), ...handedOver(trippedAt(10_000), 15_000, false) };
    expect(history).toMatchObject({ downSinceAtMs: 10_000, downMs: 0, openUntilAtMs: null });
  });
});

describe('a restart', () => {
  test('RT-1 the time in which no process ran is none in which it was down', () => {
    const history = trippedAt(10_000);
    const after = { ...history, ...resumed(history, 70_000, 12_000) };
    expect(downMsAt(after, 70_000)).toBe(2_000);
  });

  test('CB-4 a probe that is further ahead than it can be is taken back', () => {
    const history = trippedAt(10_000);
    expect(resumed(history, 10_500, 10_500).openUntilAtMs).toBe(11_000);
    expect(resumed(history, 2_000, 2_000).openUntilAtMs).toBe(3_000);
    expect(resumed(NO_OUTAGES, 2_000, 2_000)).toEqual({ openUntilAtMs: null, downSinceAtMs: null });
  });
});
