/**
 * `holdfast doctor`: checks what a store needs, and says what to do about what is wrong.
 *
 * @module
 */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { AnchorSource } from '../../../actors/port.ts';
import type { KeySource } from '../../../persistence/sealing/keySource.ts';
import type { UpkeepOptions } from '../../../persistence/upkeep/progress.ts';
import { askOwner } from '../../control/controlClient.ts';
import { HELP_LINES, uncheckedHelpLines } from '../../crisis/helpLines.ts';
import { health } from '../../management/store.ts';
import { anchorPlace } from '../kit/anchorPlace.ts';
import { command, EXAMPLE_STORE, flag, type JsonOptions, jsonOption } from '../kit/command.ts';
import { type Paint, plainLine } from '../kit/output.ts';
import { EXIT } from '../kit/program.ts';
import { storeKey } from '../kit/storeKey.ts';
import {
  type AnchorOptions,
  anchorOptions,
  anyStoreOption,
  type KeyOptions,
  keyOptions,
} from '../kit/storeOptions.ts';
import { runUpkeep } from '../kit/withStore.ts';
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
import { type CheckResult, fail, fromError, ok, warn } from './doctorFindings.ts';
import { checkAccess, checkUnknown, type Places, placesIn, placesText } from './doctorPlaces.ts';
import {
  checkAtRest,
  checkDeep,
  checkFormat,
  checkInUse,
  checkKeyring,
  checkSqlite,
  measureRoom,
} from './doctorStore.ts';

const LISTED_MAX = 5;

/** Checks the age of help lines: numbers change, so those that were not checked for long may be wrong (CR-3). */
export function checkHelpLines(nowMs: number): CheckResult {
  const old = uncheckedHelpLines(nowMs);
  const total = HELP_LINES.length;
  if (old.length === 0) {
    const called = HELP_LINES.filter(({ checkedBy }) => checkedBy === 'call').length;
    return ok(
      'help',
      `${total} help lines, each checked within a year, ${called} of them by a call; call those of the people you serve`,
    );
  }
  const listed = old
    .slice(0, LISTED_MAX)
    .map(({ name, regions }) => `${name} (${regions.join(', ')})`)
    .join('; ');
  const more = old.length > LISTED_MAX ? '; …' : '';
  return warn(
    'help',
    `${old.length} of ${total} help lines were last checked over a year ago: ${listed}${more}. ` +
      'Update holdfast, or give those of your region as crisis.resources, which come first',
  );
}

const NODE_VERSION_MIN = [20, 19] as const;

interface DoctorTask {
  readonly folder: string;
  readonly key: KeySource;
  /** The path of the key; `null` for a passphrase. */
  readonly keyPath: string | null;
  readonly anchor: AnchorSource | undefined;
  /** Whether to read every page and open every record. */
  readonly deep: boolean;
}

interface Findings {
  readonly checks: readonly CheckResult[];
  /** `null` where no store is named, or its folder can't be looked into. */
  readonly places: Places | null;
}

async function checkMachine(nowMs: number): Promise<Findings> {
  const checks = [
    checkNode(process.versions.node),
    checkSqlite(),
    await checkClock(null, nowMs),
    checkHelpLines(nowMs),
    ok('store', 'none is named; --store and --key-file check one, too'),
  ];
  return { checks, places: null };
}

async function runChecks(task: DoctorTask, options: UpkeepOptions): Promise<Findings> {
  const nowMs = options.clock.now();
  const folder = resolve(task.folder);
  const { key, keyPath, anchor } = task;
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
  if (first.some(({ name, status }) => name === 'folder' && status === 'fail')) {
    return { checks: first, places: null };
  }
  const found = await placesIn(folder, keyPath);
  const files = [
    ...first,
    await checkFiles(folder),
    await checkFileSystem(folder),
    await checkWal(folder),
    ...(await checkKeptCopies(folder)),
    ...(await checkSpill(folder)),
    ...checkUnknown(found),
    ...(await checkAccess(folder, found)),
  ];
  const places = { folder, files: found, data: null };
  // Without SQLite no store can be opened.
  if (files.some(({ name, status }) => name === 'sqlite' && status === 'fail')) {
    return {
      checks: [...files, ...(owner === null ? [] : checkInUse(owner, anchor !== undefined))],
      places,
    };
  }
  const format = checkFormat(folder);
  // A file that is no store was said to be none.
  const isStore = format.every(({ status }) => status !== 'fail');
  const room = isStore ? await measureRoom(folder, task.deep, options) : null;
  const [data, faults] = room !== null && 'status' in room ? [null, [room]] : [room, []];
  const checks = [
    ...files,
    ...format,
    ...faults,
    ...(owner === null
      ? await checkAtRest(folder, key, anchor)
      : [await checkKeyring(folder, key), ...checkInUse(owner, anchor !== undefined)]),
    ...(task.deep ? await checkDeep(folder, key, options) : []),
  ];
  return { checks, places: { ...places, data } };
}

function checkNode(version: string): CheckResult {
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

interface DoctorOptions extends KeyOptions, AnchorOptions, JsonOptions {
  readonly store?: string;
  readonly deep: boolean;
}

export function doctorCommand(): Command {
  return command<DoctorOptions>({
    name: 'doctor',
    options: [
      anyStoreOption('folder of the store; without one it checks this machine'),
      ...keyOptions(),
      ...anchorOptions(),
      flag('--deep', 'also read every page, open every record and measure each kind of them'),
      jsonOption(),
    ],
    notes: `Of a store it also prints what lies where: each file of the folder, whether it may be deleted ("at rest": while
no process uses the store), and what takes the room in the database. A database of over 64 MiB is measured by
kind with --deep only. With --anchor a store at rest is compared with its anchor.`,
    examples: [
      'holdfast doctor',
      `holdfast doctor ${EXAMPLE_STORE}`,
      `holdfast doctor ${EXAMPLE_STORE} --anchor ./elsewhere/payments.anchor`,
    ],
    async run({ options, output }) {
      const { store: folder, keyFile: keyPath = null, deep } = options;
      const task =
        folder === undefined
          ? null
          : {
              ...{ folder, keyPath, deep },
              key: await storeKey(options, folder),
              anchor: await anchorPlace(options, folder),
            };
      const findings = await runUpkeep(output, async (upkeep) =>
        task === null ? await checkMachine(upkeep.clock.now()) : await runChecks(task, upkeep),
      );
      if (findings === null) return EXIT.interrupted;
      const { checks, places } = findings;
      const lines = checks.map(
        ({ name, status, detail }) =>
          `${status.padEnd(STATUS_WIDTH)}  ${name.padEnd(8)}  ${plainLine(detail)}`,
      );
      const hasFailed = checks.some(({ status }) => status === 'fail');
      const section = places === null ? [] : ['', placesText(places)];
      output.result({ ok: !hasFailed, checks, places }, [...lines, ...section].join('\n'), paint);
      return hasFailed ? EXIT.failed : EXIT.ok;
    },
  });
}

const STATUS_WIDTH = 4;

/** Colours the status that begins the line. */
const paint: Paint = (line, { green, yellow, red }) => {
  const color = { ok: green, warn: yellow, fail: red }[line.slice(0, STATUS_WIDTH).trim()];
  return color === undefined ? line : color(line.slice(0, STATUS_WIDTH)) + line.slice(STATUS_WIDTH);
};
