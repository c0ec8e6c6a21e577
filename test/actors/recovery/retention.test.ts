import { expect, test } from 'vitest';
import { Retention } from '../../../actors/recovery/retention.ts';
import { TimerService } from '../../../actors/time/timerService.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import { VirtualClock } from '../../../src/testing/virtualClock.ts';
import { accept } from '../../persistence/contract/writes.ts';

const SECOND_MS = 1_000;
const RETENTION_MS = 5 * SECOND_MS;

/** What is overdue each second while `perSecond` operations settle, on a disk that takes `commitMs`. */
async function overdueUnder(
  perSecond: number,
  commitMs: number,
  seconds: number,
): Promise<number[]> {
  const clock = new VirtualClock();
  const errors: unknown[] = [];
  const disk = createMemoryStore();
  await disk.open();
  const purging = {
    ...disk,
    commit: async (writes: Parameters<typeof disk.commit>[0]) => {
      await new Promise<void>((resolve) => {
        clock.schedule(commitMs, resolve);
      });
      return await disk.commit(writes);
    },
  };
  const retention = new Retention({
    store: purging,
    clock,
    timers: new TimerService(clock, (error) => errors.push(error)),
    tidy: () => Promise.resolve(),
    onCommitted: () => undefined,
    onError: (error) => errors.push(error),
  });
  retention.start();
  const overdue: number[] = [];
  for (let second = 0; second < seconds; second += 1) {
    const dueAtMs = clock.now() + RETENTION_MS;
    await disk.commit(
      Array.from({ length: perSecond }, () =>
        accept(disk.nextSeq(), { standing: 'settled', dueAtMs }),
      ),
    );
    await clock.advance(SECOND_MS);
    const kept = Math.min(second + 1, RETENTION_MS / SECOND_MS) * perSecond;
    overdue.push(((await disk.counts()).settled ?? 0) - kept);
  }
  retention.stop();
  expect(errors).toEqual([]);
  return overdue;
}

test.each([
  [400, 60],
  [400, 120],
  [400, 400],
  [1_000, 60],
])(
  'PS-5 retention keeps up with %i a second on a disk that takes %i ms',
  async (perSecond, commitMs) => {
    const overdue = await overdueUnder(perSecond, commitMs, 90);
    const [early, late] = [overdue.slice(15, 45), overdue.slice(60)];
    expect(Math.max(...late)).toBeLessThanOrEqual(Math.max(...early));
    // Some seconds of work at most.
    expect(Math.max(...late)).toBeLessThan(perSecond * 5);
  },
);
