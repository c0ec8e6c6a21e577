/**
 * The claim of an owner to its store: its number and place in the mark of the store, by which the owner before it is
 * fenced off and a copy is known as one.
 *
 * @module
 */

import { taken } from '../../owner/owner.ts';
import type { CommittedRoot } from '../../port/anchor.ts';
import type { Hold } from '../../port/review.ts';
import { fileIdentity, holdOfCopy } from '../file/fence.ts';
import { seqMax } from '../rows/rowReads.ts';
import { changeMark, readMark, sinceOf } from '../rows/storeMark.ts';
import type { Tables } from '../rows/tables.ts';

export class OwnerClaim {
  readonly #path: string;
  #generation: number | null;
  /** True for a store whose end is missing, which its mark does not say yet. */
  isEndMissing = false;
  /** The last commit of before; `null` until it was read. */
  rootOfBefore: CommittedRoot | null = null;

  /** @param generation the mark that this owner has left already, if the store is opened again */
  constructor(path: string, generation: number | null) {
    this.#path = path;
    this.#generation = generation;
  }

  /** This owner's number; `null` until it is on disk. */
  get generation(): number | null {
    return this.#generation;
  }

  /** @throws HoldfastError `HF_STORE_TAKEN` when there was another owner since this one. */
  demand(tables: Tables): void {
    if (this.#generation === null) return;
    const { owner } = readMark(tables);
    if (owner === null || owner.generation === this.#generation) return;
    throw taken(this.#path, 'another process');
  }

  /** The hold of the store; a copy of a store is held, though its mark does not say so yet. */
  holdOf(tables: Tables): Hold | null {
    const { owner, hold } = readMark(tables);
    if (hold !== null || this.#generation !== null) return hold;
    const last = seqMax(tables);
    // An owner that runs a store leaves its mark before its first operation is on disk.
    const isCopy = owner === null ? last > 0 : owner.place !== fileIdentity(this.#path);
    if (isCopy) return holdOfCopy(last);
    // No other store has its crises: those of before are served, too.
    return this.isEndMissing ? { reason: 'endMissing', sinceAtMs: null, seqMax: 0 } : null;
  }

  /**
   * Writes the mark of this owner, unless it is there already. It counts once committed, which {@link staked} reports.
   * A copy is held from then on, since its mark no longer shows that it is one.
   */
  stake(tables: Tables): number {
    if (this.#generation !== null) return this.#generation;
    const { owner, anchor } = readMark(tables);
    const generation = (owner?.generation ?? 0) + 1;
    const place = fileIdentity(this.#path);
    changeMark(tables, {
      owner: { generation, place },
      hold: this.holdOf(tables),
      anchor: { ...anchor, since: anchor.since ?? sinceOf(this.rootOfBefore ?? tables.set.root) },
    });
    return generation;
  }

  staked(generation: number): void {
    this.#generation = generation;
  }
}
