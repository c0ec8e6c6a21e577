/** The clock of a simulated device over sleeps: no timer is early, and none is late by more than the sleep. */

import { describe, expect, it } from 'vitest';
import { DeviceClock } from '../../../src/simulator/scene/deviceClock.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

/** Sleeps from 1 s to 61 s, with timers of 500 ms, 3 s and 90 s set at 0 s; returns when each fired, by true time. */
async function firedAt(isCounted: boolean, during: (clock: DeviceClock) => void = () => undefined) {
  const world = new VirtualClock();
  const clock = new DeviceClock(world, 0, () => undefined);
  const fromMs = world.monotonic();
  const fired: Record<number, number> = {};
  for (const delayMs of [500, 3_000, 90_000]) {
    clock.schedule(delayMs, () => {
      fired[delayMs] = world.monotonic() - fromMs;
    });
  }
  await world.advance(1_000);
  clock.sleep(isCounted);
  during(clock);
  await world.advance(60_000);
  clock.wake();
  await world.advance(200_000);
  return fired;
}

describe('timers over a sleep of a simulated device', () => {
  it('SM-1 wait for as long as they had left, where its clock does not count the sleep', async () => {
    expect(await firedAt(false)).toEqual({ 500: 500, 3000: 63_000, 90_000: 150_000 });
  });

  it('SM-1 fire at once where they came due in it and its clock counts it', async () => {
    expect(await firedAt(true)).toEqual({ 500: 500, 3000: 61_000, 90_000: 90_000 });
  });

  it('SM-1 that are set in a sleep that does not count wait from its end on', async () => {
    let firedMs = 0;
    const setIn = (clock: DeviceClock): void => {
      const fromMs = clock.monotonic();
      clock.schedule(2_000, () => {
        firedMs = clock.monotonic() - fromMs;
      });
    };
    await firedAt(false, setIn);
    expect(firedMs).toBe(2_000);
  });
});

describe('the latest time of a simulated device', () => {
  it('SM-1 follows the wall clock forward, and is not set back with it', async () => {
    const world = new VirtualClock();
    const clock = new DeviceClock(world, 5_000, () => undefined);
    const fromMs = clock.now();
    clock.setWall(60_000);
    expect(clock.latest() - fromMs).toBe(60_000);
    clock.setWall(-90_000);
    await world.advance(1_000);
    expect(clock.now() - fromMs).toBe(-29_000);
    expect(clock.latest() - fromMs).toBe(61_000);
  });

  it('SM-1 counts a sleep that its monotonic clock does not', async () => {
    const world = new VirtualClock();
    const clock = new DeviceClock(world, 0, () => undefined);
    const fromMs = clock.now();
    clock.sleep(false);
    await world.advance(60_000);
    clock.wake();
    clock.setWall(-90_000);
    expect(clock.latest() - fromMs).toBe(60_000);
  });
});

describe('a simulated device with a slow processor', () => {
  it('SM-1 takes time between two readings and for each turn, and true time catches up', async () => {
    const world = new VirtualClock();
    const clock = new DeviceClock(world, 0, () => undefined);
    const fromMs = clock.monotonic();
    clock.slow(2, 20);
    expect([clock.monotonic() - fromMs, clock.monotonic() - fromMs]).toEqual([0, 2]);
    let turnMs = Number.NaN;
    clock.defer(() => {
      turnMs = world.monotonic() - fromMs;
    });
    await world.advance(20);
    expect(turnMs).toBe(20);
    clock.slow(0, 0);
    expect(clock.monotonic() - fromMs).toBe(20);
  });

  it('SM-1 never reads less than before once its processor is well', () => {
    const clock = new DeviceClock(new VirtualClock(), 0, () => undefined);
    clock.slow(2, 0);
    const lastMs = [1, 2, 3].map(() => clock.monotonic()).at(-1) ?? Number.NaN;
    clock.slow(0, 0);
    expect([clock.monotonic(), clock.monotonic()]).toEqual([lastMs, lastMs]);
  });
});
