/** Kept records in random histories: the file and memory give the same answers, whatever is repeated. */

import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMemoryStore } from '../../../../persistence/memory/memoryStore.ts';
import {
  armFaultPoint,
  disarmFaultPoints,
  type FaultPoint,
} from '../../../../persistence/port/faultPoints.ts';
import { KEPT_ROOMS } from '../../../../persistence/port/kept.ts';
import type { KeepWrite, Store, Write } from '../../../../persistence/port/store.ts';
import { inThreadStore, temporaryFolder } from '../../contract/storeUnderTest.ts';

let file: Store;
let remove: () => Promise<void>;

beforeEach(async () => {
  const made = await temporaryFolder();
  remove = made.remove;
  file = inThreadStore(join(made.folder, 'store'));
  await file.open();
});
afterEach(async () => {
  disarmFaultPoints();
  await file.close();
  await remove();
});

const room = fc.constantFrom(...KEPT_ROOMS);
const key = fc.constantFrom('a', 'b', 'c');
const text = fc.option(fc.constantFrom('', 'one', 'two', 'x'.repeat(3_000)), { freq: 4 });
const keepUntilMs = fc.constantFrom(null, undefined, 1, 2, 3);
const also = fc.record({ room, key, text, isOpen: fc.boolean(), keepUntilMs });
const keep: fc.Arbitrary<KeepWrite> = fc.record({
  kind: fc.constant('keep'),
  room,
  key,
  text,
  isOpen: fc.constantFrom(true, false, undefined),
  keepUntilMs,
  revision: fc.constantFrom(undefined, undefined, 0, 1, 2, 3),
  also: fc.option(fc.array(also, { maxLength: 2 }), { nil: undefined, freq: 3 }),
});
const purge: fc.Arbitrary<Write> = fc.record({
  kind: fc.constant('purgeKept'),
  nowMs: fc.nat(3),
  limit: fc.integer({ min: 1, max: 3 }),
});
const writes = fc.array(fc.oneof({ arbitrary: keep, weight: 5 }, purge), { maxLength: 4 });
/** Where the first commit of a batch fails, if it does: then it is made again. */
const batch = fc.record({
  writes,
  failsAt: fc.constantFrom<FaultPoint | null>(
    null,
    null,
    'store.beforeCommit',
    'store.afterCommit',
  ),
});

/** All that is there, but for the numbers, which may differ; their order may not. */
async function contentOf(store: Store): Promise<unknown> {
  const pages = KEPT_ROOMS.flatMap((each) =>
    ([undefined, true] as const).map(async (isOpen) => {
      const query = { room: each, isOpen, order: 'newest', limit: 99 } as const;
      const { rows } = await store.keptPage({ ...query, fromSeq: Number.MAX_SAFE_INTEGER });
      return rows.map((record) => ({ ...record, seq: 0 }));
    }),
  );
  return [await Promise.all(pages), await store.keptCounts()];
}

test('CF-8 PS-6 in random histories both stores answer the same and keep the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 12 }), async (batches) => {
      const memory = createMemoryStore();
      await memory.open();
      const all = KEPT_ROOMS.flatMap((each) =>
        ['a', 'b', 'c'].map((name) => [each, name] as const),
      );
      await file.commit(
        all.map(([each, name]) => ({ kind: 'keep', room: each, key: name, text: null })),
      );
      for (const { writes: given, failsAt } of batches) {
        if (failsAt !== null && given.length > 0) {
          armFaultPoint(failsAt, 1, 'throw');
          await expect(file.commit(given)).rejects.toMatchObject({ code: 'HF_STORE_UNAVAILABLE' });
          if (failsAt === 'store.afterCommit') await memory.commit(given);
          expect(await contentOf(file)).toEqual(await contentOf(memory));
        }
        expect(await file.commit(given)).toEqual(await memory.commit(given));
        expect(await contentOf(file)).toEqual(await contentOf(memory));
      }
    }),
    { numRuns: 40 },
  );
});

test('PS-6 in random histories a batch of single writes that is made again changes nothing, and is answered the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(keep, { minLength: 1, maxLength: 12 }), async (history) => {
      const memory = createMemoryStore();
      await memory.open();
      for (const write of history) {
        // What it carries may overwrite what it is about.
        const single = { ...write, also: undefined };
        const [result] = await memory.commit([single]);
        const before = await contentOf(memory);
        if (result?.kind === 'keptOtherwise') continue;
        expect(await memory.commit([single])).toEqual([result]);
        expect(await contentOf(memory)).toEqual(before);
      }
    }),
    { numRuns: 150 },
  );
});
