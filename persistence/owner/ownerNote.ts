/**
 * The note that the owner of a store leaves beside its lock: who it is, for people, and enough to find out whether it
 * still lives, should its lock be lost.
 *
 * A process is known by its id and its start time (Linux), so an id that was given to another process since is not
 * mistaken for it. Where the start time is unknown the note decides nothing.
 *
 * @module
 */

import { readFileSync, readlinkSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';

const NOTE_FILE_NAME = 'owner.json';
const FILE_MODE = 0o600;
/** Indexes of fields after the name in `/proc/<pid>/stat`. */
const STATE_FIELD = 0;
const START_FIELD = 19;
/** Ended, and not yet taken note of by its parent. */
const DEAD_STATES: ReadonlySet<string> = new Set(['Z', 'X', 'x']);

interface OwnerNote {
  readonly pid: number;
  readonly host: string;
  /** The file name of its program. */
  readonly program: string;
  /** One boot of one machine and one space of process ids; `null` where the system does not say. */
  readonly system: string | null;
  /** When the process started, as its system counts. */
  readonly start: string | null;
  /** The folder that it owned; the note of a copied folder is about another. */
  readonly folder: string;
  /** Set where it only looks, or makes one change, and gives the store back at once. */
  readonly isBrief?: boolean;
}

/** The owner of the store, in words. */
export function nameOwner(folder: string): string {
  const note = readNote(folder);
  if (note === null) return 'another process';
  const file = statSync(join(folder, NOTE_FILE_NAME), { throwIfNoEntry: false });
  // The owner may give the store up just now.
  const since = file === undefined ? '' : ` since ${file.mtime.toISOString()}`;
  return `process ${note.pid}${since} (${note.program} on ${note.host})`;
}

/** True when the note says that another process owns the store, and that process surely lives. */
export function isOwnedByNote(folder: string): boolean {
  const note = readNote(folder);
  if (note === null || note.pid === process.pid || note.system === null) return false;
  if (note.folder !== identityOf(folder) || note.system !== thisSystem()) return false;
  return note.start !== null && note.start === startOf(note.pid);
}

/** True when the note says that its owner gives the store back at once. */
export function isOwnedBriefly(folder: string): boolean {
  return readNote(folder)?.isBrief === true;
}

/** True when the process that left the note has surely ended: it is gone, or its machine was restarted. */
export function isLeftByDead(folder: string): boolean {
  const note = readNote(folder);
  const system = thisSystem();
  if (note === null || note.start === null || system === null) return false;
  if (note.system === null || note.host !== hostname()) return false;
  if (note.system === system) return note.start !== startOf(note.pid);
  return bootOf(note.system) !== bootOf(system);
}

function bootOf(system: string): string | undefined {
  return system.split(' ')[0];
}

/** True for this process's own note. */
export function isOwnedByUs(folder: string): boolean {
  const note = readNote(folder);
  return note?.pid === process.pid && note.system === thisSystem();
}

/** The file name of the program that runs; to be asked outside of the threads it starts. */
export function programName(): string {
  return basename(process.argv[1] ?? process.execPath);
}

export function leaveNote(folder: string, program: string, isBrief = false): void {
  const note: OwnerNote = {
    pid: process.pid,
    host: hostname(),
    program,
    system: thisSystem(),
    start: startOf(process.pid),
    folder: identityOf(folder),
    isBrief,
  };
  const path = join(folder, NOTE_FILE_NAME);
  try {
    // A new file renamed into place, so that a reader finds one note whole, and no link is followed.
    rmSync(`${path}.new`, { force: true });
    writeFileSync(`${path}.new`, JSON.stringify(note), { mode: FILE_MODE, flag: 'wx' });
    renameSync(`${path}.new`, path);
  } catch {
    // A full disk must not keep the store from opening.
  }
}

/** Removes the note of an owner that gives the store up in good order. */
export function removeNote(folder: string): void {
  try {
    if (isOwnedByUs(folder)) rmSync(join(folder, NOTE_FILE_NAME));
  } catch {
    // It says nothing once this process has ended.
  }
}

/** Identifies a folder, at the same path and under another name. */
export function identityOf(folder: string): string {
  const found = statSync(folder, { bigint: true });
  return `${found.dev}:${found.ino}`;
}

function readNote(folder: string): OwnerNote | null {
  try {
    const note: unknown = JSON.parse(readFileSync(join(folder, NOTE_FILE_NAME), 'utf8'));
    return isNote(note) ? note : null;
  } catch {
    // There is none, or its owner is writing it just now.
    return null;
  }
}

function isNote(note: unknown): note is OwnerNote {
  if (typeof note !== 'object' || note === null) return false;
  const { pid, host, program, folder } = note as Partial<Record<keyof OwnerNote, unknown>>;
  return (
    Number.isSafeInteger(pid) &&
    typeof host === 'string' &&
    typeof program === 'string' &&
    typeof folder === 'string'
  );
}

/**
 * True if `/proc` numbers processes as this one does: with another space of process ids and the old `/proc`, a process
 * sees itself and all others under numbers that are not theirs.
 */
export function knowsProcesses(): boolean {
  try {
    return readlinkSync('/proc/self') === `${process.pid}`;
  } catch {
    return false;
  }
}

function thisSystem(): string | null {
  if (!knowsProcesses()) return null;
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}

/** The start time of a process; `null` if it has ended, or the system does not say. */
function startOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in brackets, may itself hold brackets and spaces.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    if (DEAD_STATES.has(fields[STATE_FIELD] ?? '')) return null;
    return fields[START_FIELD] ?? null;
  } catch {
    return null;
  }
}
