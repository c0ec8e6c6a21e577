import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { machineFiles } from '../../../../persistence/files/files.ts';
import type { AcceptWrite } from '../../../../persistence/port/store.ts';
import { nodeEngine } from '../../../../persistence/sealing/nodeEngine.ts';
import { createSealer } from '../../../../persistence/sealing/recordSealer.ts';
import { CrisisSpills } from '../../../../persistence/sqlite/file/crisisSpills.ts';
import { SPILLS, SpillFile } from '../../../../persistence/sqlite/file/spillFile.ts';
import { SimulatedFiles } from '../../../../src/simulator/disk/simulatedFiles.ts';
import { seededRandom } from '../../../../src/virtual/seededRandom.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';
import { inThreadStore } from '../../contract/storeUnderTest.ts';
import { accept, idOf, update } from '../../contract/writes.ts';

const STORE_ID = '00112233445566778899aabbccddeeff';
const spillPath = (folder: string): string => join(folder, 'crises.spill');

function spillFile(path: string, files = machineFiles): SpillFile<AcceptWrite> {
  const storeKey = new Uint8Array(32).fill(5);
  const sealer = createSealer({ engine: nodeEngine, storeKey, keyId: 1, storeId: STORE_ID });
  return new SpillFile(SPILLS.acceptances, path, sealer, STORE_ID, files);
}

test('CR-4 SE-5 what is spilled is sealed, in room that was taken before', () => {
  const path = join(tempFolder(), 'spill');
  const spill = spillFile(path);
  spill.reserve();
  const before = readFileSync(path);
  expect(before.length).toBeGreaterThan(100_000);
  spill.append(accept(1, { payload: 'canary' }));
  spill.append(accept(2, { payload: 'canary' }));
  const after = readFileSync(path);
  expect(after.length).toBe(before.length);
  expect(after.includes('canary')).toBe(false);
  expect(spillFile(path).read()).toEqual([
    accept(1, { payload: 'canary' }),
    accept(2, { payload: 'canary' }),
  ]);
});

test('CR-4 a record that was cut off is left out, and those before it are kept', () => {
  const path = join(tempFolder(), 'spill');
  const spill = spillFile(path);
  spill.append(accept(1));
  const whole = readFileSync(path).length;
  spill.append(accept(2));
  for (const length of [readFileSync(path).length - 10, whole + 2, whole]) {
    truncateSync(path, length);
    expect(spillFile(path).read()).toEqual([accept(1)]);
  }
});

test('CR-4 SE-4 PS-3 a record that was changed or moved is left out, and kept', () => {
  const path = join(tempFolder(), 'spill');
  const spill = spillFile(path);
  spill.append(accept(1));
  const bytes = readFileSync(path);
  spill.append(accept(2));
  const second = readFileSync(path).subarray(bytes.length - 4);
  // The second in the place of the first.
  writeFileSync(path, second);
  expect(spillFile(path).read()).toEqual([]);
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  expect(spillFile(path).read()).toEqual([]);
  expect(readFileSync(`${path}.unreadable`).equals(bytes)).toBe(true);
});

test('CR-4 PS-6 a disk that does not give what was spilled is told as one, and the start is tried again', () => {
  const storeKey = new Uint8Array(32).fill(5);
  const failure = Object.assign(new Error('EIO: i/o error, read'), {
    code: 'EIO',
    syscall: 'read',
  });
  const spills = new CrisisSpills({
    folder: tempFolder(),
    sealer: createSealer({ engine: nodeEngine, storeKey, keyId: 1, storeId: STORE_ID }),
    storeId: STORE_ID,
    files: {
      ...machineFiles,
      exists: () => true,
      read: () => {
        throw failure;
      },
    },
    told: () => {},
  });
  const told = expect.objectContaining({ code: 'HF_STORE_IO', retry: 'later', cause: failure });
  expect(() => spills.takeUp()).toThrow(told);
  expect(() => spills.readOutside()).toThrow(told);
});

test('CR-4 what could not be read when the store was opened is not written over', () => {
  const path = join(tempFolder(), 'spill');
  spillFile(path).append(accept(1));
  let isReadable = false;
  const next = spillFile(path, {
    ...machineFiles,
    read: (from) => {
      if (!isReadable) throw new Error('EIO');
      return machineFiles.read(from);
    },
  });
  expect(() => next.read()).toThrow('EIO');
  expect(() => {
    next.append(accept(2));
  }).toThrow('EIO');
  expect(spillFile(path).read()).toEqual([accept(1)]);
  isReadable = true;
  next.append(accept(2));
  expect(spillFile(path).read()).toEqual([accept(1), accept(2)]);
});

test('CR-4 what is kept outlives a power cut where the folder could not be synced before', () => {
  for (let seed = 0; seed < 20; seed += 1) {
    let isSyncing = false;
    const files = new SimulatedFiles({
      fails: (call) => (call === 'syncFolder' && !isSyncing ? 'EIO' : null),
      delayMs: () => 0,
      roomBytes: () => Number.POSITIVE_INFINITY,
    });
    const spill = spillFile('/disk/spill', files);
    spill.reserve();
    expect(() => {
      spill.append(accept(1));
    }).toThrow('EIO');
    isSyncing = true;
    // Another process finds the file of the first, and promises more.
    const next = spillFile('/disk/spill', files);
    next.reserve();
    next.append(accept(2));
    files.powerCut(seededRandom(seed));
    expect(spillFile('/disk/spill', files).read()).toContainEqual(accept(2));
  }
});

test('CR-4 room that a full disk did not have is taken with a later commit', () => {
  let roomBytes = 1_000;
  const files = new SimulatedFiles({
    fails: () => null,
    delayMs: () => 0,
    roomBytes: () => roomBytes,
  });
  const spill = spillFile('/disk/spill', files);
  spill.reserve();
  spill.append(accept(1));
  roomBytes = 0;
  // The disk is full again and has taken a commit into what it has.
  spill.committed([accept(2)]);
  roomBytes = Number.POSITIVE_INFINITY;
  spill.committed([accept(3)]);
  roomBytes = 0;
  for (const number of [4, 5, 6]) spill.append(accept(number));
  expect(
    spillFile('/disk/spill', files)
      .read()
      .map(({ id }) => id),
  ).toEqual([1, 4, 5, 6].map(idOf));
});

test('CR-4 SE-5 it is wiped once all of it is in the database', () => {
  const path = join(tempFolder(), 'spill');
  const spill = spillFile(path);
  spill.append(accept(1));
  spill.append(accept(2));
  spill.committed([accept(2), update(2)]);
  expect(spillFile(path).read()).toHaveLength(2);
  spill.committed([accept(1)]);
  spill.wipe();
  expect(readFileSync(path).every((byte) => byte === 0)).toBe(true);
  spill.append(accept(3));
  expect(spillFile(path).read()).toEqual([accept(3)]);
});

test('CR-4 what a dead process spilled is accepted at the next start, once', async () => {
  const folder = join(tempFolder(), 'store');
  const first = inThreadStore(folder);
  await first.open();
  await first.commit([accept(1)]);
  await first.spill(accept(2, { urgency: 0 }));
  await first.spill(accept(3, { urgency: 0 }));
  await first.commit([accept(3, { urgency: 0 }), update(3)]);
  await first.close();

  const second = inThreadStore(folder);
  await second.open();
  expect(second.nextSeq()).toBe(4);
  expect(await second.find(idOf(2))).toMatchObject({ standing: 'inHand', payload: 'payload 2' });
  expect(await second.find(idOf(3))).toMatchObject({ revision: 2 });
  expect(readFileSync(spillPath(folder)).every((byte) => byte === 0)).toBe(true);
  await second.close();
});
