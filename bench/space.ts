/**
 * What a store takes on disk, from the acceptance of many operations to its compaction, and whether what is erased can
 * still be found in its files (SE-5): of 50 payloads a piece of the sealed bytes is noted while they wait, and searched
 * for after each step. Usage: space.js [operations]
 *
 * @module
 */

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { systemClock } from '../actors/platform/systemClock.ts';
import { isHoldfastError } from '../machines/vocabulary/errors.ts';
import { purgeAtRest, rewriteAtRest } from '../persistence/upkeep/compact.ts';
import { createRuntime } from '../src/createRuntime.ts';
import { BENCH_KEY, printMachine, printTable, temporaryFolder } from './support.ts';

const OPERATIONS = Number(process.argv[2] ?? 20_000);
const PAYLOADS_BYTES = [200, 8_000];
const AT_ONCE = 200;
const SEARCHED_FOR = 50;
const PIECE_BYTES = 32;
/** Longer than the writer waits before it empties the log (docs/decisions/0072). */
const IDLE_MS = 8_000;
const RETENTION_MS = 31 * 86_400_000;
const MIB = 1_024 * 1_024;

type Row = Record<string, string | number>;

async function measure(payloadBytes: number): Promise<readonly Row[]> {
  const folder = join(temporaryFolder(), 'store');
  const rows: Row[] = [];
  let pieces: readonly Buffer[] = [];
  const note = (when: string): void => {
    const { bytes, freeBytes } = pagesOf(folder);
    const file = (name: string): Buffer => readFileSync(join(folder, name));
    const walBytes = sizeOf(join(folder, 'data.db-wal'));
    const data = file('data.db');
    const wal = walBytes === 0 ? Buffer.alloc(0) : file('data.db-wal');
    rows.push({
      when,
      'data.db MiB': (sizeOf(join(folder, 'data.db')) / MIB).toFixed(1),
      'free MiB': (freeBytes / MIB).toFixed(1),
      '-wal MiB': (walBytes / MIB).toFixed(1),
      'bytes an operation': Math.round((bytes - freeBytes) / OPERATIONS),
      'found in data.db': pieces.filter((piece) => data.includes(piece)).length,
      'found in -wal': pieces.filter((piece) => wal.includes(piece)).length,
    });
  };
  const runtime = createRuntime({
    store: folder,
    key: BENCH_KEY,
    upstreams: { down: { concurrency: AT_ONCE } },
    handlers: { 'bench.park': { upstream: 'down', run: () => null } },
    // Reading whole files here blocks the event loop, which is told of as an alert.
    onError: (error) => {
      if (!isHoldfastError(error) || error.code !== 'HF_ALERT') console.error(error);
    },
  });
  await runtime.ready;
  runtime.upstream('down').forceOpen('bench');
  let made = 0;
  const outcomes: Promise<unknown>[] = [];
  const worker = async (): Promise<void> => {
    while (made < OPERATIONS) {
      made += 1;
      const operation = await runtime.sync({
        type: 'bench.park',
        subject: `user-${made}`,
        entity: { type: 'subscription', id: `sub-${made}` },
        tier: 'basic',
        idempotencyKey: `key-${made}`,
        payload: { amount: made, note: 'x'.repeat(payloadBytes) },
      });
      outcomes.push(operation.outcome);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  pieces = piecesOf(folder);
  note('parked');
  runtime.upstream('down').release();
  await Promise.all(outcomes);
  note('all settled, at once');
  await pause(IDLE_MS);
  note('idle');
  await runtime.close();
  note('closed');
  const store = { folder, key: BENCH_KEY };
  const clock = { ...systemClock, now: () => systemClock.now() + RETENTION_MS };
  await purgeAtRest(store, { clock });
  note('purged, 31 days on');
  await rewriteAtRest(store, { clock });
  note('compacted');
  return rows;
}

/** A piece of the sealed bytes of some payloads, which are different in every seal. */
function piecesOf(folder: string): readonly Buffer[] {
  const db = new Database(join(folder, 'data.db'), { readonly: true });
  const read = (sql: string): Buffer[] => db.prepare<[], Buffer>(sql).pluck().all();
  const apart = read(`SELECT envelope FROM payload ORDER BY random() LIMIT ${SEARCHED_FOR}`);
  const sealed =
    apart.length > 0
      ? apart
      : read(`SELECT state FROM operation ORDER BY random() LIMIT ${SEARCHED_FOR}`);
  db.close();
  // Not the first bytes, which all have in common.
  return sealed.map((bytes) => bytes.subarray(-PIECE_BYTES));
}

function pagesOf(folder: string): { bytes: number; freeBytes: number } {
  const db = new Database(join(folder, 'data.db'), { readonly: true });
  const read = (name: string): number => Number(db.pragma(name, { simple: true }));
  const pageBytes = read('page_size');
  const found = {
    bytes: read('page_count') * pageBytes,
    freeBytes: read('freelist_count') * pageBytes,
  };
  db.close();
  return found;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

printMachine();
for (const bytes of PAYLOADS_BYTES) {
  printTable(`${OPERATIONS} operations with a payload of ${bytes} bytes`, await measure(bytes));
}
