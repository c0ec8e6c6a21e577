import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openAtRest } from '../../../../persistence/openStore.ts';
import type { Store } from '../../../../persistence/port/store.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';
import { inThreadStore, TEST_KEY, threadedStore } from '../../contract/storeUnderTest.ts';
import { accept, commitOne, idOf, update } from '../../contract/writes.ts';

const makers = [
  ['in this thread', inThreadStore],
  ['in a thread of its own', threadedStore],
] as const;

interface Scene {
  readonly store: Store;
  readonly folder: string;
  readonly data: string;
  readonly wal: string;
}

/** A store with rows 1 to 20, of which the last ones are in the WAL only. */
async function scene(make: (folder: string) => Store): Promise<Scene> {
  const folder = join(tempFolder(), 'store');
  const store = make(folder);
  await store.open();
  for (let seq = 1; seq <= 20; seq++) await store.commit([accept(seq)]);
  const data = join(folder, 'data.db');
  return { store, folder, data, wal: `${data}-wal` };
}

async function seqsIn(store: Store): Promise<readonly number[]> {
  return (await store.list({ afterSeq: 0, limit: 100 })).map(({ seq }) => seq);
}

/** What a process sees that takes the folder over after a crash: copied, since this one lives. */
async function afterCrash({ folder }: Scene): Promise<readonly number[]> {
  const copy = join(tempFolder(), 'copy');
  mkdirSync(copy, { mode: 0o700 });
  for (const name of ['data.db', 'data.db-wal', 'keyring.json']) {
    if (existsSync(join(folder, name))) copyFileSync(join(folder, name), join(copy, name));
  }
  const store = inThreadStore(copy);
  await store.open();
  const seqs = await seqsIn(store);
  for (const seq of seqs) expect((await store.find(idOf(seq)))?.payload).toBe(`payload ${seq}`);
  await store.close();
  return seqs;
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

describe.each(makers)('PS-6 files that vanish under an open store, %s', (_, make) => {
  test('PS-6 a deleted database is told of, written back whole, and work goes on', async () => {
    const at = await scene(make);
    rmSync(at.data);
    await expect(at.store.commit([accept(21)])).rejects.toMatchObject({
      code: 'HF_STORE_LOST',
      retry: 'later',
      path: at.data,
      message: expect.stringContaining('was written back'),
    });
    // A crash now loses nothing.
    expect(await afterCrash(at)).toEqual(upTo(21));
    expect(await commitOne(at.store, accept(21))).toMatchObject({ kind: 'accepted' });
    expect(await commitOne(at.store, accept(22))).toMatchObject({ kind: 'accepted' });
    expect(await afterCrash(at)).toEqual(upTo(22));
    await at.store.close();
    // It is another file, and no copy.
    const next = make(at.folder);
    expect((await next.open()).hold).toBeNull();
    expect(await seqsIn(next)).toEqual(upTo(22));
    await next.close();
  });

  test('PS-6 a deleted -wal is told of, its rows are kept, and work goes on', async () => {
    const at = await scene(make);
    rmSync(at.wal);
    await expect(at.store.commit([accept(21)])).rejects.toMatchObject({ code: 'HF_STORE_LOST' });
    expect(await afterCrash(at)).toEqual(upTo(21));
    expect(await commitOne(at.store, update(21))).toMatchObject({ kind: 'updated' });
    expect(await afterCrash(at)).toEqual(upTo(21));
    await at.store.close();
  });

  test('PS-6 both deleted: nothing is lost', async () => {
    const at = await scene(make);
    rmSync(at.data);
    rmSync(at.wal);
    await expect(at.store.commit([accept(21)])).rejects.toMatchObject({ code: 'HF_STORE_LOST' });
    expect(await afterCrash(at)).toEqual(upTo(21));
    expect(await commitOne(at.store, accept(22))).toMatchObject({ kind: 'accepted' });
    await at.store.close();
    expect(await afterCrash(at)).toEqual(upTo(22));
  });

  test('PS-6 a file in its place is never touched; once it is moved away the store is written back', async () => {
    const at = await scene(make);
    rmSync(at.data);
    writeFileSync(at.data, 'something else');
    for (const seq of [21, 21]) {
      await expect(at.store.commit([accept(seq)])).rejects.toMatchObject({
        code: 'HF_STORE_LOST',
        message: expect.stringContaining('Move that away'),
      });
    }
    expect(readFileSync(at.data, 'utf8')).toBe('something else');
    rmSync(at.data);
    await expect(at.store.commit([accept(21)])).rejects.toMatchObject({
      message: expect.stringContaining('was written back'),
    });
    expect(await commitOne(at.store, accept(21))).toMatchObject({ kind: 'accepted' });
    expect(await afterCrash(at)).toEqual(upTo(21));
    await at.store.close();
  });

  test('PS-6 a folder that is moved away and put back is the same store', async () => {
    const at = await scene(make);
    renameSync(at.folder, `${at.folder}-moved`);
    await expect(at.store.commit([accept(21)])).rejects.toMatchObject({ code: 'HF_STORE_LOST' });
    renameSync(`${at.folder}-moved`, at.folder);
    expect(await commitOne(at.store, accept(21))).toMatchObject({ kind: 'accepted' });
    expect(await afterCrash(at)).toEqual(upTo(21));
    await at.store.close();
  });

  test('PS-6 a -wal that is cut short is noticed before anything is appended to it', async () => {
    const at = await scene(make);
    truncateSync(at.wal, 0);
    await expect(at.store.commit([accept(21)])).rejects.toMatchObject({ code: 'HF_STORE_LOST' });
    const there = await seqsIn(at.store);
    expect(await commitOne(at.store, accept(22))).toMatchObject({ kind: 'accepted' });
    expect(await afterCrash(at)).toEqual([...there, 22]);
    await at.store.close();
  });
});

test('PS-6 a rescue that a crash cut off before the last rename is ended at the next start', async () => {
  const at = await scene(inThreadStore);
  await at.store.close();
  renameSync(at.data, `${at.data}.rescued`);
  writeFileSync(at.wal, 'the old one, which is in the copy');
  const next = inThreadStore(at.folder);
  const info = await next.open();
  expect(info.created).toBe(false);
  expect(info.hold).toBeNull();
  expect(await seqsIn(next)).toEqual(upTo(20));
  expect(existsSync(`${at.data}.rescued`)).toBe(false);
  await next.close();
});

test('PS-6 SV-5 one that was cut off after it leaves no second name, and the store is not held as a copy', async () => {
  const at = await scene(inThreadStore);
  rmSync(at.data);
  await expect(at.store.commit([accept(21)])).rejects.toMatchObject({ code: 'HF_STORE_LOST' });
  await at.store.close();
  // As the rescue leaves it for a moment: the new file has both names.
  linkSync(at.data, `${at.data}.rescued`);
  const { store: looked, info } = await openAtRest({ folder: at.folder, key: TEST_KEY });
  expect(info.hold).toBeNull();
  await looked.close();
  const next = inThreadStore(at.folder);
  expect((await next.open()).hold).toBeNull();
  expect(existsSync(`${at.data}.rescued`)).toBe(false);
  expect(await seqsIn(next)).toEqual(upTo(21));
  await next.close();
  expect((await next.open()).hold).toBeNull();
  await next.close();
});

test('SV-5 PS-5 a copy of a store that has a second name, as after a rescue, is held all the same', async () => {
  const at = await scene(inThreadStore);
  await at.store.close();
  const copy = join(tempFolder(), 'copy');
  mkdirSync(copy, { mode: 0o700 });
  for (const name of ['data.db', 'keyring.json']) {
    copyFileSync(join(at.folder, name), join(copy, name));
  }
  linkSync(join(copy, 'data.db'), join(copy, 'data.db.rescued'));
  const next = inThreadStore(copy);
  expect(await next.open()).toMatchObject({ hold: { reason: 'copied', seqMax: 20 } });
  await next.close();
});

describe('PS-6 a -wal at the start', () => {
  /** The folder as a crash leaves it: with its WAL. */
  async function crashed(): Promise<{ readonly folder: string; readonly data: string }> {
    const at = await scene(inThreadStore);
    const copy = join(tempFolder(), 'crashed');
    mkdirSync(copy, { mode: 0o700 });
    for (const name of ['data.db', 'data.db-wal', 'keyring.json']) {
      copyFileSync(join(at.folder, name), join(copy, name));
    }
    await at.store.close();
    return { folder: copy, data: join(copy, 'data.db') };
  }

  test('PS-6 of another store is refused, and nothing is changed', async () => {
    const ours = await crashed();
    const theirs = await crashed();
    copyFileSync(`${theirs.data}-wal`, `${ours.data}-wal`);
    const before = readFileSync(ours.data);
    await expect(inThreadStore(ours.folder).open()).rejects.toMatchObject({
      code: 'HF_KEY_WRONG',
      message: expect.stringContaining('Move the -wal away'),
    });
    expect(readFileSync(ours.data).equals(before)).toBe(true);
    rmSync(`${ours.data}-wal`);
    rmSync(`${ours.data}-shm`, { force: true });
    const store = inThreadStore(ours.folder);
    await store.open();
    await store.close();
  });

  test('PS-6 that was cut off gives what is whole in it, and never half a transaction', async () => {
    const ours = await crashed();
    const whole = readFileSync(`${ours.data}-wal`).length;
    truncateSync(`${ours.data}-wal`, whole - 100);
    const store = inThreadStore(ours.folder);
    await store.open();
    expect(await seqsIn(store)).toEqual(upTo(19));
    expect(await commitOne(store, accept(20))).toMatchObject({ kind: 'accepted' });
    await store.close();
  });
});

const HARMS: readonly (readonly [name: string, harm: (at: Scene) => void])[] = [
  ['the database deleted', ({ data }) => rmSync(data)],
  ['the -wal deleted', ({ wal }) => rmSync(wal)],
  ['the -wal cut short', ({ wal }) => truncateSync(wal, 5_000)],
  [
    'the database replaced',
    ({ data }) => {
      copyFileSync(data, `${data}.other`);
      renameSync(`${data}.other`, data);
    },
  ],
  [
    'the -wal replaced',
    ({ wal }) => {
      copyFileSync(wal, `${wal}.other`);
      renameSync(`${wal}.other`, wal);
    },
  ],
  ['the folder moved', ({ folder }) => renameSync(folder, `${folder}-moved`)],
];

test('PS-6 after a time in which nothing happened to the files it is noticed as soon', async () => {
  const scenes = await Promise.all(HARMS.map(() => scene(inThreadStore)));
  // So long that the folder's own time tells whether anything happened.
  await new Promise((resolve) => setTimeout(resolve, 2_300));
  for (const [index, [name, harm]] of HARMS.entries()) {
    const at = scenes[index];
    if (at === undefined) continue;
    for (let seq = 21; seq < 25; seq += 1) await at.store.commit([accept(seq)]);
    harm(at);
    await expect(at.store.commit([accept(25)]), name).rejects.toMatchObject({
      code: 'HF_STORE_LOST',
    });
    if (name === 'the folder moved') renameSync(`${at.folder}-moved`, at.folder);
    await at.store.close();
  }
});
