/**
 * Fences off an owner that was succeeded without noticing: each owner leaves a number in the store, one more than the
 * last, and every transaction makes sure, inside itself, that no later owner has left one. SQLite admits one writer at
 * a time, so nothing can happen between the check and the commit.
 *
 * The identity of the file is kept with the number, inside the file. A copy has another identity than the one it holds:
 * so it is recognised, and held (docs/decisions/0034).
 *
 * @module
 */

import { statSync } from 'node:fs';
import type Database from 'better-sqlite3';
import type { Hold } from '../../port/review.ts';

export interface LastOwner {
  /** Number of owners the store has had. */
  readonly generation: number;
  /** The {@link fileIdentity} of the file when the last of them opened it. */
  readonly place: string;
}

/** Distinguishes a file from a copy of it, also after a restart of the machine. */
export function fileIdentity(path: string): string {
  const { ino, birthtimeNs } = statSync(path, { bigint: true });
  return `${ino}:${birthtimeNs}`;
}

/** The hold of a copy: the store that it was copied from may do the same work, and may have done it since. */
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

  /** True if there was one since the last call; to be asked inside a transaction. */
  happened(): boolean {
    const version = this.#version.get();
    if (version === this.#seen) return false;
    this.#seen = version;
    return true;
  }
}
