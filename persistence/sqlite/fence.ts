/**
 * Fences off an owner that was succeeded without noticing: each owner leaves a number in the store,
 * one more than the last, and every transaction makes sure, inside itself, that no later owner has
 * left one. SQLite lets one writer in at a time, so there is no moment between the look and the
 * commit.
 *
 * With the number goes the identity of the file. It is inside the file, and so goes along with a
 * copy, whose own identity is another: that is how a copy is told, and then held (docs/decisions/0034).
 *
 * @module
 */

import { statSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import { holdWrite } from '../hold.ts';
import type { ComponentWrite } from '../store.ts';
import type { ComponentRow } from './rowSeals.ts';
import { applyWrite } from './rowWrites.ts';
import type { Tables } from './tables.ts';

/** The component under which the mark is kept. */
export const OWNER_COMPONENT = 'store:owner';

export interface OwnerMark {
  /** How many owners the store has had. */
  readonly generation: number;
  /** Where it was when the last of them opened it, as {@link placeOf} has it. */
  readonly place: string;
}

/** Tells a file from a copy of it, also after the machine was started anew. */
export function placeOf(path: string): string {
  const { ino, birthtimeNs } = statSync(path, { bigint: true });
  return `${ino}:${birthtimeNs}`;
}

/** The mark of the last owner; `null` in a store that had none yet. */
export function readMark({ statements, seals }: Tables): OwnerMark | null {
  const row = statements.component.get(seals.componentTag(OWNER_COMPONENT));
  if (row === undefined) return null;
  try {
    return JSON.parse(seals.openComponent(row as ComponentRow).state) as OwnerMark;
  } catch (error) {
    // Damaged: it says nothing, and the next one takes its place.
    if (isHoldfastError(error)) return null;
    throw error;
  }
}

export function writeMark(tables: Tables, mark: OwnerMark): void {
  applyWrite(tables, { kind: 'component', name: OWNER_COMPONENT, state: JSON.stringify(mark) });
}

/**
 * What keeps a copy from running: the one that it was copied from may do the same work, and may have
 * done it since.
 */
export function holdOfCopy(seqMax: number): ComponentWrite {
  return holdWrite({ reason: 'copied', sinceAtMs: null, seqMax });
}

/** Notices that another connection has written: one look costs a quarter of a microsecond. */
export class ForeignWrites {
  readonly #version: Database.Statement;
  #seen: unknown;

  constructor(db: Database.Database) {
    this.#version = db.prepare('PRAGMA data_version').pluck();
    this.#seen = this.#version.get();
  }

  /** Whether there was one since the last call; to be asked inside a transaction. */
  happened(): boolean {
    const version = this.#version.get();
    if (version === this.#seen) return false;
    this.#seen = version;
    return true;
  }
}
