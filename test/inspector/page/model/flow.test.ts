import { expect, test } from 'vitest';
import { NO_FLOW, SAMPLES_MAX, withSamples } from '../../../../inspector/page/model/flowLines.ts';
import { flowShape } from '../../../../inspector/page/model/flowShape.ts';
import type { UpstreamOverview } from '../../../../inspector/protocol.ts';

const upstream = (name: string, inFlight: number, slots: number): UpstreamOverview => ({
  ...{ name, breaker: 'closed', level: 'normal', causes: [], inFlight, overhanging: 0 },
  ...{ downSinceAtMs: null, nextTryAtMs: null, waits: null, hold: null, pace: 'steady', slots },
  ...{ slotsMax: 64, timeoutMs: 900, ratePerSecond: null, usualFailureShare: 0.01 },
  recoveries: { times: 0, meanMs: 0, longestMs: 0 },
});

test('OB-1 the flow of two minutes is remembered, of upstreams that are there', () => {
  let lines = NO_FLOW;
  for (let second = 0; second < SAMPLES_MAX + 30; second += 1) {
    lines = withSamples(lines, second * 1_000, [upstream('a', second, 8), upstream('b', 1, 8)]);
  }
  expect(lines['a']).toHaveLength(SAMPLES_MAX);
  expect(lines['a']?.at(-1)).toEqual({ atMs: 149_000, inFlight: 149, slots: 8 });
  expect(Object.keys(withSamples(lines, 150_000, [upstream('b', 1, 8)]))).toEqual(['b']);
  const again = withSamples(lines, 149_000, [upstream('a', 0, 8)])['a'] ?? [];
  expect(again.filter(({ atMs }) => atMs === 149_000)).toHaveLength(1);
});

test('OB-1 the newest stands at the right, the largest at the top', () => {
  expect(flowShape([], 100, 20)).toBeNull();
  const samples = [
    { atMs: 0, inFlight: 0, slots: 4 },
    { atMs: 1, inFlight: 2, slots: 4 },
  ];
  expect(flowShape(samples, SAMPLES_MAX - 1, 21)).toEqual({
    ...{ area: 'M118 21L118 21L119 11V21Z', slots: 'M118 1H119V1' },
    ...{ least: 0, most: 2 },
  });
});
