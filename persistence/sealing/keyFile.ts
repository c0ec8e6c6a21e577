/**
 * A key in a file of its own: 64 hex digits and a newline, readable by its owner alone, and not beside the data it
 * protects, where a thief of the data would take the key too.
 *
 * @module
 */

import { randomFillSync } from 'node:crypto';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, realpath, rm, stat as stats } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { requireOption } from '../../machines/vocabulary/optionFields.ts';
import { errorCodeOf, syncFolder } from '../files/atomicFile.ts';
import { isForeign, isOpenToAll } from '../files/otherUsers.ts';
import type { KeySource } from './keySource.ts';
import { checkKey, KEY_BYTES } from './keySource.ts';
import { HAS_MODES } from './secretFile.ts';

/** Made by every store, and by nothing else. */
const KEYRING_FILE_NAME = 'keyring.json';
const HEX_DIGITS = 2 * KEY_BYTES;
/**
 * A key that is read from a file at each start. Nothing is read yet.
 *
 * On loading it throws HoldfastError `HF_KEY_MISSING` (no such file), `HF_KEY_FILE_EXPOSED` (others can read or replace
 * it), `HF_KEY_FILE_IN_STORE`, `HF_KEY_INVALID` (not a plain file, or not 64 hex digits).
 *
 * @example
 * const key = keyFile('/etc/payments/holdfast.key');
 */
export function keyFile(path: string): KeySource {
  const file = checkPath(path);
  return Object.freeze({
    kind: 'file',
    async load({ storeFolder }) {
      const handle = await openKeyFile(file);
      try {
        await checkFile(handle, file, storeFolder);
        return { key: await readKey(handle, file), kdf: null };
      } finally {
        await handle.close();
      }
    },
  } satisfies KeySource);
}

/**
 * Makes a key file with a new random key, mode 0600, on disk when this resolves.
 *
 * @example
 * await createKeyFile('./holdfast.key');
 *
 * @throws HoldfastError `HF_KEY_FILE_EXISTS` when there is something at `path` already (a key is
 * never overwritten), `HF_KEY_FILE_EXPOSED` or `HF_KEY_FILE_IN_STORE` where no key may lie,
 * `HF_OPTION_INVALID` when no file can be made there.
 */
export async function createKeyFile(path: string): Promise<void> {
  const file = checkPath(path);
  await checkPlace(file);
  let handle: FileHandle;
  try {
    handle = await open(file, 'wx', 0o600);
  } catch (error) {
    throw creationError(file, error);
  }
  const key = randomFillSync(new Uint8Array(KEY_BYTES));
  const text = encodeHex(key);
  try {
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      key.fill(0);
      text.fill(0);
      await handle.close();
    }
    await syncFolder(dirname(file));
  } catch (error) {
    // Half a key is useless and would block the next try.
    await rm(file, { force: true });
    throw creationError(file, error);
  }
}

function checkPath(path: unknown): string {
  requireOption(typeof path === 'string' && path !== '', 'path', 'must be the path of a key file');
  return resolve(path);
}

/** A key made where `keyFile()` would refuse it could not be used. */
async function checkPlace(file: string): Promise<void> {
  const folder = dirname(file);
  const found = await stats(folder).catch(() => null);
  // A missing file is reported when it is opened.
  if (found === null) return;
  if (isForeign(found) || isOpenToAll(found)) {
    throw exposed(
      file,
      `Other users can change what lies in ${folder}, so no key was made there. Give a folder of your own.`,
    );
  }
  if ((await stats(join(folder, KEYRING_FILE_NAME)).catch(() => null)) !== null) {
    throw inStore(file, 'Give another folder');
  }
}

async function openKeyFile(file: string): Promise<FileHandle> {
  try {
    // O_NONBLOCK so that a pipe in its place cannot hold up the start.
    return await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new HoldfastError(
        'HF_KEY_MISSING',
        `There is no key file at ${file}. For a new store, make one with: holdfast keys init --key-file ${file}`,
        { path: file },
      );
    }
    if (code === 'ELOOP') {
      throw new HoldfastError(
        'HF_KEY_INVALID',
        `The key file ${file} is a symbolic link; name the file itself.`,
        { path: file },
      );
    }
    throw new HoldfastError('HF_KEY_MISSING', `The key file ${file} can't be read (${code}).`, {
      path: file,
      cause: error,
    });
  }
}

async function checkFile(handle: FileHandle, file: string, storeFolder: string): Promise<void> {
  const stat = await handle.stat();
  if (!stat.isFile()) {
    throw new HoldfastError('HF_KEY_INVALID', `The key file ${file} is not a plain file.`, {
      path: file,
    });
  }
  if (isForeign(stat)) {
    throw exposed(file, `The key file ${file} belongs to another user (uid ${stat.uid}).`);
  }
  if (HAS_MODES && (stat.mode & 0o077) !== 0) {
    const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
    throw exposed(
      file,
      `Others than its owner can reach the key file ${file} (mode ${mode}). Run: chmod 600 ${file}`,
    );
  }
  const place = await stats(dirname(file));
  if (isForeign(place) || isOpenToAll(place)) {
    throw exposed(
      file,
      `Other users can put another file in the place of the key file ${file}. Move it to a folder of your own.`,
    );
  }
  // Real paths, so that no link leads into the folder by another name.
  const [folder, store] = await Promise.all([realpath(dirname(file)), realFolder(storeFolder)]);
  const inside = relative(store, join(folder, basename(file)));
  if (!isAbsolute(inside) && inside !== '..' && !/^\.\.[\\/]/.test(inside)) {
    throw inStore(file, 'Move it elsewhere');
  }
}

/** The real path of a folder that may not exist yet. */
async function realFolder(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch {
    return resolve(folder);
  }
}

/** Reads the digits as bytes and never as a string, which could not be wiped. */
async function readKey(handle: FileHandle, file: string): Promise<Uint8Array> {
  // Room for "\r " and one byte more, which reveals a longer file.
  const text = new Uint8Array(HEX_DIGITS + 3);
  const key = new Uint8Array(KEY_BYTES);
  try {
    const { bytesRead } = await handle.read(text, 0, text.length, 0);
    if (!endsAfterDigits(text.subarray(0, bytesRead)) || !decodeHex(text, key)) {
      throw new HoldfastError(
        'HF_KEY_INVALID',
        `The key file ${file} does not hold a key: ${HEX_DIGITS} hex digits and a newline.`,
        { path: file },
      );
    }
    checkKey(key);
    return key;
  } finally {
    text.fill(0);
  }
}

function endsAfterDigits(text: Uint8Array): boolean {
  const [first, second] = text.subarray(HEX_DIGITS);
  switch (text.length - HEX_DIGITS) {
    case 0:
      return true;
    case 1:
      return first === 0x0a;
    case 2:
      return first === 0x0d && second === 0x0a;
    default:
      return false;
  }
}

/** False when a byte is no hex digit. */
function decodeHex(text: Uint8Array, key: Uint8Array): boolean {
  for (let at = 0; at < key.length; at++) {
    const high = hexValue(text[2 * at]);
    const low = hexValue(text[2 * at + 1]);
    if (high < 0 || low < 0) return false;
    key[at] = high * 16 + low;
  }
  return true;
}

function hexValue(character = 0): number {
  if (character >= 0x30 && character <= 0x39) return character - 0x30;
  const letter = character | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

function encodeHex(key: Uint8Array): Uint8Array {
  const digits = '0123456789abcdef';
  const text = new Uint8Array(HEX_DIGITS + 1);
  key.forEach((byte, at) => {
    text[2 * at] = digits.charCodeAt(byte >> 4);
    text[2 * at + 1] = digits.charCodeAt(byte & 15);
  });
  text[HEX_DIGITS] = 0x0a;
  return text;
}

function exposed(path: string, message: string): HoldfastError {
  return new HoldfastError('HF_KEY_FILE_EXPOSED', message, { path });
}

function inStore(path: string, advice: string): HoldfastError {
  return new HoldfastError(
    'HF_KEY_FILE_IN_STORE',
    `The key file ${path} lies in the store's folder: whoever copies the data gets the key. ${advice}.`,
    { path },
  );
}

function creationError(file: string, error: unknown): HoldfastError {
  const code = errorCodeOf(error);
  if (code === 'EEXIST') {
    return new HoldfastError(
      'HF_KEY_FILE_EXISTS',
      `There is a file at ${file} already. A key is never overwritten: what it protects would be lost.`,
      { path: file },
    );
  }
  const why =
    code === 'ENOENT' ? `the folder ${dirname(file)} does not exist; make it first` : code;
  return new HoldfastError('HF_OPTION_INVALID', `No key file can be made at ${file}: ${why}.`, {
    path: file,
    cause: error,
  });
}
