/**
 * Measures what takes the room in a store's file, by kind of record (PS-5).
 *
 * It needs no key, changes nothing, owns nothing and holds up no commit, so the store may be in use. Operations are
 * counted by the counts that the file keeps. Bytes are known only once every row was passed, so a large file is measured
 * where that is asked for.
 *
 * @module
 */

import { join } from 'node:path';
import type Database from 'better-sqlite3';
import type { Standing } from '../port/store.ts';
import { storeFailure } from '../sqlite/driver/failures.ts';
import { IS_SETTLED, inspectSchema, STANDING_CODES } from '../sqlite/schema/schema.ts';
import { IS_KEPT_OF } from '../sqlite/schema/schemaV1.ts';
import { DATA_FILE_NAME } from '../sqlite/writer/writer.ts';
import { openToLook } from './checkData.ts';
import { giveWay, type UpkeepOptions } from './progress.ts';

/** Size up to which a file is measured without being asked: some 0.1 s where it has to be read from the disk. */
const MEASURED_BYTES_MAX = 64 * 1_024 * 1_024;

/** Operations by standing, then whatever else has rows; the last three are pages, not rows. */
export type DataPartName =
  | Standing
  | 'payloads'
  | 'entities'
  | 'conflicts'
  | 'crisisPlans'
  | 'crisisModes'
  | 'components'
  | 'tags'
  | 'indexes'
  | 'overhead'
  | 'free';

/** A kind of what is in the file. */
export interface DataPart {
  readonly name: DataPartName;
  /** `null` for pages, and where only measuring counts them. */
  readonly rows: number | null;
  /** Sealed bytes of rows, bytes of pages; `null` where they were not measured. */
  readonly bytes: number | null;
}

export interface DataSizes {
  readonly bytes: number;
  readonly isMeasured: boolean;
  /** Once measured, their bytes add up to those of the file. */
  readonly parts: readonly DataPart[];
  /** When the retention of the first and of the last settled operation is over; `null` where none has settled. */
  readonly settledUntil: { readonly firstAtMs: number; readonly lastAtMs: number } | null;
}

/**
 * @param isDeep whether to measure a file of any size
 * @throws HoldfastError (rejects) `HF_STORE_…` when it can't be read as a store.
 */
export async function measureStore(
  folder: string,
  isDeep: boolean,
  options: UpkeepOptions,
): Promise<DataSizes> {
  const path = join(folder, DATA_FILE_NAME);
  let db: Database.Database | undefined;
  try {
    db = openToLook(path);
    const isMade = inspectSchema(db, path) !== null;
    const pageBytes = numberOf(db, 'page_size');
    const bytes = numberOf(db, 'page_count') * pageBytes;
    const free = numberOf(db, 'freelist_count') * pageBytes;
    const isMeasured = isDeep || bytes <= MEASURED_BYTES_MAX;
    const records = !isMade ? [] : isMeasured ? await measured(db, options) : counted(db);
    const known = records.reduce((sum, part) => sum + (part.bytes ?? 0), free);
    const overhead = isMeasured ? Math.max(0, bytes - known) : null;
    return {
      bytes,
      isMeasured,
      parts: [
        ...records,
        { name: 'overhead', rows: null, bytes: overhead },
        { name: 'free', rows: null, bytes: free },
      ],
      settledUntil: isMade ? settledUntil(db) : null,
    };
  } catch (error) {
    options.signal?.throwIfAborted();
    throw storeFailure(error, path);
  } finally {
    db?.close();
  }
}

const STANDINGS = Object.entries(STANDING_CODES) as readonly [Standing, number][];

function counted(db: Database.Database): DataPart[] {
  const rows = db.prepare<[], [number, number]>('SELECT kind, operations FROM tally').raw().all();
  const counts = new Map(rows);
  return STANDINGS.map(([name, code]) => ({ name, rows: counts.get(code) ?? 0, bytes: null }));
}

/** The queries pass rows and not what overflows their pages: SQLite knows the length of a value by its row. */
const REST: readonly [name: DataPartName, sql: string][] = [
  ['payloads', 'SELECT count(*), sum(length(envelope)) FROM payload'],
  ['entities', `SELECT count(*), sum(length(state)) FROM kept WHERE ${IS_KEPT_OF.entity}`],
  ['conflicts', `SELECT count(*), sum(length(state)) FROM kept WHERE ${IS_KEPT_OF.conflict}`],
  ['crisisPlans', 'SELECT count(*), sum(length(state)) FROM crisis_plan'],
  ['crisisModes', 'SELECT count(*), sum(length(state)) FROM crisis_mode'],
  ['components', 'SELECT count(*), sum(length(state)) FROM component'],
  ['tags', 'SELECT count(*), sum(length(tag)) FROM tagged'],
];

/** Each query sees a moment of its own: one over all of them would keep the log of a busy store from being folded. */
async function measured(db: Database.Database, options: UpkeepOptions): Promise<DataPart[]> {
  const states = new Map(
    db
      .prepare<[], [number, number, number]>(
        'SELECT standing, count(*), sum(length(state)) FROM operation GROUP BY standing',
      )
      .raw()
      .all()
      .map(([code, rows, bytes]) => [code, { rows, bytes }]),
  );
  const parts: DataPart[] = STANDINGS.map(([name, code]) => ({
    name,
    ...(states.get(code) ?? { rows: 0, bytes: 0 }),
  }));
  for (const [name, sql] of REST) {
    await giveWay(options);
    const [rows = 0, bytes] = db.prepare<[], [number, number | null]>(sql).raw().get() ?? [];
    parts.push({ name, rows, bytes: bytes ?? 0 });
  }
  await giveWay(options);
  parts.push({ name: 'indexes', rows: null, bytes: indexBytes(db) });
  return parts;
}

/** Asked one by one, `dbstat` reads the pages of that index alone. */
function indexBytes(db: Database.Database): number {
  const indexes = db
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'index'")
    .pluck()
    .all();
  const sizeOf = db
    .prepare<[string], number | null>(
      'SELECT pgsize FROM dbstat WHERE aggregate = TRUE AND name = ?',
    )
    .pluck();
  return indexes.reduce((sum, name) => sum + (sizeOf.get(name) ?? 0), 0);
}

function settledUntil(db: Database.Database): DataSizes['settledUntil'] {
  // Apart from each other, so that each is the end of an index.
  const [firstAtMs = null, lastAtMs = null] =
    db
      .prepare<[], [number | null, number | null]>(
        `SELECT (SELECT min(due_at) FROM operation WHERE ${IS_SETTLED}),
                (SELECT max(due_at) FROM operation WHERE ${IS_SETTLED})`,
      )
      .raw()
      .get() ?? [];
  return firstAtMs === null || lastAtMs === null ? null : { firstAtMs, lastAtMs };
}

function numberOf(db: Database.Database, pragma: string): number {
  return Number(db.pragma(pragma, { simple: true }));
}
