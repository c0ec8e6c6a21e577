import { chmod, chown, lstat, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exposedAncestor } from '../../../persistence/files/otherUsers.ts';
import { keyFile } from '../../../persistence/sealing/keyFile.ts';
import { inThreadStore, temporaryFolder, threadedStore } from '../contract/storeUnderTest.ts';

/** Any user that this process is not; only root can give files away. */
const STRANGER = 65_534;
const isRoot = process.geteuid?.() === 0;

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
  await remove();
});

async function makeStore(): Promise<void> {
  const store = inThreadStore(folder);
  await store.open();
  await store.close();
}

describe.each([
  ['in a thread', threadedStore],
  ['in this thread', inThreadStore],
])('SE-5 a store %s', (_, make) => {
  const refusal = async (): Promise<unknown> => {
    const store = make(folder);
    try {
      await store.open();
    } catch (error) {
      return error;
    }
    await store.close();
    return expect.unreachable('the store opened');
  };

  test.runIf(isRoot)('does not open in a folder of another user', async () => {
    await mkdir(folder, { mode: 0o755 });
    await chown(folder, STRANGER, STRANGER);
    expect(await refusal()).toMatchObject({
      code: 'HF_STORE_FOLDER',
      message: expect.stringContaining('belongs to another user'),
    });
  });

  test.runIf(isRoot)('does not open over a file of another user', async () => {
    await makeStore();
    await chown(join(folder, 'data.db'), STRANGER, STRANGER);
    expect(await refusal()).toMatchObject({
      code: 'HF_STORE_FOLDER',
      path: expect.stringMatching(/data\.db$/),
    });
  });

  test.each([
    'owner.json',
    'owner.db',
    'crises.spill',
    'crises.spill.unreadable',
    'keyring.json',
    'keyring.new.json',
    'data.db',
    'data.db-wal',
    'data.db.rescued',
  ])('follows no link at %s, and leaves what it leads to alone', async (name) => {
    const target = join(parent, 'precious');
    await writeFile(target, 'precious');
    await mkdir(folder, { mode: 0o700 });
    await symlink(target, join(folder, name));
    expect(await refusal()).toMatchObject({ code: 'HF_STORE_FOLDER' });
    expect(await readFile(target, 'utf8')).toBe('precious');
  });

  test('closes its own files to others', async () => {
    await makeStore();
    const names = ['data.db', 'owner.db', 'keyring.json', 'crises.spill'];
    for (const name of names) await chmod(join(folder, name), 0o644);
    const store = make(folder);
    await store.open();
    for (const name of names) expect((await lstat(join(folder, name))).mode & 0o777).toBe(0o600);
    await store.close();
  });
});

describe('SE-5 a key file', () => {
  const load = (path: string): Promise<unknown> =>
    keyFile(path).load({ storeFolder: folder, kdf: null });
  const made = async (): Promise<string> => {
    const place = join(parent, 'keys');
    await mkdir(place, { mode: 0o700 });
    const path = join(place, 'holdfast.key');
    await writeFile(path, `${'01'.repeat(32)}\n`, { mode: 0o600 });
    return path;
  };

  test.runIf(isRoot)('of another user is refused', async () => {
    const path = await made();
    await load(path);
    await chown(path, STRANGER, STRANGER);
    await expect(load(path)).rejects.toMatchObject({ code: 'HF_KEY_FILE_EXPOSED', path });
  });

  test('in a folder where anybody could exchange it is refused', async () => {
    const path = await made();
    await chmod(join(parent, 'keys'), 0o777);
    await expect(load(path)).rejects.toMatchObject({ code: 'HF_KEY_FILE_EXPOSED', path });
    // As the folder for temporary files is: only its owner can move a file there.
    await chmod(join(parent, 'keys'), 0o1777);
    await load(path);
  });
});

test('SE-5 a folder above the store in which another could take its place is found', async () => {
  const place = join(parent, 'open');
  await mkdir(join(place, 'below'), { recursive: true });
  expect(exposedAncestor(join(place, 'below', 'store'))).toBeNull();
  await chmod(place, 0o777);
  expect(exposedAncestor(join(place, 'below', 'store'))).toBe(place);
});
