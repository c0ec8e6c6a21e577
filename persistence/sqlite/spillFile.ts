/**
 * Where crises are kept while the database can't be written (CR-4): a small file beside it, whose
 * room was taken when the store was opened, so that a full disk has place for it. Each record is its
 * length and a sealed acceptance; a length of 0 is the end.
 *
 * @module
 */

import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import { encodeAssociated } from '../sealing/associated.ts';
import type { Sealer } from '../sealing/sealer.ts';
import type { AcceptWrite, Write } from '../store.ts';
import { FILE_MODE } from './connection.ts';
import { syncFolder } from './durableFiles.ts';

/** Some hundred crises of an ordinary size. A file that is full grows, where the disk lets it. */
const ROOM_BYTES = 256 * 1_024;
const HEAD_BYTES = 4;

export class SpillFile {
  readonly #path: string;
  readonly #sealer: Sealer;
  readonly #storeId: string;
  /** What is in the file and not yet in the database. */
  readonly #ids = new Set<string>();
  /** Where the next record goes. */
  #end = 0;

  constructor(path: string, sealer: Sealer, storeId: string) {
    this.#path = path;
    this.#sealer = sealer;
    this.#storeId = storeId;
  }

  /** Takes the room. Where there is none, a crisis is spilled as far as the disk lets it. */
  reserve(): void {
    if (existsSync(this.#path)) return;
    try {
      const descriptor = openSync(this.#path, 'wx', FILE_MODE);
      try {
        writeSync(descriptor, Buffer.alloc(ROOM_BYTES));
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      syncFolder(dirname(this.#path));
    } catch {
      // The store itself is asked for room next, and says what is wrong.
    }
  }

  /**
   * What an earlier process spilled. A record that can't be opened is left out: cut off it was never
   * promised; in case it was changed, the file is kept as it is under another name (PS-3).
   */
  read(): readonly AcceptWrite[] {
    if (!existsSync(this.#path)) return [];
    const bytes = readFileSync(this.#path);
    const spilled: AcceptWrite[] = [];
    for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
      const length = bytes.readUInt32BE(at);
      if (length === 0 || at + HEAD_BYTES + length > bytes.length) break;
      const write = this.#open(bytes.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length), at);
      at += HEAD_BYTES + length;
      if (write === null) {
        copyFileSync(this.#path, `${this.#path}.unreadable`);
        continue;
      }
      spilled.push(write);
      this.#ids.add(write.id);
      this.#end = at;
    }
    return spilled;
  }

  /**
   * Adds an acceptance and syncs it.
   *
   * @throws errors of the file system.
   */
  append(write: AcceptWrite): void {
    const text = Buffer.from(JSON.stringify(write), 'utf8');
    const envelope = this.#sealer.seal(text, this.#binding(this.#end));
    text.fill(0);
    const record = Buffer.alloc(HEAD_BYTES + envelope.length + HEAD_BYTES);
    record.writeUInt32BE(envelope.length, 0);
    record.set(envelope, HEAD_BYTES);
    this.#write(record, this.#end);
    this.#end += HEAD_BYTES + envelope.length;
    this.#ids.add(write.id);
  }

  /** These are in the database now. Once all are, the file is wiped (SE-5). */
  committed(writes: readonly Write[]): void {
    if (this.#ids.size === 0) return;
    for (const write of writes) if (write.kind === 'accept') this.#ids.delete(write.id);
    if (this.#ids.size > 0) return;
    try {
      this.#write(Buffer.alloc(this.#end), 0);
      this.#end = 0;
    } catch {
      // What stays in the file is accepted once more at the next start, which changes nothing.
    }
  }

  #write(bytes: Uint8Array, at: number): void {
    const descriptor = openSync(this.#path, existsSync(this.#path) ? 'r+' : 'wx', FILE_MODE);
    try {
      const written = writeSync(descriptor, bytes, 0, bytes.length, at);
      if (written < bytes.length) throw noRoom(this.#path);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  #open(envelope: Uint8Array, at: number): AcceptWrite | null {
    try {
      const text = Buffer.from(this.#sealer.open(envelope, this.#binding(at)));
      // One that an earlier version spilled does not say whom it concerns.
      const write = JSON.parse(text.toString('utf8')) as Omit<AcceptWrite, 'subject'>;
      return { subject: null, ...write };
    } catch (error) {
      if (isHoldfastError(error)) return null;
      throw error;
    }
  }

  /** Its place is bound into the seal, so that no record can be moved or repeated. */
  #binding(at: number): Uint8Array {
    return encodeAssociated(['spill', this.#storeId, at]);
  }
}

function noRoom(path: string): HoldfastError {
  return new HoldfastError('HF_STORE_FULL', `There is no room left for ${path}. Free some space.`, {
    path,
    retry: 'later',
  });
}
