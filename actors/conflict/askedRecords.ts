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
  /** The conflicts of a record that do. */
  readonly #conflicts = new Map<string, Set<string>>();

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
    const conflicts = this.#conflicts.get(key) ?? new Set();
    this.#conflicts.set(key, conflicts.add(conflict.id));
    this.#onChanged(key);
  }

  /** Nobody is asked about it any more. */
  closed(conflictId: string): void {
    const key = this.#records.get(conflictId);
    if (key === undefined) return;
    this.#records.delete(conflictId);
    const conflicts = this.#conflicts.get(key);
    conflicts?.delete(conflictId);
    if (conflicts?.size === 0) this.#conflicts.delete(key);
    this.#onChanged(key);
  }

  isOpen(conflictId: string): boolean {
    return this.#records.has(conflictId);
  }

  has(entity: Entity): boolean {
    return this.#conflicts.has(entityKey(entity) ?? '');
  }

  /** The ids of the conflicts of a record that wait for a person. */
  of(entity: Entity): readonly string[] {
    return [...(this.#conflicts.get(entityKey(entity) ?? '') ?? [])];
  }
}
