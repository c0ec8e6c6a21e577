/** Whether a store is held can't be taken out of its file, nor be put back from another. */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Hold, holdWrite } from '../../../../persistence/port/review.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';
import { inThreadStore } from '../../contract/storeUnderTest.ts';
import { accept } from '../../contract/writes.ts';

let home: string;
let folder: string;

beforeEach(async () => {
  home = tempFolder();
  folder = join(home, 'store');
  const store = inThreadStore(folder);
  await store.open();
  await store.commit([accept(1), { kind: 'component', name: 'breaker', state: 'open' }]);
  await store.close();
});

async function hold(of = folder): Promise<Hold | null> {
  const store = inThreadStore(of);
  try {
    return (await store.open()).hold;
  } finally {
    await store.close();
  }
}

async function write(wanted: Hold | null, of = folder): Promise<void> {
  const store = inThreadStore(of);
  await store.open();
  await store.commit([holdWrite(wanted)]);
  await store.close();
}

function edit(sql: string, parameters: readonly unknown[] = [], of = folder): void {
  const db = new Database(join(of, 'data.db'));
  db.prepare(sql).run(...parameters);
  db.close();
}

function markOf(of = folder): unknown {
  const db = new Database(join(of, 'data.db'), { readonly: true });
  const mark = db.prepare('SELECT seal FROM meta').pluck().get();
  db.close();
  return mark;
}

function copy(): string {
  const to = join(home, 'copy');
  execFileSync('cp', ['-a', folder, to]);
  return to;
}

const RESTORED: Hold = { reason: 'restored', sinceAtMs: 1, seqMax: 1 };

describe('PS-5 SE-4 a held store stays held', () => {
  test('whatever rows of components are deleted', async () => {
    await write(RESTORED);
    edit('DELETE FROM component');
    expect(await hold()).toEqual(RESTORED);
    const copied = copy();
    edit('DELETE FROM component', [], copied);
    expect(await hold(copied)).toEqual(RESTORED);
  });

  test('a copy whose components are deleted before anybody opens it', async () => {
    const copied = copy();
    edit('DELETE FROM component', [], copied);
    expect(await hold(copied)).toMatchObject({ reason: 'copied' });
  });

  test('a copy that is given a mark of the store it was copied from', async () => {
    const mark = markOf();
    const copied = copy();
    expect(await hold(copied)).toMatchObject({ reason: 'copied' });
    edit('UPDATE meta SET seal = ?', [mark], copied);
    await expect(hold(copied)).rejects.toMatchObject({ code: 'HF_STORE_CORRUPT' });
  });

  test('a mark that is deleted or changed opens nothing', async () => {
    await write(RESTORED);
    const mark = markOf();
    for (const sql of ['DELETE FROM meta', "UPDATE meta SET seal = x'00'"]) {
      edit(sql);
      await expect(hold()).rejects.toMatchObject({ code: 'HF_STORE_CORRUPT' });
      edit('INSERT OR REPLACE INTO meta VALUES (1, ?, 1, ?)', [await storeId(), mark]);
    }
    expect(await hold()).toEqual(RESTORED);
  });

  test('control: released it runs, and so does its original', async () => {
    const copied = copy();
    await write(null, copied);
    expect(await hold(copied)).toBeNull();
    expect(await hold()).toBeNull();
  });
});

async function storeId(): Promise<Buffer> {
  const { readFile } = await import('node:fs/promises');
  const keyring = JSON.parse(await readFile(join(folder, 'keyring.json'), 'utf8')) as {
    readonly storeId: string;
  };
  return Buffer.from(keyring.storeId, 'hex');
}
