import { expect, test } from 'vitest';
import { type Minutes, overviewAt, ROWS_MAX, withMinute } from '../../inspector/minutes.ts';
import type { Overview } from '../../inspector/protocol.ts';

function overview(atMs: number, change: Partial<Overview> = {}): Overview {
  const one = { atMs, overall: 'healthy', phase: 'running', level: 'normal', upstreams: [] };
  return {
    ...one,
    queue: [],
    findings: [],
    storage: { state: 'well', sinceAtMs: null },
    ...change,
  } as Overview;
}

const payments = (breaker: string) =>
  ({ upstreams: [{ name: 'payments', breaker }] }) as unknown as Partial<Overview>;

function kept(overviews: readonly Overview[]): Minutes {
  return overviews.reduce<Minutes>(withMinute, []);
}

test('OB-1 one of each minute is kept for 24 hours', () => {
  const seconds = Array.from({ length: 25 * 360 }, (_, at) => overview(at * 10_000));
  const minutes = kept(seconds);
  expect(minutes).toHaveLength(24 * 60 + 1);
  const lastAtMs = minutes.at(-1)?.atMs ?? 0;
  expect(overviewAt(minutes, lastAtMs - 3_600_000 + 59_000)?.atMs).toBe(lastAtMs - 3_600_000);
  expect(overviewAt(minutes, 0)).toBeNull();
});

test('OB-1 an outage within a minute is seen in it, and a probe that fails is no other verdict', () => {
  const breakers = ['closed', 'open', 'halfOpen', 'open', 'closed'];
  const minutes = kept(breakers.map((breaker, at) => overview(at * 1_000, payments(breaker))));
  expect(minutes.map(({ atMs }) => atMs)).toEqual([0, 1_000, 4_000]);
  expect(overviewAt(minutes, 3_500)?.upstreams[0]?.breaker).toBe('open');
});

test('OB-1 however many upstreams there are, memory is bounded, and the newest stay', () => {
  const upstreams = Array.from({ length: 495 }, (_, at) => ({ name: `u${at}`, breaker: 'closed' }));
  const many = { upstreams } as unknown as Partial<Overview>;
  const minutes = kept(Array.from({ length: 300 }, (_, at) => overview(at * 60_000, many)));
  expect(minutes).toHaveLength(ROWS_MAX / 500);
  expect(minutes.at(-1)?.atMs).toBe(299 * 60_000);
});
