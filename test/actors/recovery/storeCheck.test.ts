import { expect, test } from 'vitest';
import { StoreCheck, type StoreCheckParts } from '../../../actors/recovery/storeCheck.ts';
import { TimerService } from '../../../actors/time/timerService.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import { VirtualClock } from '../../../src/testing/virtualClock.ts';

/** A check over an empty store whose count fails as one does that is closed, and what is told of it. */
async function check(stopAt: 'before' | 'within' | null) {
  const clock = new VirtualClock();
  const told: unknown[] = [];
  const store = createMemoryStore();
  await store.open();
  const parts: StoreCheckParts = {
    clock,
    timers: new TimerService(clock, (error) => told.push(error)),
    store: Object.assign(Object.create(store) as typeof store, {
      check: async () => {
        if (stopAt === 'before') checking.stop();
        return await Promise.resolve({ checked: 0, unreadable: 0, nextAfterSeq: null });
      },
      recount: async () => {
        if (stopAt === 'within') checking.stop();
        return await Promise.reject(new HoldfastError('HF_CLOSED', 'The store is not open.'));
      },
    }),
    onError: (error) => told.push(error),
  };
  const checking = new StoreCheck(parts);
  checking.start(1);
  await clock.advance(60_000);
  return { told, state: checking.progress.state };
}

test('SV-4 PS-3 a check that a stop cuts off tells of no trouble', async () => {
  expect((await check('before')).told).toEqual([]);
  expect((await check('within')).told).toEqual([]);
});

test('PS-3 control: a count that fails while it runs is told of', async () => {
  expect(await check(null)).toMatchObject({ told: [{ code: 'HF_CLOSED' }], state: 'done' });
});
