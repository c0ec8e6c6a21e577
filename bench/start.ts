/**
 * Whether the start grows in proportion to the upstreams (SC-1): 100, 1,000 and 10,000 of them with a
 * handler each, on an empty store and on the one that was left. Each reading is taken in a process of its
 * own. Usage: start.js [counts, by commas] [folder of another build of holdfast, to measure beside]
 *
 * @module
 */

import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Holdfast from '../src/index.ts';
import { printMachine, printTable, temporaryFolder } from './support.ts';

interface Reading {
  readonly createMs: number;
  readonly readyMs: number;
  readonly firstSyncMs: number;
  /** How often the first request was refused before it was accepted. */
  readonly refusals: number;
  readonly quietMs: number;
  readonly cpuMs: number;
  readonly rssMb: number;
}

const TRIES_MAX = 100;
/** It is over with the start once the event loop has done nothing for so long. */
const QUIET_MS = 500;

async function measure(entry: string, folder: string, count: number): Promise<Reading> {
  const { createRuntime, rawKey } = (await import(entry)) as typeof Holdfast;
  const names = Array.from({ length: count }, (_, index) => `upstream-${index}`);
  const run = (): null => null;
  const cpuAtStart = process.cpuUsage();
  const startedAt = performance.now();
  const since = (): number => performance.now() - startedAt;
  const runtime = createRuntime({
    store: folder,
    key: rawKey(new Uint8Array(32).fill(7)),
    upstreams: Object.fromEntries(names.map((name) => [name, {}])),
    handlers: Object.fromEntries(
      names.map((name) => [`push.${name.replace('upstream-', 'to')}`, { upstream: name, run }]),
    ),
  });
  const createMs = since();
  await runtime.ready;
  const readyMs = since();
  let refusals = 0;
  for (; refusals < TRIES_MAX; refusals += 1) {
    try {
      const type = `push.to${count - 1}`;
      const operation = await runtime.sync({ type, subject: 'user-1', tier: 'premium' });
      await operation.outcome;
      break;
    } catch {
      // The next one, at once.
    }
  }
  const firstSyncMs = since();
  const quietMs = await untilQuiet(since);
  const { user, system } = process.cpuUsage(cpuAtStart);
  const rssMb = process.memoryUsage().rss / 1_048_576;
  await runtime.close();
  return {
    createMs,
    readyMs,
    firstSyncMs,
    refusals,
    quietMs,
    cpuMs: (user + system) / 1_000,
    rssMb,
  };
}

/** When the process began to use next to no processor. */
async function untilQuiet(since: () => number): Promise<number> {
  for (;;) {
    const before = process.cpuUsage();
    const atMs = since();
    await new Promise((wake) => setTimeout(wake, QUIET_MS));
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1_000 < QUIET_MS / 10) return atMs;
  }
}

async function measureApart(entry: string, folder: string, count: number): Promise<Reading> {
  return await new Promise<Reading>((settle, reject) => {
    const child = fork(new URL(import.meta.url), ['--measure', entry, folder, String(count)]);
    child.once('message', (reading) => {
      settle(reading as Reading);
    });
    child.once('exit', (code) => {
      reject(new Error(`The measuring process ended with ${code} and gave no reading.`));
    });
  });
}

/** An older checkout has it where it was. */
function entryOf(root: string): string {
  const entry = resolve(root, 'dist/index.js');
  return existsSync(entry) ? entry : resolve(root, 'dist/src/index.js');
}

async function main(counts: readonly number[], beside: string | undefined): Promise<void> {
  printMachine();
  const builds: [string, string][] = [['this', '.']];
  if (beside !== undefined) builds.push(['beside', beside]);
  const rows = [];
  for (const count of counts) {
    for (const [build, root] of builds) {
      const entry = pathToFileURL(entryOf(root)).href;
      const folder = join(temporaryFolder(), 'store');
      for (const start of ['first', 'again']) {
        const reading = await measureApart(entry, folder, count);
        rows.push({
          build,
          upstreams: count,
          start,
          'createRuntime ms': Math.round(reading.createMs),
          'ready ms': Math.round(reading.readyMs),
          'first sync ms': Math.round(reading.firstSyncMs),
          'refused before': reading.refusals,
          'quiet ms': Math.round(reading.quietMs),
          'CPU ms': Math.round(reading.cpuMs),
          'RSS MB': Math.round(reading.rssMb),
        });
      }
    }
  }
  printTable('The start of a runtime with many upstreams, since the call of createRuntime', rows);
}

const [first, ...rest] = process.argv.slice(2);
if (first === '--measure') {
  const [entry = '', folder = '', count = '0'] = rest;
  process.send?.(await measure(entry, folder, Number(count)));
  process.disconnect();
} else {
  await main((first ?? '100,1000,10000').split(',').map(Number), rest[0]);
}
