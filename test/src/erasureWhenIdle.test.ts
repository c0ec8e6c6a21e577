/** What is left of a payload in the files of a process that lives on (SE-5). */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { inThreadStore } from '../persistence/contract/storeUnderTest.ts';
import { createWorldOnFile } from '../support/harness/engineHarness.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const RETENTION_MS = 86_400_000;

/** Every envelope of an operation as the file has it: the state, and the payload where that lies by itself. */
function envelopes(data: string): readonly Buffer[] {
  const db = new Database(data, { readonly: true });
  try {
    const all = 'SELECT state FROM operation UNION ALL SELECT envelope FROM payload';
    return db.prepare<[], Buffer>(all).pluck().all();
  } finally {
    db.close();
  }
}

function filesWith(data: string, sought: readonly Buffer[]): readonly string[] {
  return ['', '-wal'].filter((end) => {
    const bytes = readFileSync(`${data}${end}`);
    return sought.some((envelope) => bytes.includes(envelope.subarray(40, 104)));
  });
}

test.each([
  ['small', 'a secret'],
  ['large', 'a secret '.repeat(1_000)],
])(
  'SE-5 HM-6 a %s payload leaves the files once nothing is written for a while, and nothing wakes after that',
  async (_, secret) => {
    const folder = join(tempFolder(), 'store');
    const data = join(folder, 'data.db');
    const { clock, boot } = createWorldOnFile(1, inThreadStore(folder));
    let isDone: () => void = () => undefined;
    const { runtime, store, errors } = boot({
      retentionMs: RETENTION_MS,
      handlers: {
        'payments.push': {
          upstream: 'default',
          run: () =>
            new Promise<null>((resolve) => {
              isDone = () => resolve(null);
            }),
        },
      },
    });
    await clock.run(runtime.ready);
    const request = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;
    const { outcome } = await clock.run(runtime.sync({ ...request, payload: { secret } }));
    await clock.advance(100);
    const before = envelopes(data);
    isDone();
    expect(await clock.run(outcome)).toMatchObject({ status: 'completed' });
    // Control: overwritten, and yet there.
    expect(filesWith(data, before)).toEqual(['-wal']);

    let asked = 0;
    const clear = store.clearErased.bind(store);
    Object.assign(store, {
      clearErased: () => {
        asked += 1;
        return clear();
      },
    });
    // Somebody reads, a backup say: it is tried again.
    const reader = new Database(data, { readonly: true });
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM operation').get();
    await clock.advance(6_000);
    expect(asked).toBe(1);
    expect(filesWith(data, before)).toContain('-wal');
    reader.close();
    await clock.advance(11_000);
    expect(asked).toBe(2);
    expect(filesWith(data, before)).toEqual([]);

    const pending = clock.pending;
    await clock.advance(3 * 3_600_000);
    expect(asked).toBe(2);
    expect(clock.pending).toBeLessThanOrEqual(pending);
    expect(errors).toEqual([]);
    await clock.run(runtime.close());
  },
);

test('SE-5 it waits as long as something is written, and what is purged is cleared too', async () => {
  const folder = join(tempFolder(), 'store');
  const data = join(folder, 'data.db');
  const { clock, boot } = createWorldOnFile(1, inThreadStore(folder));
  const { runtime } = boot({
    retentionMs: 60_000,
    handlers: { 'payments.push': { upstream: 'default', run: () => null } },
  });
  await clock.run(runtime.ready);
  const request = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;
  const wal = () => readFileSync(`${data}-wal`).length;
  for (let second = 0; second < 10; second += 1) {
    await clock.run(runtime.sync(request));
    await clock.advance(1_000);
    expect(wal()).toBeGreaterThan(0);
  }
  await clock.advance(5_000);
  expect(wal()).toBe(0);
  const settled = envelopes(data);
  expect(settled).toHaveLength(10);
  expect(filesWith(data, settled)).toEqual(['']);
  await clock.advance(3 * 3_600_000);
  expect(envelopes(data)).toEqual([]);
  expect(filesWith(data, settled)).toEqual([]);
  await clock.run(runtime.close());
});
