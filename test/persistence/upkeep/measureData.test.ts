import { statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { Store } from '../../../persistence/port/store.ts';
import {
  type DataPartName,
  type DataSizes,
  measureStore,
} from '../../../persistence/upkeep/measureData.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';
import { keep } from '../contract/kept.ts';
import { inThreadStore } from '../contract/storeUnderTest.ts';
import { accept, deadLetter, settlement } from '../contract/writes.ts';

const LARGE = 9_000;

let folder: string;
let store: Store;

beforeEach(async () => {
  folder = join(tempFolder(), 'store');
  store = inThreadStore(folder);
  onTestFinished(() => store.close());
  await store.open();
  const payload = 'x'.repeat(LARGE);
  await store.commit([
    accept(1, { payload, tags: ['one', 'two'] }),
    accept(2, { payload, standing: 'due', dueAtMs: 7 }),
    accept(3, { standing: 'held' }),
    accept(4),
    accept(5),
    accept(6),
    keep('an entity'),
    keep('a conflict', { room: 'conflict', isOpen: true }),
    { kind: 'component', name: 'a breaker', state: 'closed' },
    { kind: 'crisisMode', subject: 'person', state: 'on' },
    { kind: 'crisisMode', subject: null, state: 'on' },
    { kind: 'crisisPlan', subject: 'person', plan: 'call', isPinned: true },
  ]);
  await store.commit([
    settlement(4, { dueAtMs: 100 }),
    settlement(5, { dueAtMs: 200 }),
    deadLetter(6),
  ]);
});

async function measure(isDeep = false): Promise<DataSizes> {
  return await measureStore(folder, isDeep, { clock: systemClock });
}

function rowsOf({ parts }: DataSizes): Partial<Record<DataPartName, number | null>> {
  return Object.fromEntries(parts.map(({ name, rows }) => [name, rows]));
}

function bytesOf({ parts }: DataSizes, name: DataPartName): number | null {
  return parts.find((part) => part.name === name)?.bytes ?? null;
}

const STANDINGS = { inHand: 1, due: 1, held: 1, settled: 2, deadLettered: 1, quarantined: 0 };

test('PS-5 kinds of records are counted, and their bytes add up to the file, in use and at rest', async () => {
  const inUse = await measure();
  await store.close();
  const atRest = await measure();
  for (const found of [inUse, atRest]) {
    expect(rowsOf(found)).toEqual({
      ...STANDINGS,
      payloads: 2,
      entities: 1,
      conflicts: 1,
      crisisPlans: 1,
      crisisModes: 2,
      components: 1,
      tags: 2,
      indexes: null,
      overhead: null,
      free: null,
    });
    expect(found.isMeasured).toBe(true);
    expect(bytesOf(found, 'payloads')).toBeGreaterThan(2 * LARGE);
    expect(bytesOf(found, 'payloads')).toBeLessThan(2.2 * LARGE);
    expect(bytesOf(found, 'indexes')).toBeGreaterThan(0);
    expect(found.parts.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0)).toBe(found.bytes);
    expect(found.settledUntil).toEqual({ firstAtMs: 100, lastAtMs: 200 });
  }
  expect(atRest.bytes).toBe(statSync(join(folder, 'data.db')).size);
});

test('PS-5 SE-5 the room of an erased payload is among the free pages', async () => {
  const before = await measure();
  await store.commit([settlement(1, { dueAtMs: 300 })]);
  const after = await measure();
  expect(rowsOf(after).payloads).toBe(1);
  expect((bytesOf(after, 'free') ?? 0) - (bytesOf(before, 'free') ?? 0)).toBeGreaterThan(LARGE / 2);
  expect(after.settledUntil).toEqual({ firstAtMs: 100, lastAtMs: 300 });
});

test('PS-5 a large file is measured only where that is asked for, and counted in any case', async () => {
  const payload = 'x'.repeat(4_000_000);
  await store.commit(Array.from({ length: 18 }, (_, at) => accept(10 + at, { payload })));
  const quick = await measure();
  expect(quick.isMeasured).toBe(false);
  expect(rowsOf(quick)).toEqual({ ...STANDINGS, inHand: 19, overhead: null, free: null });
  expect(bytesOf(quick, 'due')).toBeNull();
  const deep = await measure(true);
  expect(deep.isMeasured).toBe(true);
  expect(rowsOf(deep)).toMatchObject({ ...STANDINGS, inHand: 19, payloads: 20 });
  expect(deep.bytes).toBe(quick.bytes);
});

test('PS-5 measuring holds up no commit and keeps the log from being folded no longer than it lasts', async () => {
  const measuring = measure(true);
  await store.commit([accept(7)]);
  expect(rowsOf(await measuring).inHand).toBeGreaterThan(0);
  await store.commit([settlement(7, { dueAtMs: 100 })]);
  expect(await store.clearErased()).toBe(true);
  expect(statSync(join(folder, 'data.db-wal')).size).toBe(0);
});
