/**
 * A store that is held: nothing in it runs until a person lets it go. It stands for a store whose
 * work may have been done already by another copy of it: one that was restored from a backup, or
 * copied with its folder (PS-5).
 *
 * It is kept in the mark that every store has, sealed together with where the store lies, so that it
 * outlives restarts and can't be taken out of the file.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';

export interface Hold {
  /** `unreadable`: what says whether it is held was changed or is gone. */
  readonly reason: 'restored' | 'copied' | 'unreadable';
  /** When it began; `null` where that is not known. */
  readonly sinceAtMs: number | null;
  /** What was accepted later than this is the held store's own. */
  readonly seqMax: number;
}

/** Holds the store, so that nothing in it runs until a person lets it go; with `null` lets it go. */
export interface HoldWrite {
  readonly kind: 'hold';
  readonly hold: Hold | null;
}

/** Keeps a hold, or with `null` ends it. */
export function holdWrite(hold: Hold | null): HoldWrite {
  return { kind: 'hold', hold };
}

/** What a hold that can't be read is taken for: all that is there stays where it is. */
export const UNREADABLE_HOLD: Hold = {
  reason: 'unreadable',
  sinceAtMs: null,
  seqMax: Number.MAX_SAFE_INTEGER,
};

/** What its owner is told. */
export function heldError({ reason }: Hold): HoldfastError {
  const why = {
    restored: 'was restored from a backup',
    copied: 'was copied with its folder',
    unreadable: 'is held, because the record that says whether it may run was changed or is gone',
  }[reason];
  return new HoldfastError(
    'HF_STORE_HELD',
    `The store ${why}: what waits in it may have been done since. Nothing of it runs until ` +
      'runtime.release() or holdfast release; new work is accepted and waits, crises are served.',
    { retry: 'later', withStack: false },
  );
}
