/**
 * What other users of the machine could do to the files of a store and to a key (SE-5). Root can do
 * anything and is trusted. Windows keeps owners and rights elsewhere; there nothing is checked.
 *
 * @module
 */

import type { Stats } from 'node:fs';
import { chmod, lstat, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';

const HAS_OWNERS = process.platform !== 'win32';
const OTHERS_BITS = 0o077;
const WRITABLE_BY_ALL = 0o002;
const STICKY = 0o1000;
/** Files that a store writes to, and whose place another file could take. */
const OWN_FILE =
  /^(?:(?:data|owner)\.db(?:-wal|-shm|-journal)?|data\.db\.rescued|owner\.json|keyring(?:\.new)?\.json|crises(?:\.outside)?\.spill(?:\.unreadable)?)$/;

/** True when a file or folder belongs to neither this user nor root. */
export function isForeign({ uid }: Pick<Stats, 'uid'>): boolean {
  const own = process.geteuid?.();
  return HAS_OWNERS && own !== undefined && uid !== own && uid !== 0;
}

/** True when every user may put another file in the place of one in this folder. */
export function isOpenToAll({ mode }: Pick<Stats, 'mode'>): boolean {
  return HAS_OWNERS && (mode & WRITABLE_BY_ALL) !== 0 && (mode & STICKY) === 0;
}

/**
 * Refuses a store's files that another user made, or that are links: what is written to them would
 * change a file elsewhere. Files of our own that others could read are closed to them.
 *
 * @throws HoldfastError (rejects) `HF_STORE_FOLDER` naming the file.
 */
export async function closeOwnFiles(folder: string): Promise<void> {
  if (!HAS_OWNERS) return;
  for (const name of await readdir(folder)) {
    if (!OWN_FILE.test(name)) continue;
    const path = join(folder, name);
    const found = await lstat(path).catch(() => null);
    // SQLite removes its own files when the last connection closes.
    if (found === null) continue;
    if (!found.isFile()) throw fileError(path, 'is no plain file of its own, but leads elsewhere');
    if (isForeign(found)) throw fileError(path, `belongs to another user (uid ${found.uid})`);
    if ((found.mode & OTHERS_BITS) !== 0) await chmod(path, 0o600).catch(() => undefined);
  }
}

/**
 * The nearest folder above `path` in which somebody else could put another folder in its place, as
 * ssh looks for one before it trusts a file; `null` if there is none.
 */
export async function exposedAncestor(path: string): Promise<string | null> {
  for (let folder = dirname(path), below = path; folder !== below; ) {
    const found = await stat(folder).catch(() => null);
    if (found !== null && (isForeign(found) || isOpenToAll(found))) return folder;
    below = folder;
    folder = dirname(folder);
  }
  return null;
}

function fileError(path: string, why: string): HoldfastError {
  return new HoldfastError(
    'HF_STORE_FOLDER',
    `${path} ${why}: it was not made by this store. Find out who put it there, move it away and start again.`,
    { path },
  );
}
