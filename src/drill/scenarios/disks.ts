/**
 * The drill while the disk fails: it stands still, or is full.
 *
 * @module
 */

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { armThreads } from '../../../persistence/port/faultPoints.ts';
import type { Runtime } from '../../runtime.ts';
import { becomes } from '../measure/figures.ts';
import type { Stage } from '../stage/stage.ts';
import { keepInFlight } from './ballast.ts';
import type { Scenario } from './scenario.ts';

const CALLERS = 20;
/** How long the disk stands still. */
const STALL_MS = { full: 5_000, short: 2_500 };
/** The commit at which it does: a while after the stream has begun. */
const STALLED_COMMIT = { full: 700, short: 130 };
/** How long after there is room again the storage may take to be well. */
const WELL_WITHIN_MS = 30_000;
/** Blocks by which a disk is filled, to the last byte. */
const BLOCKS = [1_048_576, 65_536, 4_096, 1];

/** Notes every state of the storage that is seen while the crises come. */
function watchStorage(runtime: Runtime): { readonly seen: Set<string>; readonly stop: () => void } {
  const seen = new Set<string>();
  let isOver = false;
  const look = (): boolean => {
    seen.add(runtime.getHealthStatus().storage.state);
    return isOver;
  };
  void becomes(look, Number.POSITIVE_INFINITY, 50);
  return {
    seen,
    stop() {
      isOver = true;
    },
  };
}

export const diskStalled: Scenario = {
  name: 'disk-stalled',
  title: 'Disk stalled for 5 s',
  means: 'the thread that writes stands still in the midst of a commit',
  seconds: { full: 24, short: 5 },
  async run(stage) {
    const stallMs = stage.sized(STALL_MS.full, STALL_MS.short);
    const countdown = stage.sized(STALLED_COMMIT.full, STALLED_COMMIT.short);
    // By code, and of this process alone: no option or variable reaches such a point.
    armThreads([{ name: 'store.beforeCommit', countdown, action: { stallMs } }]);
    const runtime = await stage.openWell();
    const work = keepInFlight(runtime, CALLERS, 50);
    const storage = watchStorage(runtime);
    await stage.stream(runtime);
    storage.stop();
    work.stop();
    const { seen } = storage;
    const isThere = seen.has('slow') || seen.has('hanging');
    stage.saw(isThere, `the storage was ${[...seen].join(', then ')}`);
  },
};

export const diskFull: Scenario = {
  name: 'disk-full',
  title: 'Disk full',
  means:
    'a small file system of its own is filled to the last byte, or where none can be mounted, the size of files is limited; later there is room again',
  needsSmallDisk: true,
  seconds: { full: 30, short: 5 },
  async run(stage) {
    const runtime = await stage.openWell();
    const work = keepInFlight(runtime, CALLERS, 50);
    const storage = watchStorage(runtime);
    const answers = stage.stream(runtime);
    await stage.pauseFor(1 / 8);
    const how = await fillDisk(stage);
    await stage.pauseFor(5 / 8);
    const { state } = runtime.getHealthStatus().storage;
    how.makeRoom();
    stage.saw(state === 'full' || state === 'failing', `by ${how.means} the storage was ${state}`);
    await answers;
    const now = (): string => runtime.getHealthStatus().storage.state;
    const isWell = await becomes(() => now() === 'well', WELL_WITHIN_MS);
    stage.saw(isWell, `by itself it was ${now()} once there was room`);
    storage.stop();
    work.stop();
  },
};

async function fillDisk(stage: Stage): Promise<{ means: string; makeRoom: () => void }> {
  if (stage.order.disk === 'limit') {
    limitFiles('1:unlimited');
    return {
      means: 'a limit on files',
      makeRoom: () => {
        limitFiles('unlimited:unlimited');
      },
    };
  }
  const ballast = join(dirname(stage.storeFolder), 'ballast');
  const file = await open(ballast, 'a');
  for (const size of BLOCKS) {
    const block = Buffer.alloc(size);
    try {
      // Not by this thread, which is the one that answers.
      while ((await file.write(block)).bytesWritten > 0);
    } catch {
      // No more blocks of this size.
    }
  }
  await file.close();
  return {
    means: 'a file system without a byte left',
    makeRoom: () => {
      rmSync(ballast);
    },
  };
}

/** The limits on the size of this process's files, soft and hard. */
function limitFiles(limits: string): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${limits}`]);
}
