/**
 * The token by which a caller shows who they are (AC-1): in a file that its holder alone can read, sent as
 * `Authorization: Bearer …`, and known to the store by its hash.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { causeText, HoldfastError } from '../../machines/vocabulary/errors.ts';

/** The header of a caller who shows a token; empty for none. */
export type Shows = Readonly<{ authorization?: string }>;

/** The hash by which a secret is known: SHA-256, in hex. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** The hash of the token in a header `Authorization`; `null` where it has none. */
export function hashIn(authorization: string | undefined): string | null {
  const secret = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return secret === undefined ? null : hashOf(secret);
}

/** Room for a token and the end of its line. */
const FILE_BYTES_MAX = 1_024;
const FOR_OTHERS = 0o077;
const SECRET = /^[\x21-\x7e]+$/;

/**
 * Reads the token in a file, as the header to send.
 *
 * @param path `null` for no token
 * @throws HoldfastError `HF_OPTION_INVALID`: the file can't be read, others can read it, or it holds no token.
 */
export function shownFrom(path: string | null): Shows {
  if (path === null) return {};
  const text = read(path).trim();
  if (!SECRET.test(text))
    throw notUsable(path, 'holds no token: one line, such as holdfast access add writes');
  return { authorization: `Bearer ${text}` };
}

function read(path: string): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw notUsable(path, `can't be read (${causeText(error)})`);
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw notUsable(path, 'is no file');
    if (process.platform !== 'win32' && (stats.mode & FOR_OTHERS) !== 0) {
      throw notUsable(path, 'can be read by other users: run chmod 600 on it');
    }
    const bytes = Buffer.alloc(FILE_BYTES_MAX);
    return bytes.toString('utf8', 0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

function notUsable(path: string, why: string): HoldfastError {
  return new HoldfastError('HF_OPTION_INVALID', `The file of the token, ${path}, ${why}.`, {
    field: 'tokenFile',
    path,
    withStack: false,
  });
}
