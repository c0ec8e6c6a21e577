/**
 * How many durable operations a second: accepted, attempted by an in-process handler, settled, with
 * encryption and `synchronous=FULL`, beside bare better-sqlite3 with group commit on the same disk.
 *
 * The two take turns, and each figure is the median of the rounds. Usage: operations.js [rounds]
 *
 * @module
 */

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { createRuntime } from '../src/createRuntime.ts';
import { BENCH_KEY, median, printMachine, printTable, temporaryFolder } from './support.ts';

const rounds = Number(process.argv[2] ?? 5);
const IN_FLIGHT = [1, 10, 100, 1_000] as const;
const NOTE = 'x'.repeat(180);

interface Figure {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

async function measure(count: number, work: () => Promise<void> | void): Promise<Figure> {
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const elapsedMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: (count / elapsedMs) * 1_000, cpuMicros: (user + system) / count };
}

/** Whole operations through the public API: `sync()` to `outcome`, keys and lanes included. */
async function holdfast(inFlight: number, count: number): Promise<Figure> {
  const runtime = createRuntime({
    store: join(temporaryFolder(), 'store'),
    key: BENCH_KEY,
    upstreams: { bench: { concurrency: inFlight } },
    handlers: { 'bench.work': { upstream: 'bench', run: () => ({ done: true }) } },
    onError: (error) => {
      throw error;
    },
  });
  await runtime.ready;
  let next = 0;
  const run = async (upTo: number): Promise<void> => {
    const worker = async (): Promise<void> => {
      while (next < upTo) {
        next += 1;
        const operation = await runtime.sync({
          type: 'bench.work',
          subject: `user-${next % 1_000}`,
          entity: { type: 'subscription', id: `sub-${next}` },
          tier: 'premium',
          idempotencyKey: `key-${next}`,
          payload: { amount: next, note: NOTE },
        });
        const { status } = await operation.outcome;
        if (status !== 'completed') throw new Error(`An operation ended as ${status}.`);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
  };
  const warmup = Math.min(count, 2_000);
  await run(warmup);
  const figure = await measure(count, () => run(warmup + count));
  await runtime.close();
  return figure;
}

/** The same two durable steps with nothing around them: insert, commit, update, commit. */
async function bareSqlite(inFlight: number, count: number): Promise<Figure> {
  const database = new Database(join(temporaryFolder(), 'bare.db'));
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec(
    'CREATE TABLE job (id INTEGER PRIMARY KEY, key TEXT UNIQUE, state INTEGER, payload TEXT) STRICT',
  );
  const insert = database.prepare('INSERT INTO job VALUES (?, ?, 0, ?)');
  const complete = database.prepare('UPDATE job SET state = 1, payload = NULL WHERE id = ?');
  const commit = (step: (id: number) => void, from: number, to: number): void => {
    database.exec('BEGIN IMMEDIATE');
    for (let id = from; id < to; id += 1) step(id);
    database.exec('COMMIT');
  };
  const figure = await measure(count, () => {
    for (let from = 0; from < count; from += inFlight) {
      const to = Math.min(count, from + inFlight);
      commit((id) => insert.run(id, `key-${id}`, `{"amount":${id},"note":"${NOTE}"}`), from, to);
      commit((id) => complete.run(id), from, to);
    }
  });
  database.close();
  return figure;
}

printMachine();
const rows = [];
for (const inFlight of IN_FLIGHT) {
  const count = Math.min(20_000, 1_000 + inFlight * 150);
  const ours: Figure[] = [];
  const bare: Figure[] = [];
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await holdfast(inFlight, count));
    bare.push(await bareSqlite(inFlight, count));
  }
  const of = (figures: readonly Figure[], name: keyof Figure): number =>
    Math.round(median(figures.map((figure) => figure[name])));
  rows.push({
    'in flight': inFlight,
    'holdfast /s': of(ours, 'perSecond'),
    'best round /s': Math.round(Math.max(...ours.map(({ perSecond }) => perSecond))),
    'CPU µs': of(ours, 'cpuMicros'),
    'bare SQLite /s': of(bare, 'perSecond'),
    'bare CPU µs': of(bare, 'cpuMicros'),
  });
}
printTable(`Durable operations a second, median of ${rounds} rounds`, rows);
