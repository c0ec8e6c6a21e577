/** What a flow meter says of each call, and of what it may do (CB-1, PF-1, PF-6). */

import { describe, expect, test } from 'vitest';
import type { CallSign } from '../../../../machines/policy/flow/callReport.ts';
import { FlowMeter } from '../../../../machines/policy/flow/flowMeter.ts';
import { checkFlowPolicy, type FlowPolicy } from '../../../../machines/policy/flow/flowPolicy.ts';

const policyOf = (options: Partial<FlowPolicy> = {}): FlowPolicy =>
  checkFlowPolicy(options, 'flow');
const meterOf = (options: Partial<FlowPolicy> = {}): FlowMeter => new FlowMeter(policyOf(options));

/** Rounds in which all slots are in use, of so many milliseconds each; when the last has ended. */
function rounds(meter: FlowMeter, count: number, fromMs: number, tookMs = 100): number {
  let nowMs = fromMs;
  for (let n = 0; n < count; n += 1) {
    const stamps = Array.from({ length: meter.room(nowMs) }, () => meter.begin(nowMs));
    nowMs += tookMs;
    for (const stamp of stamps) meter.end(stamp, { sign: 'answered' }, nowMs);
  }
  return nowMs;
}

/** So many calls, one after the other, that end so. */
function fail(meter: FlowMeter, sign: CallSign, times: number, fromMs: number): unknown[] {
  return Array.from({ length: times }, (_, at) => {
    const nowMs = fromMs + 20 * at;
    return meter.end(meter.begin(nowMs), { sign }, nowMs + 10)?.type;
  });
}

describe('CB-1 what failures in a row may do', () => {
  test('CB-1 nothing: they are no outage, and nothing is doubted', () => {
    const meter = meterOf();
    meter.allow('nothing');
    expect(fail(meter, 'failed', 9, 1_000)).not.toContain('outage.detected');
    expect([meter.isDoubted, meter.room(2_000)]).toEqual([false, 8]);
    // From now on they count, and those of before do not.
    meter.allow('act');
    expect(fail(meter, 'failed', 5, 2_000)).toEqual([
      ...[undefined, undefined, undefined, undefined],
      'outage.detected',
    ]);
  });

  test('CB-1 what is allowed again as it was forgets nothing', () => {
    const meter = meterOf();
    fail(meter, 'failed', 4, 1_000);
    meter.allow('act');
    expect(fail(meter, 'failed', 1, 2_000)).toEqual(['outage.detected']);
  });
});

describe('PF-1 when a call began', () => {
  test('PF-1 one whose slot was held for something else began when that was over', () => {
    const meter = meterOf();
    const stamp = meter.begin(0);
    meter.beganLate(stamp, 900);
    meter.end(stamp, { sign: 'answered' }, 1_000);
    expect(meter.reading().latencyMs).toBe(100);
    // Too late, or no call of this meter.
    meter.beganLate(stamp, 5_000);
    expect(stamp.beganAtMs).toBe(900);
    const foreign = { beganAtMs: 5 };
    meter.beganLate(foreign, 900);
    expect(foreign.beganAtMs).toBe(5);
  });

  test('PF-1 time-outs make the next ones longer, and failures do not', () => {
    const after = (sign: CallSign): number => {
      const meter = meterOf();
      rounds(meter, 2, 0);
      meter.end(meter.begin(1_000), { sign }, 5_000);
      return meter.timeoutMs;
    };
    expect([after('failed'), after('timedOut')]).toEqual([1_000, 1_300]);
  });
});

describe('PF-6 pace and bounds', () => {
  test('PF-6 it ramps, is steady once all are open, and goes down and up with an outage', () => {
    const meter = meterOf({ slotsMax: 12 });
    expect(meter.reading()).toMatchObject({ pace: 'ramping', sinceMs: 0, slots: 8 });
    const nowMs = rounds(meter, 2, 1_000);
    expect(meter.reading()).toMatchObject({ pace: 'steady', slots: 12, inFlight: 0 });
    for (let call = 0; call < 12; call += 1) meter.begin(nowMs);
    expect([meter.room(nowMs), meter.bound(nowMs)]).toEqual([0, { by: 'slot', untilAtMs: null }]);
    meter.outageBegan(5_000);
    meter.outageBegan(6_000);
    expect(meter.reading()).toMatchObject({ pace: 'down', sinceMs: 5_000, inFlight: 12 });
    meter.begin(65_000);
    expect(meter.timeoutMs).toBe(3_000);
    meter.outageEnded(66_000);
    meter.outageEnded(67_000);
    expect(meter.reading()).toMatchObject({ pace: 'ramping', sinceMs: 66_000 });
    expect([meter.timeoutMs, meter.kept().isRamping]).toEqual([1_000, true]);
  });

  test('PF-6 the end of a ramp says why: all are open', () => {
    const ends = (meter: FlowMeter) => {
      let nowMs = 0;
      for (let n = 0; n < 12; n += 1) {
        const stamps = Array.from({ length: meter.room(nowMs) }, () => meter.begin(nowMs));
        nowMs += 100;
        for (const stamp of stamps) {
          const news = meter.end(stamp, { sign: 'answered' }, nowMs);
          if (news?.type === 'ramp.ended') return [news.because, news.slots];
        }
      }
      return null;
    };
    expect(ends(meterOf({ slotsMax: 12 }))).toEqual(['allOpen', 12]);
  });

  test('PF-6 other bounds open a ramp only where all slots there were are open', () => {
    const meter = meterOf({ slotsMax: 12 });
    meter.change(policyOf({ slotsMax: 12 }));
    rounds(meter, 2, 0);
    meter.change(policyOf({ slotsMax: 10 }));
    expect(meter.reading()).toMatchObject({ pace: 'steady', slots: 10 });
    expect(meter.kept()).toMatchObject({ isRamping: true, slots: 10 });
    meter.change(policyOf({ slotsMax: 11 }));
    expect(meter.reading()).toMatchObject({ pace: 'ramping', slots: 10 });
  });
});

describe('PF-5 429s', () => {
  test('PF-5 one of this time ends a run of failures, one of before an outage does not', () => {
    const meter = meterOf();
    fail(meter, 'failed', 4, 1_000);
    fail(meter, 'pushedBack', 1, 2_000);
    expect(fail(meter, 'failed', 1, 3_000)).toEqual([undefined]);
    const other = meterOf();
    const before = other.begin(0);
    other.outageBegan(500);
    other.outageEnded(900);
    fail(other, 'failed', 4, 1_000);
    other.end(before, { sign: 'pushedBack' }, 2_000);
    expect(fail(other, 'failed', 1, 3_000)).toEqual(['outage.detected']);
  });
});
