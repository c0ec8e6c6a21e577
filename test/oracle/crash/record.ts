/**
 * Runs a process under the recorder, and returns the timeline of its file calls and of what it said.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { childProgram } from '../../support/process/childProgram.ts';
import type { Sabotage } from '../../support/process/childRuntimeMessages.ts';
import { type LedgerEffect, LedgerServer } from '../../support/process/ledgerServer.ts';
import { compiled } from './compiler.ts';
import { CrashDisk, type FoundFile, type Image } from './crashDisk.ts';
import {
  type Acknowledgement,
  attemptsOf,
  type CrashWork,
  type RecordedSetup,
} from './crashWork.ts';
import { type Recorded, readRecording } from './recording.ts';

export const CHILD: URL = new URL(
  `recordedRuntime${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url,
);
export const CHILD_OTHERS: readonly URL[] = [
  new URL('crashWork.ts', import.meta.url),
  new URL('../../support/process/childRuntimeSabotage.ts', import.meta.url),
  new URL('../restart/restartPlan.ts', import.meta.url),
  new URL('../../../src/simulator/oracle/sentKeys.ts', import.meta.url),
];
const LIFE_MS = 180_000;
const MEMORY = '/dev/shm';
const SYNC_MICROS_MAX = 2_000;
export const STORE = 'store';
const ACKNOWLEDGEMENTS = 'acknowledgements';

interface Weakness {
  readonly synchronous: string | null;
  /** Delay of a commit after it was acknowledged. */
  readonly commitLateMs: number | null;
  readonly sabotage: Sabotage | null;
  /** Leaves in the WAL what a failed sync left there: cuts nothing out, and writes nothing a second time. */
  readonly leavesWal: boolean;
}
const NONE: Weakness = {
  synchronous: null,
  commitLateMs: null,
  sabotage: null,
  leavesWal: false,
};

/** Holdfast as it ships, and with planted defects. */
export const VARIANTS = {
  full: NONE,
  normal: { ...NONE, synchronous: 'NORMAL' },
  off: { ...NONE, synchronous: 'OFF' },
  acknowledgedEarly: { ...NONE, commitLateMs: 10 },
  effectEarly: { ...NONE, sabotage: 'effectBeforeJournal' },
  leavesWal: { ...NONE, leavesWal: true },
} as const satisfies Record<string, Weakness>;
export type Variant = keyof typeof VARIANTS;

export interface RecordingOptions {
  readonly variant: Variant;
  readonly work: CrashWork;
  /** Pages after which a checkpoint folds in the WAL; few, so that cuts fall into checkpoints. */
  readonly checkpointPages: number | null;
  /** Number of syncs in a round, of which the last ones fail. */
  readonly failingSyncs?: { readonly aRound: number; readonly failing: number } | undefined;
  /** See {@link RecordedSetup.hasReader}; default true. */
  readonly hasReader?: boolean | undefined;
  /** Store of an earlier life, and what that life had said. */
  readonly earlier: EarlierLife | null;
  /** Program to run; a program around the runtime where it is absent. */
  readonly program?: RecordedProgram | undefined;
}

export interface RecordedProgram {
  readonly url: URL;
  /** Other files of `test/` that it needs. */
  readonly others: readonly URL[];
  /** Argument beside its setup. */
  readonly argument: string;
}

export interface EarlierLife {
  readonly image: Image;
  readonly said: readonly Acknowledgement[];
  readonly accepted: readonly string[];
  readonly unreported: readonly string[];
  readonly effects: readonly LedgerEffect[];
}

/** Recording of a process. */
export interface Recording {
  readonly options: RecordingOptions;
  readonly root: string;
  readonly rootInode: number;
  readonly found: readonly FoundFile[];
  /** Changes of the store's files, and what the process said, in the order of both. */
  readonly timeline: readonly Moment[];
}

export type Moment = Recorded | Said;

interface Said {
  readonly kind: 'said';
  readonly event: Acknowledgement;
}

/**
 * Makes a folder in memory where the system has a place for that, so that images cost no disk. It is removed when
 * this process ends.
 */
export function fastFolder(): string {
  const folder = mkdtempSync(join(canWrite(MEMORY) ? MEMORY : tmpdir(), 'holdfast-crash-'));
  if (leftovers.size === 0) process.once('exit', removeLeftovers);
  leftovers.add(folder);
  return folder;
}

const leftovers = new Set<string>();

function removeLeftovers(): void {
  for (const folder of leftovers) rmSync(folder, { recursive: true, force: true });
}

function canWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs a process under the recorder until it has done its work and stopped. */
export async function record(options: RecordingOptions): Promise<Recording> {
  const home = fastFolder();
  const ledger = new LedgerServer();
  try {
    const root = join(home, 'root');
    mkdirSync(root, { mode: 0o700 });
    if (options.earlier !== null) writeImage(options.earlier.image, root);
    const found = foundIn(root);
    const rootInode = statSync(root).ino;
    const url = await ledger.listen();
    const { said = [], effects = [] } = options.earlier ?? {};
    ledger.remember(attemptsOf(said), effects);
    const acknowledgements = join(root, ACKNOWLEDGEMENTS);
    const log = join(home, 'log');
    const setup: RecordedSetup = {
      folder: join(root, STORE),
      acknowledgements,
      url,
      work: options.work,
      isCopy: options.earlier !== null,
      hasReader: options.hasReader ?? true,
      accepted: options.earlier?.accepted ?? [],
      unreported: options.earlier?.unreported ?? [],
      sabotage: VARIANTS[options.variant].sabotage,
      lifeMs: LIFE_MS,
    };
    await run(options.program, setup, environment(options, root, log));
    const timeline = timelineOf(readRecording(log), acknowledgements);
    const recording = { options, root, rootInode, found, timeline };
    checkComplete(recording, foundIn(root));
    return recording;
  } finally {
    ledger.close();
    rmSync(home, { recursive: true, force: true });
  }
}

/** Writes an image where a process can open it. */
export function writeImage(image: Image, root: string): void {
  for (const [path, bytes] of image) {
    const target = join(root, path);
    if (path.endsWith('/')) mkdirSync(target, { recursive: true, mode: 0o700 });
    else {
      mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
      writeFileSync(target, bytes, { mode: 0o600 });
    }
  }
}

function foundIn(root: string): readonly FoundFile[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((path) => ({ path, found: statSync(join(root, path)) }))
    .filter(({ found }) => found.isFile() || found.isDirectory())
    .toSorted((one, other) => one.path.length - other.path.length)
    .map(({ path, found }) => ({
      path,
      inode: found.ino,
      bytes: found.isDirectory() ? null : readFileSync(join(root, path)),
    }));
}

/**
 * Checks that the records add up to the final files; else something changed them unrecorded.
 *
 * @throws Error naming the file.
 */
function checkComplete(recording: Recording, found: readonly FoundFile[]): void {
  const { root, rootInode, timeline } = recording;
  const disk = new CrashDisk(root, rootInode, recording.found, 'kept');
  for (const moment of timeline) if (moment.kind !== 'said') disk.apply(moment);
  const rebuilt = disk.image('kept', seededRandom(0));
  for (const { path, bytes } of found) {
    if (bytes === null || path === ACKNOWLEDGEMENTS || path.endsWith('-shm')) continue;
    if (rebuilt.get(path)?.equals(bytes) !== true) {
      throw new Error(`the recorder has missed a change of ${path}`);
    }
  }
}

/** Builds the environment of the process and its writer thread. */
function environment(
  { variant, checkpointPages, failingSyncs }: RecordingOptions,
  root: string,
  log: string,
): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...sabotageEnvironment(variant, checkpointPages),
    LD_PRELOAD: compiled('recorder.c'),
    HOLDFAST_RECORD_FOLDER: root,
    HOLDFAST_RECORD_LOG: log,
    HOLDFAST_RECORD_SYNC_MICROS_MAX: String(SYNC_MICROS_MAX),
    ...(failingSyncs === undefined
      ? {}
      : {
          HOLDFAST_RECORD_SYNCS_A_ROUND: String(failingSyncs.aRound),
          HOLDFAST_RECORD_SYNCS_FAILING: String(failingSyncs.failing),
        }),
    // A ring would bypass the recorded calls.
    UV_USE_IO_URING: '0',
  };
}

/** Loads sabotage.cjs, which plants the variant's defect. */
export function sabotageEnvironment(
  variant: Variant,
  checkpointPages: number | null,
): NodeJS.ProcessEnv {
  const { synchronous, commitLateMs, leavesWal }: Weakness = VARIANTS[variant];
  return {
    NODE_OPTIONS: `--require ${JSON.stringify(resolve('test/oracle/crash/sabotage.cjs'))}`,
    ...(synchronous === null ? {} : { HOLDFAST_SABOTAGE_SYNCHRONOUS: synchronous }),
    ...(commitLateMs === null ? {} : { HOLDFAST_SABOTAGE_COMMIT_LATE_MS: String(commitLateMs) }),
    ...(leavesWal ? { HOLDFAST_SABOTAGE_LEAVES_WAL: '1' } : {}),
    ...(checkpointPages === null ? {} : { HOLDFAST_CHECKPOINT_PAGES: String(checkpointPages) }),
  };
}

async function run(
  { url, others, argument }: RecordedProgram = { url: CHILD, others: CHILD_OTHERS, argument: '' },
  setup: RecordedSetup,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const program = childProgram(url, others);
  const child = spawn(process.execPath, [program, JSON.stringify(setup), argument], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const how = await new Promise<number | string | null>((done, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) => {
      done(code ?? signal);
    });
  });
  if (how !== 0) throw new Error(`the recorded process ended with ${how}. ${complaints}`);
}

/** Separates what was said from what was done to the store. */
function timelineOf(records: readonly Recorded[], acknowledgements: string): readonly Moment[] {
  const made = records.find((one) => one.kind === 'made' && one.path === acknowledgements);
  if (made?.kind !== 'made') throw new Error('the recorder has recorded nothing');
  return records
    .filter((one) => one !== made)
    .flatMap((one): readonly Moment[] => {
      if (!('inode' in one) || one.inode !== made.inode) return [one];
      if (one.kind !== 'wrote') return [];
      return [{ kind: 'said', event: JSON.parse(one.bytes.toString()) as Acknowledgement }];
    });
}
