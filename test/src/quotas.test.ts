/**
 * An upstream that takes so many calls a minute, and says how long to wait.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const MINUTE_MS = 60_000;
const QUOTA = 600;

/** Its quota is new with each minute of the clock. */
function createUpstream(quotaOf: (subject: string) => number, isShared = true) {
  const world = createWorld();
  const { clock, boot } = world;
  const startMs = clock.monotonic();
  const counts = { taken: 0, refused: 0 };
  const used = new Map<string, number>();
  const handler = {
    upstream: 'api',
    run: async ({ subject }: { readonly subject: string }) => {
      await new Promise<void>((resolve) => {
        clock.schedule(20, resolve);
      });
      const sinceMs = clock.monotonic() - startMs;
      const minute = Math.floor(sinceMs / MINUTE_MS);
      const key = `${minute} ${isShared ? '' : subject}`;
      const usedNow = used.get(key) ?? 0;
      if (usedNow >= quotaOf(subject)) {
        counts.refused += 1;
        const retryAfterMs = (minute + 1) * MINUTE_MS - sinceMs;
        throw transientFailure('Too many.', { status: 429, notApplied: true, retryAfterMs });
      }
      used.set(key, usedNow + 1);
      counts.taken += 1;
      return null;
    },
  };
  const { runtime } = boot({
    upstreams: { api: {} },
    handlers: { 'payments.push': handler, 'records.push': handler },
  });
  const accept = async (count: number, subjectOf: (n: number) => string) => {
    const all = Array.from({ length: count }, (_, n) =>
      runtime.sync({
        type: n % 2 === 0 ? 'payments.push' : 'records.push',
        subject: subjectOf(n),
        payload: { n },
      }),
    );
    return await clock.run(Promise.all(all));
  };
  return { ...world, runtime, counts, accept };
}

describe('PF-5 RT-2 a quota a minute, with an honest Retry-After', () => {
  test('PF-5 few calls go into it, it is used up each minute, and health says until when', async () => {
    const { clock, runtime, counts, accept } = createUpstream(() => QUOTA);
    const startAtMs = clock.now();
    await accept(1_500, (n) => `user-${n % 50}`);
    await clock.advance(30_500);
    expect(counts.taken).toBe(QUOTA);
    expect(runtime.getHealthStatus().upstreams['api']?.waits).toEqual({
      reason: 'rate',
      untilAtMs: expect.closeTo(startAtMs + MINUTE_MS, -3) as number,
    });
    await clock.advance(MINUTE_MS);
    expect(counts.taken).toBe(2 * QUOTA);
    await clock.advance(MINUTE_MS);
    expect(counts.taken).toBe(1_500);
    expect(counts.refused).toBeLessThan(0.15 * 1_500);
    await clock.run(runtime.close());
  });

  test('RT-2 one subject that is told to wait waits, and no other does', async () => {
    const quotaOf = (subject: string): number => (subject === 'busy' ? 5 : 1_000);
    const { clock, runtime, counts, accept } = createUpstream(quotaOf, false);
    await accept(200, (n) => (n % 2 === 0 ? 'busy' : `user-${n}`));
    await clock.advance(20_000);
    expect(counts.taken).toBe(105);
    expect(counts.refused).toBeLessThan(40);
    expect(runtime.getHealthStatus().upstreams['api']?.waits).toBe(null);
    const late = await accept(2, () => 'busy');
    await clock.advance(100);
    const views = await clock.run(Promise.all(late.map((each) => each.view())));
    expect(views.map(({ wait }) => wait?.reason)).toEqual(['rate', 'rate']);
    await clock.run(runtime.close());
  });
});
