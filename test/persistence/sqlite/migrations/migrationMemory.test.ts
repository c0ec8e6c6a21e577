/**
 * The memory that a migration takes, in a process of its own: a container that is too small for it would be killed at
 * each start.
 *
 * @module
 */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { builtProgram } from '../../../support/process/builtProgram.ts';
import { makeOlder } from '../../../support/store/olderStore.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';
import { inThreadStore } from '../../contract/storeUnderTest.ts';
import { accept } from '../../contract/writes.ts';

/** At 1.2 kB each the memory that they took was 2.7 kB a row. */
const ROWS = 40_000;
const MORE_BYTES_MAX = 50 * 1_024 * 1_024;

const BUILT = pathToFileURL(join(builtProgram(), 'persistence/'));
const PROGRAM = `
  async function main([folder]) {
    const { openStore } = await import('${new URL('openStore.js', BUILT).href}');
    const { rawKey } = await import('${new URL('sealing/keySource.js', BUILT).href}');
    const store = openStore({ folder, key: rawKey(new Uint8Array(32).fill(7)) });
    const { migration } = await store.open();
    console.log(JSON.stringify({ migration, peakBytes: process.resourceUsage().maxRSS * 1_024 }));
    await store.close();
  }
  main(process.argv.slice(1));
`;

/** Copies of the row that is there under other ids: nothing opens them, so they are migrated as they lie. */
function addRows(file: string, count: number): void {
  const db = new Database(file);
  db.pragma('journal_mode = MEMORY');
  db.prepare(
    `WITH RECURSIVE counted(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counted WHERE i < ?)
      INSERT INTO operation (seq, id, revision, key_id, standing, due_at, expires_at, urgency, waits_for, route, lane, idempotency, state)
      SELECT 1000 + i, randomblob(16), revision, key_id, standing, due_at, expires_at, urgency, waits_for, route, randomblob(16), randomblob(16), randomblob(1200)
      FROM counted, (SELECT * FROM operation LIMIT 1)`,
  ).run(count);
  db.close();
}

async function openedWith(rows: number) {
  const folder = join(tempFolder(), 'store');
  const store = inThreadStore(folder);
  await store.open();
  await store.commit([accept(1, { standing: 'due', dueAtMs: 1 })]);
  await store.close();
  makeOlder(folder);
  if (rows > 0) addRows(join(folder, 'data.db'), rows);
  const program = ['-e', PROGRAM, folder];
  const { stdout } = await promisify(execFile)(process.execPath, program);
  const opened = JSON.parse(stdout) as { migration: { fromVersion: number }; peakBytes: number };
  const db = new Database(join(folder, 'data.db'), { readonly: true });
  const count = Number(db.prepare('SELECT count(*) FROM operation').pluck().get());
  db.close();
  return { ...opened, count };
}

test('PS-4 PS-6 a migration takes at most 50 MB more memory, however many rows there are', async () => {
  const few = await openedWith(0);
  const many = await openedWith(ROWS);
  expect(many.migration).toMatchObject({ fromVersion: 0 });
  expect(many.count).toBe(few.count + ROWS);
  expect(many.peakBytes - few.peakBytes).toBeLessThan(MORE_BYTES_MAX);
});
