/**
 * How many requests a second `syncAll()` makes durable, and how many of them a second are then
 * attempted and settled from disk, with keys, lanes, encryption and `synchronous=FULL`; beside
 * requests without keys and lanes, the same requests given one by one, and beside bare better-sqlite3 that inserts and completes them in
 * transactions of the same size.
 *
 * They take turns, and each figure is the median of the rounds. Usage: bulkAccept.js [rounds] [requests]
 *
 * @module
 */

import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { SyncRequest } from '../machines/policy/request/request.ts';
import { createRuntime } from '../src/createRuntime.ts';
import type { Runtime } from '../src/runtime.ts';
import { BENCH_KEY, median, printMachine, printTable, temporaryFolder } from './support.ts';

const rounds = Number(process.argv[2] ?? 3);
const requests = Number(process.argv[3] ?? 20_000);
const BARE_BATCH = 1_024;
const PLACES = 1_000;
const NOTE = 'x'.repeat(180);
const DRAIN_LOOK_MS = 5;

interface Figure {
  readonly perSecond: number;
  /** Of all threads. */
  readonly cpuMicros: number;
}

async function measure(count: number, work: () => Promise<void> | void): Promise<Figure> {
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const elapsedMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  return {
    perSecond: (count / elapsedMs) * 1_000,
    cpuMicros: (user + system) / count,
  };
}

/** Requests with a key and a lane each, or the plainest there can be. */
function* requestsFrom(first: number, count: number, isPlain = false): Generator<SyncRequest> {
  for (let number = first; number < first + count; number += 1) {
    yield {
      type: 'bench.work',
      subject: `user-${number % 1_000}`,
      tier: 'premium',
      payload: { amount: number, note: NOTE },
      ...(isPlain ? {} : { entity: { type: 'subscription', id: `sub-${number}` } }),
      ...(isPlain ? {} : { idempotencyKey: `key-${number}` }),
    };
  }
}

interface Opened {
  readonly runtime: Runtime;
  /** Lets the first few end, which hold all slots, so that accepting and draining are measured apart. */
  readonly release: () => void;
}

async function open(): Promise<Opened> {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const runtime = createRuntime({
    store: join(temporaryFolder(), 'store'),
    key: BENCH_KEY,
    upstreams: { bench: { concurrency: PLACES } },
    handlers: {
      'bench.work': { upstream: 'bench', run: () => released.then(() => ({ done: true })) },
    },
    onError: (error) => {
      throw error;
    },
  });
  await runtime.ready;
  return { runtime, release };
}

async function acceptBulk(
  runtime: Runtime,
  first: number,
  count: number,
  isPlain = false,
): Promise<void> {
  const { accepted } = await runtime.syncAll(requestsFrom(first, count, isPlain));
  if (accepted !== count) throw new Error(`${accepted} of ${count} were accepted.`);
}

async function acceptEach(runtime: Runtime, first: number, count: number): Promise<void> {
  const given = requestsFrom(first, count);
  const worker = async (): Promise<void> => {
    for (const request of given) await runtime.sync(request);
  };
  await Promise.all(Array.from({ length: 100 }, worker));
}

async function drain({ runtime, release }: Opened, total: number): Promise<void> {
  release();
  while (runtime.getHealthStatus().operations.completed < total) {
    await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
  }
}

async function holdfast(): Promise<{ readonly bulk: Figure; readonly drained: Figure }> {
  const opened = await open();
  const { runtime } = opened;
  const warmup = Math.min(requests, 4_000);
  await acceptBulk(runtime, 0, warmup);
  const bulk = await measure(requests, () => acceptBulk(runtime, warmup, requests));
  const drained = await measure(warmup + requests, () => drain(opened, warmup + requests));
  await runtime.close();
  return { bulk, drained };
}

async function plainBulk(): Promise<Figure> {
  const { runtime, release } = await open();
  const warmup = Math.min(requests, 4_000);
  await acceptBulk(runtime, 0, warmup, true);
  const figure = await measure(requests, () => acceptBulk(runtime, warmup, requests, true));
  release();
  await runtime.close();
  return figure;
}

async function oneByOne(): Promise<Figure> {
  const { runtime, release } = await open();
  const warmup = Math.min(requests, 2_000);
  await acceptEach(runtime, 0, warmup);
  const figure = await measure(requests, () => acceptEach(runtime, warmup, requests));
  release();
  await runtime.close();
  return figure;
}

async function bareSqlite(): Promise<{ readonly bulk: Figure; readonly drained: Figure }> {
  const database = new Database(join(temporaryFolder(), 'bare.db'));
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec(
    'CREATE TABLE job (id INTEGER PRIMARY KEY, key TEXT UNIQUE, state INTEGER, payload TEXT) STRICT',
  );
  const insert = database.prepare('INSERT INTO job VALUES (?, ?, 0, ?)');
  const complete = database.prepare('UPDATE job SET state = 1, payload = NULL WHERE id = ?');
  const inBatches = (step: (id: number) => void): void => {
    for (let from = 0; from < requests; from += BARE_BATCH) {
      database.exec('BEGIN IMMEDIATE');
      for (let id = from; id < Math.min(requests, from + BARE_BATCH); id += 1) step(id);
      database.exec('COMMIT');
    }
  };
  const bulk = await measure(requests, () => {
    inBatches((id) => insert.run(id, `key-${id}`, `{"amount":${id},"note":"${NOTE}"}`));
  });
  const drained = await measure(requests, () => {
    inBatches((id) => complete.run(id));
  });
  database.close();
  return { bulk, drained };
}

printMachine();
const figures = new Map<string, Figure[]>();
const note = (name: string, figure: Figure): void => {
  figures.set(name, [...(figures.get(name) ?? []), figure]);
};
for (let round = 0; round < rounds; round += 1) {
  const ours = await holdfast();
  note('syncAll(): accept', ours.bulk);
  note('syncAll(): accept, no keys, no lanes', await plainBulk());
  note('sync(), 100 at once: accept', await oneByOne());
  note('drain: attempt and settle', ours.drained);
  const bare = await bareSqlite();
  note('bare SQLite: insert', bare.bulk);
  note('bare SQLite: complete', bare.drained);
}
const rows = [...figures].map(([name, made]) => {
  const of = (field: keyof Figure): number =>
    Math.round(median(made.map((figure) => figure[field])));
  return {
    '': name,
    '/s': of('perSecond'),
    'best round /s': Math.round(Math.max(...made.map(({ perSecond }) => perSecond))),
    'CPU µs': of('cpuMicros'),
  };
});
printTable(`Durable requests a second, ${requests} of them, median of ${rounds} rounds`, rows);
