/**
 * How a disk that can be filled is had: a small file system in memory that only the process under drill
 * sees, and that is gone with it; where that is not allowed, a limit on the size of its files.
 *
 * @module
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SmallDisk } from './stage/stageMessages.ts';

const SIZE = '128m';
/** With a name space for mounts, and where that takes it, one in which the user is root. */
const UNSHARE = [['-m'], ['-m', '-r']] as const;
const MOUNT = `mount -t tmpfs -o size=${SIZE},mode=0700 tmpfs "$0" && exec "$@"`;

/** A disk and the words that a program is started on it with, before its own. */
export interface DiskCommand {
  readonly disk: SmallDisk;
  readonly command: (folder: string) => readonly string[];
}

/** Tries what this machine allows; mounts nothing that anybody else sees. */
export function findSmallDisk(folder: string): DiskCommand {
  for (const flags of UNSHARE) {
    const command = (of: string): readonly string[] => {
      const path = join(of, 'disk');
      mkdirSync(path, { recursive: true });
      return ['unshare', ...flags, 'sh', '-c', MOUNT, path];
    };
    if (works(command(folder))) return { disk: 'tmpfs', command };
  }
  const disk = works(['prlimit', '--version']) ? 'limit' : 'none';
  return { disk, command: () => [] };
}

function works([program = '', ...args]: readonly string[]): boolean {
  try {
    const last = program === 'unshare' ? ['true'] : [];
    execFileSync(program, [...args, ...last], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
