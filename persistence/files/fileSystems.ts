/**
 * File systems that a store may be on. On one shared over a network, locks and syncs are promises of another machine:
 * two may both believe that they own the store, and a commit may be acknowledged that no disk has seen. SQLite's WAL
 * does not work there at all.
 *
 * @module
 */

import { statfsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';

/** By the number that Linux gives each kind (statfs(2)). */
const SHARED_BY_LINUX_TYPE: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9p'],
  [0x65735546, 'FUSE (sshfs, or a folder shared into a virtual machine)'],
  [0x00c36400, 'Ceph'],
  [0x6b414653, 'AFS'],
  [0x5346414f, 'OpenAFS'],
  [0x73757245, 'Coda'],
  [0x564c, 'NCP'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x20030528, 'OrangeFS'],
  [0x786f4256, 'VirtualBox shared folders'],
  [0xbacbacbc, 'VMware shared folders'],
]);

/** The number of a path's file system; `null` where numbers mean nothing, and where there is no such path. */
export async function fileSystemType(path: string): Promise<number | null> {
  if (process.platform !== 'linux') return null;
  try {
    return (await statfs(path)).type;
  } catch {
    return null;
  }
}

/** Btrfs, ext2 to ext4, tmpfs, XFS. */
const TELLING_LINUX_TYPES: ReadonlySet<number> = new Set([
  0x9123683e, 0xef53, 0x01021994, 0x58465342,
]);

/**
 * True if the time of a folder surely changes with each name added, removed or changed in it, which it does not on FAT.
 * Known file systems only: see storeFiles.ts.
 */
export function foldersTellChanges(path: string): boolean {
  if (process.platform !== 'linux') return false;
  try {
    return TELLING_LINUX_TYPES.has(statfsSync(path).type >>> 0);
  } catch {
    return false;
  }
}

/** The name of a shared file system, which no store may be on; `null` for any other. */
export function sharedFileSystem(type: number | null): string | null {
  return type === null ? null : (SHARED_BY_LINUX_TYPE.get(type >>> 0) ?? null);
}
