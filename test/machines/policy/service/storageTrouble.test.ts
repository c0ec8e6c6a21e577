/**
 * What each kind of trouble of the storage means for the work (DG-1, PS-6).
 *
 * @module
 */

import { expect, test } from 'vitest';
import {
  nextProbeDelayMs,
  STORAGE_ADVICE,
  STORAGE_LEVELS,
  STORAGE_TROUBLES,
  troubleOf,
} from '../../../../machines/policy/service/storageTrouble.ts';
import { ERROR_CODES } from '../../../../machines/vocabulary/errors.ts';

test('DG-1 a slow disk is spared what can wait, and with any trouble nothing begins', () => {
  expect(STORAGE_TROUBLES).toEqual(['locked', 'full', 'readOnly', 'failing', 'corrupt', 'lost']);
  expect(STORAGE_LEVELS).toEqual({
    well: 'normal',
    slow: 'limited',
    hanging: 'offline',
    ...Object.fromEntries(STORAGE_TROUBLES.map((trouble) => [trouble, 'offline'])),
  });
});

test('PS-6 UX-2 each state of the storage says what it is, and each trouble what to do', () => {
  expect(Object.keys(STORAGE_ADVICE)).toEqual(['well', 'slow', 'hanging', ...STORAGE_TROUBLES]);
  expect(STORAGE_ADVICE.well).toBe('storage is well');
  expect(STORAGE_ADVICE.hanging).toMatch(/hangs.*\. Look at the disk/);
  expect(STORAGE_ADVICE.slow).toMatch(/slow.*\. Look for what else/);
  expect(STORAGE_ADVICE.locked).toMatch(/locked.*\. Close whatever/);
  expect(STORAGE_ADVICE.full).toMatch(/full\. Free some space/);
  expect(STORAGE_ADVICE.readOnly).toMatch(/only be read\. Make .+ writable/);
  expect(STORAGE_ADVICE.failing).toMatch(/fails to write\. Check the disk/);
  expect(STORAGE_ADVICE.corrupt).toMatch(/damaged\. .+ restore the store from a backup/);
  expect(STORAGE_ADVICE.lost).toMatch(/lost: .+\. Put it back/);
});

test('PS-6 each error of the store is one trouble, and what is not known is failing', () => {
  const known = ERROR_CODES.filter((code) => troubleOf(code) !== 'failing');
  expect(Object.fromEntries(known.map((code) => [code, troubleOf(code)]))).toEqual({
    HF_STORE_LOCKED: 'locked',
    HF_STORE_FULL: 'full',
    HF_STORE_READ_ONLY: 'readOnly',
    HF_STORE_CORRUPT: 'corrupt',
    HF_STORE_FOLDER: 'lost',
    HF_STORE_LOST: 'lost',
    HF_STORE_TAKEN: 'lost',
    HF_STORE_MISSING: 'lost',
    HF_STORE_FOREIGN: 'lost',
    HF_STORE_NEWER: 'lost',
  });
  expect(troubleOf('HF_STORE_IO')).toBe('failing');
});

test('PS-6 probes come after 100 ms at first, then twice as late each time, up to 5 s', () => {
  expect([0, 30, 100, 400, 2_500, 3_000, 5_000].map(nextProbeDelayMs)).toEqual([
    ...[100, 100, 200, 800, 5_000],
    ...[5_000, 5_000],
  ]);
});
