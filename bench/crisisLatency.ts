/**
 * How long a crisis waits for its answer while 100 operations are in flight, first with a well disk,
 * then with a disk that stalls for a second, and in comparison how long `sync()` takes meanwhile.
 *
 * A latency counts from the instant the call was planned for, so that a blocked event loop shows
 * (coordinated omission). The stall is planted in the writer thread by a fault point.
 *
 * @module
 */

import { join } from 'node:path';
import { armThreads } from '../persistence/port/faultPoints.ts';
import { createRuntime } from '../src/createRuntime.ts';
import type { Runtime } from '../src/runtime.ts';
import { BENCH_KEY, percentile, printMachine, printTable, temporaryFolder } from './support.ts';

const IN_FLIGHT = 100;
const CRISES_A_SECOND = 400;
const SECONDS = 30;

/** Keeps operations in flight until told to stop; gives the time each acceptance took. */
function keepBusy(runtime: Runtime): { readonly stop: () => Promise<number[]> } {
  let isRunning = true;
  const latencies: number[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (isRunning) {
      next += 1;
      const startedAt = performance.now();
      const operation = await runtime.sync({
        type: 'bench.work',
        subject: `user-${next}`,
        tier: 'trial',
        payload: { note: 'x'.repeat(180) },
      });
      latencies.push(performance.now() - startedAt);
      await operation.outcome;
    }
  };
  const workers = Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return {
    stop: async () => {
      isRunning = false;
      await workers;
      return latencies;
    },
  };
}

async function answerCrises(runtime: Runtime): Promise<number[]> {
  const latencies: number[] = [];
  const startedAt = performance.now();
  const total = CRISES_A_SECOND * SECONDS;
  for (let sent = 0; sent < total; ) {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * CRISES_A_SECOND);
    for (; sent < Math.min(due, total); sent += 1) {
      const plannedAt = startedAt + (sent / CRISES_A_SECOND) * 1_000;
      await runtime.crisis({ subject: `person-${sent}`, payload: { note: 'help' } });
      latencies.push(performance.now() - plannedAt);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return latencies;
}

async function round(isStalling: boolean): Promise<readonly [crises: number[], accepts: number[]]> {
  // The 400th commit of the writer thread stands still for a second.
  armThreads(
    isStalling ? [{ name: 'store.beforeCommit', countdown: 400, action: { stallMs: 1_000 } }] : [],
  );
  const runtime = createRuntime({
    store: join(temporaryFolder(), 'store'),
    key: BENCH_KEY,
    handlers: {
      'bench.work': { upstream: 'default', run: () => null },
      'crisis.alert': { upstream: 'default', run: () => null },
    },
  });
  await runtime.ready;
  const busy = keepBusy(runtime);
  const crises = await answerCrises(runtime);
  const accepts = await busy.stop();
  await runtime.close({ deadlineMs: 30_000 });
  return [crises, accepts];
}

function row(name: string, latencies: readonly number[]): Record<string, string | number> {
  const ms = (share: number): string => percentile(latencies, share).toFixed(2);
  return {
    '': name,
    count: latencies.length,
    'p50 ms': ms(0.5),
    'p99 ms': ms(0.99),
    'p99.99 ms': ms(0.9999),
    'max ms': ms(1),
  };
}

printMachine();
const [stalledCrises, stalledAccepts] = await round(true);
const [wellCrises, wellAccepts] = await round(false);
printTable(`Answers to crises, ${IN_FLIGHT} operations in flight`, [
  row('crisis, disk well', wellCrises),
  row('crisis, disk stalled for 1 s', stalledCrises),
  row('sync(), disk well', wellAccepts),
  row('sync(), disk stalled for 1 s', stalledAccepts),
]);
