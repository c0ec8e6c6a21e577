import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { leaveNote } from '../../../persistence/owner/ownerNote.ts';
import type { CrisisPlanWrite, Store } from '../../../persistence/port/store.ts';
import { backupStore } from '../../../persistence/upkeep/backup.ts';
import type { UpkeepProgress } from '../../../persistence/upkeep/progress.ts';
import { restoreStore } from '../../../persistence/upkeep/restore.ts';
import { makeOlder } from '../../support/store/olderStore.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';
import { keep } from '../contract/kept.ts';
import { inThreadStore, OTHER_KEY, TEST_KEY, threadedStore } from '../contract/storeUnderTest.ts';
import { accept, deadLetter, idOf } from '../contract/writes.ts';

const UPKEEP = { clock: systemClock };
const RESTORE = { ...UPKEEP, acceptsUnreadable: false };

let parent: string;
let folder: string;
let open: Store[];

beforeEach(() => {
  parent = tempFolder();
  folder = join(parent, 'store');
  open = [];
});
afterEach(async () => {
  for (const store of open) await store.close();
});

async function opened(at: string, make = inThreadStore): Promise<Store> {
  const store = make(at);
  open.push(store);
  await store.open();
  return store;
}

/** A store at rest with some operations. */
async function makeStore(): Promise<void> {
  const store = await opened(folder);
  await store.commit([accept(1), accept(2, { standing: 'due', dueAtMs: 5 }), accept(3)]);
  await store.commit([deadLetter(3), { kind: 'component', name: 'level', state: 'limited' }]);
  await store.close();
}

function inFile(path: string, sql: string): void {
  const db = new Database(path);
  db.exec(sql);
  db.close();
}

const at = (name: string): string => join(parent, name);
const left = (): string[] => readdirSync(parent).filter((name) => name !== 'store');

describe('CF-8 PS-5 kept records', () => {
  const conflict = { room: 'conflict', isOpen: true } as const;

  async function keepRecords(): Promise<void> {
    const store = await opened(folder);
    await store.commit([accept(1), keep('a'), keep('c', conflict)]);
    await store.commit([keep('a', { revision: 1, text: 'second' })]);
    await store.close();
  }

  test('CF-8 PS-5 are in a backup, are checked with it, and are there once it is restored', async () => {
    await keepRecords();
    const { check } = await backupStore(folder, at('backup'), TEST_KEY, UPKEEP);
    expect(check).toMatchObject({ recordsOpened: 3, unreadableCount: 0 });
    await restoreStore(at('backup'), at('back'), TEST_KEY, RESTORE);
    const store = await opened(at('back'));
    expect(await store.keptCounts()).toEqual({ entity: 1, conflict: 1, openConflicts: 1 });
    const entity = await store.kept({ room: 'entity', key: 'a' });
    expect(entity).toMatchObject({ text: 'second', revision: 2 });
    expect(await store.commit([keep('a', { revision: 2 })])).toEqual([
      { kind: 'kept', revision: 3 },
    ]);
  });

  test.each(['is_open = 0', 'keep_until = 1', "state = x'00'"])(
    'SE-4 PS-5 one that does not open (%s) is found by the check of a backup',
    async (change) => {
      await keepRecords();
      inFile(join(folder, 'data.db'), `UPDATE kept SET ${change} WHERE room = 1`);
      const { check } = await backupStore(folder, at('backup'), TEST_KEY, UPKEEP);
      expect(check).toMatchObject({
        unreadableCount: 1,
        unreadable: [{ id: null, code: expect.stringMatching(/^HF_RECORD_/) }],
      });
      const restored = restoreStore(at('backup'), at('back'), TEST_KEY, RESTORE);
      await expect(restored).rejects.toMatchObject({ code: 'HF_BACKUP_DAMAGED' });
    },
  );
});

describe('CR-3 PS-5 crisis plans', () => {
  const plans: readonly CrisisPlanWrite[] = [
    { kind: 'crisisPlan', subject: 'user-1', plan: 'one', isPinned: true },
    { kind: 'crisisPlan', subject: 'user-2', plan: 'two' },
  ];

  async function keepPlans(): Promise<void> {
    const store = await opened(folder);
    await store.commit([accept(1), ...plans]);
    await store.close();
  }

  test('CR-3 PS-5 are in a backup, are checked with it, and are there once it is restored', async () => {
    await keepPlans();
    const { check } = await backupStore(folder, at('backup'), TEST_KEY, UPKEEP);
    expect(check).toMatchObject({ recordsOpened: 3, unreadableCount: 0 });
    await restoreStore(at('backup'), at('back'), TEST_KEY, RESTORE);
    const store = inThreadStore(at('back'));
    open.push(store);
    expect((await store.open()).crisisPlans.pinned).toMatchObject([{ subject: 'user-1' }]);
    expect(await store.crisisPlan('user-2')).toMatchObject({ plan: 'two' });
  });

  test('SE-4 PS-5 one that does not open is found by the check of a backup', async () => {
    await keepPlans();
    inFile(join(folder, 'data.db'), 'UPDATE crisis_plan SET pinned = 0');
    const { check } = await backupStore(folder, at('backup'), TEST_KEY, UPKEEP);
    expect(check).toMatchObject({
      unreadableCount: 1,
      unreadable: [{ id: null, code: 'HF_RECORD_TAMPERED' }],
    });
  });
});

describe('PS-5 a backup', () => {
  test('of data beside the keyring of another store is refused, also without a key', async () => {
    await makeStore();
    const other = await opened(at('other'));
    await other.close();
    copyFileSync(join(at('other'), 'keyring.json'), join(folder, 'keyring.json'));
    await expect(backupStore(folder, at('backup'), null, UPKEEP)).rejects.toMatchObject({
      code: 'HF_KEY_WRONG',
      path: join(folder, 'keyring.json'),
    });
    expect(left()).toEqual(['other']);
  });

  test('restored, is the store as it was, and starts held', async () => {
    await makeStore();
    const progress: UpkeepProgress[] = [];
    const made = await backupStore(folder, at('backup'), TEST_KEY, {
      ...UPKEEP,
      onProgress: (each) => progress.push(each),
    });
    expect(made).toMatchObject({
      path: at('backup'),
      manifest: { counts: { inHand: 1, due: 1, deadLettered: 1 } },
      check: { recordsOpened: 4, unreadableCount: 0, faults: [] },
    });
    expect(new Set(progress.map(({ step }) => step))).toEqual(
      new Set(['copying', 'checkingTables', 'openingRecords', 'checkingFiles']),
    );
    const restored = await restoreStore(at('backup'), at('restored'), TEST_KEY, RESTORE);
    expect(restored.hold).toMatchObject({ reason: 'restored', seqMax: 3 });
    const store = inThreadStore(at('restored'));
    open.push(store);
    const info = await store.open();
    expect(info.hold).toEqual(restored.hold);
    expect(info.components.get('level')).toBe('limited');
    const before = await opened(folder);
    for (const seq of [1, 2, 3]) {
      expect(await store.find(idOf(seq))).toEqual(await before.find(idOf(seq)));
    }
  });

  test('SE-5 is readable by its owner alone, and holds nothing but data, keyring and list', async () => {
    const previous = process.umask(0);
    try {
      await makeStore();
      await backupStore(folder, at('backup'), null, UPKEEP);
      await restoreStore(at('backup'), at('restored'), TEST_KEY, RESTORE);
    } finally {
      process.umask(previous);
    }
    expect(readdirSync(at('backup')).toSorted()).toEqual([
      'data.db',
      'keyring.json',
      'manifest.json',
    ]);
    for (const each of ['backup', 'restored']) {
      expect(statSync(at(each)).mode & 0o777).toBe(0o700);
      for (const name of readdirSync(at(each))) {
        expect([name, statSync(join(at(each), name)).mode & 0o777]).toEqual([name, 0o600]);
      }
    }
  });

  test('taken while the store is written holds all that was acknowledged before it began', async () => {
    const store = await opened(folder, threadedStore);
    let seq = 0;
    let isDone = false;
    const write = async (): Promise<void> => {
      while (!isDone) {
        const first = seq + 1;
        seq += 50;
        await store.commit(Array.from({ length: 50 }, (_, index) => accept(first + index)));
      }
    };
    const writing = write();
    while (seq < 500) await store.counts();
    const acknowledged = (await store.counts()).inHand;
    const { manifest } = await backupStore(folder, at('backup'), TEST_KEY, UPKEEP);
    isDone = true;
    await writing;
    expect(manifest.counts.inHand).toBeGreaterThanOrEqual(acknowledged);
    // Of one moment: nothing that was written in one transaction is in it by half.
    expect((manifest.counts.inHand ?? 0) % 50).toBe(0);
    await restoreStore(at('backup'), at('restored'), TEST_KEY, RESTORE);
    expect((await (await opened(at('restored'))).counts()).inHand).toBe(manifest.counts.inHand);
  });

  test('control: the file alone, copied while the store is written, lacks what was acknowledged', async () => {
    const store = await opened(folder, threadedStore);
    await store.commit([accept(1)]);
    mkdirSync(at('copy'));
    for (const name of ['data.db', 'keyring.json']) {
      writeFileSync(join(at('copy'), name), readFileSync(join(folder, name)));
    }
    const copied = await opened(at('copy'));
    expect(await copied.find(idOf(1))).toBeNull();
  });

  test('of an older version is one of that version, and is restored up to date', async () => {
    await makeStore();
    makeOlder(folder);
    const { manifest } = await backupStore(folder, at('backup'), TEST_KEY, UPKEEP);
    expect(manifest).toMatchObject({ schemaVersion: 0, counts: { inHand: 1, deadLettered: 1 } });
    const { hold } = await restoreStore(at('backup'), at('restored'), TEST_KEY, RESTORE);
    const store = inThreadStore(at('restored'));
    open.push(store);
    expect((await store.open()).hold).toEqual(hold);
    expect(await store.counts()).toMatchObject({ inHand: 1, due: 1, deadLettered: 1 });
  });

  test('UX-2 overwrites nothing, needs a store, and leaves nothing where it fails', async () => {
    await expect(backupStore(folder, at('b'), null, UPKEEP)).rejects.toMatchObject({
      code: 'HF_STORE_MISSING',
    });
    await makeStore();
    writeFileSync(at('taken'), 'mine');
    const failing: [string, object][] = [
      [at('taken'), { code: 'HF_TARGET_EXISTS', path: at('taken') }],
      [join(at('missing'), 'b'), { code: 'HF_STORE_FOLDER' }],
      [join(folder, 'b'), { code: 'HF_OPTION_INVALID', message: expect.stringMatching(/inside/) }],
    ];
    symlinkSync(folder, at('link'));
    failing.push([join(at('link'), 'b'), { code: 'HF_OPTION_INVALID' }]);
    for (const [to, error] of failing) {
      await expect(backupStore(folder, to, null, UPKEEP)).rejects.toMatchObject(error);
    }
    await expect(backupStore(folder, at('b'), OTHER_KEY, UPKEEP)).rejects.toMatchObject({
      code: 'HF_KEY_WRONG',
    });
    expect(readFileSync(at('taken'), 'utf8')).toBe('mine');
    expect(left()).toEqual(['link', 'taken']);
    expect(readdirSync(folder)).not.toContain('b');
    // Beside it, with a name that begins alike, is no matter.
    await backupStore(folder, `${folder}-monday`, null, UPKEEP);
  });

  test('cut short leaves nothing behind', async () => {
    await makeStore();
    for (const step of ['copying', 'checkingTables', 'openingRecords', 'checkingFiles'] as const) {
      const stop = new AbortController();
      const cut = backupStore(folder, at('backup'), TEST_KEY, {
        ...UPKEEP,
        signal: stop.signal,
        onProgress: (progress) => {
          if (progress.step === step) stop.abort(new Error('enough'));
        },
      });
      await expect(cut, step).rejects.toThrow('enough');
      expect(left()).toEqual([]);
    }
  });

  test('of a store with a damaged page is refused; with a damaged record it is told', async () => {
    await makeStore();
    inFile(join(folder, 'data.db'), 'UPDATE operation SET urgency = 0 WHERE seq = 1');
    const { check } = await backupStore(folder, at('backup'), TEST_KEY, UPKEEP);
    expect(check).toMatchObject({
      unreadableCount: 1,
      unreadable: [{ id: idOf(1), code: 'HF_RECORD_TAMPERED' }],
    });
    const data = readFileSync(join(folder, 'data.db'));
    // The head of a page of an index.
    const page = rootPageOf('operation_due');
    data.fill(0xff, (page - 1) * 4_096, (page - 1) * 4_096 + 64);
    writeFileSync(join(folder, 'data.db'), data);
    await expect(backupStore(folder, at('other'), null, UPKEEP)).rejects.toMatchObject({
      code: 'HF_STORE_CORRUPT',
    });
    expect(left()).toEqual(['backup']);
  });

  test('tells on one line what is wrong with the pages', async () => {
    await makeStore();
    const data = readFileSync(join(folder, 'data.db'));
    const page = rootPageOf('operation_lane');
    data.fill(0xff, (page - 1) * 4_096, (page - 1) * 4_096 + 64);
    writeFileSync(join(folder, 'data.db'), data);
    // SQLite writes a heading above its findings: *** in database main ***.
    await expect(backupStore(folder, at('backup'), null, UPKEEP)).rejects.toMatchObject({
      code: 'HF_STORE_CORRUPT',
      message: expect.stringMatching(/^The store in \S+ is damaged \((?!\*)[^\n]+$/) as string,
    });
  });

  function rootPageOf(index: string): number {
    const db = new Database(join(folder, 'data.db'), { readonly: true });
    const page = db.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(index);
    db.close();
    return Number(page);
  }
});

describe('PS-5 a restore', () => {
  beforeEach(async () => {
    await makeStore();
    await backupStore(folder, at('backup'), null, UPKEEP);
  });

  const restore = (options = RESTORE) =>
    restoreStore(at('backup'), at('restored'), TEST_KEY, options);

  test.each<[string, () => void, string]>([
    ['a byte of the data changed', () => flip('data.db', 9_000), 'HF_BACKUP_DAMAGED'],
    ['a byte of the keyring changed', () => flip('keyring.json', 100), 'HF_BACKUP_DAMAGED'],
    ['the data cut short', () => cut('data.db'), 'HF_BACKUP_DAMAGED'],
    ['the list cut short', () => cut('manifest.json'), 'HF_BACKUP_DAMAGED'],
    ['no data', () => rmSync(join(at('backup'), 'data.db')), 'HF_BACKUP_DAMAGED'],
    ['no list', () => rmSync(join(at('backup'), 'manifest.json')), 'HF_BACKUP_MISSING'],
    ['a list of a later version', () => edit('"format": 1', '"format": 2'), 'HF_STORE_NEWER'],
  ])('of a backup with %s is refused and leaves nothing', async (_, change, code) => {
    change();
    await expect(restore()).rejects.toMatchObject({ code });
    expect(left()).toEqual(['backup']);
  });

  test('of records that do not open is refused, or accepted knowingly', async () => {
    rmSync(at('backup'), { recursive: true });
    inFile(join(folder, 'data.db'), 'UPDATE operation SET urgency = 0 WHERE seq = 1');
    await backupStore(folder, at('backup'), null, UPKEEP);
    await expect(restore()).rejects.toMatchObject({
      code: 'HF_BACKUP_DAMAGED',
      message: expect.stringContaining('1 of its records'),
    });
    await restore({ ...UPKEEP, acceptsUnreadable: true });
    const store = await opened(at('restored'));
    expect(await store.find(idOf(1))).toMatchObject({ standing: 'quarantined' });
    expect(await store.find(idOf(2))).toMatchObject({ payload: 'payload 2' });
  });

  test('takes an empty folder, no other, and no other key', async () => {
    mkdirSync(at('restored'));
    await restore();
    await expect(restore()).rejects.toMatchObject({ code: 'HF_TARGET_EXISTS' });
    await expect(
      restoreStore(at('backup'), at('second'), OTHER_KEY, RESTORE),
    ).rejects.toMatchObject({ code: 'HF_KEY_WRONG' });
    expect(left().toSorted()).toEqual(['backup', 'restored']);
  });

  test('cut short leaves nothing behind', async () => {
    const stop = new AbortController();
    const onProgress = ({ step }: UpkeepProgress): void => {
      if (step === 'openingRecords') stop.abort(new Error('enough'));
    };
    const cutShort = restore({ ...RESTORE, signal: stop.signal, onProgress } as typeof RESTORE);
    await expect(cutShort).rejects.toThrow('enough');
    expect(left()).toEqual(['backup']);
  });

  function flip(name: string, position: number): void {
    const path = join(at('backup'), name);
    const bytes = readFileSync(path);
    bytes[position] = (bytes[position] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  }

  function cut(name: string): void {
    const path = join(at('backup'), name);
    writeFileSync(path, readFileSync(path).subarray(0, -9));
  }

  function edit(from: string, to: string): void {
    const path = join(at('backup'), 'manifest.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
  }
});

describe('PS-5 what a killed backup or restore left', () => {
  const begun = (): string => {
    const path = join(parent, 'copy.unfinished');
    mkdirSync(path);
    leaveNote(path, 'holdfast');
    return path;
  };
  /** As if the process that made it had ended. */
  const kill = (path: string): void => {
    const note = JSON.parse(readFileSync(join(path, 'owner.json'), 'utf8')) as object;
    writeFileSync(join(path, 'owner.json'), JSON.stringify({ ...note, pid: 2 ** 22 + 1 }));
  };

  test.skipIf(process.platform !== 'linux')(
    'PS-5 stops no later one, and is told of; what is being made is left alone',
    async () => {
      await makeStore();
      const path = begun();
      const to = join(parent, 'copy');
      await expect(backupStore(folder, to, TEST_KEY, UPKEEP)).rejects.toMatchObject({
        code: 'HF_TARGET_EXISTS',
        message: expect.stringContaining(`process ${process.pid}`) as string,
      });
      kill(path);
      const notices: string[] = [];
      const onNotice = (text: string): void => {
        notices.push(text);
      };
      await backupStore(folder, to, TEST_KEY, { ...UPKEEP, onNotice });
      expect(notices).toEqual([expect.stringContaining('copy.unfinished was left unfinished')]);
      expect(readdirSync(to).toSorted()).toEqual(['data.db', 'keyring.json', 'manifest.json']);

      kill(begun());
      rmSync(folder, { recursive: true });
      const from = join(parent, 'from');
      renameSync(to, from);
      await restoreStore(from, to, TEST_KEY, RESTORE);
      expect(readdirSync(parent)).not.toContain('copy.unfinished');
    },
  );
});
