/**
 * An ext4 file system of its own whose power a test can cut; a driver of the oracle.
 *
 * @module
 */

import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childProgram } from '../../support/process/childProgram.ts';
import { LedgerServer } from '../../support/process/ledgerServer.ts';
import { compiled } from './compiler.ts';
import type { Image } from './crashDisk.ts';
import { judgeImage, layOut } from './crashImage.ts';
import { type Acknowledgement, type CrashWork, noteKeys, type RecordedSetup } from './crashWork.ts';
import {
  CHILD,
  CHILD_OTHERS,
  fastFolder,
  STORE,
  sabotageEnvironment,
  VARIANTS,
  type Variant,
} from './record.ts';
import { resume } from './resume.ts';

const DISK_BYTES = 192 * 1024 * 1024;
const LIFE_MS = 60_000;
const STARTED_MS_MAX = 20_000;
const UMOUNT_TRIES = 50;
const PROMISES: ReadonlySet<string> = new Set(['accepted', 'durable', 'outcome']);

/** Says why no power can be cut here; `null` where it can. */
export function whyNoPowerCut(): string | null {
  if (process.platform !== 'linux') return 'it takes Linux';
  if (process.getuid?.() !== 0) return 'it takes root, to mount a file system';
  if (!existsSync('/dev/loop-control')) return 'there are no loop devices';
  try {
    execFileSync('mkfs.ext4', ['-V'], { stdio: 'pipe' });
  } catch {
    return 'there is no mkfs.ext4: apt-get install e2fsprogs';
  }
  try {
    new CutDisk().remove();
    return null;
  } catch (error) {
    return `a file system can't be mounted (${String(error).split('\n')[0]})`;
  }
}

/** An ext4 file system in memory whose power can be cut. */
export class CutDisk {
  /** Folder beside the disk, which no cut reaches. */
  readonly home = fastFolder();
  readonly mount = join(this.home, 'mount');
  readonly #file = join(this.home, 'disk');
  readonly #removeAtExit = (): void => {
    this.remove();
  };

  constructor() {
    // This runs before the folder is removed, since a removal must not reach into the mount.
    process.prependOnceListener('exit', this.#removeAtExit);
    try {
      mkdirSync(this.mount);
      writeFileSync(this.#file, '');
      truncateSync(this.#file, DISK_BYTES);
      execFileSync('mkfs.ext4', ['-q', '-F', this.#file], { stdio: 'pipe' });
      this.#mount();
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** Cuts the power: nothing reaches the disk any more. */
  cut(): void {
    execFileSync(compiled('powerCut.c'), [this.mount], { stdio: 'pipe' });
  }

  /** Mounts the disk as after a restart of the machine: the file system recovers by its journal. */
  async restart(): Promise<void> {
    for (let tried = 1; ; tried += 1) {
      try {
        execFileSync('umount', [this.mount], { stdio: 'pipe' });
        break;
      } catch (error) {
        if (tried === UMOUNT_TRIES) throw error;
        await sleep(100);
      }
    }
    this.#mount();
  }

  remove(): void {
    process.off('exit', this.#removeAtExit);
    try {
      execFileSync('umount', ['-l', this.mount], { stdio: 'pipe' });
    } catch {
      // The disk was not mounted.
    }
    rmSync(this.home, { recursive: true, force: true });
  }

  #mount(): void {
    execFileSync('mount', ['-o', 'loop', this.#file, this.mount], { stdio: 'pipe' });
  }
}

export interface CutOutcome {
  /** Promises to callers before the cut: acceptances and outcomes. */
  readonly promises: number;
  readonly breaches: readonly string[];
}

/**
 * Runs the recorded program on a disk of its own, cuts the power after `afterMs` of work, and compares what is left
 * with what was said and had an effect before. It ignores what is said during the cut, and what comes of it: a sync that
 * races the cut may report success.
 * `goesOn` lets the whole runtime finish the work afterwards.
 */
export async function cutPower(
  variant: Variant,
  work: CrashWork,
  afterMs: number,
  goesOn: boolean,
): Promise<CutOutcome> {
  const disk = new CutDisk();
  const ledger = new LedgerServer();
  const acknowledgements = join(disk.home, 'acknowledgements');
  writeFileSync(acknowledgements, '');
  try {
    const setup: RecordedSetup = {
      folder: join(disk.mount, STORE),
      acknowledgements,
      url: await ledger.listen(),
      work,
      isCopy: false,
      hasReader: true,
      accepted: [],
      unreported: [],
      sabotage: VARIANTS[variant].sabotage,
      lifeMs: LIFE_MS,
    };
    const program = childProgram(CHILD, CHILD_OTHERS);
    const child = spawn(process.execPath, [program, JSON.stringify(setup)], {
      env: { ...process.env, ...sabotageEnvironment(variant, null) },
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => {
      child.once('close', resolve);
    });
    try {
      await untilReady(acknowledgements);
      await sleep(afterMs);
      const effects = [...ledger.effects];
      const said = saidIn(acknowledgements);
      disk.cut();
      child.kill('SIGKILL');
      await ended;
      await disk.restart();
      const image = imageOf(disk.mount);
      const root = join(disk.home, 'image');
      layOut(image, root);
      // A crisis goes out before it is on disk: by its key it is known as one.
      noteKeys(work);
      const breaches = [...(await judgeImage(join(root, STORE), said, effects))];
      if (goesOn && breaches.length === 0) {
        const place = join(disk.mount, STORE);
        breaches.push(...(await resume({ image, said }, work, root, effects, place)));
      }
      const isPromise = ({ event }: Acknowledgement): boolean => PROMISES.has(event);
      return { promises: said.filter(isPromise).length, breaches };
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  } finally {
    ledger.close();
    disk.remove();
  }
}

async function untilReady(acknowledgements: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < STARTED_MS_MAX; waitedMs += 20) {
    if (saidIn(acknowledgements).some(({ event }) => event === 'accepted')) return;
    await sleep(20);
  }
  throw new Error('the program whose power is to be cut has accepted nothing');
}

/** Reads whole lines only: the last may be half written. */
function saidIn(acknowledgements: string): readonly Acknowledgement[] {
  const text = readFileSync(acknowledgements, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Acknowledgement);
}

function imageOf(mount: string): Image {
  const files = new Map<string, Buffer>();
  for (const path of readdirSync(mount, { recursive: true, encoding: 'utf8' })) {
    if (!path.startsWith(`${STORE}/`) || !statSync(join(mount, path)).isFile()) continue;
    files.set(path, readFileSync(join(mount, path)));
  }
  return files;
}
