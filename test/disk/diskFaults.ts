/**
 * Makes the disk fail for one process, by a library that stands between it and the kernel.
 *
 * @module
 */

import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const FIELDS = [
  'writeError',
  'syncError',
  'openError',
  'syncMs',
  'syncsFailing',
  'shmError',
  'syncHangs',
] as const;
const SOURCE = fileURLToPath(new URL('./faults.c', import.meta.url));

/** What goes wrong: errors by their names, and how long each sync takes. */
export interface Fault {
  readonly writeError?: keyof typeof constants.errno;
  readonly syncError?: keyof typeof constants.errno;
  readonly openError?: keyof typeof constants.errno;
  readonly syncMs?: number;
  /** 1: no sync returns until this is taken away. */
  readonly syncHangs?: 0 | 1;
  /** How many syncs fail with `syncError` before they succeed again; all of them where it is left out. */
  readonly syncsFailing?: number;
  /** Given where a -shm is made longer than it is at first: some 4,000 pages into a -wal. */
  readonly shmError?: keyof typeof constants.errno;
}

/** Makes the disk fail for one process, in one folder, when a test says so. */
export class DiskFaults {
  readonly #file: string;
  readonly #under: string;

  constructor(under: string) {
    this.#under = under;
    this.#file = join(scratch(), 'faults');
    writeFileSync(this.#file, Buffer.alloc(4 * (FIELDS.length + 1)));
  }

  /** What the process must be started with. */
  get env(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: library(),
      DISK_FAULTS: this.#file,
      DISK_FAULTS_UNDER: this.#under,
    };
  }

  /** How many calls have failed or were held up. */
  get given(): number {
    return readFileSync(this.#file).readInt32LE(4 * FIELDS.length);
  }

  set(fault: Fault): void {
    const values = Buffer.alloc(4 * FIELDS.length);
    for (const [index, field] of FIELDS.entries()) {
      const value = fault[field] ?? 0;
      values.writeInt32LE(typeof value === 'string' ? constants.errno[value] : value, 4 * index);
    }
    const descriptor = openSync(this.#file, 'r+');
    writeSync(descriptor, values, 0, values.length, 0);
    closeSync(descriptor);
  }
}

const folders: string[] = [];

/** A folder for as long as the test file runs that imports this. */
function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-faults-'));
  folders.push(folder);
  return folder;
}

afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  built = null;
});

let built: string | null = null;

function library(): string {
  if (built !== null) return built;
  const path = join(scratch(), 'faults.so');
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-Wall', '-o', path, SOURCE, '-ldl']);
  built = path;
  return path;
}

/** Why disks can't be made to fail here, in words for a skipped test; `null` where they can. */
export function whyNoFaults(): string | null {
  if (process.platform !== 'linux') return 'needs Linux';
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'needs a C compiler: apt-get install gcc libc6-dev';
  }
}
