import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SteadyClock } from '../../../actors/platform/steadyClock.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

/** The steady clock is kept to within a second. */
const KEPT_GRAIN_MS = 1_000;
const DAY_MS = 86_400_000;

/** A machine whose processes keep their time in one place. */
function createMachine() {
  const clock = new VirtualClock();
  const kept: string[] = [];
  return {
    clock,
    kept,
    /** Begins where the process before it kept its time. */
    startProcess: (): SteadyClock => {
      const steady = new SteadyClock(clock);
      steady.keep = (state) => kept.push(state);
      steady.resume(kept.at(-1));
      return steady;
    },
  };
}

test('RT-4 it begins with the wall clock and goes on with the monotonic one', async () => {
  const { clock, startProcess } = createMachine();
  const steady = startProcess();
  const startMs = steady.now();
  expect(startMs).toBe(clock.now());
  await clock.advance(1_000);
  clock.setWall(-DAY_MS);
  expect(steady.now()).toBe(startMs + 1_000);
  clock.setWall(3 * DAY_MS);
  await clock.advance(500);
  expect(steady.now()).toBe(startMs + 1_500);
});

test('RT-4 what was due within a wait is due within it after a restart, however the clock was set', () => {
  const { clock, startProcess } = createMachine();
  const first = startProcess();
  first.stamp();
  const dueAtMs = first.now() + 3_000;
  clock.setWall(-365 * DAY_MS);
  const leftMs = dueAtMs - startProcess().now();
  expect(leftMs).toBeLessThanOrEqual(3_000);
  expect(leftMs).toBeGreaterThanOrEqual(2_000);
});

test('RT-4 what it kept is not believed if it is nonsense, and a first start has nothing to believe', () => {
  const { clock } = createMachine();
  for (const state of [undefined, '', 'nonsense', '1e400', '-1', '1.5']) {
    const steady = new SteadyClock(clock);
    steady.resume(state);
    expect(steady.now()).toBe(clock.now());
  }
});

test('PS-2 the time is kept once a second at most, and not before the store is open', async () => {
  const clock = new VirtualClock();
  const kept: string[] = [];
  const steady = new SteadyClock(clock);
  steady.keep = (state) => kept.push(state);
  steady.stamp();
  expect(kept).toEqual([]);
  steady.resume(undefined);
  for (let passedMs = 0; passedMs < 3_000; passedMs += 10) {
    steady.stamp();
    await clock.advance(10);
  }
  expect(kept).toHaveLength(3);
});

test('RT-2 the latest time counts a suspension, and a clock that was set forward and back', () => {
  for (const isCounted of [true, false]) {
    const { clock, startProcess } = createMachine();
    const steady = startProcess();
    const stampedMs = clock.now();
    clock.suspend(DAY_MS, isCounted);
    expect(steady.latest() - stampedMs).toBe(DAY_MS);
  }
  const { clock, startProcess } = createMachine();
  const steady = startProcess();
  clock.setWall(DAY_MS);
  const stampedMs = clock.now();
  expect(steady.latest()).toBe(stampedMs);
  clock.setWall(-DAY_MS);
  expect(steady.latest()).toBe(stampedMs);
});

test('HM-1 an instant is shown by the wall clock as it is set now', async () => {
  const { clock, startProcess } = createMachine();
  const steady = startProcess();
  const sinceMs = steady.now();
  await clock.advance(2_000);
  clock.setWall(-DAY_MS);
  expect(steady.toWall(sinceMs)).toBe(clock.now() - 2_000);
});

test('HM-1 CR-6 one instant is shown as one, and a span as long as it is, however the clocks tick', () => {
  // As those of a machine: two readings, one of whole milliseconds, that don't tick together.
  const begunAtMs = performance.timeOrigin;
  let passedMs = 0;
  const clock = {
    now: () => Math.floor(begunAtMs + passedMs + 0.7),
    monotonic: () => passedMs,
  };
  const steady = new SteadyClock(clock as VirtualClock);
  const sinceMs = steady.now();
  const shown = new Set<number>();
  for (; passedMs < 1_000; passedMs += 0.37) {
    shown.add(steady.toWall(sinceMs + 12 * 3_600_000) - 12 * 3_600_000);
    shown.add(steady.toWall(sinceMs));
  }
  expect(shown.size).toBe(1);
});

test('RT-4 set back by less than is kept between two processes, it goes back by as much and no more', async () => {
  const { clock, startProcess } = createMachine();
  const steady = startProcess();
  steady.stamp();
  await clock.advance(500);
  const lastMs = steady.stamp();
  clock.setWall(-1);
  expect(startProcess().now()).toBe(lastMs - 1);
  clock.setWall(-DAY_MS);
  expect(startProcess().now()).toBeGreaterThanOrEqual(lastMs);
});

test('RT-4 it ticks with the wall clock, at whatever part of a millisecond its process began', async () => {
  const { clock, startProcess } = createMachine();
  for (let starts = 0; starts < 50; starts += 1) {
    await clock.advance(0.37);
    const steady = startProcess();
    for (let reads = 0; reads < 10; reads += 1) {
      expect(steady.now()).toBe(clock.now());
      await clock.advance(0.71);
    }
  }
});

test('RT-4 a process that starts within the millisecond of a stamp does not take that for a clock set back', async () => {
  const { clock, startProcess } = createMachine();
  await clock.advance(0.3);
  const first = startProcess();
  await clock.advance(2_000);
  const lastMs = first.stamp();
  for (let restarts = 0; restarts < 5; restarts += 1) {
    await clock.advance(0.1);
    const next = startProcess();
    expect(next.now()).toBe(lastMs);
    next.stamp();
  }
});

test('RT-4 a wall clock that is set forward, however little, is not followed by more than a part of a tick', async () => {
  const { clock, startProcess } = createMachine();
  await clock.advance(0.6);
  const steady = startProcess();
  const startMs = steady.now();
  for (let times = 1; times <= 20; times += 1) {
    clock.setWall(1);
    await clock.advance(10);
    expect(steady.now() - startMs - 10 * times).toBeLessThanOrEqual(1);
  }
});

test('RT-4 through any jumps, sleeps and restarts it never goes back, and no wait that is kept grows', async () => {
  const step = fc.record({
    passesMs: fc.integer({ min: 0, max: 20_000 }),
    wallMovesMs: fc.oneof(fc.constant(0), fc.integer({ min: -400 * DAY_MS, max: 400 * DAY_MS })),
    sleepsMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 10 * DAY_MS })),
    isCounted: fc.boolean(),
    restarts: fc.boolean(),
    waitMs: fc.integer({ min: 0, max: 3_600_000 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { clock, startProcess } = createMachine();
      let steady = startProcess();
      let lastMs = steady.now();
      // What passed since the time was kept last is all that a restart may lose of it, each time.
      let lostMsMax = 0;
      const waits: { readonly dueAtMs: number; readonly lengthMs: number }[] = [];
      for (const { passesMs, wallMovesMs, sleepsMs, isCounted, restarts, waitMs } of steps) {
        steady.stamp();
        waits.push({ dueAtMs: steady.now() + waitMs, lengthMs: waitMs });
        await clock.advance(passesMs);
        clock.suspend(sleepsMs, isCounted);
        clock.setWall(wallMovesMs);
        if (restarts) steady = startProcess();
        const nowMs = steady.now();
        if (restarts) lostMsMax += KEPT_GRAIN_MS;
        expect(nowMs).toBeGreaterThan(restarts ? lastMs - KEPT_GRAIN_MS : lastMs - 1);
        for (const { dueAtMs, lengthMs } of waits) {
          expect(dueAtMs - nowMs).toBeLessThanOrEqual(lengthMs + lostMsMax);
        }
        expect(Number.isSafeInteger(nowMs)).toBe(true);
        lastMs = nowMs;
      }
    }),
    { numRuns: 200 },
  );
});
