/**
 * Whether anything grows with the queue (SC-1): the start of a runtime, its memory, and the cost of
 * one more operation, with 0 to 1,000,000 operations parked on disk.
 *
 * The parked ones are a mixture of all there is: due later, due now at an upstream that is held off,
 * behind others in lanes, without a handler, settled, dead. Each reading is taken in a process of its
 * own. Usage: scale.js [parked counts, by commas]
 *
 * @module
 */

import { fork } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createRuntime } from '../src/createRuntime.ts';
import type { Runtime } from '../src/runtime.ts';
import { BLOCKED, BLOCKED_UPSTREAM, fillStore, WORK, WORK_UPSTREAM } from './bigStore.ts';
import { BENCH_KEY, median, printMachine, printTable, temporaryFolder } from './support.ts';

const IN_FLIGHT = 100;
const MEASURED = 4_000;
const ROUNDS = 5;
/** Due when the process starts, so that there is a first one to wait for. */
const DUE = 200;

interface Reading {
  readonly crisisMs: number;
  readonly readyMs: number;
  readonly firstDueMs: number;
  readonly startCpuMs: number;
  readonly rssMb: number;
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly healthMicros: number;
}

async function shutOff(folder: string): Promise<void> {
  const runtime = start(folder, () => undefined);
  await runtime.ready;
  runtime.upstream(BLOCKED_UPSTREAM).forceOpen('bench');
  await runtime.close();
}

function start(folder: string, onRun: () => void): Runtime {
  const run = (): null => {
    onRun();
    return null;
  };
  return createRuntime({
    store: folder,
    key: BENCH_KEY,
    upstreams: { [WORK_UPSTREAM]: { concurrency: IN_FLIGHT }, [BLOCKED_UPSTREAM]: {} },
    handlers: {
      [WORK]: { upstream: WORK_UPSTREAM, run },
      [BLOCKED]: { upstream: BLOCKED_UPSTREAM, run },
      'crisis.alert': { upstream: WORK_UPSTREAM, run: () => null },
    },
    onError: (error) => {
      console.error(error);
    },
  });
}

async function work(runtime: Runtime, count: number, name: string): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      const operation = await runtime.sync({
        type: WORK,
        subject: `user-${next % 1_000}`,
        entity: { type: 'subscription', id: `${name}-${next}` },
        tier: 'premium',
        idempotencyKey: `${name}-${next}`,
        payload: { amount: next, note: 'x'.repeat(180) },
      });
      await operation.outcome;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

async function measure(folder: string): Promise<Reading> {
  const startedAt = performance.now();
  const cpuAtStart = process.cpuUsage();
  let firstDueMs = Number.NaN;
  let ran = 0;
  const runtime = start(folder, () => {
    if (ran === 0) firstDueMs = performance.now() - startedAt;
    ran += 1;
  });
  await runtime.crisis({ subject: 'person' });
  const crisisMs = performance.now() - startedAt;
  await runtime.ready;
  const readyMs = performance.now() - startedAt;
  while (ran < DUE) await new Promise((resolve) => setTimeout(resolve, 1));
  const cpu = process.cpuUsage(cpuAtStart);
  await work(runtime, 2_000, `warm-up-${process.pid}`);
  const perSecond: number[] = [];
  const cpuMicros: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    const at = performance.now();
    await work(runtime, MEASURED, `round-${round}-${process.pid}`);
    perSecond.push((MEASURED / (performance.now() - at)) * 1_000);
    const { user, system } = process.cpuUsage(before);
    cpuMicros.push((user + system) / MEASURED);
  }
  const at = performance.now();
  for (let n = 0; n < 1_000; n += 1) runtime.getHealthStatus();
  const healthMicros = performance.now() - at;
  for (let n = 0; n < 4; n += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const rssMb = process.memoryUsage().rss / 1_048_576;
  await runtime.close();
  return {
    crisisMs,
    readyMs,
    firstDueMs,
    startCpuMs: (cpu.user + cpu.system) / 1_000,
    rssMb,
    perSecond: median(perSecond),
    cpuMicros: median(cpuMicros),
    healthMicros,
  };
}

async function measureApart(folder: string): Promise<Reading> {
  return await new Promise<Reading>((resolve, reject) => {
    const child = fork(new URL(import.meta.url), ['--measure', folder], {
      execArgv: ['--expose-gc'],
    });
    child.once('message', (reading) => {
      resolve(reading as Reading);
    });
    child.once('exit', (code) => {
      reject(new Error(`The measuring process ended with ${code} and gave no reading.`));
    });
  });
}

async function main(counts: readonly number[]): Promise<void> {
  printMachine();
  const folder = join(temporaryFolder(), 'store');
  await shutOff(folder);
  let parked = 0;
  const rows = [];
  for (const count of counts) {
    const more = count - parked;
    parked = count;
    const share = (part: number): number => Math.floor(more * part);
    const at = performance.now();
    await fillStore(folder, {
      later: share(0.55),
      blocked: share(0.2),
      inLanes: share(0.1),
      handlerless: share(0.02),
      settled: share(0.08),
      deadLettered: share(0.05),
      due: DUE,
    });
    const fillingS = (performance.now() - at) / 1_000;
    const reading = await measureApart(folder);
    rows.push({
      parked: count,
      'store MB': Math.round(statSync(join(folder, 'data.db')).size / 1_048_576),
      'crisis ms': reading.crisisMs.toFixed(1),
      'ready ms': Math.round(reading.readyMs),
      'first due ms': Math.round(reading.firstDueMs),
      'start CPU ms': Math.round(reading.startCpuMs),
      'RSS MB': Math.round(reading.rssMb),
      'ops /s': Math.round(reading.perSecond),
      'CPU µs an op': Math.round(reading.cpuMicros),
      'health µs': reading.healthMicros.toFixed(0),
      'filled in s': fillingS.toFixed(0),
    });
  }
  printTable(
    `A runtime over parked operations; ${IN_FLIGHT} in flight, median of ${ROUNDS} rounds of ${MEASURED}`,
    rows,
  );
}

const [first, measured] = process.argv.slice(2);
if (first === '--measure') {
  process.send?.(await measure(measured ?? ''));
  process.disconnect();
} else {
  await main((first ?? '0,10000,100000,1000000').split(',').map(Number));
}
