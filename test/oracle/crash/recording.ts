/**
 * Reads the log of recorder.c.
 *
 * @module
 */

import { readFileSync } from 'node:fs';

/** An act that the recorder saw; records keep the order of the acts. Paths are absolute. */
export type Recorded =
  | { readonly kind: 'made'; readonly path: string; readonly inode: number }
  | { readonly kind: 'madeFolder'; readonly path: string; readonly inode: number }
  | { readonly kind: 'wrote'; readonly inode: number; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'cut'; readonly inode: number; readonly size: number }
  | { readonly kind: 'syncing'; readonly inode: number; readonly number: number }
  | { readonly kind: 'synced'; readonly inode: number; readonly number: number }
  | { readonly kind: 'syncFailed'; readonly inode: number; readonly number: number }
  | { readonly kind: 'moved'; readonly path: string; readonly to: string; readonly inode: number }
  | { readonly kind: 'linked'; readonly path: string; readonly to: string; readonly inode: number }
  | { readonly kind: 'removed'; readonly path: string };

const KINDS = [
  'made',
  'wrote',
  'cut',
  'syncing',
  'synced',
  'moved',
  'removed',
  'linked',
  'madeFolder',
  'syncFailed',
] as const;
/** Size of `struct header` in recorder.c. */
const HEADER_BYTES = 32;

/**
 * Reads the log of recorder.c, as far as it goes where a killed process cut it short.
 *
 * @throws Error where the process changed a file in a way that the recorder can't record.
 */
export function readRecording(path: string): readonly Recorded[] {
  const log = readFileSync(path);
  const records: Recorded[] = [];
  for (let at = 0; at + HEADER_BYTES <= log.length; ) {
    const header = log.subarray(at, at + HEADER_BYTES);
    const pathEnd = at + HEADER_BYTES + header.readUInt32LE(4);
    const otherEnd = pathEnd + header.readUInt32LE(8);
    const end = otherEnd + header.readUInt32LE(12);
    if (end > log.length) break;
    const given = log.toString('utf8', at + HEADER_BYTES, pathEnd);
    const other = log.toString('utf8', pathEnd, otherEnd);
    const inode = Number(header.readBigUInt64LE(16));
    const offset = Number(header.readBigUInt64LE(24));
    const kind = KINDS[header.readUInt32LE(0) - 1];
    switch (kind) {
      case 'made':
      case 'madeFolder':
        records.push({ kind, path: given, inode });
        break;
      case 'wrote':
        records.push({ kind, inode, at: offset, bytes: log.subarray(otherEnd, end) });
        break;
      case 'cut':
        records.push({ kind, inode, size: offset });
        break;
      case 'syncing':
      case 'synced':
      case 'syncFailed':
        records.push({ kind, inode, number: offset });
        break;
      case 'moved':
      case 'linked':
        records.push({ kind, path: given, to: other, inode });
        break;
      case 'removed':
        records.push({ kind, path: given });
        break;
      default:
        throw new Error(`a file was changed by ${given}, which the recorder can't record`);
    }
    at = end;
  }
  return records;
}
