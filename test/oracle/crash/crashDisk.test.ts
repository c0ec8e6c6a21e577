/**
 * The model of a disk that loses unsynced writes, compared with what POSIX promises.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { CrashDisk, FATES, type Fate } from './crashDisk.ts';
import type { Recorded } from './recording.ts';

const FOLDER = 1;
const FILE = 2;

const made: Recorded = { kind: 'made', path: '/d/file', inode: FILE };
const folderSynced: readonly Recorded[] = synced(FOLDER, 1);

function wrote(text: string, at = 0): Recorded {
  return { kind: 'wrote', inode: FILE, at, bytes: Buffer.from(text) };
}

function synced(inode: number, number: number): readonly Recorded[] {
  return [
    { kind: 'syncing', inode, number },
    { kind: 'synced', inode, number },
  ];
}

/** Finds what is left of a file under a fate of its unsynced writes; `null` where it has no name. */
function left(records: readonly Recorded[], fate: Fate, seed = 1, path = 'file'): string | null {
  const disk = new CrashDisk('/d', FOLDER, []);
  for (const record of records) disk.apply(record);
  return disk.image(fate, seededRandom(seed)).get(path)?.toString() ?? null;
}

/** Finds everything that may be left, over many draws. */
function possible(records: readonly Recorded[], path = 'file'): ReadonlySet<string | null> {
  const found = new Set<string | null>();
  for (const fate of FATES) {
    for (let seed = 1; seed <= 60; seed += 1) found.add(left(records, fate, seed, path));
  }
  return found;
}

test('PS-1 what was synced is there whatever happens, and so is its name once the folder was', () => {
  const records = [made, ...folderSynced, wrote('old'), ...synced(FILE, 2)];
  expect(possible(records)).toEqual(new Set(['old']));
});

test('PS-1 control: without a sync of the folder the file may have no name, and be gone', () => {
  expect(possible([made, wrote('old'), ...synced(FILE, 2)])).toEqual(new Set([null, 'old']));
});

test('PS-1 control: what was written while a sync ran is not covered by it', () => {
  const [syncing, done] = synced(FILE, 2);
  if (syncing === undefined || done === undefined) throw new Error('a sync has two records');
  const records = [made, ...folderSynced, wrote('old'), syncing, wrote('new'), done];
  expect(possible(records)).toEqual(new Set(['old', 'new']));
});

test('PS-1 a sync that did not succeed makes nothing durable', () => {
  const records = [made, ...folderSynced, wrote('old'), ...synced(FILE, 2).slice(0, 1)];
  expect(possible(records)).toEqual(new Set(['', 'old']));
});

test('PS-1 what a sync that failed covered is written by no later one, but what is written again is', () => {
  const failed: readonly Recorded[] = [
    { kind: 'syncing', inode: FILE, number: 2 },
    { kind: 'syncFailed', inode: FILE, number: 2 },
  ];
  const records = [made, ...folderSynced, wrote('old'), ...failed, wrote('new', 3)];
  expect(possible([...records, ...synced(FILE, 3)])).toEqual(new Set(['\0\0\0new']));
  expect(possible([...records, wrote('old'), ...synced(FILE, 3)])).toEqual(new Set(['oldnew']));
});

test('PS-1 of several writes each may be kept without the ones before it, but a prefix has no holes', () => {
  const records = [made, ...folderSynced, wrote('a', 0), wrote('b', 1)];
  expect(possible(records)).toEqual(new Set(['', 'a', 'ab', '\0b']));
  const prefixes = new Set(Array.from({ length: 60 }, (_, seed) => left(records, 'prefix', seed)));
  expect(prefixes).toEqual(new Set(['', 'a', 'ab']));
});

test('PS-1 a write is torn between sectors, never within one', () => {
  const before = 'o'.repeat(1_024);
  const records = [
    made,
    ...folderSynced,
    wrote(before),
    ...synced(FILE, 2),
    wrote('n'.repeat(1_024)),
  ];
  const [old, now] = ['o'.repeat(512), 'n'.repeat(512)];
  expect(possible(records)).toEqual(new Set([old + old, old + now, now + old, now + now]));
});

test('PS-1 a file that is cut short or lengthened may be found either way', () => {
  const start = [made, ...folderSynced, wrote('long'), ...synced(FILE, 2)];
  expect(possible([...start, { kind: 'cut', inode: FILE, size: 1 }])).toEqual(
    new Set(['long', 'l']),
  );
  expect(possible([...start, { kind: 'cut', inode: FILE, size: 5 }])).toEqual(
    new Set(['long', 'long\0']),
  );
});

test('PS-4 a file that takes the place of another is the old one or the new one', () => {
  const fresh = 3;
  const records: readonly Recorded[] = [
    ...[made, wrote('old'), ...synced(FILE, 2), ...folderSynced],
    { kind: 'made', path: '/d/new', inode: fresh },
    { kind: 'wrote', inode: fresh, at: 0, bytes: Buffer.from('new') },
    ...synced(fresh, 3),
    { kind: 'moved', path: '/d/new', to: '/d/file', inode: fresh },
  ];
  expect(possible(records)).toEqual(new Set(['old', 'new']));
  expect(possible([...records, ...synced(FOLDER, 4)])).toEqual(new Set(['new']));
});

test('PS-4 control: without a sync of its content the new one may be empty', () => {
  const records: readonly Recorded[] = [
    ...[made, wrote('old'), ...synced(FILE, 2), ...folderSynced],
    { kind: 'made', path: '/d/new', inode: 3 },
    { kind: 'wrote', inode: 3, at: 0, bytes: Buffer.from('new') },
    { kind: 'moved', path: '/d/new', to: '/d/file', inode: 3 },
    ...synced(FOLDER, 4),
  ];
  expect(possible(records)).toEqual(new Set(['', 'new']));
});

test('PS-4 a file that was removed comes back until its folder is synced', () => {
  const start = [made, wrote('old'), ...synced(FILE, 2), ...folderSynced];
  const removed: Recorded = { kind: 'removed', path: '/d/file' };
  expect(possible([...start, removed])).toEqual(new Set(['old', null]));
  expect(possible([...start, removed, ...synced(FOLDER, 4)])).toEqual(new Set([null]));
});
