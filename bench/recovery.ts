/**
 * How a runtime comes back after a SIGKILL over 100,000 operations (SV-3, CR-1): how soon the first
 * crisis is answered, and how soon all work that is due runs.
 *
 * "All due work runs" means: as many attempts run as the upstream has slots, and none of them ends.
 * The rest follows as slots become free, most urgent first; of what was in flight at the kill four
 * run beside each other (docs/decisions/0014). How long until the last of all has begun is given as
 * well, with handlers that answer at once.
 *
 * Each round fills a store, starts a process on it, kills that process with SIGKILL in the middle of
 * its work, starts another and measures. Usage: recovery.js [operations] [rounds]
 *
 * @module
 */

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { createRuntime } from '../src/createRuntime.ts';
import type { Runtime } from '../src/runtime.ts';
import { fillStore, WORK, WORK_UPSTREAM } from './bigStore.ts';
import { BENCH_KEY, median, printMachine, printTable, temporaryFolder } from './support.ts';

const SLOTS = 1_000;
const NEW_WORK = 50;

interface Reading {
  /** From `createRuntime` to the answer. */
  readonly crisisMs: number;
  readonly readyMs: number;
  /** To the acceptance of the first new request. */
  readonly newWorkMs: number;
  readonly firstRunMs: number;
  /** To all slots taken. */
  readonly allRunMs: number;
  /** The slowest answer of a crisis each 20 ms meanwhile. */
  readonly crisisMaxMs: number;
}

function start(folder: string, run: () => Promise<null> | null): Runtime {
  return createRuntime({
    store: folder,
    key: BENCH_KEY,
    upstreams: { [WORK_UPSTREAM]: { concurrency: SLOTS, attemptTimeoutMs: 3_600_000 } },
    handlers: {
      [WORK]: { upstream: WORK_UPSTREAM, run },
      'crisis.alert': { upstream: WORK_UPSTREAM, run: () => null },
    },
    onError: (error) => {
      console.error(error);
    },
  });
}

const never = (): Promise<null> => new Promise(() => undefined);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Takes slots until it is killed. */
async function beKilled(folder: string): Promise<void> {
  let running = 0;
  start(folder, () => {
    running += 1;
    if (running === SLOTS) process.send?.('full');
    return never();
  });
  setInterval(() => undefined, 1_000);
  await never();
}

async function measure(folder: string): Promise<Reading> {
  let begun = 0;
  let firstRunMs = Number.NaN;
  let allRunMs = Number.NaN;
  const startedAt = performance.now();
  const since = (): number => performance.now() - startedAt;
  const runtime = start(folder, () => {
    if (begun === 0) firstRunMs = since();
    begun += 1;
    if (begun === SLOTS) allRunMs = since();
    return never();
  });
  const answer = await runtime.crisis({ subject: 'person' });
  const crisisMs = since();
  let crisisMaxMs = answer.elapsedMs;
  await runtime.ready;
  const readyMs = since();
  let newWorkMs = Number.NaN;
  const accepted = Array.from({ length: NEW_WORK }, (_, n) =>
    runtime.sync({ type: WORK, subject: `new-${n}`, tier: 'premium', payload: null }),
  );
  void Promise.any(accepted).then(() => {
    newWorkMs = since();
  });
  for (let n = 0; Number.isNaN(allRunMs); n += 1) {
    const at = performance.now();
    await pause(20);
    await runtime.crisis({ subject: `person-${n}` });
    crisisMaxMs = Math.max(crisisMaxMs, performance.now() - at - 20);
  }
  await Promise.all(accepted);
  return { crisisMs, readyMs, newWorkMs, firstRunMs, allRunMs, crisisMaxMs };
}

/** The time until `count` operations have been completed. */
async function drain(folder: string, count: number): Promise<number> {
  let begun = 0;
  const startedAt = performance.now();
  const runtime = start(folder, () => {
    begun += 1;
    return null;
  });
  while (begun < count) await pause(5);
  const tookMs = performance.now() - startedAt;
  await runtime.close({ deadlineMs: 30_000 });
  return tookMs;
}

function apart(...args: readonly string[]): ChildProcess {
  return fork(new URL(import.meta.url), args);
}

async function told<T>(child: ChildProcess): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    child.once('message', (message) => {
      resolve(message as T);
    });
    child.once('exit', (code) => {
      reject(new Error(`A process of the bench ended with ${code} before it told anything.`));
    });
  });
}

async function killed(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
    child.kill('SIGKILL');
  });
}

async function round(operations: number): Promise<Reading & { readonly drainMs: number }> {
  const folder = join(temporaryFolder(), 'store');
  await fillStore(folder, { due: operations });
  const victim = apart('--be-killed', folder);
  await told(victim);
  await killed(victim);
  const heir = apart('--measure', folder);
  const reading = await told<Reading>(heir);
  await killed(heir);
  const last = apart('--drain', folder, String(operations));
  const drainMs = await told<number>(last);
  await killed(last);
  return { ...reading, drainMs };
}

async function main(operations: number, rounds: number): Promise<void> {
  printMachine();
  const readings: Awaited<ReturnType<typeof round>>[] = [];
  for (let n = 0; n < rounds; n += 1) {
    readings.push(await round(operations));
    console.error(`round ${n + 1} of ${rounds}`);
  }
  const row = (name: string, of: (reading: (typeof readings)[number]) => number) => ({
    '': name,
    'median ms': median(readings.map(of)).toFixed(1),
    'worst ms': Math.max(...readings.map(of)).toFixed(1),
  });
  printTable(
    `After SIGKILL: ${operations} operations due, ${SLOTS} of them in flight; ${rounds} rounds`,
    [
      row('first crisis answered', ({ crisisMs }) => crisisMs),
      row('slowest crisis until all due work runs', ({ crisisMaxMs }) => crisisMaxMs),
      row('store open', ({ readyMs }) => readyMs),
      row('first new request accepted', ({ newWorkMs }) => newWorkMs),
      row('first operation running', ({ firstRunMs }) => firstRunMs),
      row(`all due work running (${SLOTS} slots)`, ({ allRunMs }) => allRunMs),
      row('last of all begun, answers at once', ({ drainMs }) => drainMs),
    ],
  );
}

const [first, folder = '', count] = process.argv.slice(2);
if (first === '--be-killed') await beKilled(folder);
else if (first === '--measure') process.send?.(await measure(folder));
else if (first === '--drain') process.send?.(await drain(folder, Number(count)));
else await main(Number(first ?? 100_000), Number(folder === '' ? 3 : folder));
