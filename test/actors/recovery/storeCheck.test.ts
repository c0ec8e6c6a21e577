import { expect, test } from 'vitest';
import { TimerService } from '../../../actors/platform/timerService.ts';
import { StoreCheck, type StoreCheckParts } from '../../../actors/recovery/storeCheck.ts';
import { type ErrorCode, HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { keep } from '../../persistence/contract/kept.ts';

/** A check over an empty store whose counts fail with these codes, one after the other, and what is told of it. */
async function check(stopAt: 'before' | 'within' | null, codes: readonly ErrorCode[]) {
  const failures = codes.values();
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
      auditPage: async () => await Promise.resolve({ entries: [], nextSeq: null, size: 0 }),
      recount: async () => {
        if (stopAt === 'within') checking.stop();
        const { value: code } = failures.next();
        if (code !== undefined) throw new HoldfastError(code, 'It can not be counted.');
        await Promise.resolve();
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
  expect((await check('before', ['HF_CLOSED'])).told).toEqual([]);
  expect((await check('within', ['HF_CLOSED'])).told).toEqual([]);
});

test('PS-3 control: a count that fails while it runs is told of', async () => {
  const damaged = { told: [{ code: 'HF_STORE_CORRUPT' }], state: 'done' };
  expect(await check(null, ['HF_STORE_CORRUPT'])).toMatchObject(damaged);
});

test('SE-6 PS-6 a count that a disk fails is made again: it finds what is missing', async () => {
  const { told, state } = await check(null, [
    'HF_STORE_IO',
    'HF_STORE_HANGING',
    'HF_STORE_CORRUPT',
  ]);
  const codes = [
    { code: 'HF_STORE_IO' },
    { code: 'HF_STORE_HANGING' },
    { code: 'HF_STORE_CORRUPT' },
  ];
  expect({ told, state }).toMatchObject({ told: codes, state: 'done' });
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
      checkKeys: async (query) => await store.checkKeys(query),
      recount: async () => await store.recount(),
      clearErased: async () => await store.clearErased(),
      onQuarantine: () => undefined,
      onNotice: () => undefined,
      auditPage: async (query) => await store.auditPage(query),
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

/** A store of 10,000 rows whose keys are looked for, and what it was asked. */
async function checkKeys(
  answer: (beforeSeq: number) => void,
  stopAfter = Number.POSITIVE_INFINITY,
) {
  const clock = new VirtualClock();
  const told: unknown[] = [];
  const asked: number[] = [];
  const store = createMemoryStore();
  await store.open();
  const checking: StoreCheck = new StoreCheck({
    clock,
    timers: new TimerService(clock, (error) => told.push(error)),
    store: Object.assign(Object.create(store) as typeof store, {
      checkKeys: async ({ beforeSeq, limit }: { beforeSeq: number; limit: number }) => {
        asked.push(beforeSeq);
        if (asked.length >= stopAfter) checking.stop();
        answer(beforeSeq);
        return await Promise.resolve(beforeSeq <= limit ? null : beforeSeq - limit);
      },
    }),
    onError: (error) => told.push(error),
  });
  await clock.run(checking.checkKeys(10_000));
  return { told, asked };
}

const EACH = [10_000, 7_952, 5_904, 3_856, 1_808];

test('SE-4 keys are looked for in all that was there, the latest first', async () => {
  expect(await checkKeys(() => undefined)).toEqual({ told: [], asked: EACH });
  expect((await checkKeys(() => undefined, 2)).asked).toEqual(EACH.slice(0, 2));
});

test('SE-4 PS-3 a page that can not be read hides none of the keys behind it', async () => {
  const { told, asked } = await checkKeys((beforeSeq) => {
    if (beforeSeq === 7_952) throw new HoldfastError('HF_STORE_CORRUPT', 'damaged');
  });
  expect(asked).toEqual(EACH);
  expect(told).toMatchObject([{ code: 'HF_STORE_CORRUPT' }]);
});

test('SE-4 PS-6 a disk that fails for a while holds the look for keys up and no more', async () => {
  let failures = 2;
  const { asked } = await checkKeys((beforeSeq) => {
    if (beforeSeq !== 5_904) return;
    failures -= 1;
    if (failures >= 0) throw new HoldfastError('HF_STORE_IO', 'for a while');
  });
  expect(asked).toEqual([10_000, 7_952, 5_904, 5_904, 5_904, 3_856, 1_808]);
});
