import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { HoldfastError } from '../../../../machines/vocabulary/errors.ts';
import type { Store } from '../../../../persistence/port/store.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';
import { inThreadStore, threadedStore } from '../../contract/storeUnderTest.ts';
import { accept, commitOne, idOf } from '../../contract/writes.ts';

const makers = [
  ['in this thread', inThreadStore],
  ['in a thread of its own', threadedStore],
] as const;

interface Scene {
  readonly store: Store;
  readonly folder: string;
  readonly keyring: string;
  readonly text: string;
  readonly notices: HoldfastError[];
}

async function scene(make: (folder: string) => Store): Promise<Scene> {
  const folder = join(tempFolder(), 'store');
  const store = make(folder);
  const notices: HoldfastError[] = [];
  store.onNotice((notice) => notices.push(notice));
  await store.open();
  await store.commit([accept(1)]);
  const keyring = join(folder, 'keyring.json');
  return { store, folder, keyring, text: readFileSync(keyring, 'utf8'), notices };
}

const HARMS: readonly (readonly [name: string, harm: (at: Scene) => void])[] = [
  ['deleted', ({ keyring }) => rmSync(keyring)],
  [
    'replaced by another',
    ({ keyring, folder }) => {
      writeFileSync(join(folder, 'other'), 'another');
      renameSync(join(folder, 'other'), keyring);
    },
  ],
  [
    'replaced by a folder',
    ({ keyring }) => {
      rmSync(keyring);
      mkdirSync(keyring);
    },
  ],
  ['cut short', ({ keyring }) => truncateSync(keyring, 20)],
  [
    'changed in one byte, its time set back',
    ({ keyring, text }) => {
      const { atime, mtime } = statSync(keyring);
      writeFileSync(keyring, text.replace('"keyId": 1', '"keyId": 2'));
      utimesSync(keyring, atime, mtime);
    },
  ],
];

describe.each(makers)('PS-6 SE-2 a keyring under an open store, %s', (_, make) => {
  test.each(HARMS)(
    'PS-6 SE-2 that is %s is written back before the next commit is told of',
    async (__, harm) => {
      const at = await scene(make);
      harm(at);
      expect(await commitOne(at.store, accept(2))).toMatchObject({ kind: 'accepted' });
      expect(readFileSync(at.keyring, 'utf8')).toBe(at.text);
      expect(statSync(at.keyring).mode & 0o777).toBe(0o600);
      expect(at.notices).toMatchObject([{ code: 'HF_STORE_LOST', path: at.keyring }]);
      expect(await commitOne(at.store, accept(3))).toMatchObject({ kind: 'accepted' });
      expect(at.notices).toHaveLength(1);
      await at.store.close();
      const next = make(at.folder);
      await next.open();
      expect(await next.find(idOf(3))).toMatchObject({ payload: 'payload 3' });
      await next.close();
    },
  );

  test('PS-6 SE-2 everything in the folder deleted: keyring and database are written back', async () => {
    const at = await scene(make);
    for (const name of readdirSync(at.folder)) rmSync(join(at.folder, name));
    await expect(at.store.commit([accept(2)])).rejects.toMatchObject({ code: 'HF_STORE_LOST' });
    // Before anything else is committed: a crash now loses nothing.
    expect(readFileSync(at.keyring, 'utf8')).toBe(at.text);
    expect(await commitOne(at.store, accept(2))).toMatchObject({ kind: 'accepted' });
    await at.store.close();
    const next = make(at.folder);
    await next.open();
    expect(await next.find(idOf(2))).toMatchObject({ payload: 'payload 2' });
    await next.close();
  });

  test('PS-6 SE-2 deleted while nothing is written: put back at the latest when the store is closed', async () => {
    const at = await scene(make);
    rmSync(at.keyring);
    await at.store.close();
    expect(readFileSync(at.keyring, 'utf8')).toBe(at.text);
  });
});

test('PS-6 SE-2 one that can not be written back yet lets nothing be told of, and is written back later', async () => {
  const at = await scene(inThreadStore);
  rmSync(at.keyring);
  // What lies in the way of the new file: not even root gets past a folder.
  const way = join(at.folder, '.keyring.json.new');
  mkdirSync(way);
  await expect(at.store.commit([accept(2)])).rejects.toMatchObject({
    code: 'HF_STORE_LOST',
    retry: 'later',
    path: at.keyring,
  });
  expect(existsSync(at.keyring)).toBe(false);
  rmSync(way, { recursive: true });
  expect(await commitOne(at.store, accept(2))).toMatchObject({ kind: 'accepted' });
  expect(readFileSync(at.keyring, 'utf8')).toBe(at.text);
  await at.store.close();
});

test('PS-6 SE-2 what lay in its place is kept beside it, and a keyring with other times is left alone', async () => {
  const at = await scene(inThreadStore);
  writeFileSync(at.keyring, 'another');
  await at.store.commit([accept(2)]);
  expect(readFileSync(`${at.keyring}.replaced`, 'utf8')).toBe('another');
  chmodSync(at.keyring, 0o400);
  utimesSync(at.keyring, 1, 1);
  await at.store.commit([accept(3)]);
  expect(at.notices).toHaveLength(1);
  await at.store.close();
});
