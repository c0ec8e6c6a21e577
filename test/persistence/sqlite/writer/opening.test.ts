import { createHash } from 'node:crypto';
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrateAtRest, openAtRest } from '../../../../persistence/openStore.ts';
import { armFaultPoint, disarmFaultPoints } from '../../../../persistence/port/faultPoints.ts';
import type { Store } from '../../../../persistence/port/store.ts';
import type { KeySource } from '../../../../persistence/sealing/keySource.ts';
import { openFile } from '../../../../persistence/sqlite/file/connection.ts';
import {
  inThreadStore,
  OTHER_KEY,
  TEST_KEY,
  temporaryFolder,
  threadedStore,
} from '../../contract/storeUnderTest.ts';
import { accept, idOf } from '../../contract/writes.ts';

let parent: string;
let folder: string;
let remove: () => Promise<void>;

beforeEach(async () => {
  const made = await temporaryFolder();
  parent = made.folder;
  folder = join(parent, 'store');
  remove = made.remove;
});
afterEach(async () => {
  disarmFaultPoints();
  await remove();
});

/** A store with one operation, closed. */
async function makeStore(): Promise<void> {
  const store = inThreadStore(folder);
  await store.open();
  await store.commit([accept(1)]);
  await store.close();
}

function inFile(change: (db: Database.Database) => void): void {
  const db = new Database(join(folder, 'data.db'));
  change(db);
  db.close();
}

/** A hash of each file that holds something: not who was last there, nor how the WAL is indexed. */
async function contents(): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const name of await readdir(folder)) {
    if (name.startsWith('owner.') || name.endsWith('-shm')) continue;
    const bytes = await readFile(join(folder, name));
    if (bytes.length > 0) hashes[name] = createHash('sha256').update(bytes).digest('hex');
  }
  return hashes;
}

async function refusal(make: (path: string, key?: KeySource) => Store, key = TEST_KEY) {
  const store = make(folder, key);
  const error: unknown = await store.open().catch((reason: unknown) => reason);
  await store.close();
  return error;
}

describe.each([
  ['in this thread', inThreadStore],
  ['in a thread of its own', threadedStore],
])('opening a store %s', (_, make) => {
  test('PS-4 a store of a newer version is refused and left as it is, byte for byte', async () => {
    await makeStore();
    inFile((db) => db.pragma('user_version = 99'));
    const before = await contents();
    expect(await refusal(make)).toMatchObject({
      code: 'HF_STORE_NEWER',
      path: join(folder, 'data.db'),
      message: expect.stringContaining('version 99'),
    });
    expect(await contents()).toEqual(before);
  });

  test('PS-4 a store from before the first release is refused as what it is, byte for byte', async () => {
    await makeStore();
    inFile((db) => {
      db.pragma('application_id = 0x48667374');
      db.pragma('user_version = 7');
    });
    const before = await contents();
    const message =
      'made before the first release: end its work with the version that made it, then begin a new store';
    expect(await refusal(make)).toMatchObject({
      code: 'HF_STORE_FOREIGN',
      path: join(folder, 'data.db'),
      message: expect.stringContaining(message),
    });
    await expect(migrateAtRest({ folder, key: TEST_KEY }, () => {})).rejects.toThrow(message);
    expect(await contents()).toEqual(before);
  });

  test('PS-4 so is one whose newer version is still in its WAL', async () => {
    await makeStore();
    const db = new Database(join(folder, 'data.db'));
    db.pragma('user_version = 99');
    // Copied while open, as a crash would leave it: closing would fold the WAL in.
    const wal = await readFile(join(folder, 'data.db-wal'));
    const data = await readFile(join(folder, 'data.db'));
    db.close();
    await writeFile(join(folder, 'data.db'), data);
    await writeFile(join(folder, 'data.db-wal'), wal);
    const before = await contents();
    expect(Object.keys(before)).toContain('data.db-wal');
    expect(await refusal(make)).toMatchObject({ code: 'HF_STORE_NEWER' });
    expect(await contents()).toEqual(before);
  });

  test('SE-4 another key is refused, and with the right one all is still there', async () => {
    await makeStore();
    const before = await contents();
    expect(await refusal(make, OTHER_KEY)).toMatchObject({ code: 'HF_KEY_WRONG' });
    expect(await contents()).toEqual(before);
    const store = make(folder);
    expect(await store.open()).toMatchObject({ created: false });
    expect(await store.find(idOf(1))).toMatchObject({ payload: 'payload 1' });
    await store.close();
  });

  test('SE-4 data without its keyring is refused, never given a new key', async () => {
    await makeStore();
    await rm(join(folder, 'keyring.json'));
    expect(await refusal(make)).toMatchObject({ code: 'HF_KEY_MISSING' });
    expect(await readdir(folder)).not.toContain('keyring.json');
  });

  test('SE-5 the folder is 0700 and every file in it 0600, also while it is open', async () => {
    const previous = process.umask(0);
    const store = make(folder);
    try {
      expect(await store.open()).toMatchObject({ created: true });
      await store.commit([accept(1)]);
    } finally {
      process.umask(previous);
    }
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    const names = await readdir(folder);
    expect(names).toEqual(
      expect.arrayContaining(['data.db', 'data.db-wal', 'keyring.json', 'owner.db', 'owner.json']),
    );
    for (const name of names) {
      expect([name, (await stat(join(folder, name))).mode & 0o777]).toEqual([name, 0o600]);
    }
    await store.close();
  });

  test('UX-2 an opening that failed can be tried again', async () => {
    const missing = join(parent, 'not-there');
    const store = make(join(missing, 'store'));
    await expect(store.open()).rejects.toMatchObject({
      code: 'HF_STORE_FOLDER',
      path: join(missing, 'store'),
      message: expect.stringContaining(`${missing} does not exist`),
    });
    expect(await readdir(parent)).toEqual([]);
    await mkdir(missing);
    expect(await store.open()).toMatchObject({ created: true });
    await store.close();
  });
});

test('PS-6 a mark of the new owner that can not be written yet keeps nobody from reading', async () => {
  await makeStore();
  armFaultPoint('open.beforeClaim', 1, 'throw');
  const store = inThreadStore(folder);
  expect(await store.open()).toMatchObject({ created: false, quarantined: 0 });
  expect(await store.find(idOf(1))).toMatchObject({ seq: 1 });
  expect(await store.commit([accept(2)])).toMatchObject([{ kind: 'accepted' }]);
  await store.close();
});

describe('what is refused', () => {
  test.each<[string, (db: Database.Database) => void, RegExp]>([
    [
      'a trigger',
      (db) => db.exec('CREATE TRIGGER t AFTER INSERT ON operation BEGIN DELETE FROM meta; END'),
      /trigger t is not part of it/,
    ],
    ['a foreign table', (db) => db.exec('CREATE TABLE notes (text)'), /table notes/],
    ['the statistics of ANALYZE', (db) => db.exec('ANALYZE'), /sqlite_stat/],
    ['a missing index', (db) => db.exec('DROP INDEX operation_due'), /operation_due is not there/],
    [
      'an index of another shape',
      (db) => db.exec('DROP INDEX operation_lane; CREATE INDEX operation_lane ON operation (lane)'),
      /operation_lane is defined otherwise/,
    ],
  ])('SE-4 a file with %s', async (_, change, message) => {
    await makeStore();
    inFile(change);
    const before = await contents();
    expect(await refusal(inThreadStore)).toMatchObject({
      code: 'HF_STORE_FOREIGN',
      message: expect.stringMatching(message),
    });
    expect(await contents()).toEqual(before);
  });

  test('SE-4 the database of another program', async () => {
    await makeStore();
    await rm(join(folder, 'data.db'));
    inFile((db) => db.exec('CREATE TABLE theirs (x)'));
    expect(await refusal(inThreadStore)).toMatchObject({ code: 'HF_STORE_FOREIGN' });
  });

  test('SE-4 data of another store beside this keyring', async () => {
    await makeStore();
    const other = join(parent, 'other');
    const store = inThreadStore(other);
    await store.open();
    await store.close();
    await writeFile(join(folder, 'data.db'), await readFile(join(other, 'data.db')));
    expect(await refusal(inThreadStore)).toMatchObject({ code: 'HF_KEY_WRONG' });
  });

  test('PS-6 a file that is no database', async () => {
    await makeStore();
    await writeFile(join(folder, 'data.db'), 'not a database, but long enough to be read as one');
    expect(await refusal(inThreadStore)).toMatchObject({ code: 'HF_STORE_CORRUPT' });
  });

  test('SE-4 a link in place of the file', async () => {
    await makeStore();
    await rm(join(folder, 'data.db'));
    await symlink('/dev/null', join(folder, 'data.db'));
    expect(await refusal(inThreadStore)).toMatchObject({ code: 'HF_STORE_FOLDER' });
  });

  test('SE-5 a folder that others can write', async () => {
    await mkdir(folder);
    await chmod(folder, 0o770);
    expect(await refusal(inThreadStore)).toMatchObject({
      code: 'HF_STORE_FOLDER',
      path: folder,
      message: expect.stringContaining('chmod go-w'),
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test('UX-2 a file where the folder should be', async () => {
    await writeFile(folder, '');
    expect(await refusal(inThreadStore)).toMatchObject({ code: 'HF_STORE_FOLDER', path: folder });
  });

  test('UX-2 reading a store where there is none makes nothing', async () => {
    const read = openAtRest({ folder, key: TEST_KEY });
    await expect(read).rejects.toMatchObject({ code: 'HF_STORE_MISSING', path: folder });
    expect(await readdir(parent)).toEqual([]);
    await mkdir(folder);
    await expect(openAtRest({ folder, key: TEST_KEY })).rejects.toMatchObject({
      code: 'HF_STORE_MISSING',
    });
    expect(await readdir(folder)).toEqual([]);
  });
});

test('SE-5 a file that became readable for others is closed to them again', async () => {
  await makeStore();
  await chmod(join(folder, 'data.db'), 0o644);
  await makeStoreAgain();
  expect((await stat(join(folder, 'data.db'))).mode & 0o777).toBe(0o600);
});

test('PS-4 a store whose making was cut off is made when it is opened next', async () => {
  await makeStore();
  await writeFile(join(folder, 'data.db'), '');
  // The keyring has its first name until there is data.
  await rename(join(folder, 'keyring.json'), join(folder, 'keyring.new.json'));
  const store = inThreadStore(folder);
  expect(await store.open()).toMatchObject({ created: true });
  await store.close();
});

test('PS-4 OP-2 so is one whose making was cut off with a journal still to roll back', async () => {
  const data = join(parent, 'data.db');
  const db = new Database(data);
  // What is written outgrows the cache, so that the journal is synced and the file half written.
  db.pragma('cache_size = 1');
  db.exec('BEGIN; CREATE TABLE half (made BLOB)');
  db.prepare('INSERT INTO half VALUES (zeroblob(100000))').run();
  await mkdir(folder, { mode: 0o700 });
  for (const name of ['data.db', 'data.db-journal']) {
    const bytes = await readFile(join(parent, name));
    expect(bytes.length).toBeGreaterThan(0);
    await writeFile(join(folder, name), bytes, { mode: 0o600 });
  }
  db.close();
  const { db: opened, created } = openFile(join(folder, 'data.db'), {
    create: true,
    isNew: true,
    seed() {},
    verify() {},
  });
  expect(created).toBe(true);
  expect(opened.pragma('integrity_check', { simple: true })).toBe('ok');
  opened.close();
});

test('PS-1 a connection syncs each commit in full, and keeps nothing in the clear on disk', async () => {
  await makeStore();
  const { db } = openFile(join(folder, 'data.db'), {
    create: false,
    isNew: false,
    seed: () => {},
    verify: () => {},
  });
  const setting = (name: string): unknown => db.pragma(name, { simple: true });
  expect(setting('journal_mode')).toBe('wal');
  expect(setting('synchronous')).toBe(2);
  expect(setting('temp_store')).toBe(2);
  expect(setting('trusted_schema')).toBe(0);
  expect(setting('mmap_size')).toBe(0);
  expect(setting('cell_size_check')).toBe(1);
  expect(setting('secure_delete')).toBe(1);
  db.close();
});

test('PS-1 control: a connection that only switches to WAL would not sync each commit', () => {
  const path = join(parent, 'bare.db');
  const made = new Database(path);
  made.pragma('journal_mode = WAL');
  made.exec('CREATE TABLE t (x)');
  made.close();
  const db = new Database(path);
  db.exec('SELECT * FROM t');
  expect(db.pragma('synchronous', { simple: true })).toBe(1);
  db.close();
});

test('UX-2 a store at rest can be read', async () => {
  await makeStore();
  const { store: reader } = await openAtRest({ folder, key: TEST_KEY });
  expect(await reader.counts()).toMatchObject({ inHand: 1 });
  expect(await reader.find(idOf(1))).toMatchObject({ payload: 'payload 1' });
  await expect(openAtRest({ folder, key: TEST_KEY })).rejects.toMatchObject({
    code: 'HF_STORE_OWNED',
  });
  await reader.close();
});

async function makeStoreAgain(): Promise<void> {
  const store = inThreadStore(folder);
  await store.open();
  await store.close();
}
