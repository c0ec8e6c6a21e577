/**
 * The file for crises while the database can't be written (CR-4): a small file beside it, whose room was reserved when
 * the store was opened, so that it fits on a full disk. Each record is its length and a sealed record, of one kind in
 * one file; a length of 0 is the end.
 *
 * @module
 */

import { dirname } from 'node:path';
import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Files } from '../../files/files.ts';
import type { Write } from '../../port/store.ts';
import { encodeAssociated } from '../../sealing/associated.ts';
import { ENVELOPE_MAGIC } from '../../sealing/envelope.ts';
import type { Sealer } from '../../sealing/recordSealer.ts';

/** Some hundred crises of an ordinary size. A file that is full grows, where the disk lets it. */
const ROOM_BYTES = 256 * 1_024;
const HEAD_BYTES = 4;
/** A file with more that does not open is none of ours any more: the start does not wait for it. */
const FAILURES_MAX = 1_000;

/** The label of each kind of file; it is bound into each seal, so that no record passes for one of another kind. */
export const SPILLS = {
  /** Acceptances that the database could not take. */
  acceptances: 'spill',
  /** Crises of outside callers that the main thread did not take in time. */
  outside: 'spill.outside',
} as const;

export class SpillFile<Kept extends { readonly id: string }> {
  readonly #label: string;
  readonly #path: string;
  readonly #sealer: Sealer;
  readonly #storeId: string;
  readonly #files: Files;
  /** Ids in the file and not yet in the database. */
  readonly #ids = new Set<string>();
  /** The position of the next record. */
  #end = 0;
  /** False while what could not be read has still to be kept under another name. */
  #isUnreadableKept = true;
  /** The end of what was ever written. */
  #high = 0;
  /** Whether it is known what an earlier process left there. */
  #isRead = false;
  /** Whether there was no room when it was to be taken. */
  #lacksRoom = false;
  /** Whether the file's name surely outlives a power cut. Where another process made the file, that may have failed. */
  #isNamed = false;

  constructor(label: string, path: string, sealer: Sealer, storeId: string, files: Files) {
    this.#label = label;
    this.#path = path;
    this.#sealer = sealer;
    this.#storeId = storeId;
    this.#files = files;
  }

  /**
   * Takes the room, or what is missing of it. Where there is none, a crisis is spilled as far as the disk lets it, and the
   * room is taken with a later commit.
   */
  reserve(): void {
    this.#lacksRoom = true;
    try {
      const isThere = this.#files.exists(this.#path);
      const from = isThere ? this.#files.read(this.#path).length : 0;
      if (from < ROOM_BYTES) this.#write(Buffer.alloc(ROOM_BYTES - from), from);
      this.#lacksRoom = false;
    } catch {
      // The store itself is asked for room next, and says what is wrong.
    }
  }

  /**
   * Reads what an earlier process spilled. A record that can't be opened is left out, and the next one is searched
   * behind it: each begins as every envelope does, and its place is bound into its seal. An incomplete one was never
   * promised; in case one was changed, the file is kept under another name (PS-3), the last one only, and `told` is
   * called.
   */
  read(told: (notice: HoldfastError) => void = () => {}): readonly Kept[] {
    const isThere = this.#files.exists(this.#path);
    const bytes = isThere ? this.#files.read(this.#path) : null;
    this.#isRead = true;
    if (bytes === null) return [];
    const spilled: Kept[] = [];
    let isWhole = true;
    for (let at = 0, failures = 0; failures <= FAILURES_MAX; ) {
      const begin = bytes.indexOf(ENVELOPE_MAGIC, at + HEAD_BYTES);
      // Behind the last one there is nothing but room.
      if (begin === -1) {
        if (lengthAt(bytes, at) !== 0) isWhole = false;
        break;
      }
      const found = this.#openAt(bytes, begin);
      if (found === null) failures += 1;
      else {
        spilled.push(found.kept);
        this.#ids.add(found.kept.id);
      }
      if (found === null || begin !== at + HEAD_BYTES) isWhole = false;
      at = found?.end ?? begin;
      if (found !== null) this.#end = at;
    }
    this.#high = bytes.length;
    if (!isWhole) this.#keepUnreadable(spilled.length, told);
    return spilled;
  }

  /**
   * Adds a record and syncs it.
   *
   * @throws errors of the file system.
   */
  append(kept: Kept): void {
    // Or it would be written over what could not be read when the store was opened.
    if (!this.#isRead) this.read();
    const text = Buffer.from(JSON.stringify(kept), 'utf8');
    const envelope = this.#sealer.seal(text, this.#binding(this.#end));
    text.fill(0);
    const record = Buffer.alloc(HEAD_BYTES + envelope.length + HEAD_BYTES);
    record.writeUInt32BE(envelope.length, 0);
    record.set(envelope, HEAD_BYTES);
    this.#high = Math.max(this.#high, this.#end + record.length);
    this.#write(record, this.#end);
    this.#end += HEAD_BYTES + envelope.length;
    this.#ids.add(kept.id);
  }

  /** Ids of the records in the file that are not in the database. */
  get ids(): ReadonlySet<string> {
    return this.#ids;
  }

  /** Forgets writes that are in the database now. Once all are, {@link wipe} wipes the file. The disk took something: room is taken, too. */
  committed(writes: readonly Write[]): void {
    if (this.#lacksRoom) this.reserve();
    if (this.#ids.size === 0) return;
    for (const write of writes) if (write.kind === 'accept') this.#ids.delete(write.id);
  }

  /** This one needs no keeping any more. */
  drop(id: string): void {
    this.#ids.delete(id);
  }

  /** Wipes the file once nothing in it is needed any more (SE-5). */
  wipe(): void {
    if (this.#ids.size > 0 || this.#end === 0) return;
    try {
      if (!this.#isUnreadableKept) this.#files.copy(this.#path, `${this.#path}.unreadable`);
      this.#isUnreadableKept = true;
      this.#write(Buffer.alloc(this.#high), 0);
      this.#end = 0;
    } catch {
      // What stays in the file is accepted once more at the next start, which changes nothing.
    }
  }

  #write(bytes: Uint8Array, at: number): void {
    const isThere = this.#files.exists(this.#path);
    const file = this.#files.open(this.#path, isThere ? 'r+' : 'wx');
    try {
      const written = file.write(bytes, at);
      if (written < bytes.length) throw noRoom(this.#path);
      file.sync();
    } finally {
      file.close();
    }
    if (!this.#isNamed) this.#name();
  }

  /** Syncs the folder: a power cut may take the name of a file that was made, and with it what was promised. */
  #name(): void {
    this.#files.syncFolder(dirname(this.#path));
    this.#isNamed = true;
  }

  /** The record whose envelope begins there: as long as its head says or, if that was changed, up to the next one. */
  #openAt(bytes: Buffer, begin: number): { kept: Kept; end: number } | null {
    const at = begin - HEAD_BYTES;
    const next = bytes.indexOf(ENVELOPE_MAGIC, begin + ENVELOPE_MAGIC.length);
    for (const end of [begin + lengthAt(bytes, at), next - HEAD_BYTES]) {
      if (end <= begin || end > bytes.length) continue;
      const kept = this.#open(bytes.subarray(begin, end), at);
      if (kept !== null) return { kept, end };
    }
    return null;
  }

  #keepUnreadable(readable: number, told: (notice: HoldfastError) => void): void {
    const kept = `${this.#path}.unreadable`;
    this.#isUnreadableKept = false;
    told(
      new HoldfastError(
        'HF_RECORD_TAMPERED',
        `${this.#path} was cut off or changed: ${readable} crises in it were read, and what could not be ` +
          `is kept in ${kept} until this happens again. Check the disk.`,
        { path: kept },
      ),
    );
    // The readable records are committed next, and then the file is wiped.
    this.#end = this.#high;
    if (readable === 0) this.wipe();
  }

  #open(envelope: Uint8Array, at: number): Kept | null {
    try {
      const text = Buffer.from(this.#sealer.open(envelope, this.#binding(at)));
      return JSON.parse(text.toString('utf8')) as Kept;
    } catch (error) {
      if (isHoldfastError(error)) return null;
      throw error;
    }
  }

  /** The associated data of a record, its position included, so that it can't be moved or repeated. */
  #binding(at: number): Uint8Array {
    return encodeAssociated([this.#label, this.#storeId, at]);
  }
}

function noRoom(path: string): HoldfastError {
  return new HoldfastError('HF_STORE_FULL', `There is no room left for ${path}. Free some space.`, {
    path,
    retry: 'later',
  });
}

function lengthAt(bytes: Buffer, at: number): number {
  return at + HEAD_BYTES <= bytes.length ? bytes.readUInt32BE(at) : 0;
}
