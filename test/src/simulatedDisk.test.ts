/** The simulated disk: its files forget and fail as real ones, and its store is one by the port's own words. */

import { describe, expect, test } from 'vitest';
import { encodeConflict } from '../../machines/conflict/conflictRecord.ts';
import { armFaultPoint } from '../../persistence/port/faultPoints.ts';
import { holdWrite } from '../../persistence/port/review.ts';
import { noFaults } from '../../src/simulator/disk/faultyStore.ts';
import { SimulatedDisk } from '../../src/simulator/disk/simulatedDisk.ts';
import { type FileFaults, SimulatedFiles } from '../../src/simulator/disk/simulatedFiles.ts';
import { seededRandom } from '../../src/virtual/seededRandom.ts';
import { VirtualClock } from '../../src/virtual/virtualClock.ts';
import { accept, idOf } from '../persistence/contract/writes.ts';
import { conflictOf } from '../support/merge/conflictOf.ts';

const WELL: FileFaults = {
  fails: () => null,
  delayMs: () => 0,
  roomBytes: () => Number.POSITIVE_INFINITY,
};
const PATH = '/disk/store/file';

function write(files: SimulatedFiles, text: string, isSynced: boolean): void {
  const file = files.open(PATH, files.exists(PATH) ? 'r+' : 'wx');
  file.write(Buffer.from(text), 0);
  if (isSynced) file.sync();
  file.close();
}

function newDisk(told: string[] = []): { disk: SimulatedDisk; clock: VirtualClock } {
  const disk = new SimulatedDisk({
    seed: 1,
    onRelease: (reason) => told.push(`released ${reason}`),
    onSpilled: (id) => told.push(`spilled ${id}`),
    onMended: (name) => told.push(`mended ${name}`),
    retentionMs: () => 0,
  });
  return { disk, clock: new VirtualClock() };
}

describe('files', () => {
  test('SM-1 a power cut keeps what was synced, and of the rest any part', () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 60; seed += 1) {
      const files = new SimulatedFiles(WELL);
      write(files, 'a'.repeat(1_024), true);
      files.syncFolder('/disk/store');
      write(files, 'b'.repeat(1_024), false);
      files.powerCut(seededRandom(seed));
      outcomes.add(
        files
          .read(PATH)
          .toString()
          .replaceAll(/(.)\1*/g, '$1'),
      );
    }
    expect([...outcomes].toSorted()).toEqual(['a', 'ab', 'b', 'ba']);
  });

  test('SM-1 a name that was not synced may be gone after a power cut', () => {
    const isThere = new Set<boolean>();
    for (let seed = 0; seed < 20; seed += 1) {
      const files = new SimulatedFiles(WELL);
      write(files, 'a', true);
      files.powerCut(seededRandom(seed));
      isThere.add(files.exists(PATH));
    }
    expect(isThere.size).toBe(2);
  });

  test('SM-1 a full disk takes what has room already, and part of what has not', () => {
    let roomBytes = 4;
    const files = new SimulatedFiles({ ...WELL, roomBytes: () => roomBytes });
    write(files, 'aaaa', true);
    roomBytes = 0;
    write(files, 'bbbb', true);
    expect(files.read(PATH).toString()).toBe('bbbb');
    const file = files.open(PATH, 'r+');
    expect(file.write(Buffer.from('cccc'), 2)).toBe(2);
    expect(() => file.write(Buffer.from('d'), 4)).toThrow('ENOSPC');
  });

  test('SM-1 what a failed sync should have written is never written', () => {
    let code: string | null = null;
    const files = new SimulatedFiles({ ...WELL, fails: (call) => (call === 'sync' ? code : null) });
    write(files, 'a', true);
    files.syncFolder('/disk/store');
    code = 'EIO';
    expect(() => {
      write(files, 'b', true);
    }).toThrow('EIO');
    code = null;
    files.open(PATH, 'r+').sync();
    files.powerCut(seededRandom(1));
    expect(files.read(PATH).toString()).toBe('a');
  });
});

describe('the store of a device', () => {
  test('CR-4 SM-1 what is spilled outlives a power cut, and the next process commits it', async () => {
    const told: string[] = [];
    const { disk, clock } = newDisk(told);
    const store = disk.store(clock);
    await clock.run(store.open());
    await clock.run(store.spill(accept(1)));
    store.kill();
    disk.files.powerCut(seededRandom(1));
    expect(disk.beside().spilled).toEqual([accept(1)]);
    const next = disk.store(clock);
    await clock.run(next.open());
    expect((await clock.run(next.find(idOf(1))))?.id).toBe(idOf(1));
    expect(disk.beside().spilled).toEqual([]);
    expect(told).toEqual([`spilled ${idOf(1)}`]);
  });

  test('CR-4 a crisis of the other thread has its room on a full disk, which was taken at the start', async () => {
    const { disk, clock } = newDisk();
    await clock.run(disk.store(clock).open());
    disk.troubles.add({ code: 'HF_STORE_FULL', files: { roomBytes: () => 0 } });
    expect(disk.keepOutside({ id: idOf(1), request: '{}' })).toBe(true);
    expect(disk.beside().outside).toHaveLength(1);
  });

  test('CR-4 a file of crises that is made without room reserved is there after a power cut', async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const { disk, clock } = newDisk();
      disk.troubles.add({ code: 'HF_STORE_IO', files: { fails: () => 'EIO' } });
      const store = disk.store(clock);
      await clock.run(store.open());
      disk.troubles.clear();
      await clock.run(store.spill(accept(1)));
      disk.files.powerCut(seededRandom(seed));
      expect(disk.beside().spilled).toHaveLength(1);
    }
  });

  test('PS-3 SM-1 a damaged row is quarantined when it is met, and the others go on', async () => {
    const { disk, clock } = newDisk();
    const store = disk.store(clock);
    await clock.run(store.open());
    await clock.run(store.commit([accept(1), accept(2)]));
    const quarantined: string[] = [];
    store.onQuarantine(({ id }) => quarantined.push(id));
    disk.damaged.add(idOf(1));
    const rows = await clock.run(store.list({ afterSeq: 0, limit: 10 }));
    expect(rows.map(({ standing }) => standing)).toEqual(['quarantined', accept(2).standing]);
    expect(quarantined).toEqual([idOf(1)]);
    const [record] = await clock.run(store.quarantine({ afterSeq: 0, limit: 10 }));
    expect(record?.opensNot).toBe('HF_RECORD_TAMPERED');
  });

  test('PS-5 SM-1 a restored store knows what its backup knew, and is held until it is released', async () => {
    const told: string[] = [];
    const { disk, clock } = newDisk(told);
    const store = disk.store(clock);
    await clock.run(store.open());
    await clock.run(store.commit([accept(1)]));
    await clock.run(store.commit([accept(2)]));
    store.kill();
    await disk.restore(0.5, 7);
    const next = disk.store(clock);
    const info = await clock.run(next.open());
    expect(info.hold).toEqual({ reason: 'restored', sinceAtMs: 7, seqMax: 1 });
    expect(await clock.run(next.find(idOf(2)))).toBeNull();
    await disk.release();
    expect(told).toEqual(['released restored']);
  });

  test('SE-6 SM-1 a release is told, too, where the disk did not take the hold of a store behind its anchor', async () => {
    const told: string[] = [];
    const { disk, clock } = newDisk(told);
    const store = disk.store(clock);
    await clock.run(store.open());
    await clock.run(store.commit([accept(1)]));
    await clock.run(store.commit([accept(2)]));
    const anchor = await disk.base.anchorRecord();
    expect(await disk.putBack(0.5, anchor)).toBe(true);
    const next = disk.store(clock);
    await clock.run(next.open());
    await clock.run(next.commit([holdWrite(null)]));
    expect(told).toEqual(['released rolledBack']);
  });

  test('SE-6 SM-1 a release is told where an earlier one is in the folder that was put back', async () => {
    const told: string[] = [];
    const { disk, clock } = newDisk(told);
    const store = disk.store(clock);
    await clock.run(store.open());
    await disk.copied();
    await clock.run(store.commit([holdWrite(null)]));
    for (const number of [1, 2, 3, 4]) await clock.run(store.commit([accept(number)]));
    expect(told.splice(0)).toEqual(['released copied']);
    expect(await disk.putBack(0.8, await disk.base.anchorRecord())).toBe(true);
    expect(told).toEqual([]);
    const next = disk.store(clock);
    await clock.run(next.open());
    await clock.run(next.commit([holdWrite(null)]));
    expect(told).toEqual(['released rolledBack']);
  });

  test('SE-6 SM-1 a release that is written twice, as after a failed sync, is told once', async () => {
    const told: string[] = [];
    const { disk, clock } = newDisk(told);
    const store = disk.store(clock);
    await clock.run(store.open());
    await disk.copied();
    for (const _ of ['once', 'twice']) await clock.run(store.commit([holdWrite(null)]));
    expect(told).toEqual(['released copied']);
  });

  test('CF-6 SM-1 it tells what its conflicts were before a backup replaced them, or their time was over', async () => {
    const { disk } = newDisk();
    await disk.base.open();
    const conflict = conflictOf({ entity: 'preferences', base: {}, ours: { a: 1 }, theirs: {} });
    const keep = async (keepUntilMs: number, revision: number, mergeId: string): Promise<void> => {
      const text = encodeConflict({ ...conflict, mergeId });
      const kept = { room: 'conflict', key: conflict.id, text, keepUntilMs, revision } as const;
      await disk.commit([{ kind: 'keep', ...kept }]);
    };
    const gone = (): readonly string[] =>
      [...disk.conflictsGone.values()].map(({ mergeId }) => mergeId);
    await keep(100, 0, 'first');
    await keep(100, 1, 'second');
    await disk.restore(0.5, 7);
    expect(gone()).toEqual(['second']);
    await disk.commit([{ kind: 'purgeKept', nowMs: 99, limit: 10 }]);
    expect(gone()).toEqual(['second']);
    await disk.commit([{ kind: 'purgeKept', nowMs: 100, limit: 10 }]);
    expect(gone()).toEqual(['second', 'first']);
  });

  test('PS-6 SM-1 while the disk hangs nothing is answered, and then all in order', async () => {
    const { disk, clock } = newDisk();
    const store = disk.store(clock);
    await clock.run(store.open());
    let answer = (): void => undefined;
    const hung = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const trouble = { ...noFaults(), code: 'HF_STORE_IO', hang: () => hung } as const;
    disk.troubles.add(trouble);
    const answered: number[] = [];
    void store.commit([accept(1)]).then(() => answered.push(1));
    void store.find(idOf(1)).then((row) => answered.push(row?.seq === 1 ? 2 : -1));
    await clock.advance(600_000);
    expect(answered).toEqual([]);
    disk.troubles.delete(trouble);
    answer();
    await clock.advance(1);
    expect(answered).toEqual([1, 2]);
  });

  test('CR-4 what is among the acceptances beside the database is not taken from the other thread once more', async () => {
    const { disk, clock } = newDisk();
    const first = disk.store(clock);
    await clock.run(first.open());
    const crisis = accept(first.nextSeq());
    expect(disk.keepOutside({ id: crisis.id, request: '{}' })).toBe(true);
    await clock.run(first.spill(crisis));
    first.kill();
    disk.faults.fate = () => 'failsUnwritten';
    const { spilled, outside } = await clock.run(disk.store(clock).open());
    expect(spilled.map(({ id }) => id)).toEqual([crisis.id]);
    expect(outside).toEqual([]);
  });
});

test('SM-1 PS-1 a kill in a commit over a damaged row leaves all of it on the disk', async () => {
  const { disk, clock } = newDisk();
  const store = disk.store(clock);
  await clock.run(store.open());
  await clock.run(store.commit([accept(1)]));
  disk.damaged.add(idOf(1));
  const found = new Promise<readonly string[]>((resolve) => {
    armFaultPoint('store.afterCommit', 1, () => {
      store.kill();
      void disk.atRest().then(async () => {
        const rows = await disk.base.list({ afterSeq: 0, limit: 9 });
        resolve(rows.map(({ id }) => id));
      });
    });
  });
  void store.commit([accept(2), accept(3), accept(4)]);
  expect(await clock.run(found)).toEqual([1, 2, 3, 4].map(idOf));
});
