/**
 * The claim of this process to a store: its mark in the store says that it was the last owner, and of which file
 * (docs/decisions/0034).
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
    return isCopy ? holdOfCopy(last) : null;
  }

  /**
   * Writes the mark of this owner, unless it is there already. It counts once committed, which {@link staked} reports.
   * A copy is held from then on, since its mark no longer shows that it is one.
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
