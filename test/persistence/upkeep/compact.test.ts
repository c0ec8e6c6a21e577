import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { Store } from '../../../persistence/port/store.ts';
import { purgeAtRest, rewriteAtRest } from '../../../persistence/upkeep/compact.ts';
import type { UpkeepProgress } from '../../../persistence/upkeep/progress.ts';
import { hideRows } from '../../support/store/damage.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';
import { keep } from '../contract/kept.ts';
import { inThreadStore, OTHER_KEY, TEST_KEY } from '../contract/storeUnderTest.ts';
import { accept, deadLetter, idOf, settlement } from '../contract/writes.ts';

const ROWS = 1_200;

let folder: string;
let store: Store;

beforeEach(async () => {
  folder = join(tempFolder(), 'store');
  store = inThreadStore(folder);
  await store.open();
  const payload = 'x'.repeat(2_000);
  await store.commit(Array.from({ length: ROWS }, (_, index) => accept(index + 1, { payload })));
  await store.commit(
    Array.from({ length: ROWS - 2 }, (_, index) => settlement(index + 1, { dueAtMs: 1 })),
  );
  await store.commit([deadLetter(ROWS)]);
  const conflict = { room: 'conflict', keepUntilMs: 1 } as const;
  await store.commit([
    ...Array.from({ length: ROWS }, (_, index) => keep(`conflict ${index}`, conflict)),
    keep('open', { ...conflict, isOpen: true }),
    keep('entity'),
  ]);
  await store.close();
});
/** As the next process would. */
async function openAnew(): Promise<void> {
  store = inThreadStore(folder);
  await store.open();
}

afterEach(async () => {
  await store.close();
});

test('PS-5 purges what was kept long enough, writes the file anew, and all else is there', async () => {
  const progress: UpkeepProgress[] = [];
  const options = { folder, key: TEST_KEY };
  const purged = await purgeAtRest(options, {
    clock: systemClock,
    onProgress: (each) => progress.push(each),
  });
  expect(purged).toBe(ROWS - 2);
  expect(progress.at(-1)).toEqual({ step: 'purging', done: ROWS - 2, total: ROWS - 2 });
  const before = statSync(join(folder, 'data.db')).size;
  const { bytesBefore, bytesAfter } = await rewriteAtRest(options, { clock: systemClock });
  expect(bytesBefore).toBe(before);
  expect(bytesAfter).toBe(statSync(join(folder, 'data.db')).size);
  expect(bytesAfter).toBeLessThan(before / 4);
  expect(statSync(join(folder, 'data.db')).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).not.toContain('data.db-journal');
  await openAnew();
  expect(await store.counts()).toMatchObject({ settled: 0, inHand: 1, deadLettered: 1 });
  expect(await store.find(idOf(ROWS))).toMatchObject({ state: `state ${ROWS}.2` });
  expect(await store.keptCounts()).toEqual({ entity: 1, conflict: 1, openConflicts: 1 });
  expect(await store.kept({ room: 'entity', key: 'entity' })).toMatchObject({ revision: 1 });
});

test('PS-5 is refused while the store is in use, and for another key', async () => {
  await openAnew();
  const options = { folder, key: TEST_KEY };
  await expect(purgeAtRest(options, { clock: systemClock })).rejects.toMatchObject({
    code: 'HF_STORE_OWNED',
  });
  await expect(rewriteAtRest(options, { clock: systemClock })).rejects.toMatchObject({
    code: 'HF_STORE_OWNED',
  });
  await store.close();
  const before = readFileSync(join(folder, 'data.db'));
  await expect(
    purgeAtRest({ folder, key: OTHER_KEY }, { clock: systemClock }),
  ).rejects.toMatchObject({ code: 'HF_KEY_WRONG' });
  expect(readFileSync(join(folder, 'data.db')).equals(before)).toBe(true);
});

test('PS-5 cut short between batches keeps what it has done', async () => {
  const stop = new AbortController();
  const purging = purgeAtRest(
    { folder, key: TEST_KEY },
    {
      clock: systemClock,
      signal: stop.signal,
      onProgress: () => {
        stop.abort(new Error('enough'));
      },
    },
  );
  await expect(purging).rejects.toThrow('enough');
  await openAnew();
  const { settled } = await store.counts();
  expect(settled).toBeGreaterThan(0);
  expect(settled).toBeLessThan(ROWS - 2);
});

test('PS-5 a damaged file is not written anew, since what it hides would be gone for good', async () => {
  const path = join(folder, 'data.db');
  hideRows(path);
  const before = readFileSync(path);
  const options = { folder, key: TEST_KEY };
  await expect(rewriteAtRest(options, { clock: systemClock })).rejects.toMatchObject({
    code: 'HF_STORE_CORRUPT',
    message: expect.stringContaining('doctor --deep') as string,
  });
  expect(readFileSync(path).equals(before)).toBe(true);
});
