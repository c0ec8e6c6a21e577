import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../../actors/platform/systemClock.ts';
import { openAtRest, storeLocation } from '../../../../persistence/openStore.ts';
import { backupStore } from '../../../../persistence/upkeep/backup.ts';
import { checkData, describeData } from '../../../../persistence/upkeep/checkData.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';
import {
  inThreadStore,
  OTHER_KEY,
  TEST_KEY,
  threadedStore,
} from '../../contract/storeUnderTest.ts';
import { accept, commitOne, idOf } from '../../contract/writes.ts';

const FILES = ['data.db', 'data.db-wal', 'keyring.json', 'crises.spill'] as const;

interface Killed {
  readonly folder: string;
  readonly data: string;
  readonly wal: string;
  readonly spill: string;
}

/** A folder as a process leaves it that was killed: rows in its -wal, and a crisis spilled. */
async function killed(): Promise<Killed> {
  const live = join(tempFolder(), 'store');
  const store = inThreadStore(live);
  await store.open();
  await store.commit([accept(1)]);
  await store.spill(accept(2, { urgency: 0 }));
  const folder = join(tempFolder(), 'killed');
  mkdirSync(folder, { mode: 0o700 });
  for (const name of FILES) copyFileSync(join(live, name), join(folder, name));
  await store.close();
  const data = join(folder, 'data.db');
  return { folder, data, wal: `${data}-wal`, spill: join(folder, 'crises.spill') };
}

const HARMS: readonly (readonly [name: string, harm: (at: Killed) => void])[] = [
  ['deleted', ({ data }) => rmSync(data)],
  ['cut to nothing', ({ data }) => truncateSync(data)],
];

describe.each(HARMS)('PS-6 a database that was %s at rest', (_, harm) => {
  test.each([
    ['in this thread', inThreadStore],
    ['in a thread of its own', threadedStore],
  ] as const)('PS-6 OP-2 is said, and nothing that is left is touched, %s', async (__, make) => {
    const at = await killed();
    const [wal, spill] = [readFileSync(at.wal), readFileSync(at.spill)];
    harm(at);
    for (const attempt of [1, 2]) {
      await expect(make(at.folder).open(), `start ${attempt}`).rejects.toMatchObject({
        code: 'HF_STORE_LOST',
        path: at.data,
        message: expect.stringMatching(/Restore a backup.*move the folder away/),
      });
    }
    expect(readFileSync(at.wal).equals(wal)).toBe(true);
    expect(readFileSync(at.spill).equals(spill)).toBe(true);
    expect(existsSync(at.data) && readFileSync(at.data).length > 0).toBe(false);
  });

  test('UX-2 is said to whoever only looks', async () => {
    const at = await killed();
    harm(at);
    await expect(openAtRest({ folder: at.folder, key: TEST_KEY })).rejects.toMatchObject({
      code: 'HF_STORE_LOST',
    });
  });
});

test('PS-6 a database that has no tables any more is said too', async () => {
  const at = await killed();
  for (const path of [at.data, at.wal]) rmSync(path);
  const bare = new Database(at.data);
  bare.pragma('journal_mode = WAL');
  bare.close();
  await expect(inThreadStore(at.folder).open()).rejects.toMatchObject({ code: 'HF_STORE_LOST' });
});

test('PS-6 put back, the database opens with all that was in it', async () => {
  const at = await killed();
  renameSync(at.data, `${at.data}.away`);
  await expect(inThreadStore(at.folder).open()).rejects.toMatchObject({ code: 'HF_STORE_LOST' });
  renameSync(`${at.data}.away`, at.data);
  const store = inThreadStore(at.folder);
  await store.open();
  expect(await store.find(idOf(1))).toMatchObject({ payload: 'payload 1' });
  expect(await store.find(idOf(2))).toMatchObject({ payload: 'payload 2' });
  await store.close();
});

describe('PS-6 a store whose making was cut off', () => {
  /** As a crash leaves it between the keyring and the data. */
  async function keyringOnly(): Promise<string> {
    const folder = join(tempFolder(), 'store');
    const { folder: real, giveBack } = await storeLocation(folder, TEST_KEY, true).reserve();
    await storeLocation(folder, TEST_KEY, true).unlock(real, false);
    giveBack();
    return folder;
  }

  test('PS-6 before there was data opens as new, also with another key', async () => {
    for (const key of [TEST_KEY, OTHER_KEY]) {
      const folder = await keyringOnly();
      const store = inThreadStore(folder, key);
      expect(await store.open()).toMatchObject({ created: true });
      expect(await commitOne(store, accept(1))).toMatchObject({ kind: 'accepted' });
      await store.close();
    }
  });

  test('PS-6 with an empty file opens as new', async () => {
    const folder = await keyringOnly();
    writeFileSync(join(folder, 'data.db'), '', { mode: 0o600 });
    const store = inThreadStore(folder);
    expect(await store.open()).toMatchObject({ created: true });
    await store.close();
  });

  test('PS-6 after the data was made goes on with the keyring that it was made with', async () => {
    const folder = join(tempFolder(), 'store');
    const store = inThreadStore(folder);
    await store.open();
    await store.commit([accept(1)]);
    await store.close();
    renameSync(join(folder, 'keyring.json'), join(folder, 'keyring.new.json'));
    const next = inThreadStore(folder);
    expect(await next.open()).toMatchObject({ created: false });
    expect(await next.find(idOf(1))).toMatchObject({ payload: 'payload 1' });
    await next.close();
    expect(existsSync(join(folder, 'keyring.json'))).toBe(true);
    expect(existsSync(join(folder, 'keyring.new.json'))).toBe(false);
  });
});

describe('PS-6 whoever only looks at a database that was cut to nothing', () => {
  const options = { clock: systemClock };
  test.each([
    ['its description', ({ data }: Killed) => Promise.resolve().then(() => describeData(data))],
    ['its check', ({ data }: Killed) => checkData(data, null, options)],
    ['a backup', ({ folder }: Killed) => backupStore(folder, `${folder}.copy`, null, options)],
  ])('PS-6 (%s) is told, and the -wal that holds everything stays', async (_, look) => {
    const at = await killed();
    const wal = readFileSync(at.wal);
    const data = readFileSync(at.data);
    truncateSync(at.data);
    await expect(look(at)).rejects.toMatchObject({ code: 'HF_STORE_LOST', path: at.data });
    expect(readFileSync(at.wal)).toEqual(wal);
    writeFileSync(at.data, data);
    const store = inThreadStore(at.folder);
    await store.open();
    expect(await store.find(idOf(1))).not.toBeNull();
    await store.close();
  });
});
