/**
 * Policies that change while an upstream is down, held, or busy: nothing that is known or under way is
 * lost (CB-4, PF-6, UX-2).
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;

async function running(concurrency: number, run: () => Promise<Json> | Json) {
  const world = createWorld();
  const { runtime, errors } = world.boot({
    upstreams: { payments: { concurrency, flow: { slotsAtStart: concurrency } } },
    handlers: { [REQUEST.type]: { upstream: 'payments', run } },
  });
  await world.clock.run(runtime.ready);
  const send = async (count: number) =>
    await world.clock.run(Promise.all(Array.from({ length: count }, () => runtime.sync(REQUEST))));
  const set = (payments: object): void => {
    const layers = runtime.policyLayers();
    runtime.setPolicies({ ...layers, upstreams: { ...layers.upstreams, payments } });
  };
  return { ...world, runtime, errors, send, set };
}

/** Calls that end when the test says so. */
function heldCalls() {
  const ends: (() => void)[] = [];
  const seen = { most: 0, running: 0 };
  const run = async (): Promise<Json> => {
    seen.running += 1;
    seen.most = Math.max(seen.most, seen.running);
    await new Promise<void>((resolve) => {
      ends.push(resolve);
    });
    seen.running -= 1;
    return null;
  };
  const endAll = (): void => {
    for (const end of ends.splice(0)) end();
  };
  return { run, endAll, seen };
}

describe('UX-2 a policy that changes', () => {
  test('UX-2 CB-4 while the breaker is open keeps it open, its next probe, its holds and what waits', async () => {
    let isDown = true;
    const { clock, runtime, send, set, errors } = await running(8, () => {
      if (isDown) throw transientFailure('Down.', { status: 503, notApplied: true });
      return null;
    });
    const sent = await send(40);
    await clock.advanceUntil(() => runtime.upstream('payments').breaker === 'open');
    runtime.upstream('payments').observe('a look', 'ana');
    runtime.upstream('payments').release('ana');
    await clock.advanceUntil(() => runtime.upstream('payments').breaker === 'open');
    const before = runtime.getHealthStatus().upstreams['payments'];
    set({ concurrency: 3, attemptTimeoutMs: 2_000, flow: { probeMsMin: 400, slotsAtStart: 2 } });
    const after = runtime.getHealthStatus().upstreams['payments'];
    const kept = ['breaker', 'nextTryAtMs', 'downSinceAtMs', 'recovery', 'hold'] as const;
    expect(kept.map((name) => after?.[name])).toEqual(kept.map((name) => before?.[name]));
    expect(after?.flow.slotsMax).toBe(3);
    isDown = false;
    for (const { outcome } of sent) {
      expect((await clock.run(outcome, 600_000)).status).toBe('completed');
    }
    expect(runtime.upstream('payments').inFlight).toBe(0);
    expect(errors).toEqual([]);
  });

  test('PF-6 OP-6 to fewer slots than are taken lets what runs end, and starts no more until it has', async () => {
    const calls = heldCalls();
    const { clock, runtime, send, set, errors } = await running(8, calls.run);
    const sent = await send(20);
    await clock.advance(10);
    expect(calls.seen.running).toBe(8);
    set({ concurrency: 2, flow: { slotsAtStart: 2 } });
    await clock.advance(10);
    expect([calls.seen.running, runtime.upstream('payments').inFlight]).toEqual([8, 8]);
    calls.endAll();
    await clock.advance(10);
    calls.seen.most = 0;
    for (let rounds = 0; rounds < 20; rounds += 1) {
      expect(calls.seen.running).toBeLessThanOrEqual(2);
      calls.endAll();
      await clock.advance(10);
    }
    expect(calls.seen.most).toBe(2);
    for (const { outcome } of sent) expect((await clock.run(outcome)).status).toBe('completed');
    expect(runtime.upstream('payments').inFlight).toBe(0);
    expect(errors).toEqual([]);
  });

  test('PF-6 to more slots lets what waits go at once', async () => {
    const calls = heldCalls();
    const { clock, send, set } = await running(2, calls.run);
    await send(6);
    await clock.advance(10);
    expect(calls.seen.running).toBe(2);
    set({ concurrency: 6, flow: { slotsAtStart: 6 } });
    for (let rounds = 0; rounds < 6; rounds += 1) {
      calls.endAll();
      await clock.advance(10);
    }
    expect(calls.seen.most).toBeGreaterThan(2);
  });
});
