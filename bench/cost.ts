/**
 * What one plain operation and one crisis cost, counted and not timed: function calls, files entered, bytes allocated,
 * promises, clock reads, timers, messages between threads, SQL statements, seals, bytes written and commits, each of
 * which is one sync (WAL with `synchronous=FULL`, https://www.sqlite.org/pragma.html#pragma_synchronous).
 *
 * The counts do not depend on the machine: `test/bench/cost.test.ts` holds each under a ceiling. An operation is counted
 * alone, where it shares nothing, and with 100 in flight. Statements, seals, bytes written and commits are counted with
 * the store's writer in this thread, all else in the main thread, with the writer in its own.
 *
 * Usage: npm run bench:cost [-- --json]
 *
 * @module
 */

import { createHook } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { MessagePort, Worker } from 'node:worker_threads';
import { systemClock } from '../actors/platform/systemClock.ts';
import { storeLocation } from '../persistence/openStore.ts';
import { nodeEngine } from '../persistence/sealing/nodeEngine.ts';
import { createStoreClient, InThreadChannel } from '../persistence/sqlite/client/storeClient.ts';
import { openDatabase } from '../persistence/sqlite/driver/library.ts';
import { assembleOwner, createRuntime } from '../src/createRuntime.ts';
import { checkOptions, type RuntimeOptions } from '../src/options.ts';
import type { Runtime } from '../src/runtime.ts';
import { BENCH_KEY, printMachine, printTable, temporaryFolder } from './support.ts';

const WARM_UP = 400;
const COUNTED = 200;
/** So many that all they allocate fits where new objects lie: no collection comes between. */
const ALLOCATED = 400;
const NOTE = 'x'.repeat(180);

/** Does the work of this number, from its call to its end. */
type Work = (runtime: Runtime, number: number) => Promise<void>;
type Counts = Readonly<Record<string, number>>;

async function operation(runtime: Runtime, number: number): Promise<void> {
  const { outcome } = await runtime.sync({
    type: 'bench.work',
    subject: `user-${number % 1_000}`,
    entity: { type: 'subscription', id: `sub-${number}` },
    tier: 'premium',
    idempotencyKey: `key-${number}`,
    payload: { amount: number, note: NOTE },
  });
  await outcome;
}

async function crisis(runtime: Runtime, number: number): Promise<void> {
  const { delivery, durable } = await runtime.crisis(crisisOf(number));
  await Promise.all([delivery, durable]);
}

/** A kind of work, and how many are in flight at a time. */
interface Way {
  readonly work: Work;
  readonly inFlight: number;
}

const WAYS: Readonly<Record<string, Way>> = {
  operation: { work: operation, inFlight: 1 },
  'of 100 in flight': { work: operation, inFlight: 100 },
  crisis: { work: crisis, inFlight: 1 },
};

function crisisOf(number: number): Parameters<Runtime['crisis']>[0] {
  return { subject: `person-${number}`, payload: { note: NOTE } };
}

const OPTIONS = {
  handlers: {
    'bench.work': { upstream: 'default', run: () => ({ done: true }) },
    'crisis.alert': { upstream: 'default', run: () => null },
  },
  onError: (error: unknown) => {
    throw error;
  },
} satisfies Partial<RuntimeOptions>;

/** Runs the work so many times, so many at a time; numbers are never used twice. */
class Driver {
  readonly runtime: Runtime;
  readonly #work: Work;
  readonly #inFlight: number;
  #number = 0;

  constructor(runtime: Runtime, { work, inFlight }: Way) {
    this.runtime = runtime;
    this.#work = work;
    this.#inFlight = inFlight;
  }

  async run(times: number): Promise<void> {
    const end = this.#number + times;
    const one = async (): Promise<void> => {
      while (this.#number < end) await this.#work(this.runtime, this.next());
    };
    await Promise.all(Array.from({ length: this.#inFlight }, one));
  }

  next(): number {
    this.#number += 1;
    return this.#number;
  }
}

/** Function calls and files entered, of the product's own code. */
async function countCalls(driver: Driver): Promise<Counts> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  await driver.run(COUNTED);
  const { result } = await session.post('Profiler.takePreciseCoverage');
  await session.post('Profiler.stopPreciseCoverage');
  session.disconnect();
  const entered = result
    .filter(({ url }) => /\/(actors|machines|persistence|src)\//.test(url))
    .map(({ functions }) => functions.reduce((sum, { ranges }) => sum + (ranges[0]?.count ?? 0), 0))
    // What runs less than once for each is no part of its way.
    .filter((calls) => calls >= COUNTED);
  const calls = entered.reduce((sum, each) => sum + each, 0);
  return { calls: calls / COUNTED, 'files entered': entered.length };
}

/** Bytes that a function allocates, for each time; throws where they were collected meanwhile. */
async function bytesOf(times: number, run: () => Promise<void>): Promise<number> {
  let collections = 0;
  const watch = new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  });
  collect();
  await new Promise((resolve) => setTimeout(resolve, 50));
  watch.observe({ entryTypes: ['gc'] });
  const before = process.memoryUsage().heapUsed;
  await run();
  const after = process.memoryUsage().heapUsed;
  await new Promise((resolve) => setTimeout(resolve, 50));
  watch.disconnect();
  if (collections > 0) throw new Error('Memory was collected while bytes were counted.');
  return (after - before) / times;
}

function collect(): void {
  if (gc === undefined) throw new Error('Run it by `npm run bench:cost`: it needs --expose-gc.');
  gc();
}

async function countPromises(driver: Driver): Promise<Counts> {
  let promises = 0;
  const hook = createHook({
    init: (_, type) => {
      if (type === 'PROMISE') promises += 1;
    },
  });
  hook.enable();
  await driver.run(COUNTED);
  hook.disable();
  return { promises: promises / COUNTED };
}

interface Counted {
  readonly name: string;
  readonly owner: object;
  readonly methods: readonly string[];
  /** Tells whether a call of this object counts; left out: each does. */
  readonly isCounted?: (called: object) => boolean;
}

/** Counts calls of methods while the driver runs. */
async function countMethods(driver: Driver, places: readonly Counted[]): Promise<Counts> {
  const counts: Record<string, number> = {};
  const undo = places.flatMap(({ name, owner, methods, isCounted = () => true }) => {
    counts[name] ??= 0;
    return methods.map((method) => {
      const own = Object.getOwnPropertyDescriptor(owner, method);
      const call = Reflect.get(owner, method) as (...args: unknown[]) => unknown;
      Object.defineProperty(owner, method, {
        configurable: true,
        writable: true,
        value(this: object, ...args: unknown[]) {
          if (isCounted(this)) counts[name] = (counts[name] ?? 0) + 1;
          return Reflect.apply(call, this, args);
        },
      });
      return () => {
        if (own === undefined) Reflect.deleteProperty(owner, method);
        else Object.defineProperty(owner, method, own);
      };
    });
  });
  await driver.run(COUNTED);
  for (const each of undo) each();
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count / COUNTED]));
}

/** Counts in the main thread, with the writer in its own. */
async function countMainThread(way: Way): Promise<Counts> {
  const runtime = createRuntime({
    ...OPTIONS,
    upstreams: { default: { concurrency: way.inFlight } },
    store: join(temporaryFolder(), 'store'),
    key: BENCH_KEY,
  });
  await runtime.ready;
  const driver = new Driver(runtime, way);
  await driver.run(WARM_UP);
  const bytes = await bytesOf(ALLOCATED, () => driver.run(ALLOCATED));
  const answers: Promise<unknown>[] = [];
  const toAnswer =
    way.work === crisis
      ? await bytesOf(COUNTED, async () => {
          for (let times = 0; times < COUNTED; times += 1) {
            const { delivery, durable } = await runtime.crisis(crisisOf(driver.next()));
            answers.push(delivery, durable);
          }
        })
      : null;
  await Promise.all(answers);
  const counts = {
    ...(await countCalls(driver)),
    'bytes allocated': bytes,
    ...(toAnswer === null ? {} : { 'bytes before the answer': toAnswer }),
    ...(await countPromises(driver)),
    ...(await countMethods(driver, [
      { name: 'clock reads', owner: systemClock, methods: ['now', 'monotonic'] },
      { name: 'timers', owner: systemClock, methods: ['schedule', 'defer'] },
      { name: 'messages', owner: Worker.prototype, methods: ['postMessage'] },
      { name: 'messages', owner: MessagePort.prototype, methods: ['postMessage'] },
    ])),
  };
  await runtime.close();
  return counts;
}

/** Counts of the writer, in this thread. */
async function countWriter(way: Way): Promise<Counts> {
  const folder = join(temporaryFolder(), 'store');
  const location = storeLocation(folder, BENCH_KEY, true);
  const store = createStoreClient((listener) => new InThreadChannel(location, listener));
  const upstreams = { default: { concurrency: way.inFlight } };
  const options = checkOptions({ ...OPTIONS, upstreams, store: folder, key: BENCH_KEY });
  const { runtime } = assembleOwner(options, { store, isCandidate: false, control: null });
  await runtime.ready;
  const driver = new Driver(runtime, way);
  await driver.run(WARM_UP);
  const database = openDatabase(':memory:');
  const statement = Object.getPrototypeOf(database.prepare('SELECT 1')) as object;
  database.close();
  const writtenBefore = bytesWritten();
  const counts = await countMethods(driver, [
    { name: 'statements', owner: statement, methods: ['run', 'get', 'all', 'iterate'] },
    {
      name: 'commits',
      ...{ owner: statement, methods: ['run'] },
      isCounted: (called) => 'source' in called && called.source === 'COMMIT',
    },
    { name: 'seals', owner: nodeEngine, methods: ['aes256GcmSeal'] },
  ]);
  const written = (bytesWritten() - writtenBefore) / COUNTED;
  await runtime.close();
  return { ...counts, 'bytes written': written };
}

/** Bytes that this process has handed to the system to write (Linux). */
function bytesWritten(): number {
  const line = /^wchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'));
  return Number(line?.[1] ?? Number.NaN);
}

const all: Record<string, Counts> = {};
for (const [name, way] of Object.entries(WAYS)) {
  all[name] = { ...(await countMainThread(way)), ...(await countWriter(way)) };
}
if (process.argv.includes('--json')) console.log(JSON.stringify(all));
else {
  printMachine();
  const names = [...new Set(Object.values(all).flatMap((counts) => Object.keys(counts)))];
  const rows = names.map((name) => ({
    counted: name,
    ...Object.fromEntries(
      Object.entries(all).map(([work, counts]) => [work, counts[name]?.toFixed(1) ?? '–']),
    ),
  }));
  printTable('What one costs, counted', rows);
}
