/**
 * A store that is held: nothing in it runs until a person lets it go. It stands for a store whose
 * work may have been done already by another copy of it: one that was restored from a backup, or
 * copied with its folder (PS-5).
 *
 * It is kept as a component of the store, sealed like the others, so that it outlives restarts.
 *
 * @module
 */

import { HoldfastError } from '../machines/vocabulary/errors.ts';
import type { ComponentWrite } from './store.ts';

/** The name of the component; no chart has it. */
export const HOLD_COMPONENT = 'hold';

export interface Hold {
  /** `unreadable`: the record of a hold was changed, so why it was made is not known. */
  readonly reason: 'restored' | 'copied' | 'unreadable';
  /** When it began; `null` where that is not known. */
  readonly sinceAtMs: number | null;
  /** What was accepted later than this is the held store's own. */
  readonly seqMax: number;
}

/** Keeps a hold, or with `null` ends it. */
export function holdWrite(hold: Hold | null): ComponentWrite {
  return { kind: 'component', name: HOLD_COMPONENT, state: JSON.stringify(hold) };
}

/** The hold among the components of a store; `null` when its work may run. */
export function holdOf(components: ReadonlyMap<string, string>): Hold | null {
  const kept = components.get(HOLD_COMPONENT);
  return kept === undefined ? null : (JSON.parse(kept) as Hold | null);
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
    unreadable: 'is held, and the record that says why was changed',
  }[reason];
  return new HoldfastError(
    'HF_STORE_HELD',
    `The store ${why}: what waits in it may have been done since. Nothing of it runs until ` +
      'runtime.release() or holdfast release; new work is accepted and waits, crises are served.',
    { retry: 'later', withStack: false },
  );
}
