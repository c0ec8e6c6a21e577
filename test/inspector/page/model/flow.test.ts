import { expect, test } from 'vitest';
import {
  FLOW_SPAN_MS,
  flowShape,
  NO_FLOW,
  withSamples,
} from '../../../../inspector/page/model/flowShape.ts';
import type { UpstreamOverview } from '../../../../inspector/protocol.ts';

const upstream = (name: string, inFlight: number, slots: number): UpstreamOverview => ({
  ...{ name, breaker: 'closed', level: 'normal', causes: [], inFlight, overhanging: 0 },
  ...{ downSinceAtMs: null, nextTryAtMs: null, waits: null, hold: null, pace: 'steady', slots },
  ...{ slotsMax: 64, timeoutMs: 900, ratePerSecond: null, usualFailureShare: 0.01 },
  recoveries: { times: 0, meanMs: 0, longestMs: 0 },
});

test('OB-1 the flow of two minutes is remembered, of upstreams that are there', () => {
  let lines = NO_FLOW;
  for (let second = 0; second < 150; second += 1) {
    lines = withSamples(lines, second * 1_000, [upstream('a', second, 8), upstream('b', 1, 8)]);
  }
  const kept = lines['a'] ?? [];
  expect((kept.at(-1)?.atMs ?? 0) - (kept[0]?.atMs ?? 0)).toBe(FLOW_SPAN_MS);
  expect(kept.at(-1)).toEqual({ atMs: 149_000, inFlight: 149, slots: 8 });
  expect(Object.keys(withSamples(lines, 150_000, [upstream('b', 1, 8)]))).toEqual(['b']);
  const again = withSamples(lines, 149_000, [upstream('a', 0, 8)])['a'] ?? [];
  expect(again.filter(({ atMs }) => atMs === 149_000)).toHaveLength(1);
});

test('OB-1 the newest stands at the right, the largest at the top, and a gap is a gap', () => {
  expect(flowShape([], 120, 21)).toBeNull();
  const samples = [
    { atMs: 100_000, inFlight: 4, slots: 4 },
    { atMs: 101_000, inFlight: 2, slots: 4 },
    // Nobody ran it for a while.
    { atMs: 119_000, inFlight: 0, slots: 2 },
    { atMs: 120_000, inFlight: 1, slots: 4 },
  ];
  expect(flowShape(samples, 120, 21)).toEqual({
    area: 'M100 21L100 1L101 11L101 21ZM119 21L119 21L120 16L120 21Z',
    slots: 'M100 1H101V1M119 11H120V1',
    ...{ top: 4, least: 0, most: 4 },
  });
});
