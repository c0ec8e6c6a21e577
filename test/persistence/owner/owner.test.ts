import { readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openAtRest } from '../../../persistence/openStore.ts';
import { reserveFolder, takeOwnership } from '../../../persistence/owner/owner.ts';
import { programName } from '../../../persistence/owner/ownerNote.ts';
import { armThreads } from '../../../persistence/port/faultPoints.ts';
import type { Store } from '../../../persistence/port/store.ts';
import type { StoreProcess } from '../../support/store/storeProcess.ts';
import { startStoreProcess } from '../../support/store/storeProcess.ts';
import {
  inThreadStore,
  TEST_KEY,
  temporaryFolder,
  threadedStore,
} from '../contract/storeUnderTest.ts';
import { accept, idOf } from '../contract/writes.ts';

let parent: string;
let folder: string;
let remove: () => Promise<void>;
let processes: StoreProcess[] = [];
let stores: Store[] = [];

beforeEach(async () => {
  const made = await temporaryFolder();
  parent = made.folder;
  folder = join(parent, 'store');
  remove = made.remove;
});
afterEach(async () => {
  for (const { child, ended } of processes) {
    child.kill('SIGKILL');
    await ended;
  }
  for (const store of stores) await store.close();
  processes = [];
  stores = [];
  await remove();
});

async function start(): Promise<StoreProcess> {
  const started = await startStoreProcess(folder);
  processes.push(started);
  return started;
}

function owned(make: (path: string) => Store, path = folder): Store {
  const store = make(path);
  stores.push(store);
  return store;
}

test('SV-5 PS-6 a lock file that holds something else is made anew, but not under an owner that lives', async () => {
  const path = join(parent, 'owner.db');
  await writeFile(path, 'x'.repeat(5_000));
  const ownership = takeOwnership(parent, 'test');
  ownership.giveBack();
  await start();
  await writeFile(join(folder, 'owner.db'), 'x'.repeat(5_000));
  await expect(owned(inThreadStore).open()).rejects.toMatchObject({ code: 'HF_STORE_OWNED' });
});

test('SV-5 SV-6 a store is owned without a byte of room: the lock has no journal', async () => {
  const ownership = takeOwnership(parent, 'test');
  expect(await readdir(parent)).toEqual(['owner.db', 'owner.json']);
  expect((await stat(join(parent, 'owner.db'))).size).toBe(0);
  ownership.giveBack();
});

describe.each([
  ['in this thread', inThreadStore],
  ['in a thread of its own', threadedStore],
])('a store opened %s', (_, make) => {
  test('SV-5 is refused while another process lives, also stopped, and had once that is killed', async () => {
    const first = await start();
    expect(first.answer).toBe('open');
    const store = owned(make);
    const refusal = {
      code: 'HF_STORE_OWNED',
      retry: 'later',
      path: folder,
      message: expect.stringMatching(
        new RegExp(`process ${first.pid} since \\d{4}-\\d\\d-\\d\\dT.* \\(.+ on .+\\)`),
      ),
    };
    await expect(store.open()).rejects.toMatchObject(refusal);
    first.child.kill('SIGSTOP');
    await expect(store.open()).rejects.toMatchObject(refusal);
    first.child.kill('SIGCONT');
    await expect(store.open()).rejects.toMatchObject(refusal);
    first.child.kill('SIGKILL');
    await first.ended;
    expect(await store.open()).toMatchObject({ created: false });
    expect(JSON.parse(await readFile(join(folder, 'owner.json'), 'utf8'))).toMatchObject({
      pid: process.pid,
      program: basename(process.argv[1] ?? ''),
    });
  });

  test('SV-5 keeps other processes out until it is closed', async () => {
    const store = owned(make);
    await store.open();
    expect((await start()).answer).toMatch(
      new RegExp(`^HF_STORE_OWNED .*process ${process.pid} since`),
    );
    await store.close();
    expect((await start()).answer).toBe('open');
  });

  test('SV-5 keeps a second one in this process out, by whatever path it comes', async () => {
    const store = owned(make);
    await store.open();
    await symlink(folder, join(parent, 'link'));
    for (const path of [folder, join(parent, 'link'), `${folder}/../store`]) {
      for (const second of [owned(inThreadStore, path), owned(threadedStore, path)]) {
        await expect(second.open()).rejects.toMatchObject({
          code: 'HF_STORE_OWNED',
          message: expect.stringMatching(
            /another runtime of this same process.*share it/,
          ) as string,
        });
      }
    }
    await expect(openAtRest({ folder, key: TEST_KEY })).rejects.toMatchObject({
      code: 'HF_STORE_OWNED',
    });
    // The refused ones did not drop the lock on their way out.
    expect((await start()).answer).toMatch(/^HF_STORE_OWNED/);
    await store.commit([accept(1)]);
    await store.close();
    const next = owned(make);
    expect(await next.open()).toMatchObject({ created: false });
    expect(await next.find(idOf(1))).not.toBeNull();
  });
});

test('SV-5 a program that starts while the command line looks waits until it has looked', async () => {
  const store = owned(threadedStore);
  await store.open();
  await store.close();
  const { store: reader } = await openAtRest({ folder, key: TEST_KEY });
  const starting = start();
  // Long enough for it to have found the store in use.
  await setTimeout(1_000);
  await reader.close();
  expect((await starting).answer).toBe('open');
});

test('SV-4 a store that is closed while it opens leaves its folder free', async () => {
  const store = owned(threadedStore);
  const opening = store.open();
  await store.close();
  await expect(opening).rejects.toMatchObject({ code: 'HF_CLOSED' });
  expect((await start()).answer).toBe('open');
});

test('SV-5 the lock itself holds within a process, should the reservation be passed by', async () => {
  const store = owned(threadedStore);
  await store.open();
  expect(() => takeOwnership(folder, programName())).toThrow(
    expect.objectContaining({ code: 'HF_STORE_OWNED' }),
  );
  expect((await start()).answer).toMatch(/^HF_STORE_OWNED/);
});

test('SV-5 a reservation is seen by other copies of the package, and given back', () => {
  const giveBack = reserveFolder('/some/folder');
  expect(() => reserveFolder('/some/folder')).toThrow(
    expect.objectContaining({ code: 'HF_STORE_OWNED' }),
  );
  const everyCopyLooksHere: unknown = Reflect.get(
    globalThis,
    Symbol.for('holdfast.reservedFolders'),
  );
  expect(everyCopyLooksHere).toContain('/some/folder');
  giveBack();
  reserveFolder('/some/folder')();
});

test('SV-2 a writer thread that dies fails what was asked, frees the store, and it opens again', async () => {
  armThreads([{ name: 'store.beforeAck', countdown: 2, action: 'throw' }]);
  const store = owned(threadedStore);
  await store.open();
  armThreads([]);
  await store.commit([accept(1)]);
  const asked = [store.commit([accept(2)]), store.find(idOf(1))];
  for (const each of await Promise.allSettled(asked)) {
    expect(each).toMatchObject({
      status: 'rejected',
      reason: { code: 'HF_STORE_UNAVAILABLE', retry: 'later' },
    });
  }
  await expect(store.counts()).rejects.toMatchObject({ code: 'HF_STORE_UNAVAILABLE' });
  expect(await store.open()).toMatchObject({ created: false });
  // It reached the disk, though it was reported as failed.
  expect(await store.commit([accept(2)])).toEqual([
    { kind: 'accepted', laneBusy: false, raised: null },
  ]);
  expect(await store.counts()).toMatchObject({ inHand: 2 });
});

test('UX-1 an open store alone does not keep its process alive', async () => {
  const { child, answer, ended } = await start();
  expect(answer).toBe('open');
  // Its program waits for the pipe and never closes the store.
  child.stdin?.end();
  expect(await ended).toEqual([0, null]);
});
