/**
 * The check of all records after a start (PS-3, SE-6), beside crises: how long it takes over a store of a million
 * operations, and how late answers to crises are meanwhile.
 *
 * A latency counts from the instant that the call was planned for, so that a blocked event loop shows.
 *
 * Usage: check.js [operations]
 *
 * @module
 */

import { join } from 'node:path';
import { createRuntime } from '../src/createRuntime.ts';
import { fillStore, WORK, WORK_UPSTREAM } from './bigStore.ts';
import { crisesWhile } from './crisesWhile.ts';
import { BENCH_KEY, printMachine, printTable, temporaryFolder } from './support.ts';

const operations = Number(process.argv[2] ?? 1_000_000);

const folder = join(temporaryFolder(), 'store');
const share = (of: number): number => Math.round(operations * of);
await fillStore(folder, {
  ...{ later: share(0.6), settled: share(0.3), deadLettered: share(0.1) },
});

const runtime = createRuntime({
  store: folder,
  key: BENCH_KEY,
  operationsMax: 2 * operations,
  upstreams: { [WORK_UPSTREAM]: {}, desk: {} },
  handlers: {
    [WORK]: { upstream: WORK_UPSTREAM, run: () => null },
    'crisis.alert': { upstream: 'desk', run: () => null },
  },
  onError: (error) => {
    console.error(error);
  },
});
await runtime.ready;

async function checked(): Promise<void> {
  while (runtime.getHealthStatus().storeCheck.state !== 'done') {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

printMachine();
const beside = [
  { beside: 'the check', ...(await crisesWhile(runtime, checked())) },
  {
    beside: 'nothing else',
    ...(await crisesWhile(runtime, new Promise((resolve) => setTimeout(resolve, 20_000)))),
  },
];
const { storeCheck: check } = runtime.getHealthStatus();
await runtime.close();
printTable(`Answers to crises beside the check of ${operations} operations`, beside);
console.log(`\n${check.checked} records opened, ${check.discrepancies} discrepancies`);
