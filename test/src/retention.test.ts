import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { permanentFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { Write } from '../../persistence/port/store.ts';
import { removeOldMigrationBackups } from '../../persistence/sqlite/migrations/migrationBackup.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { createWorld } from '../support/harness/engineHarness.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const DAY_MS = 86_400_000;
const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;
const OPTIONS: Partial<RuntimeOptions> = {
  retentionMs: DAY_MS,
  handlers: {
    'payments.push': {
      upstream: 'default',
      run: ({ payload }) => {
        if (payload === 'bad') throw permanentFailure('no');
        return null;
      },
    },
  },
};

test('PS-5 OP-5 what has settled is kept for its time and then purged; dead letters stay', async () => {
  const { clock, boot, disk } = createWorld();
  const { runtime } = boot(OPTIONS);
  const done = await clock.run(runtime.sync({ ...REQUEST, idempotencyKey: 'key' }));
  const dead = await clock.run(runtime.sync({ ...REQUEST, payload: 'bad' }));
  await clock.run(Promise.all([done.outcome, dead.outcome]));
  await clock.advance(DAY_MS - 60_000);
  expect((await clock.run(runtime.sync({ ...REQUEST, idempotencyKey: 'key' }))).isDuplicate).toBe(
    true,
  );
  await clock.advance(2 * 3_600_000);
  expect(await disk.counts()).toMatchObject({ settled: 0, deadLettered: 1 });
  await expect(clock.run(done.view())).rejects.toMatchObject({ code: 'HF_OPERATION_UNKNOWN' });
  expect((await clock.run(runtime.sync({ ...REQUEST, idempotencyKey: 'key' }))).isDuplicate).toBe(
    false,
  );
  await clock.run(runtime.close());
});

test.each([0.5, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE])(
  'PS-5 SM-1 operations end on disk where they are kept for %d ms',
  async (retentionMs) => {
    const { clock, boot, disk } = createWorld();
    const { runtime } = boot({ ...OPTIONS, retentionMs });
    const { outcome } = await clock.run(runtime.sync(REQUEST));
    expect(await clock.run(outcome)).toMatchObject({ status: 'completed' });
    expect(await disk.counts()).toMatchObject({ settled: 1, inHand: 0 });
    await clock.run(runtime.close());
  },
);

test('PS-5 a backlog is purged in batches with rests between them, and a failing disk delays it only', async () => {
  const { clock, boot, disk } = createWorld();
  await disk.open();
  const first = disk.nextSeq();
  await disk.commit(
    Array.from({ length: 1_000 }, (_, index): Write => {
      const seq = first + index;
      const id = `00000000-0000-4000-8000-${String(seq).padStart(12, '0')}`;
      return {
        kind: 'accept',
        seq,
        id,
        urgency: 4,
        standing: 'settled',
        dueAtMs: 1,
        route: '',
        subject: null,
        lane: null,
        idempotencyKey: null,
        expiresAtMs: null,
        state: '',
        payload: '',
      };
    }),
  );
  const { runtime, store, errors } = boot(OPTIONS);
  const sizes: number[] = [];
  const fate = store.faults.fate;
  let isSick = true;
  store.faults.fate = (writes) => {
    const [write] = writes;
    if (write?.kind !== 'purgeSettled') return fate(writes);
    sizes.push(write.limit);
    return isSick ? 'failsUnwritten' : fate(writes);
  };
  await clock.run(runtime.ready);
  await clock.advance(30_000);
  expect(await disk.counts()).toMatchObject({ settled: 1_000 });
  expect(errors).toMatchObject([{ code: 'HF_STORE_UNAVAILABLE' }]);
  isSick = false;
  await clock.advance(120_000);
  expect(await disk.counts()).toMatchObject({ settled: 0 });
  // The disk was asked once while it was sick; then ever larger ones for as long as it falls behind.
  expect(sizes.slice(0, 4)).toEqual([100, 100, 200, 400]);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1_600);
  await clock.run(runtime.close());
});

test('PS-4 the copy that a migration kept is removed after 30 days, and nothing else is', async () => {
  const folder = tempFolder();
  const nowMs = Date.UTC(2026, 10, 25);
  const names = ['data.v1.20261001T000000Z.backup', 'data.v1.20261120T000000Z.backup', 'data.db'];
  for (const name of names) writeFileSync(join(folder, name), '');
  const old = new Date(nowMs - 31 * DAY_MS);
  utimesSync(join(folder, names[0] ?? ''), old, old);
  utimesSync(join(folder, names[2] ?? ''), old, old);
  utimesSync(join(folder, names[1] ?? ''), new Date(nowMs), new Date(nowMs));
  await removeOldMigrationBackups(folder, nowMs);
  expect(readdirSync(folder).toSorted()).toEqual(['data.db', names[1]]);
});

test('PS-6 PS-5 a clock that was a year behind and is put right purges nothing early, over a restart too', async () => {
  const { clock, boot, disk } = createWorld();
  clock.setWall(-365 * DAY_MS);
  const first = boot(OPTIONS);
  const keyed = { ...REQUEST, idempotencyKey: 'before' };
  const before = await clock.run(first.runtime.sync(keyed));
  await clock.run(before.outcome);
  await clock.advance(3_600_000);
  clock.setWall(365 * DAY_MS);
  const after = await clock.run(first.runtime.sync({ ...REQUEST, idempotencyKey: 'after' }));
  await clock.run(after.outcome);
  await clock.advance(10 * 3_600_000);
  await clock.run(first.runtime.close());
  const { runtime } = boot(OPTIONS);
  await clock.advance(12 * 3_600_000);
  expect((await clock.run(runtime.sync(keyed))).isDuplicate).toBe(true);
  expect(await disk.counts()).toMatchObject({ settled: 2 });
  // Each is purged once it was kept for its day, and no later.
  await clock.advance(2 * 3_600_000);
  expect(await disk.counts()).toMatchObject({ settled: 1 });
  await clock.advance(2 * 3_600_000);
  expect(await disk.counts()).toMatchObject({ settled: 0 });
  await clock.run(runtime.close());
});

test('PS-6 what a clock was set forward by and back again delays nothing', async () => {
  const { clock, boot, disk } = createWorld();
  const { runtime } = boot(OPTIONS);
  await clock.run(runtime.ready);
  await clock.advance(3_600_000);
  clock.setWall(30 * DAY_MS);
  await clock.advance(3_600_000);
  clock.setWall(-30 * DAY_MS);
  await clock.advance(3_600_000);
  const done = await clock.run(runtime.sync(REQUEST));
  await clock.run(done.outcome);
  await clock.advance(DAY_MS - 60_000);
  expect(await disk.counts()).toMatchObject({ settled: 1 });
  await clock.advance(2 * 3_600_000);
  expect(await disk.counts()).toMatchObject({ settled: 0 });
  await clock.run(runtime.close());
});
