/**
 * Reads a small secret that a person keeps in a file: a passphrase, the headers of an API.
 *
 * @module
 */

import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, realpath, stat as stats } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type ErrorCode, HoldfastError } from '../../machines/vocabulary/errors.ts';
import { errorCodeOf } from '../files/atomicFile.ts';
import { isForeign, isOpenToAll } from '../files/otherUsers.ts';

const BYTES_MAX = 65_536;
/** Windows keeps access rights elsewhere: its mode bits say nothing. */
export const HAS_MODES = process.platform !== 'win32';
const OTHERS_BITS = 0o077;

/** Name of the secret, and the code it is refused with. */
export interface SecretRules {
  /** The file's name in messages: "passphrase file". */
  readonly what: string;
  /** The error code for a file that others can read. */
  readonly exposed: ErrorCode;
  /** False if it is read more than once. A pipe (`<(pass show x)`) is read unchecked: no other process has it. */
  readonly mayBePipe: boolean;
}

/**
 * Reads the file as text. A link is followed, since mounted secrets are behind one.
 *
 * @throws HoldfastError (rejects) `HF_OPTION_INVALID` if it can't be read or is too long, and `exposed` if others than
 * its owner can read or replace it. No message repeats its content.
 */
export async function readSecretFile(path: string, rules: SecretRules): Promise<string> {
  const { what, mayBePipe } = rules;
  const file = await opened(path, rules);
  try {
    const found = await file.stat();
    if (found.isFile()) await checkRights(path, found, rules);
    else if (!mayBePipe || found.isDirectory())
      throw invalid(path, `The ${what} is no plain file.`);
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      length += (chunk as Buffer).length;
      if (length > BYTES_MAX) throw invalid(path, `The ${what} has more than ${BYTES_MAX} bytes.`);
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks).toString('utf8');
  } finally {
    await file.close();
  }
}

async function opened(path: string, { what, mayBePipe }: SecretRules): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK a pipe in the place of a plain file would hold up everything.
    return await open(path, constants.O_RDONLY | (mayBePipe ? 0 : constants.O_NONBLOCK));
  } catch (error) {
    const code = errorCodeOf(error);
    const why = code === 'ENOENT' ? 'there is no such file' : `reading it failed with ${code}`;
    throw invalid(path, `Can't read the ${what} ${path}: ${why}.`, error);
  }
}

async function checkRights(
  path: string,
  found: Stats,
  { what, exposed }: SecretRules,
): Promise<void> {
  const refuse = (message: string): HoldfastError => new HoldfastError(exposed, message, { path });
  if (isForeign(found)) throw refuse(`The ${what} ${path} belongs to another user.`);
  if (HAS_MODES && (found.mode & OTHERS_BITS) !== 0) {
    throw refuse(`Others than its owner can reach the ${what} ${path}. Run: chmod 600 ${path}`);
  }
  const place = await stats(dirname(await realpath(path)));
  if (isForeign(place) || isOpenToAll(place)) {
    throw refuse(
      `Other users can put another file in the place of the ${what} ${path}. Move it to a folder of your own.`,
    );
  }
}

function invalid(path: string, message: string, cause?: unknown): HoldfastError {
  return new HoldfastError('HF_OPTION_INVALID', message, { path, cause });
}
