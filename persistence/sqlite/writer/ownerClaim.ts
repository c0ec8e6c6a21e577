/**
 * The claim of this process to a store: its mark in the store says that it was the last to have it,
 * and in which file (docs/decisions/0034).
 *
 * @module
 */

import { taken } from '../../owner/owner.ts';
import type { Hold } from '../../port/hold.ts';
import { fileIdentity, holdOfCopy } from '../file/fence.ts';
import { seqMax } from '../rows/rowReads.ts';
import { changeMark, readMark } from '../rows/storeMark.ts';
import type { Tables } from '../rows/tables.ts';

export class OwnerClaim {
  readonly #path: string;
  #generation: number | null;

  /** @param generation what this owner has left in the store already, where it is opened again. */
  constructor(path: string, generation: number | null) {
    this.#path = path;
    this.#generation = generation;
  }

  /** The number of this owner; `null` until it is on disk. */
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

  /** Why nothing in the store may run; a copy of a store is held, though its mark does not say so yet. */
  holdOf(tables: Tables): Hold | null {
    const { owner, hold } = readMark(tables);
    if (hold !== null || this.#generation !== null) return hold;
    const last = seqMax(tables);
    // Whoever runs a store leaves a mark before its first operation is on disk.
    const isCopy = owner === null ? last > 0 : owner.place !== fileIdentity(this.#path);
    return isCopy ? holdOfCopy(last) : null;
  }

  /**
   * Leaves the mark of this owner, unless it is there already. It counts once it is committed, which
   * {@link staked} is told of. A copy is held from then on, and no longer told by its mark.
   */
  stake(tables: Tables): number {
    if (this.#generation !== null) return this.#generation;
    const { owner } = readMark(tables);
    const generation = (owner?.generation ?? 0) + 1;
    const place = fileIdentity(this.#path);
    changeMark(tables, { owner: { generation, place }, hold: this.holdOf(tables) });
    return generation;
  }

  staked(generation: number): void {
    this.#generation = generation;
  }
}
