/**
 * What 100,000 parked operations take in memory, over the same process while it is idle. They wait
 * for an upstream whose breaker is held open. Run with --expose-gc.
 *
 * @module
 */

import { join } from 'node:path';
import { createRuntime } from '../src/createRuntime.ts';
import { BENCH_KEY, printMachine, printTable, temporaryFolder } from './support.ts';

const PARKED = 100_000;
const AT_ONCE = 200;

async function settledMemory(): Promise<NodeJS.MemoryUsage> {
  for (let i = 0; i < 5; i += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return process.memoryUsage();
}

const toMb = (bytes: number): string => (bytes / 1_048_576).toFixed(1);

printMachine();
const runtime = createRuntime({
  store: join(temporaryFolder(), 'store'),
  key: BENCH_KEY,
  upstreams: { down: {} },
  handlers: { 'bench.park': { upstream: 'down', run: () => null } },
});
await runtime.ready;
const park = async (from: number, count: number): Promise<void> => {
  let next = from;
  const worker = async (): Promise<void> => {
    while (next < from + count) {
      next += 1;
      await runtime.sync({
        type: 'bench.park',
        subject: `user-${next}`,
        entity: { type: 'subscription', id: `sub-${next}` },
        tier: 'basic',
        idempotencyKey: `key-${next}`,
        payload: { amount: next, note: 'x'.repeat(180) },
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
};
runtime.upstream('down').forceOpen('bench');
// Code, caches and the writer's page cache reach their size before the first reading.
await park(0, 2_000);
const idle = await settledMemory();
await park(2_000, PARKED);
const parked = await settledMemory();
const { operations } = runtime.getHealthStatus();

printTable(`Memory of ${PARKED} parked operations`, [
  {
    '': 'idle process',
    'RSS MB': toMb(idle.rss),
    'heap MB': toMb(idle.heapUsed),
    'in memory': '',
  },
  {
    '': `with ${PARKED} parked`,
    'RSS MB': toMb(parked.rss),
    'heap MB': toMb(parked.heapUsed),
    'in memory': operations.inMemory,
  },
  {
    '': 'difference',
    'RSS MB': toMb(parked.rss - idle.rss),
    'heap MB': toMb(parked.heapUsed - idle.heapUsed),
    'in memory': '',
  },
]);
await runtime.close();
