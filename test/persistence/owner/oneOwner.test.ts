import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { foldersTellChanges, sharedFileSystem } from '../../../persistence/files/fileSystems.ts';
import { openAtRest, storeLocation } from '../../../persistence/openStore.ts';
import { holdWrite } from '../../../persistence/port/review.ts';
import {
  createStoreClient,
  InThreadChannel,
} from '../../../persistence/sqlite/client/storeClient.ts';
import { HANGS_AFTER_MS } from '../../support/hangs.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';
import { inThreadStore, TEST_KEY } from '../contract/storeUnderTest.ts';
import { type OwnerProcess, startOwner } from './ownerProcess.ts';

/** More commits than there are between two looks at the system's locks. */
const MANY_COMMITS = 40;

let owners: OwnerProcess[] = [];
afterEach(async () => {
  for (const owner of owners) await owner.kill();
  owners = [];
});

async function start(folder: string, by?: readonly string[]): Promise<OwnerProcess> {
  const owner = await startOwner(folder, by);
  owners.push(owner);
  return owner;
}

async function commitMany(owner: OwnerProcess): Promise<ReadonlySet<string>> {
  const answers = new Set<string>();
  for (let number = 0; number < MANY_COMMITS; number += 1) {
    answers.add((await owner.tell('commit', `${number}`)).split(' ')[0] ?? '');
  }
  return answers;
}

/** Whether a file system of a user's program can be mounted here. */
function canMount(): boolean {
  const isRoot = process.getuid?.() === 0;
  return isRoot && existsSync('/dev/fuse') && existsSync('/usr/bin/bindfs');
}

/** What the note of the owner says. */
function noteOf(folder: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8')) as Record<string, unknown>;
}

/** What the system says of a process. */
function statOf(pid: number): { readonly state: string; readonly start: string } {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', start: fields[19] ?? '' };
}

/** A process that does nothing. */
function bystander(): ChildProcess {
  const child = spawn('sleep', ['30']);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

describe('while the owner lives', () => {
  test('SV-5 a second process is refused at once and told who it is, also while the owner is busy', async () => {
    const folder = join(tempFolder(), 'store');
    const owner = await start(folder);
    expect(owner.answer).toBe('open');
    expect(await owner.tell('spin', 'spinning')).toBe('spinning');
    const second = await start(folder);
    expect(second.answer).toMatch(
      new RegExp(`^HF_STORE_OWNED .*process ${owner.pid} since \\S+ \\(.+ on .+\\)`),
    );
  });

  test.each([
    ['owner.db is deleted', (folder: string) => rmSync(join(folder, 'owner.db'))],
    [
      'owner.db is replaced',
      (folder: string) => {
        rmSync(join(folder, 'owner.db'));
        writeFileSync(join(folder, 'owner.db'), '');
      },
    ],
  ])('SV-5 when %s, nobody gets in, and the owner takes its lock again', async (_, harm) => {
    const folder = join(tempFolder(), 'store');
    const owner = await start(folder);
    expect(await owner.tell('commit', 'before')).toBe('ok');
    harm(folder);
    expect((await start(folder)).answer).toMatch(/^HF_STORE_OWNED .*still runs/);

    expect(await owner.tell('commit', 'after')).toBe('ok');
    expect(owner.notices).toEqual(['HF_STORE_LOCK_LOST']);
    expect((await start(folder)).answer).toMatch(/^HF_STORE_OWNED (?!.*still runs)/);
    expect(await commitMany(owner)).toEqual(new Set(['ok']));
    expect(owner.notices).toEqual(['HF_STORE_LOCK_LOST']);
  });

  test('SV-5 when something in it opens and closes owner.db, nobody gets in, and it takes its lock again', async () => {
    const folder = join(tempFolder(), 'store');
    const owner = await start(folder);
    expect(await owner.tell('touch', join(folder, 'owner.db'))).toBe('ok');
    expect((await start(folder)).answer).toMatch(/^HF_STORE_OWNED .*still runs/);

    expect(await commitMany(owner)).toEqual(new Set(['ok']));
    expect(owner.notices).toEqual(['HF_STORE_LOCK_LOST']);
    expect((await start(folder)).answer).toMatch(/^HF_STORE_OWNED (?!.*still runs)/);
  });

  test('SV-5 control: without its note the dropped lock lets the next one in, and then the fence holds', async () => {
    const folder = join(tempFolder(), 'store');
    const owner = await start(folder);
    expect(await owner.tell('commit', 'before')).toBe('ok');
    await owner.tell('touch', join(folder, 'owner.db'));
    rmSync(join(folder, 'owner.json'));

    const heir = await start(folder);
    expect(heir.answer).toBe('open');
    const answers = await commitMany(owner);
    // The first sign of the heir may be what it did to the -wal.
    expect([...answers].filter((code) => code !== 'HF_STORE_LOST')).toEqual(['HF_STORE_TAKEN']);
    expect(await commitMany(heir)).toEqual(new Set(['ok']));
    // Not even when the other one is gone: what it holds in memory is no longer what is on disk.
    await heir.kill();
    expect(await owner.tell('commit', 'late')).toMatch(/^HF_STORE_TAKEN /);
  });

  test('SV-5 with owner.db and its note deleted, whoever had the store before writes nothing more', async () => {
    const folder = join(tempFolder(), 'store');
    const owner = await start(folder);
    rmSync(join(folder, 'owner.db'));
    rmSync(join(folder, 'owner.json'));
    const heir = await start(folder);
    expect(heir.answer).toBe('open');
    expect(await owner.tell('commit', 'late')).toMatch(/^HF_STORE_TAKEN /);
    expect(await heir.tell('commit', 'mine')).toBe('ok');
    expect(heir.notices).toEqual([]);
  });

  test('SV-5 who had its lost lock for a moment only, to be refused, does not end it', async () => {
    const folder = join(tempFolder(), 'store');
    const owner = await start(folder);
    rmSync(join(folder, 'owner.db'));
    // As far as another gets before it has read the note.
    const other = new Database(join(folder, 'owner.db'));
    other.exec('BEGIN EXCLUSIVE');
    expect(await owner.tell('commit', 'meanwhile')).toMatch(/^HF_STORE_LOCKED /);
    other.close();
    expect(await owner.tell('commit', 'after')).toBe('ok');
    expect(owner.notices).toEqual(['HF_STORE_LOCK_LOST']);
  });

  test('SV-5 its folder renamed, it writes nothing that the next start would not find, and goes on when it is back', async () => {
    const home = tempFolder();
    const folder = join(home, 'store');
    const owner = await start(folder);
    expect(await owner.tell('commit', 'before')).toBe('ok');
    renameSync(folder, join(home, 'renamed'));
    expect(await owner.tell('commit', 'lost?')).toMatch(/^HF_STORE_LOST /);
    expect((await start(join(home, 'renamed'))).answer).toMatch(/^HF_STORE_OWNED/);

    renameSync(join(home, 'renamed'), folder);
    expect(await owner.tell('commit', 'after')).toBe('ok');
  });
});

describe('when the owner is dead', () => {
  test('SV-5 the store is had at once', async () => {
    const folder = join(tempFolder(), 'store');
    const owner = await start(folder);
    await owner.tell('commit', 'mine');
    await owner.kill();
    const heir = await start(folder);
    expect(heir.answer).toBe('open');
    expect(await heir.tell('commit', 'mine now')).toBe('ok');
  });

  test('SV-5 also when its process id was given to another process', async () => {
    const folder = join(tempFolder(), 'store');
    const owner = await start(folder);
    await owner.kill();
    const note = { ...noteOf(folder), pid: bystander().pid };
    writeFileSync(join(folder, 'owner.json'), JSON.stringify(note));
    expect((await start(folder)).answer).toBe('open');
  });

  test('SV-5 also when its note is damaged, or of another start of the machine', async () => {
    const folder = join(tempFolder(), 'store');
    for (const damage of [
      () => '{"pid":',
      () => JSON.stringify({ ...noteOf(folder), pid: process.ppid, system: 'another start' }),
    ]) {
      const owner = await start(folder);
      expect(owner.answer).toBe('open');
      await owner.kill();
      writeFileSync(join(folder, 'owner.json'), damage());
    }
    expect((await start(folder)).answer).toBe('open');
  });

  test('SV-5 also when its parent has not taken note of its death; control: not while it lives', async () => {
    const folder = join(tempFolder(), 'store');
    await (await start(folder)).kill();
    const note = noteOf(folder);
    const nameAsOwner = (pid: number): void => {
      writeFileSync(join(folder, 'owner.json'), JSON.stringify({ ...note, pid, ...statOf(pid) }));
    };
    nameAsOwner(bystander().pid ?? 0);
    expect((await start(folder)).answer).toMatch(/^HF_STORE_OWNED .*still runs/);

    // It ends after the shell has become a program that takes note of no child.
    const parent = spawn('sh', ['-c', 'sleep 1 & echo $!; exec sleep 30']);
    const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
    await vi.waitFor(() => expect(statOf(Number(pid)).state).toBe('Z'), HANGS_AFTER_MS);
    nameAsOwner(Number(pid));
    expect((await start(folder)).answer).toBe('open');
    parent.kill('SIGKILL');
  });
});

/** Starts a process that counts processes anew, and sees the `/proc` of those who do not. */
const APART = ['unshare', '--fork', '--kill-child', '--pid'];
const cannotPart = spawnSync('unshare', [...APART.slice(1), 'true']).status !== 0;

test.skipIf(cannotPart)(
  'SV-5 where the system tells of processes under other numbers it is not believed',
  async () => {
    const folder = join(tempFolder(), 'store');
    const owner = await start(folder, APART);
    expect(owner.answer).toBe('open');
    expect(await commitMany(owner)).toEqual(new Set(['ok']));
    expect(owner.notices).toEqual([]);
    // It would name as alive whoever has that number here.
    expect(noteOf(folder)).toMatchObject({ pid: 1, system: null });
    expect((await start(folder)).answer).toMatch(/^HF_STORE_OWNED /);
    await owner.kill();
    await vi.waitFor(async () => expect((await start(folder)).answer).toBe('open'), HANGS_AFTER_MS);
  },
);

describe('a folder that is another', () => {
  test('SV-5 PS-5 renamed at rest it is the same store', async () => {
    const home = tempFolder();
    const folder = join(home, 'store');
    const owner = await start(folder);
    await owner.tell('close', '');
    renameSync(folder, join(home, 'renamed'));
    expect((await start(join(home, 'renamed'))).answer).toBe('open');
  });

  test.each([
    ['at rest', async (owner: OwnerProcess) => await owner.tell('close', '')],
    ['of one in use', async (owner: OwnerProcess) => await owner.tell('commit', 'used')],
  ])(
    'SV-5 PS-5 a copy %s is held, each time it is opened, and the original is not',
    async (_, prepare) => {
      const home = tempFolder();
      const folder = join(home, 'store');
      const owner = await start(folder);
      await prepare(owner);
      execFileSync('cp', ['-a', folder, join(home, 'copy')]);
      for (let time = 0; time < 2; time += 1) {
        const copy = await start(join(home, 'copy'));
        expect(copy.answer).toBe('copied');
        await copy.kill();
      }
      await owner.kill();
      expect((await start(folder)).answer).toBe('open');
    },
  );

  test('SV-5 PS-5 a copy without the files of the owner is held as well', async () => {
    const home = tempFolder();
    const folder = join(home, 'store');
    await (await start(folder)).tell('close', '');
    const copy = join(home, 'copy');
    mkdirSync(copy, { mode: 0o700 });
    for (const name of ['data.db', 'keyring.json']) cpSync(join(folder, name), join(copy, name));
    expect((await start(copy)).answer).toBe('copied');
  });
});

describe('a copy that is released', () => {
  const storeAndCopy = async () => {
    const home = tempFolder();
    const folder = join(home, 'store');
    await (await start(folder)).tell('close', '');
    execFileSync('cp', ['-a', folder, join(home, 'copy')]);
    return { folder, copy: join(home, 'copy') };
  };
  const release = async (folder: string): Promise<unknown> => {
    const { store, info } = await openAtRest({ folder, key: TEST_KEY });
    await store.commit([holdWrite(null)]);
    await store.close();
    return info.hold;
  };

  test.each([true, false])(
    'PS-5 at rest runs from then on (opened by a process before: %s), and is no copy of itself',
    async (wasOpened) => {
      const { folder, copy } = await storeAndCopy();
      if (wasOpened) await (await start(copy)).kill();
      expect(await release(copy)).toMatchObject({ reason: 'copied' });
      expect((await start(copy)).answer).toBe('open');
      expect((await start(folder)).answer).toBe('open');
      // And a copy of the copy is one again.
      execFileSync('cp', ['-a', copy, `${copy}-2`]);
      expect((await start(`${copy}-2`)).answer).toBe('copied');
    },
  );

  test('PS-5 what lies restored is held for that reason, also where it was copied since', async () => {
    const { folder, copy } = await storeAndCopy();
    const { store } = await openAtRest({ folder, key: TEST_KEY });
    await store.commit([holdWrite({ reason: 'restored', sinceAtMs: 1, seqMax: 0 })]);
    await store.close();
    rmSync(copy, { recursive: true });
    execFileSync('cp', ['-a', folder, copy]);
    expect((await start(copy)).answer).toBe('restored');
  });
});

describe('a shared file system', () => {
  const store = (folder: string, type: number) => {
    const location = storeLocation(folder, TEST_KEY, true, () => Promise.resolve(type));
    return createStoreClient((listener) => new InThreadChannel(location, listener));
  };

  test.each([
    [0x6969, 'NFS'],
    [0xff534d42, 'CIFS'],
    // As a system with signed numbers gives it.
    [0xfe534d42 | 0, 'SMB2'],
    [0x65735546, 'FUSE'],
    [0x01021997, '9p'],
  ])(
    'SV-5 PS-1 of type %i is refused by its name, and nothing is left on it',
    async (type, name) => {
      const folder = join(tempFolder(), 'store');
      await expect(store(folder, type).open()).rejects.toMatchObject({
        code: 'HF_STORE_FOLDER',
        retry: 'never',
        message: expect.stringContaining(name),
      });
      await expect(inThreadStore(folder).open()).resolves.toMatchObject({ created: true });
    },
  );

  // Needs bindfs and the right to mount.
  test.skipIf(!canMount())('SV-5 PS-1 a real one (FUSE) is refused', async () => {
    const home = tempFolder();
    const mounted = join(home, 'mounted');
    for (const path of [join(home, 'real'), mounted]) mkdirSync(path, { mode: 0o700 });
    execFileSync('bindfs', [join(home, 'real'), mounted]);
    onTestFinished(() => {
      execFileSync('umount', [mounted]);
    });
    const refused = inThreadStore(join(mounted, 'store')).open();
    await expect(refused).rejects.toThrow('lies on FUSE');
    expect(existsSync(join(home, 'real', 'store'))).toBe(false);
    await expect(inThreadStore(join(home, 'real', 'other')).open()).resolves.toBeDefined();
  });

  test('SV-5 PS-1 local ones are not refused', () => {
    const local = { ext4: 0xef53, xfs: 0x58465342, btrfs: 0x9123683e, tmpfs: 0x01021994 };
    for (const type of Object.values(local)) expect(sharedFileSystem(type)).toBeNull();
  });

  test('PS-6 a folder is only trusted to tell of changes where that is known', () => {
    expect(foldersTellChanges('/proc')).toBe(false);
    expect(foldersTellChanges(join(tempFolder(), 'missing'))).toBe(false);
  });
});
