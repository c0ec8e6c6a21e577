/**
 * Of which records a person is asked something, in memory: an app shows it with the record, also where that went out
 * long ago (CF-6).
 *
 * @module
 */

import type { ConflictRecord } from '../../machines/conflict/conflictRecord.ts';
import { entityKey } from '../../machines/operation/keys.ts';
import type { Entity } from '../../machines/vocabulary/entity.ts';

export class AskedRecords {
  readonly #onChanged: (key: string) => void;
  /** The record of each conflict that waits for a person. */
  readonly #records = new Map<string, string>();
  /** How many conflicts of a record do. */
  readonly #counts = new Map<string, number>();

  /** @param onChanged told of each record of which more or less is asked, by its key */
  constructor(onChanged: (key: string) => void = () => undefined) {
    this.#onChanged = onChanged;
  }

  /** As it is on disk now. */
  kept(conflict: ConflictRecord): void {
    this.closed(conflict.id);
    const key = entityKey(conflict.entity);
    if (conflict.state === 'resolved' || key === null) return;
    this.#records.set(conflict.id, key);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    this.#onChanged(key);
  }

  /** Nobody is asked about it any more. */
  closed(conflictId: string): void {
    const key = this.#records.get(conflictId);
    if (key === undefined) return;
    this.#records.delete(conflictId);
    const left = (this.#counts.get(key) ?? 1) - 1;
    if (left === 0) this.#counts.delete(key);
    else this.#counts.set(key, left);
    this.#onChanged(key);
  }

  has(entity: Entity): boolean {
    return this.#counts.has(entityKey(entity) ?? '');
  }
}
