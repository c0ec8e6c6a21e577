/**
 * The checks of `holdfast doctor`. Each looks at one thing and changes nothing.
 *
 * @module
 */

import { resolve } from 'node:path';
import type { KeySource } from '../../../persistence/sealing/keySource.ts';
import type { UpkeepOptions } from '../../../persistence/upkeep/progress.ts';
import { askOwner } from '../../control/controlClient.ts';
import { health } from '../../management/store.ts';
import {
  checkClock,
  checkFileSystem,
  checkFiles,
  checkFolder,
  checkFreeSpace,
  checkKeptCopies,
  checkSpill,
  checkWal,
} from './doctorFiles.ts';
import { type CheckResult, fail, fromError, ok } from './doctorFindings.ts';
import { checkHelpLines } from './doctorHelpLines.ts';
import {
  checkAtRest,
  checkDeep,
  checkFormat,
  checkInUse,
  checkKeyring,
  checkSqlite,
} from './doctorStore.ts';

const NODE_VERSION_MIN = [20, 19] as const;

export interface DoctorTask {
  readonly folder: string;
  readonly key: KeySource;
  /** The path of the key; `null` for a passphrase. */
  readonly keyPath: string | null;
  /** Whether to read every page and open every record. */
  readonly deep: boolean;
}

/** @param task `null` where no store is named: then only the machine is looked at */
export async function runChecks(
  task: DoctorTask | null,
  options: UpkeepOptions,
): Promise<CheckResult[]> {
  const nowMs = options.clock.now();
  if (task === null) {
    return [
      checkNode(process.versions.node),
      checkSqlite(),
      await checkClock(null, nowMs),
      checkHelpLines(nowMs),
      ok('store', 'none is named; --store and --key-file check one, too'),
    ];
  }
  const folder = resolve(task.folder);
  const { key, keyPath } = task;
  const answer = await askOwner(folder, health, {}).catch(() => null);
  const owner = answer?.result ?? null;
  const first = [
    checkNode(process.versions.node),
    checkSqlite(),
    await checkFolder(folder),
    await checkFreeSpace(folder),
    await checkClock(folder, nowMs),
    ...(keyPath === null ? [] : [await checkKey(folder, key, keyPath)]),
    checkHelpLines(nowMs),
  ];
  // Without a folder all other checks would fail with the same finding.
  if (first.some(({ name, status }) => name === 'folder' && status === 'fail')) return first;
  const files = [
    ...first,
    await checkFiles(folder),
    await checkFileSystem(folder),
    await checkWal(folder),
    ...(await checkKeptCopies(folder)),
    ...(await checkSpill(folder)),
  ];
  // Without SQLite no store can be opened.
  if (files.some(({ name, status }) => name === 'sqlite' && status === 'fail')) {
    return [...files, ...(owner === null ? [] : checkInUse(owner))];
  }
  return [
    ...files,
    ...checkFormat(folder),
    ...(owner === null
      ? await checkAtRest(folder, key)
      : [await checkKeyring(folder, key), ...checkInUse(owner)]),
    ...(task.deep ? await checkDeep(folder, key, options) : []),
  ];
}

export function checkNode(version: string): CheckResult {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [majorMin, minorMin] = NODE_VERSION_MIN;
  const isOld = major < majorMin || (major === majorMin && minor < minorMin);
  return isOld
    ? fail('node', `version ${version}; install ${majorMin}.${minorMin} or later`)
    : ok('node', `version ${version}`);
}

async function checkKey(folder: string, source: KeySource, keyPath: string): Promise<CheckResult> {
  try {
    const { key } = await source.load({ storeFolder: folder, kdf: null });
    key.fill(0);
    return ok('key file', `${resolve(keyPath)} is readable by you alone`);
  } catch (error) {
    return fromError('key file', error);
  }
}
