/**
 * What is given to the journal.
 *
 * @module
 */

import type { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Write, WriteResult } from '../../persistence/port/store.ts';

export interface JournalEntry {
  /** Makes the write when it is posted; an acceptance number exists only once the store is open. */
  readonly build: () => Write;
  /** Called once the write is durable. */
  readonly onDurable: (result: WriteResult) => void;
  /**
   * Called instead of {@link onDurable} when the write failed and is given up. Without it the write
   * is repeated until the store is well again: what it records has happened and must not be lost.
   * A withdrawal follows by itself, since a failed write may still have reached the disk.
   */
  readonly onFailed?: ((error: HoldfastError) => void) | undefined;
  /** Whether the caller has no deadline, and goes on waiting while the disk answers nothing. */
  readonly isPatient?: boolean | undefined;
  /**
   * Called instead, and also without {@link onFailed}, when the store is well and refuses this write
   * all the same, so that repeating it is of no use: a page that it needs is damaged.
   */
  readonly onRefused?: ((error: HoldfastError) => void) | undefined;
  /**
   * For an acceptance that may not wait for a database that fails: called once it is kept beside it.
   * It is still written, and told of as durable, when the database is well again (CR-4).
   */
  readonly onSpilled?: (() => void) | undefined;
  /** Whether it goes into one commit with the writes beside it, which it is about (AU-1). */
  readonly isNote?: true | undefined;
}

export const PROBE: JournalEntry = {
  build: () => ({ kind: 'component', name: 'journal', state: 'probed' }),
  onDurable: () => undefined,
};

/** An entry on its way. */
export interface Pending {
  entry: JournalEntry;
  /** When it was given, among all: what failed in pieces is repeated in this order. */
  readonly order: number;
  write: Write | null;
  /** Set once a commit with it has failed: it may be on disk, and overwritten since. */
  isRepeat: boolean;
  /** Set while it is being kept beside the database, and once it is. */
  isSpilled: boolean;
}

export function pendingOf(entry: JournalEntry, order: number): Pending {
  return { entry, order, write: null, isRepeat: false, isSpilled: false };
}

/**
 * Puts a later write of the same row or component in place of one that the store was not given. Nobody
 * is told of the earlier one: what it was about has moved on.
 */
export function supersede(pending: Pending, entry: JournalEntry): void {
  pending.entry = entry;
}

/** What it writes; made once. */
export function toWrite(pending: Pending): Write {
  pending.write ??= pending.entry.build();
  return pending.write;
}

/**
 * How many of what waits go into a commit, about `count` of them: no note is parted from the writes beside it. 0 where
 * what comes next may belong to the last of them.
 */
export function wholeTo(queue: readonly Pending[], count: number, isAllKnown: boolean): number {
  if (isAllKnown && count >= queue.length) return queue.length;
  const isWhole = (at: number): boolean =>
    queue[at - 1]?.entry.isNote !== true && queue[at]?.entry.isNote !== true;
  for (let at = Math.min(count, queue.length - 1); at > 0; at -= 1) if (isWhole(at)) return at;
  if (!isAllKnown) return 0;
  for (let at = count + 1; at < queue.length; at += 1) if (isWhole(at)) return at;
  return queue.length;
}

/** In the order in which they were given. */
export function inOrder(pending: readonly Pending[]): Pending[] {
  return pending.toSorted((a, b) => a.order - b.order);
}
