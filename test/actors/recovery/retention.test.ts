import { expect, test } from 'vitest';
import { TimerService } from '../../../actors/platform/timerService.ts';
import { Retention } from '../../../actors/recovery/retention.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import type { Write } from '../../../persistence/port/store.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { keep } from '../../persistence/contract/kept.ts';
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
    retentionMs: RETENTION_MS,
    keep: () => undefined,
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

test('PS-5 kept records that end are purged when their time has come, a batch at a time, and no others', async () => {
  const clock = new VirtualClock();
  const disk = createMemoryStore();
  await disk.open();
  const endingAtMs = (count: number, keepUntilMs: number): Write[] =>
    Array.from({ length: count }, (_, index) =>
      keep(`${keepUntilMs} ${index}`, { room: 'conflict', keepUntilMs }),
    );
  const soonMs = clock.now() + 5 * SECOND_MS;
  const lateMs = clock.now() + 60 * SECOND_MS;
  await disk.commit([
    ...endingAtMs(250, soonMs),
    ...endingAtMs(1, lateMs),
    keep('for ever'),
    keep('open', { room: 'conflict', isOpen: true, keepUntilMs: soonMs }),
  ]);
  const erased: Write[] = [];
  const errors: unknown[] = [];
  const retention = new Retention({
    store: disk,
    clock,
    timers: new TimerService(clock, (error) => errors.push(error)),
    retentionMs: RETENTION_MS,
    keep: () => undefined,
    tidy: () => Promise.resolve(),
    onCommitted: (writes) => erased.push(...writes),
    onError: (error) => errors.push(error),
  });
  retention.start();
  const left = async (): Promise<number> => (await disk.keptCounts()).conflict;
  await clock.advance(9 * SECOND_MS);
  expect(await left()).toBe(252);
  await clock.advance(2 * SECOND_MS);
  expect(await left()).toBe(2);
  expect(erased.filter(({ kind }) => kind === 'purgeKept')).toHaveLength(2);
  await clock.advance(50 * SECOND_MS);
  expect(await disk.keptCounts()).toEqual({ entity: 1, conflict: 1, openConflicts: 1 });
  retention.stop();
  expect(errors).toEqual([]);
});

test.each([
  ['purgeSettled', 'conflict'],
  ['purgeKept', 'settled'],
] as const)(
  'PS-5 where a damaged page fails %s, the other is purged all the same (%s)',
  async (damaged, what) => {
    const clock = new VirtualClock();
    const disk = createMemoryStore();
    await disk.open();
    const dueAtMs = clock.now() + SECOND_MS;
    await disk.commit([
      accept(disk.nextSeq(), { standing: 'settled', dueAtMs }),
      keep('conflict', { room: 'conflict', keepUntilMs: dueAtMs }),
    ]);
    const errors: unknown[] = [];
    const retention = new Retention({
      store: {
        ...disk,
        commit: async (writes) => {
          if (writes.some(({ kind }) => kind === damaged)) {
            throw new HoldfastError('HF_STORE_CORRUPT', 'Its page is damaged.');
          }
          return await disk.commit(writes);
        },
      },
      clock,
      timers: new TimerService(clock, (error) => errors.push(error)),
      retentionMs: RETENTION_MS,
      keep: () => undefined,
      tidy: () => Promise.resolve(),
      onCommitted: () => undefined,
      onError: (error) => errors.push(error),
    });
    retention.start();
    await clock.advance(100 * SECOND_MS);
    const left = { ...(await disk.counts()), ...(await disk.keptCounts()) };
    expect(left).toMatchObject({
      settled: damaged === 'purgeSettled' ? 1 : 0,
      conflict: damaged === 'purgeKept' ? 1 : 0,
    });
    expect(left[what]).toBe(0);
    retention.stop();
    // Once a minute.
    expect(errors).toHaveLength(2);
  },
);
