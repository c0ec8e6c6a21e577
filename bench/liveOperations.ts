/**
 * What it costs to start and complete an operation while many others are alive: it should not depend
 * on their number. The engine runs on the memory store, so that only the engine is measured.
 *
 * @module
 */

import { createRuntime } from '../src/createRuntime.ts';
import type { Runtime } from '../src/runtime.ts';
import { median, printMachine, printTable } from './support.ts';

const LIVE = [10, 1_000, 10_000, 100_000] as const;
const MEASURED = 2_000;
const ROUNDS = 5;
const AT_ONCE = 500;

async function submit(
  runtime: Runtime,
  type: string,
): Promise<ReturnType<Runtime['operations']['get']>> {
  return await runtime.sync({ type, subject: 'bench', tier: 'trial', payload: null });
}

/** A runtime in which `live` operations are being attempted and will not end. */
async function withLive(
  live: number,
): Promise<{ readonly runtime: Runtime; readonly end: () => void }> {
  const endings: (() => void)[] = [];
  const runtime = createRuntime({
    store: ':memory:',
    upstreams: { hanging: { concurrency: live, attemptTimeoutMs: 3_600_000 }, quick: {} },
    handlers: {
      'bench.hang': {
        upstream: 'hanging',
        run: async () => {
          await new Promise<void>((resolve) => {
            endings.push(resolve);
          });
          return null;
        },
      },
      'bench.quick': { upstream: 'quick', run: () => null },
    },
  });
  await runtime.ready;
  for (let started = 0; started < live; started += AT_ONCE) {
    const count = Math.min(AT_ONCE, live - started);
    await Promise.all(Array.from({ length: count }, () => submit(runtime, 'bench.hang')));
  }
  return {
    runtime,
    end: () => {
      for (const end of endings) end();
    },
  };
}

async function complete(runtime: Runtime): Promise<number> {
  const startedAt = performance.now();
  for (let done = 0; done < MEASURED; done += 100) {
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const operation = await submit(runtime, 'bench.quick');
        await operation.outcome;
      }),
    );
  }
  return ((performance.now() - startedAt) / MEASURED) * 1_000;
}

printMachine();
const rows = [];
for (const live of LIVE) {
  const { runtime, end } = await withLive(live);
  await complete(runtime);
  const micros: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) micros.push(await complete(runtime));
  rows.push({
    'live operations': live,
    'start and complete, µs': Math.round(median(micros)),
    'best round, µs': Math.round(Math.min(...micros)),
    'heap MB': Math.round(process.memoryUsage().heapUsed / 1_048_576),
  });
  end();
  await runtime.close({ deadlineMs: 60_000 });
}
printTable(`Cost of one more operation, median of ${ROUNDS} rounds of ${MEASURED}`, rows);
