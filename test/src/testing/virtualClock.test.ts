/** The virtual clock of `holdfast/testing`: order, limits, real work beside it, and what it says when it is stuck. */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { VIRTUAL_EPOCH_MS, VirtualClock } from '../../../src/virtual/virtualClock.ts';

const HOUR_MS = 3_600_000;

describe('advance', () => {
  test('UX-1 wakes in order, each when it is due, and those it schedules meanwhile', async () => {
    const clock = new VirtualClock();
    const woken: string[] = [];
    const at = (name: string) => () => {
      woken.push(`${name} ${clock.now() - VIRTUAL_EPOCH_MS}`);
    };
    clock.schedule(20, at('late'));
    clock.schedule(10, () => {
      at('early')();
      clock.schedule(5, at('nested'));
    });
    clock.schedule(10, at('second at once'));
    await clock.advance(19);
    expect(woken).toEqual(['early 10', 'second at once 10', 'nested 15']);
    await clock.advance(1);
    expect(woken.at(-1)).toBe('late 20');
  });

  test('UX-1 promises run to their end before the next wake-up', async () => {
    const clock = new VirtualClock();
    const steps: string[] = [];
    clock.schedule(1, () => {
      void (async () => {
        for (let i = 0; i < 50; i += 1) await Promise.resolve();
        steps.push('promises');
      })();
    });
    clock.schedule(2, () => steps.push('next'));
    await clock.advance(2);
    expect(steps).toEqual(['promises', 'next']);
  });

  test('UX-1 a cancelled wake-up is neither run nor pending', async () => {
    const clock = new VirtualClock();
    const cancel = clock.schedule(5, () => expect.unreachable());
    cancel();
    expect(clock.pending).toBe(0);
    await clock.advance(10);
  });

  test('UX-1 a loop at one instant is named instead of running for ever', async () => {
    const clock = new VirtualClock();
    const spin = (): void => clock.defer(spin);
    clock.defer(spin);
    await expect(clock.advance(1)).rejects.toMatchObject({
      code: 'HF_TEST_STUCK',
      message: expect.stringMatching(/Time stands still: .* in spin\./),
    });
  });
});

describe('what is awaited', () => {
  test('UX-1 run gives the value or the error of a promise that needs hours', async () => {
    const clock = new VirtualClock();
    const after = (ms: number): Promise<number> =>
      new Promise((resolve) => {
        clock.schedule(ms, () => resolve(ms));
      });
    expect(await clock.run(after(48 * HOUR_MS), 50 * HOUR_MS)).toBe(48 * HOUR_MS);
    const failing = after(10).then(() => {
      throw new RangeError('as it should');
    });
    await expect(clock.run(failing)).rejects.toThrow(RangeError);
  });

  test('UX-1 what does not come is given up at the limit, with the condition and what is pending', async () => {
    const clock = new VirtualClock();
    const tick = (): void => void clock.schedule(700, tick);
    tick();
    const count = 0;
    const stuck = clock.advanceUntil(() => count > 3, 10_000);
    await expect(stuck).rejects.toMatchObject({
      code: 'HF_TEST_STUCK',
      message: expect.stringMatching(
        /^Not done after 10100 ms of virtual time\. Awaited: \(\) => count > 3\. Pending wake-ups: 1, the next in \d+ ms tick\.$/,
      ),
    });
  });

  test('UX-1 it says so where nothing is scheduled, and what else explains it', async () => {
    const clock = new VirtualClock();
    const forget = clock.explain(() => 'Three orders are open.');
    const stuck = clock.run(new Promise(() => undefined));
    await expect(stuck).rejects.toThrow(/Three orders are open\. No wake-up is pending/);
    forget();
    await expect(clock.run(new Promise(() => undefined))).rejects.not.toThrow('Three orders');
  });
});

describe('real work', () => {
  test('UX-1 time stands still for work outside, however long it takes', async () => {
    const clock = new VirtualClock();
    let woken = false;
    clock.schedule(1_000, () => {
      woken = true;
    });
    const work = clock.freezeWhile(sleep(60).then(() => clock.now()));
    await clock.advance(HOUR_MS);
    expect(await work).toBe(VIRTUAL_EPOCH_MS);
    expect(woken).toBe(true);
  });

  test('UX-1 control: without that the hour is over before the work is', async () => {
    const clock = new VirtualClock();
    const work = sleep(60).then(() => clock.now());
    await clock.advance(HOUR_MS);
    expect(await work).toBe(VIRTUAL_EPOCH_MS + HOUR_MS);
  });

  test('UX-1 real work that nobody has told of is waited for too, where nothing else is scheduled', async () => {
    const clock = new VirtualClock();
    expect(await clock.run(sleep(60, 'done'))).toBe('done');
    expect(clock.now()).toBe(VIRTUAL_EPOCH_MS);
  });

  test("UX-1 work that fails is over too, and its error is the caller's", async () => {
    const clock = new VirtualClock();
    const work = clock.freezeWhile(sleep(5).then(() => Promise.reject(new RangeError('no'))));
    await clock.advance(1);
    await expect(work).rejects.toThrow(RangeError);
  });
});

test('UX-1 the wall clock can be set, and a machine can sleep, without a wake-up that is lost', async () => {
  const clock = new VirtualClock();
  let woken = 0;
  clock.schedule(1_000, () => {
    woken += 1;
  });
  const monotonic = clock.monotonic();
  clock.setWall(-HOUR_MS);
  expect(clock.now()).toBe(VIRTUAL_EPOCH_MS - HOUR_MS);
  expect(clock.monotonic()).toBe(monotonic);
  clock.suspend(5_000, true);
  expect(woken).toBe(0);
  await clock.advance(0);
  expect(woken).toBe(1);
});
