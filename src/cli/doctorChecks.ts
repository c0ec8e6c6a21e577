/**
 * The checks of `holdfast doctor`. Each looks at one thing and changes nothing.
 *
 * @module
 */

import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { systemClock } from '../../actors/systemClock.ts';
import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import { readStore } from '../../persistence/openStore.ts';
import { keyFile } from '../../persistence/sealing/keyFile.ts';
import { askOwner } from '../control/controlClient.ts';

export type CheckStatus = 'ok' | 'warn' | 'fail';

export interface CheckResult {
  readonly name: string;
  readonly status: CheckStatus;
  /** What was found; for a warning or failure also what to do. */
  readonly detail: string;
}

const NODE_VERSION_MIN = [20, 19] as const;
const FREE_BYTES_WARN = 1_024 * 1_024 * 1_024;
const FREE_BYTES_FAIL = 64 * 1_024 * 1_024;
/** Before this program existed no clock can be right: 2026-01-01. */
const CLOCK_EARLIEST_MS = Date.UTC(2026, 0, 1);
const CLOCK_SLACK_MS = 60_000;

export async function runChecks(storeFolder: string, keyPath: string): Promise<CheckResult[]> {
  const folder = resolve(storeFolder);
  const owner = await askOwner(folder, { method: 'health', params: {} }).catch(() => null);
  return [
    checkNode(process.versions.node),
    await checkFolder(folder),
    await checkFreeSpace(folder),
    await checkClock(folder, systemClock.now()),
    await checkKey(folder, keyPath),
    owner === null
      ? await checkStore(folder, keyPath)
      : {
          name: 'store',
          status: owner.overall === 'healthy' ? 'ok' : 'warn',
          detail:
            `in use by a running process that is ${owner.overall} (score ${owner.score}` +
            `${owner.reasons.length > 0 ? `: ${owner.reasons.join('; ')}` : ''}), ` +
            `${owner.operations.quarantined} records set aside`,
        },
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

async function checkFolder(folder: string): Promise<CheckResult> {
  try {
    const { mode } = await stat(folder);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      return warn('folder', `others can look into ${folder}; run chmod 700 ${folder}`);
    }
    return ok('folder', `${folder} is yours alone`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT'
      ? fail('folder', `${folder} is not there; a first run makes it, or check --store`)
      : fail('folder', `${folder} can't be used (${code ?? 'unknown'}); give yourself access`);
  }
}

async function checkFreeSpace(folder: string): Promise<CheckResult> {
  try {
    const { bavail, bsize } = await statfs(folder).catch(async () => statfs(dirname(folder)));
    const free = bavail * bsize;
    const detail = `${(free / 1_024 ** 3).toFixed(1)} GiB free`;
    if (free < FREE_BYTES_FAIL) return fail('disk', `${detail}; make room`);
    return free < FREE_BYTES_WARN ? warn('disk', `${detail}; make room soon`) : ok('disk', detail);
  } catch {
    return warn('disk', 'free space can not be read');
  }
}

/** A clock that is behind what was already written makes work wait that is due. */
async function checkClock(folder: string, nowMs: number): Promise<CheckResult> {
  if (nowMs < CLOCK_EARLIEST_MS) {
    return fail('clock', `says ${new Date(nowMs).toISOString()}; set it, or use NTP`);
  }
  const written = await stat(join(folder, 'data.db')).catch(() => null);
  if (written !== null && written.mtimeMs > nowMs + CLOCK_SLACK_MS) {
    return warn('clock', 'is behind the last write to the store: it went back; use NTP');
  }
  return ok('clock', new Date(nowMs).toISOString());
}

async function checkKey(folder: string, keyPath: string): Promise<CheckResult> {
  try {
    const { key } = await keyFile(keyPath).load({ storeFolder: folder, kdf: null });
    key.fill(0);
    return ok('key file', `${resolve(keyPath)} is readable by you alone`);
  } catch (error) {
    return fromError('key file', error);
  }
}

/**
 * Opens the store as its owner, so it also tells whether somebody else owns it. Opening demands a
 * sound version of SQLite, WAL, and a sync with every commit.
 */
async function checkStore(folder: string, keyPath: string): Promise<CheckResult> {
  try {
    const store = await readStore({ folder, key: keyFile(keyPath) });
    try {
      const { settled, deadLettered, inHand, due, held, quarantined } = await store.counts();
      const counts =
        `${settled} settled, ${deadLettered} dead letters, ${inHand + due + held} to do, ` +
        `${quarantined} set aside`;
      return quarantined > 0
        ? warn('store', `the key opens it; ${counts}: some records can't be read; see the backup`)
        : ok('store', `the key opens it, commits are synced; ${counts}`);
    } finally {
      await store.close();
    }
  } catch (error) {
    return fromError('store', error);
  }
}

function fromError(name: string, error: unknown): CheckResult {
  if (isHoldfastError(error)) return fail(name, `${error.message} (${error.code})`);
  return fail(name, error instanceof Error ? error.message : String(error));
}

function ok(name: string, detail: string): CheckResult {
  return { name, status: 'ok', detail };
}

function warn(name: string, detail: string): CheckResult {
  return { name, status: 'warn', detail };
}

function fail(name: string, detail: string): CheckResult {
  return { name, status: 'fail', detail };
}
