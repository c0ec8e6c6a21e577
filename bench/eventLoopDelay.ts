/**
 * How late the event loop comes while 100 operations are in flight: with a well disk, with a disk that
 * stands still for a second twice, with no disk at all, and in an idle process beside them. What the
 * disk adds is what the runs with it show beyond the run without.
 *
 * The stalls are planted in the writer thread by fault points. Usage: eventLoopDelay.js [seconds]
 *
 * @module
 */

import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { armThreads, type PlannedFault } from '../persistence/port/faultPoints.ts';
import { createRuntime } from '../src/createRuntime.ts';
import { BENCH_KEY, printMachine, printTable, temporaryFolder } from './support.ts';

const seconds = Number(process.argv[2] ?? 10);
const IN_FLIGHT = 100;
/** The writer thread reads this when it starts: one early commit stands still before it, one after it. */
const STALLS: readonly PlannedFault[] = [
  { name: 'store.beforeCommit', countdown: 100, action: { stallMs: 1_000 } },
  { name: 'store.afterCommit', countdown: 200, action: { stallMs: 1_000 } },
];
/** How often the loop is looked at; a delay is what comes on top of that. */
const RESOLUTION_MS = 1;
const NOTE = 'x'.repeat(180);

interface Measured {
  readonly name: string;
  readonly operations: number;
  /** The longest that a caller waited for an acceptance. */
  readonly slowestMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

interface Work {
  readonly operations: number;
  readonly slowestMs: number;
}

/** Measures until `work` is done. */
async function measure(name: string, work: () => Promise<Work>): Promise<Measured> {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const ms = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
  delays.enable();
  const done = await work();
  delays.disable();
  return {
    name,
    ...done,
    p50Ms: ms(delays.percentile(50)),
    p99Ms: ms(delays.percentile(99)),
    maxMs: ms(delays.max),
  };
}

async function underLoad(
  name: string,
  store: 'disk' | 'memory',
  { stalls = [] as readonly PlannedFault[], ms = seconds * 1_000 } = {},
): Promise<Measured> {
  armThreads(stalls);
  const runtime = createRuntime({
    ...(store === 'memory'
      ? { store: ':memory:' }
      : { store: join(temporaryFolder(), 'store'), key: BENCH_KEY }),
    upstreams: { bench: { concurrency: IN_FLIGHT } },
    handlers: { 'bench.work': { upstream: 'bench', run: () => ({ done: true }) } },
  });
  await runtime.ready;
  const measured = await measure(name, async () => {
    let operations = 0;
    let slowestMs = 0;
    const endsAt = performance.now() + ms;
    const worker = async (): Promise<void> => {
      while (performance.now() < endsAt) {
        operations += 1;
        const startedAt = performance.now();
        const operation = await runtime.sync({
          type: 'bench.work',
          subject: `user-${operations % 1_000}`,
          // So that a stall is waited out rather than answered with HF_STORE_STALLED.
          tier: 'trial',
          idempotencyKey: `key-${operations}`,
          payload: { amount: operations, note: NOTE },
        });
        slowestMs = Math.max(slowestMs, performance.now() - startedAt);
        await operation.outcome;
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    return { operations, slowestMs };
  });
  await runtime.close();
  return measured;
}

async function idle(): Promise<Measured> {
  return await measure('idle process', async () => {
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    return { operations: 0, slowestMs: 0 };
  });
}

printMachine();
// Code is compiled at first, which is no doing of the disk.
await underLoad('warm-up', 'disk', { ms: 2_000 });
const nothing = await idle();
const memory = await underLoad('no disk', 'memory');
const well = await underLoad('disk well', 'disk');
const stalled = await underLoad('disk stands still for 1 s, twice', 'disk', { stalls: STALLS });
printTable(
  `Delay of the event loop in ms, ${IN_FLIGHT} operations in flight, ${seconds} s each`,
  [nothing, memory, well, stalled].map(({ name, operations, slowestMs, p50Ms, p99Ms, maxMs }) => ({
    '': name,
    operations,
    'slowest sync()': slowestMs.toFixed(0),
    p50: p50Ms.toFixed(1),
    p99: p99Ms.toFixed(1),
    max: maxMs.toFixed(1),
    'max beyond no disk': Math.max(0, maxMs - memory.maxMs).toFixed(1),
  })),
);
