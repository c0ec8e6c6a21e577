/**
 * How storage can be, what each kind of trouble means for the work, and when it is tried again
 * (DG-1, PS-6).
 *
 * @module
 */

import type { ErrorCode } from '../../vocabulary/errors.ts';
import type { Level } from './degradationLevel.ts';

/** What keeps writes from becoming durable, worst last. */
export const STORAGE_TROUBLES = [
  'locked',
  'full',
  'readOnly',
  'failing',
  'corrupt',
  'lost',
] as const;
export type StorageTrouble = (typeof STORAGE_TROUBLES)[number];

/**
 * `slow`: a commit is overdue, and nothing has failed yet. `hanging`: the disk has answered nothing for
 * {@link HANGING_AFTER_MS}.
 */
export type StorageState = 'well' | 'slow' | 'hanging' | StorageTrouble;

/**
 * The level of service that storage calls for. A slow disk is spared what is not urgent. Where
 * nothing can be made durable, no effect may begin: its order could not be kept.
 */
export const STORAGE_LEVELS: Readonly<Record<StorageState, Level>> = {
  well: 'normal',
  slow: 'limited',
  hanging: 'offline',
  locked: 'offline',
  full: 'offline',
  readOnly: 'offline',
  failing: 'offline',
  corrupt: 'offline',
  lost: 'offline',
};

/** For people: what it is, and what to do about it. Work goes on by itself once it is done. */
export const STORAGE_ADVICE: Readonly<Record<StorageState, string>> = {
  well: 'storage is well',
  slow: 'storage is slow: a write is overdue. Look for what else keeps the disk busy',
  hanging:
    'storage hangs: the disk has answered nothing for seconds. Look at the disk, its controller or its network',
  locked: 'storage is locked by another program. Close whatever else has the store open',
  full: 'storage is full. Free some space on its disk',
  readOnly: 'storage can only be read. Make the disk, the folder and the file writable',
  failing: 'storage fails to write. Check the disk',
  corrupt: 'storage is damaged. Check the disk, stop, and restore the store from a backup',
  lost: "storage is lost: the store's file is not where it was, or another process took it over. Put it back, or move away what lies in its place; of two processes stop one",
};

/** A write that takes longer than this is overdue. Single syncs of a healthy disk reach 250 ms. */
export const OVERDUE_AFTER_MS = 1_000;
/**
 * A disk that has answered nothing for so long, while it was asked, hangs. Longer than a healthy one is
 * ever busy with itself, shorter than people wait: from here on requests are refused at once.
 */
export const HANGING_AFTER_MS = 5_000;
/** How long after a failure storage is tried again: at first, and at most. It doubles in between. */
export const PROBE_MS_MIN = 100;
export const PROBE_MS_MAX = 5_000;

/** The wait before the next probe, after one that came `delayMs` after the one before it. */
export function nextProbeDelayMs(delayMs: number): number {
  return Math.min(PROBE_MS_MAX, Math.max(PROBE_MS_MIN, delayMs * 2));
}

const TROUBLE_BY_CODE: Readonly<Partial<Record<ErrorCode, StorageTrouble>>> = {
  HF_STORE_LOCKED: 'locked',
  HF_STORE_FULL: 'full',
  HF_STORE_READ_ONLY: 'readOnly',
  HF_STORE_FOLDER: 'lost',
  HF_STORE_CORRUPT: 'corrupt',
  HF_STORE_LOST: 'lost',
  HF_STORE_TAKEN: 'lost',
  HF_STORE_MISSING: 'lost',
  HF_STORE_FOREIGN: 'lost',
  HF_STORE_NEWER: 'lost',
};

/** The trouble that an error of the store reveals. */
export function troubleOf(code: ErrorCode): StorageTrouble {
  return TROUBLE_BY_CODE[code] ?? 'failing';
}
