/**
 * What lies where: the files of a store's folder, and what takes the room in the database (PS-5). It is found without
 * the key, at rest and in use, and names neither operations nor people.
 *
 * @module
 */

import { access, constants, lstat, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type DataPartName, type DataSizes } from '../../../persistence/upkeep/measureData.ts';
import { table, timeOf } from '../kit/table.ts';
import { type CheckResult, fail, sizeText, warn } from './doctorFindings.ts';

/**
 * Whether a person may delete a file: never; while no process uses the store; at any time; or, of a file that is not
 * holdfast's, once it is known whose it is.
 */
type Deletion = 'never' | 'atRest' | 'anyTime' | 'unknown';

interface Kind {
  /** The whole name. */
  readonly name: RegExp;
  readonly holds: string;
  /** Whether something is lost, or does not start, without it. */
  readonly isNeeded: boolean;
  readonly deletion: Deletion;
}

function kind(name: RegExp, isNeeded: boolean, deletion: Deletion, holds: string): Kind {
  return { name, holds, isNeeded, deletion };
}

const KINDS: readonly Kind[] = [
  kind(/^data\.db$/, true, 'never', 'all that was accepted, sealed'),
  kind(
    /^data\.db-wal$/,
    true,
    'never',
    'commits not in data.db yet, and what was erased since: an idle process, or the next start, empties it',
  ),
  kind(/^data\.db-shm$/, false, 'atRest', 'an index of data.db-wal; made again'),
  kind(/^data\.db-journal$/, true, 'never', 'what undoes a commit that a crash cut off'),
  kind(/^keyring\.json$/, true, 'never', 'the key of the store, sealed by yours'),
  kind(/^last\.commit$/, false, 'never', 'which commit was the last; without it nobody can tell'),
  kind(/^keyring\.new\.json$/, true, 'never', 'the keyring of a store that is being made'),
  kind(
    /^keyring\.json\.replaced$/,
    false,
    'anyTime',
    'what lay in the place of keyring.json; look at it first',
  ),
  kind(/^owner\.db$/, false, 'atRest', 'the lock of the process that owns the store; made again'),
  kind(/^owner\.json$/, false, 'atRest', 'which process that is, or was'),
  kind(
    /^crises(\.outside)?\.spill$/,
    true,
    'never',
    'crises that data.db could not take, until it can; else room reserved for them',
  ),
  kind(
    /^crises(\.outside)?\.spill\.unreadable$/,
    false,
    'anyTime',
    'crises that could not be read at a start; look into it first',
  ),
  kind(
    /^(control|crisis)\.sock$/,
    false,
    'atRest',
    'the socket of the running process; made again',
  ),
  kind(
    /^data\.v\d+\.\d{8}T\d{6}Z\.backup$/,
    false,
    'anyTime',
    'the store before a migration, with what was erased since; goes by itself after 30 days',
  ),
  kind(/^data\.db\.rescued$/, true, 'never', 'all of data.db, which was deleted under its process'),
  kind(/^data\.db\.rescue$/, false, 'atRest', 'the same, cut off before it was whole'),
  kind(/^manifest\.json$/, true, 'never', 'what a backup holds; restore asks for it'),
  kind(
    /^(\.keyring(\.new)?\.json\.new|\.data\.db\.backup\.new|owner\.json\.new)$/,
    false,
    'atRest',
    'the next version of a file, cut off before it was whole',
  ),
];

const KEY_FILE: Omit<Kind, 'name'> = {
  holds: 'the key file, which belongs elsewhere: move it',
  isNeeded: true,
  deletion: 'never',
};
const UNKNOWN: Omit<Kind, 'name'> = {
  holds: "none of holdfast's files",
  isNeeded: false,
  deletion: 'unknown',
};

interface Place extends Omit<Kind, 'name'> {
  readonly name: string;
  /** `null` where it can't be found out. */
  readonly bytes: number | null;
}

export interface Places {
  readonly folder: string;
  readonly files: readonly Place[];
  /** `null` where the file can't be read as a store. */
  readonly data: DataSizes | null;
}

/** The files of the folder, as they are before any check opens the store. */
export async function placesIn(folder: string, keyPath: string | null): Promise<readonly Place[]> {
  const names = await readdir(folder).catch(() => []);
  const key = keyPath === null ? null : resolve(keyPath);
  const places: Place[] = [];
  for (const name of names.toSorted((a, b) => (a < b ? -1 : 1))) {
    const path = join(folder, name);
    const found = await lstat(path).catch((error: NodeJS.ErrnoException) => error);
    const isGone = found instanceof Error && found.code === 'ENOENT';
    // A running process has just taken it away.
    if (isGone) continue;
    const bytes = found instanceof Error || found.isDirectory() ? null : found.size;
    places.push({ name, bytes, ...(path === key ? KEY_FILE : kindOf(name)) });
  }
  return places;
}

function kindOf(name: string): Omit<Kind, 'name'> {
  const { holds, isNeeded, deletion } = KINDS.find((one) => one.name.test(name)) ?? UNKNOWN;
  return { holds, isNeeded, deletion };
}

const LISTED_MAX = 5;
/** Unknown files shown at most: somebody else's folder may have thousands. */
const UNKNOWN_SHOWN_MAX = 20;

/** A finding where there are files that are not holdfast's. */
export function checkUnknown(files: readonly Place[]): CheckResult[] {
  const unknown = files.filter(({ deletion }) => deletion === 'unknown');
  if (unknown.length === 0) return [];
  const listed = unknown.slice(0, LISTED_MAX).map(({ name }) => name);
  const more = unknown.length > LISTED_MAX ? `, and ${unknown.length - LISTED_MAX} more` : '';
  return [
    warn(
      'unknown',
      `${listed.join(', ')}${more}: none of holdfast's files; find out whose, and keep the folder for the store alone`,
    ),
  ];
}

/** A finding where this user may not open one of holdfast's files: SQLite would blame the disk. */
export async function checkAccess(folder: string, files: readonly Place[]): Promise<CheckResult[]> {
  const closed: string[] = [];
  for (const { name, deletion } of files) {
    if (deletion === 'unknown') continue;
    try {
      await access(join(folder, name), constants.R_OK | constants.W_OK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EACCES') closed.push(name);
    }
  }
  if (closed.length === 0) return [];
  return [
    fail(
      'access',
      `you can't read and write ${closed.join(', ')}; give yourself access with chown or chmod`,
    ),
  ];
}

const DELETION_TEXT: Readonly<Record<Deletion, string>> = {
  never: 'no',
  atRest: 'at rest',
  anyTime: 'yes',
  unknown: 'ask whose it is',
};

const PART_TEXT: Readonly<Record<DataPartName, readonly [what: string, note: string]>> = {
  inHand: ['operations in hand', 'under way, or cut off by a crash'],
  due: ['operations due', 'wait for their turn or time'],
  held: ['operations held', 'wait for their lane or a person'],
  settled: ['operations settled', ''],
  deadLettered: ['dead letters', 'kept until a person decides: holdfast dead-letters'],
  quarantined: ['quarantined', 'kept until a person decides: holdfast quarantine'],
  payloads: ['large payloads', 'of the operations above; small ones are counted with them'],
  entities: ['entities', 'what is known of shared records'],
  conflicts: ['conflicts', 'open ones stay; decided ones go after their retention'],
  crisisPlans: ['crisis plans', 'kept until they are deleted'],
  crisisModes: ['crisis modes', 'one for each person it is on for, and one for everybody'],
  components: ['components', 'breakers, levels and the like'],
  tags: ['tags', ''],
  indexes: ['indexes', ''],
  overhead: ['columns, room in pages', ''],
  free: ['free pages', 'new work uses them; holdfast compact gives them back'],
};

/** The section as people read it. */
export function placesText({ folder, files, data }: Places): string {
  const known = files.filter(({ deletion }) => deletion !== 'unknown');
  const unknown = files.filter(({ deletion }) => deletion === 'unknown');
  const shown = [...known, ...unknown.slice(0, UNKNOWN_SHOWN_MAX)];
  const left = unknown.length - UNKNOWN_SHOWN_MAX;
  const sizes = toRight(shown.map(({ bytes }) => (bytes === null ? '' : sizeText(bytes))));
  const rows = shown.map(({ name, deletion, holds }, at) => [
    name,
    sizes[at] ?? '',
    DELETION_TEXT[deletion],
    holds,
  ]);
  return [
    `What lies where in ${folder}, as it was found`,
    rows.length === 0 ? 'nothing' : table(['file', 'size', 'delete it?', 'what it holds'], rows),
    ...(left > 0 ? [`and ${left} more that are none of holdfast's`] : []),
    ...(data === null ? [] : ['', dataText(data)]),
  ].join('\n');
}

function dataText({ parts, isMeasured, settledUntil }: DataSizes): string {
  const shown = parts.filter(
    ({ rows, bytes, name }) => name === 'free' || (rows ?? bytes ?? 0) > 0,
  );
  const counts = toRight(shown.map(({ rows }) => (rows === null ? '' : String(rows))));
  const sizes = toRight(shown.map(({ bytes }) => (bytes === null ? '' : sizeText(bytes))));
  const rows = shown.map(({ name }, at) => {
    const [what, note] = PART_TEXT[name];
    const isSettled = name === 'settled' && settledUntil !== null;
    const until = isSettled
      ? `kept until ${timeOf(settledUntil.firstAtMs)}, the last until ${timeOf(settledUntil.lastAtMs)}`
      : note;
    return [what, counts[at] ?? '', sizes[at] ?? '', until];
  });
  return [
    table(['in data.db', 'rows', 'size', 'until when, or what'], rows),
    ...(isMeasured
      ? []
      : ['In a file of this size only --deep counts the rest and measures each kind.']),
  ].join('\n');
}

function toRight(texts: readonly string[]): string[] {
  const width = Math.max(0, ...texts.map((text) => text.length));
  return texts.map((text) => text.padStart(width));
}
