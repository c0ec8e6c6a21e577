/**
 * Files on a simulated disk: they delay, fail, tear, fill up, and forget unsynced writes at a power cut.
 *
 * @module
 */

import { dirname } from 'node:path';
import type { Files, OpenFile } from '../../../persistence/files/files.ts';
import type { SeededRandom } from '../../virtual/seededRandom.ts';

/** Bytes that a disk writes whole or not at all. */
const SECTOR_BYTES = 512;

export type FileCall = 'open' | 'write' | 'sync' | 'read' | 'copy' | 'syncFolder';

/** Faults of a disk's files. */
export interface FileFaults {
  /** Returns the code of the system's error for a call (`EIO`); `null` where the call works. */
  readonly fails: (call: FileCall) => string | null;
  /** Time that a call takes. */
  readonly delayMs: (call: FileCall) => number;
  /** Bytes by which files may still grow. */
  readonly roomBytes: () => number;
}

const NO_FILE_FAULTS: FileFaults = {
  fails: () => null,
  delayMs: () => 0,
  roomBytes: () => Number.POSITIVE_INFINITY,
};

interface Unsynced {
  readonly at: number;
  readonly bytes: Uint8Array;
}

interface SimulatedFile {
  /** Content that every process sees. */
  seen: Buffer;
  /** Content that a power cut leaves, besides the `unsynced` writes that reached the disk. */
  synced: Buffer;
  unsynced: Unsynced[];
  /** True once the name is durable. */
  isNamed: boolean;
}

export class SimulatedFiles implements Files {
  readonly #files = new Map<string, SimulatedFile>();
  readonly #faults: FileFaults;
  #tookMs = 0;

  constructor(faults: FileFaults) {
    this.#faults = faults;
  }

  /** Returns the time that calls have taken since this was last asked. */
  takeTime(): number {
    const took = this.#tookMs;
    this.#tookMs = 0;
    return took;
  }

  exists(path: string): boolean {
    return this.#files.has(path);
  }

  read(path: string): Buffer {
    this.#pass('read', path);
    return Buffer.from(this.#at(path).seen);
  }

  open(path: string, flags: 'r+' | 'wx'): OpenFile {
    this.#pass('open', path);
    if (flags === 'wx') {
      if (this.#files.has(path)) throw systemError('EEXIST', path);
      this.#files.set(path, emptyFile());
    }
    const file = this.#at(path);
    return {
      write: (bytes, at) => this.#write(path, file, bytes, at),
      sync: () => {
        this.#sync(path, file);
      },
      close: () => undefined,
    };
  }

  copy(from: string, to: string): void {
    this.#pass('copy', from);
    const bytes = this.#at(from).seen;
    const file = this.#files.get(to) ?? emptyFile();
    this.#files.set(to, file);
    file.seen = Buffer.alloc(0);
    if (this.#write(to, file, bytes, 0) < bytes.length) throw systemError('ENOSPC', to);
  }

  syncFolder(folder: string): void {
    this.#pass('syncFolder', folder);
    for (const [path, file] of this.#files) if (dirname(path) === folder) file.isNamed = true;
  }

  /** Cuts the power: the disk keeps each unsynced write whole, in part or not at all, and so each name. */
  powerCut(random: SeededRandom): void {
    for (const [path, file] of this.#files) {
      if (!file.isNamed && random.chance(0.5)) {
        this.#files.delete(path);
        continue;
      }
      for (const { at, bytes } of file.unsynced) {
        const share = random.pick([0, 0.5, 1]);
        for (let from = 0; from < bytes.length; from += SECTOR_BYTES) {
          if (!random.chance(share)) continue;
          const sector = bytes.subarray(from, from + SECTOR_BYTES);
          file.synced = written(file.synced, sector, at + from);
        }
      }
      file.unsynced = [];
      file.isNamed = true;
      file.seen = Buffer.from(file.synced);
    }
  }

  /** Changes bytes of a file, as a decaying disk does. */
  damage(path: string, random: SeededRandom): void {
    const file = this.#files.get(path);
    if (file === undefined || file.seen.length === 0) return;
    const at = random.below(Math.min(file.seen.length, 4 * SECTOR_BYTES));
    for (const bytes of new Set([file.seen, file.synced])) {
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 + random.below(255));
    }
  }

  /** Copies the files to a disk without faults, to look at them. */
  copies(): SimulatedFiles {
    const copies = new SimulatedFiles(NO_FILE_FAULTS);
    for (const [path, { seen }] of this.#files) {
      copies.#files.set(path, { ...emptyFile(), seen: Buffer.from(seen) });
    }
    return copies;
  }

  /** Removes every file. */
  clear(): void {
    this.#files.clear();
  }

  #write(path: string, file: SimulatedFile, bytes: Uint8Array, at: number): number {
    const failure = this.#failureOf('write');
    const growth = Math.max(0, at + bytes.length - file.seen.length);
    const room = Math.max(0, this.#faults.roomBytes());
    const fits = bytes.length - Math.max(0, growth - room);
    if (failure === null && fits <= 0 && bytes.length > 0) throw systemError('ENOSPC', path);
    // A write that fails may have been made in part.
    const done = bytes.slice(0, failure === null ? fits : bytes.length >> 1);
    file.seen = written(file.seen, done, at);
    file.unsynced.push({ at, bytes: done });
    if (failure !== null) throw systemError(failure, path);
    return done.length;
  }

  #sync(path: string, file: SimulatedFile): void {
    const failure = this.#failureOf('sync');
    const { unsynced } = file;
    // After a failed sync the system takes pages for written, and never syncs them again.
    file.unsynced = [];
    if (failure !== null) throw systemError(failure, path);
    for (const { at, bytes } of unsynced) file.synced = written(file.synced, bytes, at);
  }

  #pass(call: FileCall, path: string): void {
    const failure = this.#failureOf(call);
    if (failure !== null) throw systemError(failure, path);
  }

  #failureOf(call: FileCall): string | null {
    this.#tookMs += this.#faults.delayMs(call);
    return this.#faults.fails(call);
  }

  #at(path: string): SimulatedFile {
    const file = this.#files.get(path);
    if (file === undefined) throw systemError('ENOENT', path);
    return file;
  }
}

function emptyFile(): SimulatedFile {
  return { seen: Buffer.alloc(0), synced: Buffer.alloc(0), unsynced: [], isNamed: false };
}

/** Writes bytes at a place of a file, which grows with zeros up to there; in place where they fit. */
function written(into: Buffer, bytes: Uint8Array, at: number): Buffer {
  const grown =
    at + bytes.length <= into.length
      ? into
      : Buffer.concat([into, Buffer.alloc(at + bytes.length - into.length)]);
  grown.set(bytes, at);
  return grown;
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: the disk of a simulation, '${path}'`), { code });
}
