/**
 * The hold of a store: nothing in it runs until a person releases it. A store is held if another copy of it may have
 * done its work already, after a restore from a backup or a copy of its folder (PS-5).
 *
 * The hold is part of the mark that every store has, sealed together with the place of the store, so it outlives
 * restarts and can't be taken out of the file.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';

export interface Hold {
  readonly reason: 'restored' | 'copied';
  /** When it began; `null` where that is not known. */
  readonly sinceAtMs: number | null;
  /** The last acceptance number before the hold; later work is the held store's own. */
  readonly seqMax: number;
}

/** Holds the store; `null` releases it. */
export interface HoldWrite {
  readonly kind: 'hold';
  readonly hold: Hold | null;
}

/** The write of a hold; `null` ends it. */
export function holdWrite(hold: Hold | null): HoldWrite {
  return { kind: 'hold', hold };
}

/** The error that reports the hold to the owner. */
export function heldError({ reason }: Hold): HoldfastError {
  const why = { restored: 'was restored from a backup', copied: 'was copied with its folder' }[
    reason
  ];
  return new HoldfastError(
    'HF_STORE_HELD',
    `The store ${why}: what waits in it may have been done since. Nothing of it runs until ` +
      'runtime.release() or holdfast release; new work is accepted and waits, crises are served.',
    { retry: 'later', withStack: false },
  );
}
