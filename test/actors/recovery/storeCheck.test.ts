import { expect, test } from 'vitest';
import { StoreCheck, type StoreCheckParts } from '../../../actors/recovery/storeCheck.ts';
import { TimerService } from '../../../actors/time/timerService.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import { VirtualClock } from '../../../src/testing/virtualClock.ts';
import { keep } from '../../persistence/contract/kept.ts';

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
      keptPage: async () => await Promise.resolve({ rows: [], nextSeq: null }),
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

/** A store with more records of entities and conflicts than a slice has, of which a page may be damaged. */
async function checkKept(onPage: (room: string, fromSeq: number) => void = () => undefined) {
  const clock = new VirtualClock();
  const told: unknown[] = [];
  const store = createMemoryStore();
  await store.open();
  const keys = Array.from({ length: 150 }, (_, index) => `key ${index}`);
  await store.commit(keys.map((key) => keep(key)));
  await store.commit([keep('conflict', { room: 'conflict' })]);
  const checking = new StoreCheck({
    clock,
    timers: new TimerService(clock, (error) => told.push(error)),
    store: {
      check: async (query) => await store.check(query),
      recount: async () => await store.recount(),
      clearErased: async () => await store.clearErased(),
      onQuarantine: () => undefined,
      onNotice: () => undefined,
      keptPage: async (query) => {
        onPage(query.room, query.fromSeq);
        const { rows, nextSeq } = await store.keptPage(query);
        const isDamaged = (row: (typeof rows)[number]): boolean => row.seq === 7 || row.seq === 70;
        const shown = rows.map((row) =>
          isDamaged(row) ? { unreadable: 'HF_RECORD_TAMPERED', seq: row.seq } : row,
        );
        return { rows: shown, nextSeq };
      },
    },
    onError: (error) => told.push(error),
  });
  checking.start(1);
  await clock.advance(60_000);
  return { told, progress: checking.progress };
}

test('PS-3 CF-8 kept records are opened too, and those that can not be are told of', async () => {
  const { told, progress } = await checkKept();
  expect(progress).toMatchObject({ state: 'done', checked: 151, unreadableRecords: 2 });
  const of = expect.stringContaining('what is known of entities');
  const expected = { code: 'HF_STORE_CORRUPT', message: of };
  expect(told).toMatchObject([expected, expected]);
});

test('PS-3 where a page of them can not be read, the next room is looked into', async () => {
  const { told, progress } = await checkKept((room, fromSeq) => {
    if (room === 'entity' && fromSeq > 0) throw new HoldfastError('HF_STORE_CORRUPT', 'damaged');
  });
  expect(progress).toMatchObject({ state: 'done', checked: 65, unreadableStretches: 1 });
  expect(told).toHaveLength(2);
});

test('PS-6 a disk that fails for a while holds the check up and no more', async () => {
  let failures = 3;
  const { progress } = await checkKept(() => {
    failures -= 1;
    if (failures >= 0) throw new HoldfastError('HF_STORE_IO', 'for a while');
  });
  expect(progress).toMatchObject({ state: 'done', checked: 151, unreadableStretches: 0 });
});
