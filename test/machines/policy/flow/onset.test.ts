/**
 * The onset of an outage in which calls fail at once while slow ones of before are answered still, and
 * its control: calls that fail as slowly as they are answered.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import type { CallStamp } from '../../../../machines/policy/flow/callReport.ts';
import { FlowMeter } from '../../../../machines/policy/flow/flowMeter.ts';
import { checkFlowPolicy } from '../../../../machines/policy/flow/flowPolicy.ts';
import { seededRandom } from '../../../../src/virtual/seededRandom.ts';

interface Scene {
  readonly seed: number;
  readonly inFlight: number;
  /** Least and most that an answer takes. */
  readonly answerMs: readonly [number, number];
  /** Share of the calls that fail as slowly as others are answered. */
  readonly failing?: number;
  /** Share of the calls that fail within 2 ms. */
  readonly failingAtOnce?: number;
  /** From when on all calls that begin fail within 2 ms. */
  readonly downFromMs?: number;
  readonly calls: number;
}

interface Ending {
  readonly atMs: number;
  readonly stamp: CallStamp;
  readonly sign: 'answered' | 'failed';
}

/** Keeps all slots in use until so many calls have begun, or it trips. */
function play({ seed, inFlight, answerMs, calls, ...scene }: Scene) {
  const { failing = 0, failingAtOnce = 0, downFromMs = Number.POSITIVE_INFINITY } = scene;
  const random = seededRandom(seed);
  const slots = { slotsMin: 2, slotsAtStart: inFlight, slotsMax: inFlight };
  const meter = new FlowMeter(checkFlowPolicy(slots, 'flow'));
  const ending: Ending[] = [];
  const [leastMs, mostMs] = answerMs;
  let [nowMs, begun, begunDown] = [0, 0, 0];
  let isKnown = false;
  const begin = (): void => {
    begun += 1;
    const isDown = nowMs >= downFromMs;
    if (isKnown) begunDown += 1;
    const isAtOnce = isDown || random.chance(failingAtOnce);
    const tookMs = isAtOnce ? 2 : leastMs + (mostMs - leastMs) * random.next();
    const sign = isAtOnce || random.chance(failing) ? 'failed' : 'answered';
    const end = { atMs: nowMs + tookMs, stamp: meter.begin(nowMs), sign } as const;
    const at = ending.findIndex(({ atMs }) => atMs > end.atMs);
    ending.splice(at < 0 ? ending.length : at, 0, end);
  };
  while (begun < calls) {
    while (meter.room(nowMs) > 0 && begun < calls) begin();
    const next = ending.shift();
    if (next === undefined) break;
    nowMs = next.atMs;
    isKnown ||= next.stamp.beganAtMs >= downFromMs;
    const news = meter.end(next.stamp, { sign: next.sign }, nowMs);
    if (news?.type === 'outage.detected') return { hasTripped: true, begunDown, meter };
  }
  return { hasTripped: false, begunDown, meter };
}

const SEEDS = Array.from({ length: 8 }, (_, index) => index + 1);

describe('CB-1 the onset of an outage that fails at once', () => {
  test.each([
    [25, 500, 1_500],
    [100, 500, 1_500],
    [500, 500, 1_500],
    [25, 100, 300],
    [100, 100, 300],
  ])(
    'CB-1 %i in flight that are answered within %i to %i ms: as good as nothing goes into it',
    (inFlight, leastMs, mostMs) => {
      for (const seed of SEEDS) {
        const { hasTripped, begunDown, meter } = play({
          ...{ seed, inFlight, answerMs: [leastMs, mostMs], calls: 40 * inFlight + 2_000 },
          downFromMs: 3 * mostMs,
        });
        expect([seed, hasTripped]).toEqual([seed, true]);
        // 1 % of 5,000 that wait, beside what was in flight when the first failure was known.
        expect([seed, begunDown <= 50]).toEqual([seed, true]);
        expect(meter.usualFailureShare).toBe(0.1);
      }
    },
  );

  test.each([
    [100, 1 / 5],
    [100, 1 / 3],
    [100, 1 / 2],
    [500, 1 / 5],
    [500, 1 / 3],
    [500, 1 / 2],
  ])(
    'CB-1 control: %i in flight of which %f fail as slowly as others are answered are none',
    (inFlight, failing) => {
      for (const seed of SEEDS) {
        for (const answerMs of [
          [500, 1_500],
          [100, 120],
        ] as const) {
          const { hasTripped, meter } = play({ seed, inFlight, answerMs, failing, calls: 6_000 });
          expect([seed, answerMs, hasTripped]).toEqual([seed, answerMs, false]);
          expect(Math.abs(meter.usualFailureShare - failing)).toBeLessThan(0.3);
        }
      }
    },
  );

  test.each([
    [100, 1 / 9],
    [500, 1 / 9],
  ])(
    'CB-1 control: %i in flight beside which %f fail at once are none',
    (inFlight, failingAtOnce) => {
      for (const seed of SEEDS) {
        const answerMs = [500, 1_500] as const;
        const { hasTripped } = play({ seed, inFlight, answerMs, failingAtOnce, calls: 6_000 });
        expect([seed, hasTripped]).toEqual([seed, false]);
      }
    },
  );
});

describe('CB-1 fewer calls follow a run of failures', () => {
  /** Eight of ten slots are held; calls in the others fail one after the other. */
  function roomAfterThree(sign: 'failed' | 'busy'): number {
    const meter = new FlowMeter(checkFlowPolicy({ slotsAtStart: 10 }, 'flow'));
    for (let held = 0; held < 8; held += 1) meter.begin(0);
    for (let nowMs = 100; nowMs <= 300; nowMs += 100) {
      meter.end(meter.begin(nowMs), { sign }, nowMs + 50);
    }
    return meter.room(400);
  }

  test('CB-1 from a third of the way to an outage on: three failures where six are one', () => {
    expect(roomAfterThree('failed')).toBe(0);
  });

  test('PF-6 control: of what may be too much work from halfway on', () => {
    expect(roomAfterThree('busy')).toBe(2);
  });
});
