/**
 * The note of the last commit, a small file beside the database (SE-6): the number of that commit, the tag of the root
 * that it left, and how many crises lie beside the database. Whatever is cut off or put back after a process was killed,
 * the note is as it was: a store whose root is an earlier one has lost its end.
 *
 * It is written once a commit is durable, and never synced, so it costs no commit a wait. A power cut may leave it behind
 * the store, which proves nothing, and never ahead of it. Two slots take turns, so that a write that is torn leaves the
 * one before.
 *
 * @module
 */

import {
  closeSync,
  constants,
  existsSync,
  fdatasyncSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { syncFolder } from '../../files/durableFiles.ts';
import type { CommittedRoot } from '../../port/anchor.ts';
import { FILE_MODE } from './connection.ts';

export const LAST_COMMIT_FILE_NAME = 'last.commit';

/** One sector each: a disk writes that whole or not at all. */
const SLOT_BYTES = 512;
const MAGIC = Buffer.from('HFC1', 'latin1');
const TAG_BYTES = 16;
const MAC_AT = MAGIC.length + 8 + 8 + 4 + TAG_BYTES;
const MAC_BYTES = 16;
const NOTE_BYTES = MAC_AT + MAC_BYTES;

export interface CommitNote extends CommittedRoot {
  /** Crises beside the database, and not in it. */
  readonly spilled: number;
}

/** The note that was found: none where there is no file, or where no slot of it is whole and of this store. */
export type FoundNote = CommitNote | 'absent' | 'unreadable';

/** Makes keyed fingerprints: nobody makes a note without the key. */
interface NoteSeals {
  textTag(space: string, text: string): Uint8Array;
}

export class LastCommit {
  readonly #path: string;
  readonly #seals: NoteSeals;
  #file: number | null = null;
  #note: CommitNote | null = null;
  /** Grows with each write; even ones are in the first slot. */
  #turn = 0;
  #isWritten = true;
  readonly #slot = Buffer.alloc(SLOT_BYTES);

  constructor(path: string, seals: NoteSeals) {
    this.#path = path;
    this.#seals = seals;
  }

  #mac(note: CommitNote, turn: number): Uint8Array {
    return this.#seals.textTag('lastCommit', textOf(note, turn));
  }

  /** Reads the latest note. Throws nothing: a note that can't be read proves nothing. */
  read(): FoundNote {
    try {
      if (!existsSync(this.#path)) return 'absent';
      const file = openSync(this.#path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
      try {
        const slots = Buffer.alloc(2 * SLOT_BYTES);
        readSync(file, slots, 0, slots.length, 0);
        return this.#latest(slots) ?? 'unreadable';
      } finally {
        closeSync(file);
      }
    } catch {
      return 'unreadable';
    }
  }

  #latest(slots: Buffer): CommitNote | null {
    let latest: CommitNote | null = null;
    for (const at of [0, SLOT_BYTES]) {
      const slot = slots.subarray(at, at + NOTE_BYTES);
      if (!slot.subarray(0, MAGIC.length).equals(MAGIC)) continue;
      const turn = slot.readDoubleBE(4);
      const note = {
        epoch: slot.readDoubleBE(12),
        spilled: slot.readUInt32BE(20),
        tag: Uint8Array.from(slot.subarray(24, MAC_AT)),
      };
      if (turn < this.#turn || !slot.subarray(MAC_AT).equals(this.#mac(note, turn))) continue;
      this.#turn = turn;
      latest = note;
    }
    return latest;
  }

  /**
   * Begins to note commits, with the last one so far. `isAnew` replaces what an earlier history of the store has left,
   * and makes the file where there is none.
   */
  begin(root: CommittedRoot, spilled: number, isAnew: boolean): void {
    this.#note = { ...root, spilled };
    this.#isWritten = false;
    try {
      const isThere = existsSync(this.#path);
      const flags = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
      this.#file = openSync(this.#path, flags, FILE_MODE);
      this.write();
      if (isThere && !isAnew) return;
      // The other slot after this one, so that one of them is whole at any time.
      fdatasyncSync(this.#file);
      this.#isWritten = false;
      this.write();
      fdatasyncSync(this.#file);
      if (!isThere) syncFolder(dirname(this.#path));
    } catch {
      // The next start says that there is no note.
    }
  }

  get hasBegun(): boolean {
    return this.#note !== null;
  }

  /** Takes the root that a commit has left, to be written. */
  committed(root: CommittedRoot): void {
    if (this.#note === null || root.epoch === this.#note.epoch) return;
    this.#note = { ...root, spilled: this.#note.spilled };
    this.#isWritten = false;
  }

  /** Takes how many crises lie beside the database, to be written. */
  spilled(count: number): void {
    if (this.#note === null || count === this.#note.spilled) return;
    this.#note = { ...this.#note, spilled: count };
    this.#isWritten = false;
  }

  /** Writes the note where it has changed. A disk that does not take it leaves the one before, which proves less. */
  write(): void {
    const note = this.#note;
    if (this.#isWritten || note === null || this.#file === null) return;
    this.#isWritten = true;
    this.#turn += 1;
    const slot = this.#slot;
    slot.set(MAGIC, 0);
    slot.writeDoubleBE(this.#turn, 4);
    slot.writeDoubleBE(note.epoch, 12);
    slot.writeUInt32BE(note.spilled, 20);
    slot.set(note.tag.subarray(0, TAG_BYTES), 24);
    slot.set(this.#mac(note, this.#turn).subarray(0, MAC_BYTES), MAC_AT);
    try {
      writeSync(this.#file, slot, 0, SLOT_BYTES, (this.#turn % 2) * SLOT_BYTES);
    } catch {
      // As above.
    }
  }

  close(): void {
    if (this.#file === null) return;
    try {
      closeSync(this.#file);
    } catch {
      // A disk that fails now has failed what was written before.
    }
    this.#file = null;
  }
}

function textOf({ epoch, tag, spilled }: CommitNote, turn: number): string {
  return `${turn} ${epoch} ${spilled} ${Buffer.from(tag).toString('base64')}`;
}

/** The end of the store is gone: the note names a later commit than its root, or another one of the same number. */
export function isEndMissing(note: CommitNote, root: CommittedRoot): boolean {
  if (note.epoch !== root.epoch) return note.epoch > root.epoch;
  return !Buffer.from(note.tag).equals(root.tag);
}

/** The notice that the last commits of a store are gone. */
export function endMissing(path: string): HoldfastError {
  return new HoldfastError(
    'HF_RECORD_MISSING',
    `The end of the store at ${path} is missing: its last commits were there, and are gone. An earlier copy of data.db was put back, or data.db-wal was deleted or cut. Nothing of it runs until it is released: see docs/how-to/find-out-what-is-missing.md.`,
    { path },
  );
}

/** The notice that nothing says which commit was the last. */
export function noNote(path: string, found: 'absent' | 'unreadable'): HoldfastError {
  const what = found === 'absent' ? 'is missing' : 'was changed, or is of another store';
  return new HoldfastError(
    'HF_RECORD_MISSING',
    `The note of the last commit (last.commit) of the store at ${path} ${what}: whether the last commits are there can't be told this time. See docs/how-to/find-out-what-is-missing.md.`,
    { path },
  );
}
