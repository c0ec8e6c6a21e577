/**
 * The place of a Unix socket for outside callers: a folder that other users may not enter, so that they can't open
 * the socket at any moment, whatever its mode.
 *
 * @module
 */

import type { Stats } from 'node:fs';
import { lstat, mkdir, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';

const FOR_OTHERS = 0o077;
const FOLDER_MODE = 0o700;
const HAS_OWNERS = process.platform !== 'win32';

/**
 * Makes the folder where it is missing, and removes a socket that a dead process has left.
 *
 * @throws HoldfastError (rejects) `HF_CRISIS_OUTSIDE`: others may enter the folder, or somebody listens
 * there already, or something else lies in its place.
 */
export async function prepareSocket(path: string): Promise<void> {
  await prepareFolder(dirname(path));
  const found = await statsOf(lstat(path));
  if (found === null) return;
  if (!found.isSocket()) throw placeError(path, 'is there and is no socket. Give another path');
  if (await isAnswered(path)) {
    throw placeError(
      path,
      'is in use: another process answers there. End it, or give another path',
    );
  }
  await rm(path, { force: true });
}

async function prepareFolder(folder: string): Promise<void> {
  const found = await statsOf(stat(folder));
  if (found === null) {
    await mkdir(folder, { mode: FOLDER_MODE });
    return;
  }
  if (!HAS_OWNERS) return;
  if (!found.isDirectory()) throw placeError(folder, 'is no folder. Give the path of one');
  if (found.uid !== process.geteuid?.()) {
    throw placeError(folder, 'belongs to another user. Give a folder of your own');
  }
  if ((found.mode & FOR_OTHERS) !== 0) {
    throw placeError(folder, 'can be entered by other users. Run chmod 700 on it');
  }
}

/** The stats of a path; `null` where nothing is there. */
async function statsOf(asked: Promise<Stats>): Promise<Stats | null> {
  try {
    return await asked;
  } catch (error) {
    if (Reflect.get(Object(error), 'code') === 'ENOENT') return null;
    throw error;
  }
}

async function isAnswered(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(path);
    const end = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', () => {
      end(true);
    });
    socket.once('error', () => {
      end(false);
    });
  });
}

function placeError(path: string, what: string): HoldfastError {
  return new HoldfastError(
    'HF_CRISIS_OUTSIDE',
    `Outside callers are not answered: ${path} ${what}.`,
    { path, retry: 'later', withStack: false },
  );
}
