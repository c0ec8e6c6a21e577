/**
 * Checks against other users of the machine, who could change the files of a store or a key (SE-5). Root can do
 * anything and is trusted. Windows keeps owners and rights elsewhere; nothing is checked there.
 *
 * @module
 */

import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { chmod, lstat, readdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, parse, resolve, sep } from 'node:path';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';

const HAS_OWNERS = process.platform !== 'win32';
const OTHERS_BITS = 0o077;
const WRITABLE_BY_ALL = 0o002;
/** Mode bits that the folder of a store or a socket must not have: its group may be anybody's. */
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;
/** Links followed at most, as systems do. */
const LINKS_MAX = 40;
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
 * The highest folder above `path` in which another user could replace a folder, as ssh checks before it trusts a file;
 * `null` if there is none. Links are followed, and checked too.
 */
export function exposedAncestor(path: string): string | null {
  const above = placesTo(dirname(resolve(path)));
  return above.find(({ found }) => whyExposed(found) !== null)?.path ?? null;
}

/**
 * Checks a socket before anything is sent: another user could have made its folder first and listen in it. The socket,
 * its folder, each folder above and each link on the way must belong to this user or root, and others must not be able
 * to replace them. The result still holds a moment later, since nobody else can change it. Synchronous and without a
 * thread, as the connection's own look-up is: a crisis waits for nothing.
 *
 * @returns false where there is no socket.
 * @throws HoldfastError `HF_STORE_FOLDER` naming the place; an error of the file system where it can't be looked at.
 */
export function isOwnSocket(path: string): boolean {
  const socket = resolve(path);
  const places = placesTo(socket);
  const last = places.at(-1);
  if (last?.found.isSocket() !== true) return false;
  if (!HAS_OWNERS) return true;
  const folder = dirname(last.path);
  for (const place of places) {
    const why = place.path === folder ? whyOpen(place.found) : whyExposed(place.found);
    if (why !== null) throw socketError(socket, `${place.path} ${why}`);
  }
  if (lstatSync(socket).isSymbolicLink()) throw socketError(socket, 'it is a link');
  return true;
}

interface Place {
  readonly path: string;
  readonly found: Stats;
}

/** Each folder and link on the way to a path, from the root to the first that is missing. */
function placesTo(path: string): readonly Place[] {
  const { root } = parse(path);
  const places: Place[] = [{ path: root, found: lstatSync(root) }];
  let at = root;
  let links = 0;
  for (let names = namesOf(path); names.length > 0; ) {
    const [name = '', ...rest] = names;
    const next = join(at, name);
    const found = lstatSync(next, { throwIfNoEntry: false });
    if (found === undefined) return places;
    places.push({ path: next, found });
    if (found.isSymbolicLink()) {
      links += 1;
      if (links > LINKS_MAX) return places;
      const target = readlinkSync(next);
      if (isAbsolute(target)) at = root;
      names = [...namesOf(target), ...rest];
    } else {
      at = next;
      names = rest;
    }
  }
  return places;
}

function namesOf(path: string): string[] {
  return path
    .slice(parse(path).root.length)
    .split(sep)
    .filter((name) => name !== '' && name !== '.');
}

/** The reason why another user could replace this place, or what is in it. */
function whyExposed(found: Stats): string | null {
  if (isForeign(found)) return `belongs to another user (uid ${found.uid})`;
  const isOpen = found.isDirectory() && isOpenToAll(found);
  return isOpen ? 'can be written by every user (run chmod o-w on it, or chmod +t)' : null;
}

function whyOpen(found: Stats): string | null {
  const isOpen = (found.mode & WRITABLE_BY_OTHERS) !== 0;
  return isOpen ? 'can be written by other users (run chmod go-w on it)' : whyExposed(found);
}

function socketError(path: string, why: string): HoldfastError {
  // Root gets no name: it would be that of the user who put the socket there.
  const as = process.geteuid?.() === 0 ? ' (as root: sudo -u USER, before the command)' : '';
  return new HoldfastError(
    'HF_STORE_FOLDER',
    `Nothing was sent to the process that listens at ${path}: ${why}, so another user of the machine may be behind it. Ask as the user whose store it is${as}, or put the store into a folder of your own.`,
    { path, withStack: false },
  );
}

function fileError(path: string, why: string): HoldfastError {
  return new HoldfastError(
    'HF_STORE_FOLDER',
    `${path} ${why}: it was not made by this store. Find out who put it there, move it away and start again.`,
    { path },
  );
}
