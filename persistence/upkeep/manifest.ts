/**
 * The list of what is in a backup: `manifest.json` beside the files it names. It holds nothing secret
 * and guards against damage, not against people: the seals of the records do that.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { errorCodeOf } from '../files/atomicFile.ts';
import type { StandingCounts } from '../port/store.ts';
import type { UpkeepOptions } from './progress.ts';

export const MANIFEST_NAME = 'manifest.json';
const FORMAT = 1;
const MANIFEST_BYTES_MAX = 65_536;

export interface BackupFile {
  readonly bytes: number;
  /** The SHA-256 of the content, in hex. */
  readonly sha256: string;
}

export interface BackupManifest {
  readonly format: typeof FORMAT;
  readonly storeId: string;
  readonly schemaVersion: number;
  readonly createdAtMs: number;
  /** Numbers of operations by standing. */
  readonly counts: Partial<StandingCounts>;
  readonly files: Readonly<Record<string, BackupFile>>;
}

export function formatManifest(manifest: Omit<BackupManifest, 'format'>): string {
  return `${JSON.stringify({ format: FORMAT, ...manifest }, null, 2)}\n`;
}

/**
 * Reads the manifest of the backup in a folder.
 *
 * @throws HoldfastError `HF_BACKUP_MISSING`, `HF_BACKUP_DAMAGED`, `HF_STORE_NEWER`.
 */
export async function readManifest(folder: string): Promise<BackupManifest> {
  const path = join(folder, MANIFEST_NAME);
  let text: string;
  try {
    text = (await stat(path)).size > MANIFEST_BYTES_MAX ? '' : await readFile(path, 'utf8');
  } catch (error) {
    throw new HoldfastError(
      'HF_BACKUP_MISSING',
      `There is no backup in ${folder}: ${MANIFEST_NAME} can't be read (${errorCodeOf(error)}). ` +
        'Give the folder that holdfast backup made.',
      { path, cause: error },
    );
  }
  const manifest = parse(text);
  if (manifest === null) throw damaged(folder, `${MANIFEST_NAME} is not what a backup writes`);
  if (manifest.format > FORMAT) {
    throw new HoldfastError(
      'HF_STORE_NEWER',
      `The backup in ${folder} has format ${manifest.format}; this version of holdfast reads up to ` +
        `${FORMAT}. Use the version that made it, or a later one.`,
      { path },
    );
  }
  return manifest;
}

function parse(text: string): BackupManifest | null {
  try {
    const value = JSON.parse(text) as Partial<Record<keyof BackupManifest, unknown>> | null;
    const isOne =
      typeof value?.format === 'number' &&
      typeof value.storeId === 'string' &&
      typeof value.schemaVersion === 'number' &&
      typeof value.createdAtMs === 'number' &&
      typeof value.counts === 'object' &&
      typeof value.files === 'object' &&
      value.files !== null &&
      Object.entries(value.files).every(([name, file]) => /^[\w.-]+$/.test(name) && isFile(file));
    return isOne ? (value as BackupManifest) : null;
  } catch {
    return null;
  }
}

function isFile(file: unknown): boolean {
  const { bytes, sha256 } = (file ?? {}) as Partial<BackupFile>;
  return Number.isSafeInteger(bytes) && typeof sha256 === 'string';
}

/** Size and SHA-256 of a file, read from its first byte to its last. */
export async function fingerprintFile(
  path: string,
  { onProgress, signal }: UpkeepOptions,
): Promise<BackupFile> {
  const total = (await stat(path)).size;
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576, signal })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    onProgress?.({ step: 'checkingFiles', done: bytes, total });
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** The error for a backup that is not whole. */
export function damaged(folder: string, what: string, cause?: unknown): HoldfastError {
  return new HoldfastError(
    'HF_BACKUP_DAMAGED',
    `The backup in ${folder} is damaged: ${what}. Nothing was restored; use another backup.`,
    { path: folder, cause },
  );
}
