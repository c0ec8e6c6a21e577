import { beforeEach, describe, expect, test } from 'vitest';
import { ActorSystem } from '../../../actors/charts/actorSystem.ts';
import { FactStream } from '../../../actors/facts/factStream.ts';
import { Journal } from '../../../actors/journal/journal.ts';
import { type KeptRecords, keptRecords } from '../../../actors/journal/keptRecords.ts';
import { StorageHealth } from '../../../actors/journal/storageHealth.ts';
import { SteadyClock } from '../../../actors/platform/steadyClock.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import type { Store, Write } from '../../../persistence/port/store.ts';
import { createFaultyStore, type FaultyStore } from '../../../src/simulator/disk/faultyStore.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { keep, keysOf } from '../../persistence/contract/kept.ts';
import { accept } from '../../persistence/contract/writes.ts';

const A = { room: 'entity', key: 'a' } as const;

let clock: VirtualClock;
let disk: Store;
let store: FaultyStore;
let journal: Journal;
let records: KeptRecords;
let committed: Write[];
let errors: unknown[];

beforeEach(async () => {
  clock = new VirtualClock();
  disk = createMemoryStore();
  await disk.open();
  store = createFaultyStore(disk, clock);
  committed = [];
  errors = [];
  const onError = (error: unknown): void => void errors.push(error);
  const health = new StorageHealth({
    clock,
    steady: new SteadyClock(clock),
    facts: new FactStream(clock),
    system: new ActorSystem(onError),
    onFailed: onError,
  });
  journal = new Journal({
    ...{ store, clock, health, onError },
  });
  health.onProbe = () => {
    journal.retry();
  };
  health.onChange = () => undefined;
  journal.onCommitted = (writes) => committed.push(...writes);
  records = keptRecords({ journal, store });
  journal.open();
});

test('CF-8 what is ordered is kept, with an answer to each, and found by whoever asks next', async () => {
  const written = records.commit([keep('a', { revision: 0 }), keep('b', { revision: 4 })]);
  const found = records.find(A);
  expect(await clock.run(written)).toEqual([
    { kind: 'kept', revision: 1 },
    { kind: 'keptOtherwise', revision: 0 },
  ]);
  expect(await found).toMatchObject({ text: 'text of a ☃' });
  expect(await clock.run(records.commit([]))).toEqual([]);
});

test('OP-2 what is ordered reaches the disk in the order of the calls, among everything else', async () => {
  const told: unknown[] = [];
  records.order(keep('a'), (result) => told.push(result));
  journal.write({ build: () => accept(1), onDurable: (result) => told.push(result) });
  records.order(keep('b', { revision: 0 }));
  const last = records.commit([keep('b', { revision: 1 })]);
  expect(await clock.run(last)).toEqual([{ kind: 'kept', revision: 2 }]);
  expect(committed.map((write) => ('key' in write ? write.key : write.kind))).toEqual([
    ...['a', 'accept', 'b', 'b'],
  ]);
  expect(told).toMatchObject([{ kind: 'kept', revision: 1 }, { kind: 'accepted' }]);
});

describe.each(['failsUnwritten', 'failsWritten'] as const)('where a commit %s', (fate) => {
  test('PS-6 it is repeated until it is durable, and its condition holds', async () => {
    await disk.commit([keep('a')]);
    let isSick = true;
    store.faults.fate = () => (isSick ? fate : 'works');
    const written = records.commit([keep('a', { revision: 1, text: 'new' })]);
    records.order(keep('b'));
    await clock.advance(1_000);
    isSick = false;
    expect(await clock.run(written)).toEqual([{ kind: 'kept', revision: 2 }]);
    expect(await disk.kept(A)).toMatchObject({ text: 'new', revision: 2 });
    expect(await keysOf(disk, { room: 'entity' })).toEqual(['a', 'b']);
    expect(errors).toEqual([]);
  });
});

test('PS-6 one that a well store refuses is told to its caller, and holds up nothing', async () => {
  const isRefused = (write: Write): boolean => write.kind === 'keep' && write.key === 'a';
  store.commit = async (writes) => {
    if (writes.some(isRefused)) throw new HoldfastError('HF_STORE_CORRUPT', 'Its page is damaged.');
    return await disk.commit(writes);
  };
  const refused = records.commit([keep('a')]);
  const other = records.commit([keep('b')]);
  records.order(keep('a'));
  await expect(clock.run(refused)).rejects.toMatchObject({ code: 'HF_STORE_CORRUPT' });
  expect(await clock.run(other)).toEqual([{ kind: 'kept', revision: 1 }]);
  await clock.advance(1_000);
  expect(errors).toMatchObject([{ code: 'HF_STORE_CORRUPT' }, { code: 'HF_STORE_CORRUPT' }]);
});

test('SV-3 who waits when the runtime stops is told so, and so is who comes later', async () => {
  store.faults.fate = () => 'failsUnwritten';
  const waiting = records.commit([keep('a')]);
  clock.schedule(100, () => {
    records.abandon();
  });
  await expect(clock.run(waiting)).rejects.toMatchObject({ code: 'HF_CLOSED' });
  await expect(records.commit([keep('a')])).rejects.toMatchObject({ code: 'HF_CLOSED' });
});
