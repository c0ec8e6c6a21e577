/**
 * The checks of `holdfast doctor` that look at the folder and its files.
 *
 * @module
 */

import { access, constants, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exposedAbove, fileSystemOf, keptCopies } from '../../../persistence/upkeep/checkData.ts';
import { countOf } from '../kit/table.ts';
import { type CheckResult, fail, fromError, ok, sizeText, warn } from './doctorFindings.ts';

const FREE_BYTES_WARN = 1_024 * 1_024 * 1_024;
const FREE_BYTES_FAIL = 64 * 1_024 * 1_024;
/** The size of the WAL from which a long reader is likely: it is checkpointed long before. */
const WAL_BYTES_WARN = 512 * 1_024 * 1_024;
const OTHERS_BITS = 0o077;
/** The earliest time that a clock can be right about, since this program did not exist before. */
const CLOCK_EARLIEST_MS = Date.UTC(2026, 0, 1);
const CLOCK_SLACK_MS = 60_000;
const LISTED_MAX = 5;

export async function checkFolder(folder: string): Promise<CheckResult> {
  try {
    const { mode } = await stat(folder);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    if (process.platform !== 'win32' && (mode & OTHERS_BITS) !== 0) {
      return warn('folder', `others can look into ${folder}; run chmod 700 ${folder}`);
    }
    const above = exposedAbove(folder);
    if (above !== null) {
      return warn(
        'folder',
        `other users can put another folder in its place in ${above}; keep the store below folders of your own`,
      );
    }
    return ok('folder', `${folder} is yours alone`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT'
      ? fail('folder', `${folder} is not there; a first run makes it, or check --store`)
      : fail('folder', `${folder} can't be used (${code ?? 'unknown'}); give yourself access`);
  }
}

/** Checks who else may read the files: sealed data is safe, but sizes, times and counts can be read. */
export async function checkFiles(folder: string): Promise<CheckResult> {
  try {
    const names = await readdir(folder);
    const modes = await Promise.all(
      // One that a running process takes away meanwhile, or a link to nowhere, is closed to others.
      names.map(async (name) => {
        const found = await stat(join(folder, name)).catch(() => null);
        return { name, mode: found?.mode ?? 0 };
      }),
    );
    const exposed = modes.filter(({ mode }) => (mode & OTHERS_BITS) !== 0).map(({ name }) => name);
    if (exposed.length === 0 || process.platform === 'win32') {
      return ok('files', `${countOf(names.length, 'file')}, readable by you alone`);
    }
    const listed = exposed.slice(0, LISTED_MAX).join(', ');
    return warn('files', `others can read ${listed}; run chmod 600 on ${join(folder, '*')}`);
  } catch (error) {
    return fromError('files', error);
  }
}

export async function checkFileSystem(folder: string): Promise<CheckResult> {
  try {
    const { type, sharedBy } = await fileSystemOf(folder);
    return sharedBy === null
      ? ok('system', `a local file system${type === null ? '' : ` (0x${type.toString(16)})`}`)
      : fail('system', `${sharedBy} is shared over a network; move the store to a local disk`);
  } catch {
    return warn('system', 'the kind of file system can not be read');
  }
}

export async function checkFreeSpace(folder: string): Promise<CheckResult> {
  try {
    const { bavail, bsize } = await statfs(folder).catch(async () => statfs(dirname(folder)));
    const free = bavail * bsize;
    const detail = `${sizeText(free)} free`;
    if (free < FREE_BYTES_FAIL) return fail('disk', `${detail}; make room`);
    return free < FREE_BYTES_WARN ? warn('disk', `${detail}; make room soon`) : ok('disk', detail);
  } catch {
    return warn('disk', 'free space can not be read');
  }
}

/** Checks the clock: one that is behind the last write makes due work wait. */
export async function checkClock(folder: string | null, nowMs: number): Promise<CheckResult> {
  const names = folder === null ? [] : ['data.db', 'data.db-wal'].map((one) => join(folder, one));
  if (nowMs < CLOCK_EARLIEST_MS) {
    return fail('clock', `says ${new Date(nowMs).toISOString()}; set it, or use NTP`);
  }
  const written = await Promise.all(names.map(async (name) => stat(name).catch(() => null)));
  const lastMs = Math.max(...written.map((file) => file?.mtimeMs ?? 0));
  if (lastMs > nowMs + CLOCK_SLACK_MS) {
    return warn('clock', 'is behind the last write to the store: it went back; use NTP');
  }
  return ok('clock', new Date(nowMs).toISOString());
}

export async function checkWal(folder: string): Promise<CheckResult> {
  const wal = await stat(join(folder, 'data.db-wal')).catch(() => null);
  const size = sizeText(wal?.size ?? 0);
  if ((wal?.size ?? 0) < WAL_BYTES_WARN) return ok('wal', `${size} not folded in yet`);
  return warn(
    'wal',
    `${size} not folded in: something reads the store for long, such as a backup; end it`,
  );
}

/** Lists the copies that migrations kept, which hold data that was erased since. */
export async function checkKeptCopies(folder: string): Promise<CheckResult[]> {
  const copies = await keptCopies(folder).catch(() => []);
  return copies.map(({ path, keptUntilMs }) =>
    ok(
      'copy',
      `${path}, from before a migration; removed after ${new Date(keptUntilMs).toISOString()}`,
    ),
  );
}

/** Checks for unreadable crises that were kept beside the database. */
export async function checkSpill(folder: string): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const name of ['crises.spill.unreadable', 'crises.outside.spill.unreadable']) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => null);
    if (found === null) continue;
    results.push(
      warn(
        'crises',
        `${path} holds crises that could not be read after a start, of ${found.mtime.toISOString()}; check the disk, and remove it once it is looked into`,
      ),
    );
  }
  return results;
}
