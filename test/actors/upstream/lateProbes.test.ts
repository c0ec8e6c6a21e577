/**
 * What the upstream asks of a probe that reports late: it holds the next probe, over a restart too.
 *
 * @module
 */

import { expect, test } from 'vitest';
import type { Permit } from '../../../actors/operation/flowControl.ts';
import { createFlow } from '../../support/harness/flowHarness.ts';

type Scene = ReturnType<typeof createFlow>;

const ASKER = { id: null, urgency: 1 } as const;

/** A probe hangs, and another may go out in its stead. */
async function down(): Promise<Scene & { readonly late: Permit }> {
  const scene = createFlow();
  scene.goDown('busy');
  await scene.toProbe();
  const late = scene.enter();
  await scene.toProbe();
  expect(scene.flow.free).toBe(1);
  return { ...scene, late };
}

test('RT-2 CB-2 a late 503 with Retry-After holds the next probe, while open and after it', async () => {
  const { clock, steady, flow, upstream, enter, end, late } = await down();
  end(enter(), 'busy');
  expect(upstream.breaker.snapshot.value).toBe('open');
  end(late, 'busy', { retryAfterMs: 30_000 });
  expect(flow.mayRun(ASKER)).toEqual({
    may: false,
    because: 'breaker',
    untilAtMs: steady.now() + 30_000,
  });
  await clock.advance(29_999);
  expect(flow.free).toBe(0);
  await clock.advance(1);
  expect(flow.free).toBe(1);
});

test('RT-2 CB-2 CB-4 half open, it says until when, tells when that is over, and outlives a restart', async () => {
  const scene = await down();
  const untilAtMs = scene.steady.now() + 30_000;
  scene.end(scene.late, 'busy', { retryAfterMs: 30_000 });
  const wait = { may: false, because: 'probe', untilAtMs };
  expect([scene.upstream.breaker.snapshot.value, scene.flow.mayRun(ASKER)]).toEqual([
    'halfOpen',
    wait,
  ]);
  let freed = 0;
  scene.flow.onChange(() => (freed += scene.flow.free));
  await scene.clock.advance(10_000);
  const next = createFlow({ clock: scene.clock, kept: scene.kept });
  expect(next.flow.mayRun(ASKER)).toEqual(wait);
  expect(freed).toBe(0);
  await scene.clock.advance(20_000);
  expect([freed > 0, scene.flow.free, next.flow.free]).toEqual([true, 1, 1]);
});

test('CB-2 control: a late failure that asks for nothing holds nothing', async () => {
  const { flow, end, late } = await down();
  end(late, 'busy');
  expect(flow.free).toBe(1);
});
