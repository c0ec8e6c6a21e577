import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HoldfastError } from '../../../../machines/vocabulary/errors.ts';
import type { Store } from '../../../../persistence/port/store.ts';
import { inThreadStore, temporaryFolder, threadedStore } from '../../contract/storeUnderTest.ts';
import { accept, commitOne, idOf, update } from '../../contract/writes.ts';

let folder: string;
let remove: () => Promise<void>;
let stores: Store[] = [];

beforeEach(async () => {
  const made = await temporaryFolder();
  folder = made.folder;
  remove = made.remove;
});
afterEach(async () => {
  for (const store of stores) await store.close();
  stores = [];
  await remove();
});

async function opened(store: Store): Promise<Store> {
  stores.push(store);
  await store.open();
  return store;
}

const makers = [
  ['in this thread', inThreadStore],
  ['in a thread of its own', threadedStore],
] as const;

/** Runs a program of the operating system. */
function system(program: string, ...parameters: readonly string[]): void {
  execFileSync(program, parameters, { stdio: 'ignore' });
}

/** Whether a small disk of our own can be mounted; elsewhere these tests are shown as skipped. */
const canMount = process.platform === 'linux' && process.getuid?.() === 0 && mountsTmpfs();

function mountsTmpfs(): boolean {
  try {
    system('unshare', '--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt');
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!canMount)('on a small disk (needs root to mount one)', () => {
  let disk: string;

  const mount = (...options: string[]): void => {
    system('mount', ...options, disk);
  };

  beforeEach(async () => {
    disk = join(folder, 'disk');
    await mkdir(disk, { mode: 0o700 });
    mount('-t', 'tmpfs', '-o', 'size=1m,mode=700', 'none');
  });
  afterEach(async () => {
    for (const store of stores) await store.close();
    stores = [];
    system('umount', disk);
  });

  /** Accepts until the store refuses; gives the error and the numbers that were acknowledged. */
  async function fill(store: Store): Promise<{ error: HoldfastError; acknowledged: number[] }> {
    const acknowledged: number[] = [];
    for (;;) {
      const seq = store.nextSeq();
      try {
        await store.commit([accept(seq, { payload: 'x'.repeat(20_000) })]);
      } catch (error) {
        return { error: error as HoldfastError, acknowledged };
      }
      acknowledged.push(seq);
    }
  }

  async function isThere(store: Store, seqs: readonly number[]): Promise<boolean> {
    for (const seq of seqs) if ((await store.find(idOf(seq))) === null) return false;
    return true;
  }

  test.each(makers)(
    'PS-6 a full disk is said, loses nothing, and work goes on when there is room again, %s',
    async (_, make) => {
      const store = await opened(make(join(disk, 'store')));
      const { error, acknowledged } = await fill(store);
      expect(error).toMatchObject({
        code: 'HF_STORE_FULL',
        retry: 'later',
        path: join(disk, 'store', 'data.db'),
      });
      expect(acknowledged.length).toBeGreaterThan(3);
      // What is there can be read all the while.
      expect(await isThere(store, acknowledged)).toBe(true);
      expect((await fill(store)).error.code).toBe('HF_STORE_FULL');
      mount('-o', 'remount,size=32m');
      const seq = store.nextSeq();
      expect(await commitOne(store, accept(seq))).toMatchObject({ kind: 'accepted' });
      expect(await isThere(store, [...acknowledged, seq])).toBe(true);
      await store.close();
      const again = await opened(make(join(disk, 'store')));
      expect(await isThere(again, [...acknowledged, seq])).toBe(true);
    },
  );

  test('PS-6 a store on a full disk opens, can be read, and writes when there is room', async () => {
    const store = await opened(inThreadStore(join(disk, 'store')));
    const { acknowledged } = await fill(store);
    await store.close();
    await writeFile(join(disk, 'ballast'), Buffer.alloc(2_000_000)).catch(() => {});
    const again = inThreadStore(join(disk, 'store'));
    const error: unknown = await again.open().catch((reason: unknown) => reason);
    if (error instanceof Error) {
      // SQLite may need a little room even to open: then it says so, and changes nothing.
      expect(error).toMatchObject({ code: 'HF_STORE_FULL', retry: 'later' });
    }
    mount('-o', 'remount,size=32m');
    if (error instanceof Error) await again.open();
    stores.push(again);
    expect(await isThere(again, acknowledged)).toBe(true);
    expect(await commitOne(again, accept(again.nextSeq()))).toMatchObject({ kind: 'accepted' });
  });

  test('PS-6 no room even for making the store: nothing half made is left in the way', async () => {
    await writeFile(join(disk, 'ballast'), Buffer.alloc(2_000_000)).catch(() => {});
    const store = inThreadStore(join(disk, 'store'));
    await expect(store.open()).rejects.toMatchObject({ code: 'HF_STORE_FULL' });
    mount('-o', 'remount,size=32m');
    expect(await (await opened(store)).counts()).toMatchObject({ inHand: 0 });
  });

  test('UX-2 SV-6 a folder on a read-only disk is refused with its path, and may be tried again', async () => {
    const path = join(disk, 'store');
    const made = await opened(inThreadStore(path));
    await made.close();
    mount('-o', 'remount,ro');
    for (const [, make] of makers) {
      const refusal = { code: 'HF_STORE_FOLDER', retry: 'later' };
      await expect(make(path).open()).rejects.toMatchObject({ ...refusal, path });
      await expect(make(join(disk, 'new')).open()).rejects.toMatchObject({
        ...refusal,
        path: join(disk, 'new'),
      });
    }
  });
});

test.each(makers)(
  'PS-6 while another program locks the file commits fail, and they work once it lets go, %s',
  async (_, make) => {
    const store = await opened(make(join(folder, 'store')));
    await store.commit([accept(1)]);
    const other = new Database(join(folder, 'store', 'data.db'));
    other.exec('BEGIN IMMEDIATE');
    await expect(store.commit([update(1)])).rejects.toMatchObject({
      code: 'HF_STORE_LOCKED',
      retry: 'later',
      message: expect.stringContaining('locked by another program'),
    });
    expect(await store.find(idOf(1))).toMatchObject({ revision: 1 });
    other.close();
    expect(await commitOne(store, update(1))).toEqual({ kind: 'updated', laneNext: null });
  },
);

test('PS-6 a damaged page fails what needs it, and the rest goes on', async () => {
  const first = await opened(inThreadStore(join(folder, 'store')));
  await first.commit(Array.from({ length: 60 }, (_, index) => accept(index + 1)));
  await first.close();
  damageFirstRows(join(folder, 'store', 'data.db'));
  const store = await opened(inThreadStore(join(folder, 'store')));
  await expect(store.find(idOf(1))).rejects.toMatchObject({ code: 'HF_STORE_CORRUPT' });
  const results = await Promise.allSettled([
    store.commit([update(1)]),
    store.commit([update(60)]),
    store.commit([accept(61)]),
  ]);
  expect(results).toMatchObject([
    { status: 'rejected', reason: { code: 'HF_STORE_CORRUPT', retry: 'never' } },
    { status: 'fulfilled', value: [{ kind: 'updated' }] },
    { status: 'fulfilled', value: [{ kind: 'accepted' }] },
  ]);
});

/** Overwrites the page that holds the first rows of the operations, as a bad disk would. */
function damageFirstRows(path: string): void {
  const db = new Database(path);
  const page = db
    .prepare<[], { pgoffset: number; pgsize: number }>(
      "SELECT pgoffset, pgsize FROM dbstat WHERE name = 'operation' AND pagetype = 'leaf' ORDER BY path",
    )
    .get();
  db.close();
  if (page === undefined) throw new Error('The table fits on one page; put in more rows.');
  const descriptor = openSync(path, 'r+');
  writeSync(descriptor, Buffer.alloc(page.pgsize, 0xee), 0, page.pgsize, page.pgoffset);
  closeSync(descriptor);
}
