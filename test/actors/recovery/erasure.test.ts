import { expect, test } from 'vitest';
import { TimerService } from '../../../actors/platform/timerService.ts';
import { Erasure } from '../../../actors/recovery/erasure.ts';
import type { Write } from '../../../persistence/port/store.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { keep } from '../../persistence/contract/kept.ts';
import { accept, replay, settlement, update } from '../../persistence/contract/writes.ts';

/** Whether what these writes took away is made to leave the disk. */
async function isCleared(writes: readonly Write[]): Promise<boolean> {
  const clock = new VirtualClock();
  const errors: unknown[] = [];
  let times = 0;
  const erasure = new Erasure({
    store: {
      clearErased: () => {
        times += 1;
        return Promise.resolve(true);
      },
    },
    clock,
    timers: new TimerService(clock, (error) => errors.push(error)),
    onError: (error) => errors.push(error),
  });
  erasure.committed(writes);
  await clock.advance(60_000);
  expect(errors).toEqual([]);
  return times > 0;
}

test.each<[string, Write]>([
  ['a settlement', settlement(1)],
  ['an update with another payload', update(1, { newPayload: 'another' })],
  ['a replay with another payload', replay(1, { payload: 'another' })],
  ['a record that takes the place of another', keep('a')],
  ['a record of a later revision', keep('a', { revision: 3 })],
  ['the erasure of a record', keep('a', { text: null })],
  ['a purge of records', { kind: 'purgeKept', nowMs: 1, limit: 1 }],
  ['a purge of what has settled', { kind: 'purgeSettled', nowMs: 1, limit: 1 }],
  [
    'a record that begins, where another goes with it',
    keep('a', { revision: 0, also: [{ room: 'entity', key: 'b', text: null }] }),
  ],
])('SE-5 what %s takes away leaves the disk', async (_, write) => {
  expect(await isCleared([accept(1), write])).toBe(true);
});

test('HM-6 where nothing was erased nothing is cleared', async () => {
  const writes = [accept(1), update(1), replay(1), keep('a', { revision: 0 })];
  expect(await isCleared(writes)).toBe(false);
});
