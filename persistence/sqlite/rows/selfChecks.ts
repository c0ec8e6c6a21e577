/**
 * Checks that the indexes find what the table holds, and that the file's counts are right: both are in the clear and
 * bound by no seal, so they are compared with the rows, which are (SE-4). What is wrong is rebuilt from the rows where
 * that is safe, and reported.
 *
 * A row is searched in the indexes one by one, so that a check takes no longer while work goes on.
 *
 * @module
 */

import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { isSqliteError } from '../driver/library.ts';
import { STANDING_CODES, TALLIED_WAITS_FROM, WAITS_FOR_CODES } from '../schema/schema.ts';
import { KEPT_ROOM_CODES } from '../schema/schemaV1.ts';
import type { KeptRow, OperationRow } from '../seals/rowSeals.ts';
import { tellMissingEntries } from './auditLog.ts';
import { missingPlans } from './crisisPlans.ts';
import { IDEMPOTENCY_INDEX } from './probes.ts';
import { missing, quarantine, type Tables, tallyOf, WriteNeeded } from './tables.ts';

/** Kinds of counts that the file always keeps. */
const TALLY_KINDS: readonly number[] = [
  ...Object.values(STANDING_CODES),
  ...Object.values(WAITS_FOR_CODES)
    .filter((code) => code >= WAITS_FOR_CODES.handler)
    .map((code) => TALLIED_WAITS_FROM + code),
];

/** Rows that are looked for at once when a store opens: some four milliseconds. */
const LATEST = 4_096;

/**
 * Checks that the index of idempotency keys finds the latest rows, before anything is accepted: with an index that was
 * emptied at rest a request would be done twice.
 */
export function checkLatestKeys(tables: Tables): void {
  try {
    checkKeys(tables, { beforeSeq: Number.MAX_SAFE_INTEGER, limit: LATEST });
  } catch {
    // A page or a column that can't be read: the background check says so, and keeps no store from opening.
  }
}

/** The same for any rows; returns the next `beforeSeq`, `null` after the last. */
export function checkKeys(
  tables: Tables,
  { beforeSeq, limit }: { readonly beforeSeq: number; readonly limit: number },
): number | null {
  const { checks } = tables;
  const from = checks.oldestOf(beforeSeq, limit);
  if (from === undefined) return null;
  // One is enough: the index is rebuilt for all of them.
  const row = checks.lostKey(from, beforeSeq);
  if (row !== undefined) checkIndexes(tables, row);
  return from;
}

/** Searches a row in every index that should hold it; `true` if one was rebuilt, which may bring back rows. */
export function checkIndexes(tables: Tables, row: OperationRow): boolean {
  const index = tables.checks.missingFrom(row);
  return index !== null && mendIndex(tables, index, () => isRemade(tables, index, row));
}

/** The same for a kept record, in the indexes that a page of them is not read by. */
export function checkKeptIndexes(tables: Tables, row: KeptRow): boolean {
  const { statements } = tables;
  const { seq, room, subject, is_open: isOpen, keep_until: keepUntilMs } = row;
  if (subject !== null) {
    const isFound = () => statements.keptHasSubject.get(subject, room, seq) !== undefined;
    const isMended =
      !isFound() &&
      mendIndex(tables, 'kept_subject', () => isReindexed(tables, 'kept_subject', isFound));
    if (isMended) return true;
  }
  if (isOpen === 1) {
    const isFound = () => statements.keptIsOpen.get(room, seq) !== undefined;
    return (
      !isFound() && mendIndex(tables, 'kept_open', () => isReindexed(tables, 'kept_open', isFound))
    );
  }
  if (keepUntilMs === null || !Number.isSafeInteger(keepUntilMs)) return false;
  const isFound = () => statements.keptIsEnding.get(keepUntilMs, seq) !== undefined;
  return (
    !isFound() &&
    mendIndex(tables, 'kept_ending', () => isReindexed(tables, 'kept_ending', isFound))
  );
}

/** Compares the index of pinned crisis plans, and those that pages of kept records are read by, with their rows. */
function checkOtherIndexes(tables: Tables): void {
  const { statements, set } = tables;
  const isPinned = () => statements.unpinnedPlan.get() === undefined;
  if (!isPinned()) {
    mendIndex(tables, 'crisis_plan_pinned', () =>
      isReindexed(tables, 'crisis_plan_pinned', isPinned),
    );
  }
  const rooms = [
    ['kept_entity', KEPT_ROOM_CODES.entity, statements.keptEntityCount],
    ['kept_conflict', KEPT_ROOM_CODES.conflict, statements.keptConflictCount],
  ] as const;
  const found = rooms.reduce((sum, [, , count]) => sum + (count.get() as number), 0);
  // Else records are missing, or are there and not found.
  if (set.count('kept') === found) return;
  for (const [index, room, count] of rooms) {
    const isWhole = () => statements.keptRows.get(room) === count.get();
    if (!isWhole()) mendIndex(tables, index, () => isReindexed(tables, index, isWhole));
  }
}

function isReindexed(tables: Tables, index: string, isFound: () => boolean): boolean {
  tables.mutations.remakeIndex(index, () => undefined);
  return isFound();
}

/** Rebuilds an index that misses rows, and tells; `true` if it was rebuilt. */
function mendIndex(tables: Tables, index: string, isRemadeNow: () => boolean): boolean {
  if (tables.distrusted.has(index)) return false;
  if (!tables.inTransaction()) throw new WriteNeeded();
  if (!tables.checks.isSoundButForIndexes() || !isRemadeNow()) {
    tables.distrusted.add(index);
    tables.onNotice(
      new HoldfastError(
        'HF_STORE_CORRUPT',
        `The index ${index} of the store at ${tables.path} misses rows, and the file is damaged elsewhere too, so the index was not rebuilt. Restore the store from a backup; holdfast doctor --deep says more.`,
        { path: tables.path },
      ),
    );
    return false;
  }
  tables.onNotice(
    mended(
      tables.path,
      `The index ${index} did not find what is there: something wrote to the file`,
    ),
  );
  return true;
}

/** True if the index was rebuilt and finds the row now. */
function isRemade(tables: Tables, index: string, { seq }: OperationRow): boolean {
  try {
    tables.mutations.remakeIndex(index, () => {
      if (index === IDEMPOTENCY_INDEX) setRepeatsAside(tables);
    });
  } catch (error) {
    // Two rows have what only one may have.
    if (isSqliteError(error) && error.code.startsWith('SQLITE_CONSTRAINT')) return false;
    throw error;
  }
  const row = tables.statements.bySeq.get(seq) as OperationRow | undefined;
  return row !== undefined && tables.checks.missingFrom(row) !== index;
}

/** A key that its index did not find was given to a second operation: that is for a person to look at. */
function setRepeatsAside(tables: Tables): void {
  for (const seq of tables.checks.repeatedKeys()) {
    const row = tables.statements.bySeq.get(seq) as OperationRow | undefined;
    if (row !== undefined) quarantine(tables, row, 'HF_IDEMPOTENCY_CONFLICT');
  }
}

/** Compares the file's counts with its rows, and corrects them (OP-6, HM-1). */
export function recount(tables: Tables): void {
  checkOtherIndexes(tables);
  tellMissingNames(tables);
  const counted = tables.checks.counted();
  const kept = tallyOf(tables);
  // A count that is not there would not be changed either.
  const wrong = [...new Set([...TALLY_KINDS, ...counted.keys(), ...kept.keys()])].filter(
    (kind) => kept.get(kind) !== (counted.get(kind) ?? 0),
  );
  const waiting = tables.checks.wrongWaiting();
  if (wrong.length > 0 || waiting.length > 0) {
    if (!tables.inTransaction()) throw new WriteNeeded();
    for (const kind of wrong) tables.mutations.keepCount(kind, counted.get(kind) ?? 0);
    for (const row of waiting) tables.mutations.keepWaiting(row);
    tables.onNotice(mended(tables.path, 'The count of its operations was not that of its records'));
  }
  // A damaged page of it spoils the transaction for what comes after.
  tellMissingEntries(tables);
}

/**
 * Tells how many crisis plans and kept records the set holds more than there are, and how many of its own parts are lost:
 * of the records in those it can't say whether they are missing.
 */
function tellMissingNames({ statements, set, onNotice, path }: Tables): void {
  const plans = missingPlans({ statements, set });
  const rows =
    (statements.keptEntityCount.get() as number) + (statements.keptConflictCount.get() as number);
  const kept = set.count('kept') - rows;
  const lost = set.lostNodes;
  if (plans > 0)
    onNotice(missing(path, plans === 1 ? 'A crisis plan is' : `${plans} crisis plans are`));
  if (kept > 0)
    onNotice(missing(path, kept === 1 ? 'A kept record is' : `${kept} kept records are`));
  if (lost > 0) {
    const parts =
      lost === 1 ? 'A part of the set of records is' : `${lost} parts of the set of records are`;
    onNotice(missing(path, parts));
  }
}

function mended(path: string, what: string): HoldfastError {
  return new HoldfastError(
    'HF_STORE_MENDED',
    `The store at ${path} was put right. ${what}. Find out what did it; see holdfast quarantine.`,
    { path, withStack: false },
  );
}
