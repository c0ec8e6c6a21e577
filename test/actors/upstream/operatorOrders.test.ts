/**
 * What an operator's order means for the flow of an upstream that fails: switched off, nothing is
 * doubted; observing, every call goes out and trips are told.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { createFlow } from '../../support/harness/flowHarness.ts';

/** Nearly as many failures in a row as an outage takes. */
function failInARow({ call }: ReturnType<typeof createFlow>, times: number): void {
  for (let count = 0; count < times; count += 1) call('failed');
}

function ordered(kind: 'disabled' | 'observing' | null): ReturnType<typeof createFlow> {
  const scene = createFlow();
  for (let count = 0; count < 60; count += 1) scene.call('answered');
  if (kind !== null) {
    scene.upstream.breaker.send({ type: `operator.${kind}`, by: 'ana', atMs: scene.steady.now() });
  }
  return scene;
}

test('CB-1 control: failures in a row let fewer calls out, and are doubted', () => {
  const scene = ordered(null);
  failInARow(scene, 4);
  expect(scene.flow.isDoubted).toBe(true);
  expect(scene.enterAll().length).toBeLessThan(scene.flow.reading.slots / 2);
});

test('CB-1 RT-1 a breaker that is switched off doubts nothing, and every call goes out', () => {
  const scene = ordered('disabled');
  for (const failures of [4, 1, 7, 200]) {
    failInARow(scene, failures);
    expect(scene.flow.isDoubted).toBe(false);
    expect(scene.end(scene.enter(), 'failed').isDoubted).toBe(false);
    const permits = scene.enterAll();
    expect(permits).toHaveLength(scene.flow.reading.slots);
    for (const permit of permits) scene.end(permit, 'failed');
  }
  expect(scene.upstream.breaker.snapshot.value).toBe('disabled');
  expect(scene.told.filter(({ kind }) => kind === 'flow.changed')).toEqual([]);
});

test('CB-1 PF-6 switched off, time-outs in a row are too much work all the same', () => {
  const scene = ordered('disabled');
  const { slots } = scene.flow.reading;
  for (const permit of scene.enterAll()) scene.end(permit, 'timedOut');
  expect(scene.flow.reading.slots).toBeLessThanOrEqual(slots / 2);
  expect(scene.flow.isDoubted).toBe(false);
});

test('CB-1 one that observes lets every call out, and tells of the outage', () => {
  const scene = ordered('observing');
  failInARow(scene, 4);
  const permits = scene.enterAll();
  expect(permits).toHaveLength(scene.flow.reading.slots);
  for (const permit of permits) scene.end(permit, 'failed');
  expect(scene.upstream.breaker.snapshot.context.tripsObserved).toBeGreaterThan(0);
});

test('CB-1 let go, it trips as before', () => {
  const scene = ordered('disabled');
  failInARow(scene, 50);
  scene.upstream.breaker.send({ type: 'operator.released', atMs: scene.steady.now() });
  expect([scene.upstream.breaker.snapshot.value, scene.flow.isDoubted]).toEqual(['closed', false]);
  failInARow(scene, 4);
  expect(scene.flow.isDoubted).toBe(true);
  failInARow(scene, 1);
  expect(scene.upstream.breaker.snapshot.value).toBe('open');
});

test('CB-4 switched off before a restart, it doubts nothing after it', () => {
  const before = ordered('disabled');
  failInARow(before, 3);
  const scene = createFlow({ clock: before.clock, kept: before.kept });
  failInARow(scene, 30);
  expect([scene.upstream.breaker.snapshot.value, scene.flow.isDoubted]).toEqual([
    'disabled',
    false,
  ]);
});
