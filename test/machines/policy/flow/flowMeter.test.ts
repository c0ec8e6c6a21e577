import { describe, expect, test } from 'vitest';
import type {
  CallReport,
  CallSign,
  CallStamp,
} from '../../../../machines/policy/flow/callReport.ts';
import { FlowMeter } from '../../../../machines/policy/flow/flowMeter.ts';
import type { FlowNews } from '../../../../machines/policy/flow/flowNews.ts';
import { checkFlowPolicy, type FlowPolicy } from '../../../../machines/policy/flow/flowPolicy.ts';

const meterOf = (options: Partial<FlowPolicy> = {}): FlowMeter =>
  new FlowMeter(checkFlowPolicy(options, 'flow'));

/** One call after the other, 100 ms each. */
function callsInTurn(meter: FlowMeter, signs: readonly CallSign[], fromMs = 0): FlowNews[] {
  const news: FlowNews[] = [];
  for (const [index, sign] of signs.entries()) {
    const told = meter.end(meter.begin(fromMs + index * 100), { sign }, fromMs + index * 100 + 100);
    if (told !== null) news.push(told);
  }
  return news;
}

const times = (sign: CallSign, count: number): CallSign[] => new Array<CallSign>(count).fill(sign);

describe('PF-6 slots of an upstream', () => {
  test('PF-6 a call takes a slot and gives it back', () => {
    const meter = meterOf({ slotsAtStart: 2, slotsMin: 1 });
    const [one, other] = [meter.begin(0), meter.begin(0)];
    expect([meter.room(0), meter.reading().inFlight, meter.bound(0)]).toEqual([
      0,
      2,
      { by: 'ramp', untilAtMs: null },
    ]);
    meter.end(one, { sign: 'answered' }, 100);
    meter.returnUnused(other);
    expect([meter.room(100), meter.reading().inFlight]).toEqual([2, 0]);
  });

  test('PF-6 a stamp that is given back twice changes nothing', () => {
    const meter = meterOf();
    const stamp = meter.begin(0);
    for (const _ of [1, 2, 3]) meter.end(stamp, { sign: 'answered' }, 10);
    meter.returnUnused(stamp);
    expect(meter.tell(stamp, { sign: 'timedOut' }, 20)).toBeNull();
    expect([
      meter.reading().inFlight,
      meter.reading().overhanging,
      meter.reading().latencyMs,
    ]).toEqual([0, 0, 10]);
    meter.end({ beganAtMs: 0 }, { sign: 'failed' }, 20);
    expect(meter.reading().inFlight).toBe(0);
  });

  test('PF-6 a call whose end is told holds one of the most slots, and none of the open ones', () => {
    const meter = meterOf({ slotsMax: 8 });
    const stamp = meter.begin(0);
    meter.tell(stamp, { sign: 'timedOut' }, 5_000);
    expect([meter.reading().inFlight, meter.reading().overhanging, meter.room(5_000)]).toEqual([
      0, 1, 7,
    ]);
    meter.end(stamp, { sign: 'answered' }, 9_000);
    expect([meter.reading().overhanging, meter.room(9_000), meter.reading().latencyMs]).toEqual([
      0,
      8,
      null,
    ]);
  });

  test('PF-6 time that stands still and calls that take none change no sums', () => {
    const meter = meterOf();
    for (let call = 0; call < 2_000; call++) meter.end(meter.begin(5), { sign: 'answered' }, 5);
    expect(meter.reading()).toMatchObject({ inFlight: 0, latencyMs: 0, timeoutMs: 1_000 });
    expect(meter.room(5)).toBeGreaterThanOrEqual(8);
  });

  test('PF-6 what is kept goes on after a restart', () => {
    const meter = meterOf();
    callsInTurn(meter, [...times('answered', 40), 'failed', 'failed', 'answered']);
    const kept = meter.kept();
    const after = new FlowMeter(checkFlowPolicy({}, 'flow'), JSON.parse(JSON.stringify(kept)));
    expect(after.kept()).toEqual(kept);
    expect(after.timeoutMs).toBe(meter.timeoutMs);
  });

  test('PF-6 other numbers hold at once, and what was measured stays', () => {
    const meter = meterOf({ slotsMax: 64 });
    callsInTurn(meter, times('answered', 60));
    const { usualFailureShare } = meter;
    meter.change(checkFlowPolicy({ slotsMax: 4, timeoutMsMin: 3_000 }, 'flow'));
    expect([meter.room(9_000), meter.timeoutMs, meter.usualFailureShare]).toEqual([
      4,
      3_000,
      usualFailureShare,
    ]);
  });
});

describe('CB-1 outage or overload', () => {
  test('CB-1 five failures in a row where a tenth fails as usual are an outage', () => {
    const meter = meterOf();
    callsInTurn(meter, times('answered', 20));
    expect(callsInTurn(meter, times('failed', 4), 2_000).map(({ type }) => type)).not.toContain(
      'outage.detected',
    );
    const [news] = callsInTurn(meter, ['failed'], 2_400);
    expect(news).toMatchObject({
      type: 'outage.detected',
      firstFailureAtMs: 2_100,
      failures: 5,
      probes: 1,
    });
  });

  test('CB-1 calls that were not made, and those that say nothing, are not among those that did not fail', () => {
    const meter = meterOf();
    callsInTurn(meter, times('answered', 20));
    const news: FlowNews[] = [];
    for (let nowMs = 3_000; nowMs < 3_100 && news.length === 0; nowMs += 10) {
      meter.returnUnused(meter.begin(nowMs));
      meter.end(meter.begin(nowMs), { sign: 'silent' }, nowMs + 1);
      const told = meter.end(meter.begin(nowMs), { sign: 'failed' }, nowMs + 2);
      if (told !== null) news.push(told);
    }
    expect(news).toMatchObject([{ type: 'outage.detected', failures: 5 }]);
  });

  test('CB-1 quick failures among many slow calls come first, and are no outage', () => {
    const meter = meterOf({ slotsMax: 128, slotsAtStart: 128 });
    callsInTurn(meter, times('answered', 20));
    const stamps = Array.from({ length: 128 }, () => meter.begin(5_000));
    const news = stamps.map((stamp, index) =>
      meter.end(stamp, { sign: index < 7 ? 'failed' : 'answered' }, index < 7 ? 5_001 : 5_100),
    );
    expect(news.filter((each) => each?.type === 'outage.detected')).toEqual([]);
  });

  test('CB-1 control: all of them are one', () => {
    const meter = meterOf({ slotsMax: 128, slotsAtStart: 128 });
    callsInTurn(meter, times('answered', 20));
    const stamps = Array.from({ length: 128 }, () => meter.begin(5_000));
    const news = stamps.map((stamp) => meter.end(stamp, { sign: 'failed' }, 5_001));
    expect(news.some((each) => each?.type === 'outage.detected')).toBe(true);
  });

  test('CB-1 a 429, and what says nothing of the upstream, is no failure', () => {
    const meter = meterOf();
    const signs = [...times('pushedBack', 4), ...times('silent', 40)];
    expect(callsInTurn(meter, signs)).toEqual([]);
    expect(meter.usualFailureShare).toBe(0.1);
  });

  test('CB-1 timeouts and 503s with many in flight halve the slots first, then they are an outage', () => {
    const meter = meterOf({ slotsAtStart: 32, slotsMax: 32 });
    meter.end(meter.begin(0), { sign: 'answered' }, 40);
    const news: FlowNews[] = [];
    const inFlight: CallStamp[] = [];
    for (let nowMs = 0; nowMs < 20_000 && news.at(-1)?.type !== 'outage.detected'; nowMs += 100) {
      while (meter.room(nowMs) > 0) inFlight.push(meter.begin(nowMs));
      const [stamp] = inFlight.splice(0, 1);
      const told = stamp === undefined ? null : meter.end(stamp, { sign: 'busy' }, nowMs + 50);
      if (told !== null) news.push(told);
    }
    expect(news.filter(({ type }) => type !== 'ramp.ended')).toEqual([
      { type: 'overload.detected', from: 32, to: 16, because: 'overloadRun' },
      expect.objectContaining({ type: 'outage.detected' }),
    ]);
    expect(meter.isDoubted).toBe(true);
  });

  test('CB-1 503s one after the other are no overload', () => {
    expect(callsInTurn(meterOf(), times('busy', 5)).map(({ type }) => type)).toEqual([
      'outage.detected',
    ]);
  });

  test('CB-1 while it is down there is no room, and calls of before say nothing', () => {
    const meter = meterOf();
    const before = Array.from({ length: 8 }, () => meter.begin(0));
    meter.outageBegan(1_000);
    expect([meter.room(1_000), meter.isDoubted, meter.reading().pace]).toEqual([0, true, 'down']);
    const probe = meter.begin(2_000);
    meter.outageEnded(2_100);
    meter.end(probe, { sign: 'answered' }, 2_100);
    expect([meter.room(2_100), meter.reading().inFlight, meter.reading().pace]).toEqual([
      4,
      8,
      'ramping',
    ]);
    for (const stamp of before) expect(meter.end(stamp, { sign: 'timedOut' }, 3_000)).toBeNull();
    expect([meter.room(3_000), meter.reading().inFlight, meter.isDoubted]).toEqual([4, 0, false]);
  });

  test('CB-2 probes that hang take no slot from what comes once it is up', () => {
    const meter = meterOf({ slotsMax: 32 });
    meter.outageBegan(1_000);
    const hanging = Array.from({ length: 8 }, (_, index) => meter.begin(2_000 + 1_000 * index));
    meter.outageEnded(10_000);
    expect([meter.room(10_000), meter.reading().inFlight]).toEqual([4, 8]);
    for (const stamp of hanging) meter.end(stamp, { sign: 'timedOut' }, 12_000);
    expect([meter.room(12_000), meter.reading().inFlight]).toEqual([4, 0]);
    // Against the most that there may be they count.
    meter.outageBegan(13_000);
    for (let probe = 0; probe < 30; probe += 1) meter.begin(14_000);
    meter.outageEnded(15_000);
    expect(meter.room(15_000)).toBe(2);
  });

  test('DG-3 slots that were halved in calls that hang are none that were found: they open as after a start', () => {
    const meter = meterOf({ slotsMax: 32 });
    const hanging = Array.from({ length: 8 }, () => meter.begin(0));
    const news = hanging.map((stamp) => meter.end(stamp, { sign: 'timedOut' }, 10_000));
    expect(news.find((each) => each !== null)).toMatchObject({ type: 'overload.detected' });
    meter.outageBegan(10_000);
    meter.outageEnded(20_000);
    for (let nowMs = 20_000; nowMs < 21_000; nowMs += 100) {
      const stamps = Array.from({ length: meter.room(nowMs) }, () => meter.begin(nowMs));
      for (const stamp of stamps) meter.end(stamp, { sign: 'answered' }, nowMs + 100);
    }
    expect(meter.room(21_000)).toBe(32);
  });

  test('CB-1 fewer go out from a third of the way to an outage on; where it is too much work, from half of it', () => {
    const roomAfter = (sign: CallSign, failures: number): number => {
      const meter = meterOf({ slotsAtStart: 11 });
      callsInTurn(meter, times(sign, failures));
      return meter.room(9_000);
    };
    expect([1, 2, 3].map((failures) => roomAfter('failed', failures))).toEqual([11, 6, 4]);
    expect([1, 2, 3].map((failures) => roomAfter('timedOut', failures))).toEqual([11, 11, 4]);
  });

  test('CB-1 in doubt fewer calls go out, and always one', () => {
    const meter = meterOf({ slotsAtStart: 32 });
    callsInTurn(meter, times('answered', 20));
    const room = meter.room(2_000);
    callsInTurn(meter, times('failed', 3), 2_000);
    expect(meter.room(3_000)).toBeLessThan(room / 2);
    callsInTurn(meter, times('failed', 1), 3_000);
    expect(meter.room(4_000)).toBeGreaterThanOrEqual(1);
    callsInTurn(meter, ['answered'], 4_000);
    expect(meter.room(5_000)).toBeGreaterThanOrEqual(room);
  });
});

describe('PF-5 a learned rate', () => {
  test('PF-5 where a rate is learned, no token is no room, until one is due', () => {
    const meter = meterOf();
    const news: CallReport[] = [];
    for (let nowMs = 0; nowMs < 1_000; nowMs += 10) {
      if (meter.room(nowMs) < 1) continue;
      const report: CallReport = { sign: nowMs % 50 === 0 ? 'answered' : 'pushedBack' };
      news.push(report);
      meter.end(meter.begin(nowMs), report, nowMs + 1);
    }
    expect(meter.reading().ratePerSecond).toBeGreaterThan(0);
    while (meter.room(1_000) > 0) meter.begin(1_000);
    const { by, untilAtMs } = meter.bound(1_000);
    expect(by).toBe('rate');
    expect(untilAtMs).toBeGreaterThan(1_000);
    expect(meter.room((untilAtMs ?? 0) + 0.01)).toBe(1);
  });
});

test('PF-6 where all slots that may be were open, it is not known that more would be too many', () => {
  const few = new FlowMeter(checkFlowPolicy({ slotsMax: 4, slotsAtStart: 4 }, 'flow'));
  let nowMs = 0;
  for (let round = 0; round < 20; round += 1) {
    const stamps = Array.from({ length: few.room(nowMs) }, () => few.begin(nowMs));
    nowMs += 100;
    for (const stamp of stamps) few.end(stamp, { sign: 'answered' }, nowMs);
  }
  expect(few.reading()).toMatchObject({ pace: 'steady', slots: 4 });
  const kept = few.kept();
  few.change(checkFlowPolicy({ slotsMax: 64 }, 'flow'));
  expect(few.reading().pace).toBe('ramping');
  const successor = new FlowMeter(checkFlowPolicy({ slotsMax: 64 }, 'flow'), kept);
  expect(successor.reading()).toMatchObject({ pace: 'ramping', slots: 4 });
});

test('PF-1 what took longer than calls here may says nothing of how long they may take', () => {
  const meter = meterOf({ timeoutMsMax: 5_000 });
  callsInTurn(meter, times('answered', 20));
  const { timeoutMs, latencyMs } = meter.reading();
  for (const sign of ['answered', 'timedOut'] as const) {
    meter.end(meter.begin(10_000), { sign }, 30_000);
  }
  expect(meter.reading()).toMatchObject({ timeoutMs, latencyMs });
});
