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
import type { Hold } from '../../port/hold.ts';

export interface LastOwner {
  /** How many owners the store has had. */
  readonly generation: number;
  /** Where it was when the last of them opened it, as {@link fileIdentity} has it. */
  readonly place: string;
}

/** Tells a file from a copy of it, also after the machine was started anew. */
export function fileIdentity(path: string): string {
  const { ino, birthtimeNs } = statSync(path, { bigint: true });
  return `${ino}:${birthtimeNs}`;
}

/**
 * What keeps a copy from running: the one that it was copied from may do the same work, and may have
 * done it since.
 */
export function holdOfCopy(seqMax: number): Hold {
  return { reason: 'copied', sinceAtMs: null, seqMax };
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
