import { describe, expect, test } from 'vitest';
import { EventLoopWatch } from '../../../actors/platform/eventLoopWatch.ts';
import { TimerService } from '../../../actors/platform/timerService.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

/** Virtual time in which a thread may have had something to do. */
class BusyClock extends VirtualClock {
  busyMs = 0;

  override busy(): number {
    return this.busyMs;
  }
}

function watching() {
  const clock = new BusyClock();
  const timers = new TimerService(clock, (error) => {
    throw error;
  });
  const blocked: number[] = [];
  const slept: number[] = [];
  let isBusy = true;
  const watch = new EventLoopWatch({
    clock,
    timers,
    blockedFromMs: 250,
    isBusy: () => isBusy,
    onBlocked: (delayMs) => blocked.push(delayMs),
    onSlept: (forMs) => slept.push(forMs),
  });
  /** Time passes, and nothing that is due runs. */
  const block = async (ms: number): Promise<void> => {
    clock.busyMs += ms;
    clock.suspend(ms, true);
    await clock.advance(0);
  };
  /** The machine sleeps, and its monotonic clock goes on. */
  const sleep = async (ms: number): Promise<void> => {
    clock.suspend(ms, true);
    await clock.advance(0);
  };
  return { clock, timers, watch, blocked, slept, block, sleep, rest: () => (isBusy = false) };
}

describe('CR-1 a blocked event loop', () => {
  test('CR-1 is told of with its length, once it runs again', async () => {
    const { clock, watch, blocked, block } = watching();
    watch.wake();
    await clock.advance(1_050);
    expect([blocked, watch.delayMs]).toEqual([[], 0]);
    await block(1_000);
    // A tick was due in 50 ms.
    expect([blocked, watch.delayMs]).toEqual([[950], 950]);
  });

  test('CR-1 counts for the present for a second', async () => {
    const { clock, watch, block } = watching();
    watch.wake();
    await block(500);
    await clock.advance(999);
    expect(watch.delayMs).toBe(400);
    await clock.advance(1);
    expect(watch.delayMs).toBe(0);
  });

  test('CR-1 one block that timers and another thread have met is told of once, whoever comes first', async () => {
    const { clock, watch, blocked, block } = watching();
    watch.wake();
    await block(1_000);
    watch.wasBlocked(990);
    expect(blocked).toEqual([900]);
    await clock.advance(5_000);
    clock.suspend(1_000, true);
    watch.wasBlocked(1_000);
    await clock.advance(0);
    expect(blocked).toEqual([900, 1_000]);
  });

  test('CR-1 another thread notices one while no work is under way', async () => {
    const { clock, watch, blocked } = watching();
    clock.suspend(700, true);
    watch.wasBlocked(700);
    expect([blocked, watch.delayMs]).toEqual([[700], 700]);
  });

  test('CR-1 below the threshold is measured and not told of', async () => {
    const { watch, blocked, block } = watching();
    watch.wake();
    await block(349);
    expect([blocked, watch.delayMs]).toEqual([[], 249]);
  });

  test('CR-1 is noticed by whatever timer is late, busy or not', async () => {
    const { clock, timers, blocked, block } = watching();
    timers.after(5_000, () => undefined);
    await clock.advance(4_900);
    await block(2_000);
    expect(blocked).toEqual([1_900]);
  });

  test('HM-6 nothing wakes once no work is under way', async () => {
    const { clock, watch, rest } = watching();
    watch.wake();
    watch.wake();
    await clock.advance(1_000);
    expect(clock.pending).toBe(1);
    rest();
    await clock.advance(100);
    expect(clock.pending).toBe(0);
  });

  test('CR-1 control: without a tick nobody would notice a block while nothing is due', async () => {
    const { blocked, block } = watching();
    await block(10_000);
    expect(blocked).toEqual([]);
  });
});

describe('HM-1 CR-1 a machine that slept', () => {
  test('HM-1 is told as that, and no delay of the loop is measured', async () => {
    const { clock, watch, blocked, slept, sleep } = watching();
    watch.wake();
    await clock.advance(10_050);
    clock.busyMs = 9_000;
    await clock.advance(1_000);
    await sleep(600_000);
    expect([slept, blocked, watch.delayMs]).toEqual([[599_950], [], 0]);
  });

  test('HM-1 CR-1 a loop that computed for as long was blocked', async () => {
    const { clock, watch, blocked, slept, block } = watching();
    watch.wake();
    await clock.advance(1_050);
    await block(600_000);
    expect([slept, blocked, watch.delayMs]).toEqual([[], [599_950], 599_950]);
  });

  test('HM-1 one sleep that timers and another thread have met is told of once', async () => {
    const { clock, watch, blocked, slept, sleep } = watching();
    watch.wake();
    await clock.advance(50);
    await sleep(60_000);
    watch.wasBlocked(60_000);
    expect([slept, blocked]).toEqual([[59_950], []]);
  });

  test('HM-1 CR-1 with a clock that does not know how long the thread was busy, it is a blocked loop', async () => {
    const { clock, watch, blocked, slept, sleep } = watching();
    Object.defineProperty(clock, 'busy', { value: undefined });
    watch.wake();
    await clock.advance(50);
    await sleep(60_000);
    expect([slept, blocked]).toEqual([[], [59_950]]);
  });

  test('HM-1 CR-1 below five seconds it may be a machine with too much to do: the loop was late', async () => {
    const { clock, watch, blocked, slept, sleep } = watching();
    watch.wake();
    await clock.advance(50);
    await sleep(4_000);
    expect([slept, blocked]).toEqual([[], [3_950]]);
  });
});
