/**
 * The only file that loads better-sqlite3, the one part of holdfast that is not JavaScript.
 *
 * It is loaded when a database is first opened, not when holdfast is imported. So if it is missing, or was built for
 * another Node.js, the program still runs, a crisis is still answered, and opening a store reports the cause and the
 * command that mends it. Nor does a bundler include it, which it could not: a native module stays a file.
 *
 * @module
 */

import { createRequire } from 'node:module';
import type Database from 'better-sqlite3';
import { causeText, HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { BUNDLE_ADVICE, installedPackage, placeOf } from '../../files/packagedFile.ts';

type Library = typeof Database;

/** From 3.51.3 on, SQLite is free of a defect that could corrupt a WAL with several connections. */
const SQLITE_VERSION_MIN = [3, 51, 3] as const;

let library: Library | null = null;

/**
 * Opens a database of SQLite.
 *
 * @throws HoldfastError `HF_SQLITE_UNAVAILABLE` when better-sqlite3 can't be loaded. Errors of SQLite.
 */
export function openDatabase(path: string, options: Database.Options = {}): Database.Database {
  return new (loaded())(path, options);
}

/**
 * The version of SQLite that better-sqlite3 carries.
 *
 * @throws HoldfastError `HF_SQLITE_UNAVAILABLE`.
 */
export function versionOfSqlite(): string {
  const db = openDatabase(':memory:');
  try {
    return versionOf(db);
  } finally {
    db.close();
  }
}

/** True for an error of SQLite, whichever thread it came from. */
export function isSqliteError(error: unknown): error is InstanceType<typeof Database.SqliteError> {
  return library !== null && error instanceof library.SqliteError;
}

/** @throws HoldfastError `HF_SQLITE_UNAVAILABLE`. */
function loaded(): Library {
  if (library !== null) return library;
  let version: string;
  let found: Library;
  try {
    // From the installed package: a bundled app may not have holdfast's dependencies.
    const here: string | undefined = import.meta.url;
    const place = installedPackage(here)?.manifest ?? placeOf(here);
    found = createRequire(place)('better-sqlite3') as Library;
    // The first database loads its native part, so its faults are distinguished from those of a store.
    const db = new found(':memory:');
    version = versionOf(db);
    db.close();
  } catch (cause) {
    throw new HoldfastError('HF_SQLITE_UNAVAILABLE', unavailableText(cause), { cause });
  }
  demandVersion(version);
  library = found;
  return found;
}

function versionOf(db: Database.Database): string {
  return db.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '0';
}

function demandVersion(version: string): void {
  const parts = version.split('.').map(Number);
  for (const [index, wanted] of SQLITE_VERSION_MIN.entries()) {
    const part = parts[index] ?? 0;
    if (part > wanted) return;
    if (part < wanted) {
      throw new HoldfastError(
        'HF_SQLITE_UNAVAILABLE',
        `better-sqlite3 carries SQLite ${version}; at least ${SQLITE_VERSION_MIN.join('.')} is ` +
          'needed. Install the version of better-sqlite3 that holdfast asks for.',
      );
    }
  }
}

/** The fault of better-sqlite3, from the error of loading it, and the command that mends it. */
function unavailableText(cause: unknown): string {
  const { code, message, tries, requireStack } = cause as {
    readonly code?: unknown;
    readonly message?: unknown;
    readonly tries?: unknown;
    readonly requireStack?: unknown;
  };
  const said = typeof message === 'string' ? message : '';
  if (Array.isArray(tries)) {
    return (
      'The native part of better-sqlite3 is not there: its install script did not run, or what it ' +
      `built was removed. ${mending(String(tries[0]))}`
    );
  }
  const [, builtFor] = /NODE_MODULE_VERSION (\d+)/.exec(said) ?? [];
  if (builtFor !== undefined) {
    return (
      `better-sqlite3 was built for another version of Node.js: NODE_MODULE_VERSION ${builtFor}, and ` +
      `this is ${process.version} with ${process.versions.modules}. ${mending(said)}`
    );
  }
  if (code === 'ERR_DLOPEN_FAILED') {
    return `The native part of better-sqlite3 can't be loaded (${firstLine(said)}). ${mending(said)}`;
  }
  if (code === 'MODULE_NOT_FOUND' && Array.isArray(requireStack)) {
    return (
      'better-sqlite3 is not installed where holdfast can find it. Install it: npm install ' +
      `better-sqlite3. ${BUNDLE_ADVICE}`
    );
  }
  return `better-sqlite3 can't be loaded (${causeText(cause)}). ${mending(said)}`;
}

/** The command that builds the native part again, by the program that installed it. */
function mending(place: string): string {
  if (process.versions['electron'] !== undefined) {
    return 'Build it for Electron: npx @electron/rebuild -f -w better-sqlite3.';
  }
  if (/[\\/]\.pnpm[\\/]/.test(place)) {
    return 'Allow it and build it: pnpm approve-builds, or pnpm rebuild better-sqlite3 once it is allowed.';
  }
  return (
    'Build it: npm rebuild better-sqlite3 (where install scripts are off: npm rebuild ' +
    'better-sqlite3 --ignore-scripts=false).'
  );
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
