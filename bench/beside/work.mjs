/**
 * The work of one measurement of compare.mjs, by the built package in the folder that it is given.
 * Prints its figures as one line of JSON.
 *
 * @module
 */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder = '.'] = process.argv.slice(2);
/** Loads the first that is there: an older checkout has it where it was. */
const load = async (...paths) => {
  const path = paths.find((known) => existsSync(join(folder, 'dist', known))) ?? paths[0];
  return await import(pathToFileURL(join(folder, 'dist', path)).href);
};
const { createRuntime, rawKey } = await load('index.js', 'src/index.js');
const { checkRequest } = await load(
  'tree/machines/policy/request/request.js',
  'machines/policy/request/request.js',
  'machines/vocabulary/request.js',
);

const home = mkdtempSync(join(tmpdir(), 'holdfast-beside-'));
const PAYLOAD_BYTES_MAX = 1_048_576;
let stores = 0;

function open(concurrency = 100) {
  stores += 1;
  return createRuntime({
    store: join(home, `store-${stores}`),
    key: rawKey(new Uint8Array(32).fill(7)),
    upstreams: { bench: { concurrency } },
    handlers: {
      'bench.work': { upstream: 'bench', run: () => ({ done: true }) },
      'crisis.alert': { upstream: 'bench', run: () => null },
    },
  });
}

function request(number, noteLength) {
  return {
    type: 'bench.work',
    subject: `user-${number % 1_000}`,
    entity: { type: 'subscription', id: `sub-${number}` },
    tier: 'premium',
    idempotencyKey: `key-${number}`,
    payload: { amount: number, note: 'x'.repeat(noteLength) },
  };
}

async function operations(inFlight, count, noteLength) {
  const runtime = open(inFlight);
  await runtime.ready;
  let next = 0;
  const run = async (upTo) => {
    const worker = async () => {
      while (next < upTo) {
        next += 1;
        const operation = await runtime.sync(request(next, noteLength));
        await operation.outcome;
      }
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
  };
  const warmup = Math.min(count, 1_000);
  await run(warmup);
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await run(warmup + count);
  const perSecond = (count / (performance.now() - startedAt)) * 1_000;
  const { user, system } = process.cpuUsage(cpu);
  await runtime.close();
  return { perSecond, cpuMicros: (user + system) / count };
}

async function bulk(count) {
  const runtime = open(1);
  await runtime.ready;
  const requests = Array.from({ length: count }, (_, index) => request(index + 1, 180));
  const startedAt = performance.now();
  await runtime.syncAll(requests);
  const perSecond = (count / (performance.now() - startedAt)) * 1_000;
  await runtime.close({ deadlineMs: 0 });
  return perSecond;
}

async function crises(count) {
  const runtime = open();
  await runtime.ready;
  const micros = [];
  for (let number = 0; number < count; number += 1) {
    const startedAt = performance.now();
    await runtime.crisis({ subject: `person-${number}`, payload: { note: 'help' } });
    micros.push((performance.now() - startedAt) * 1_000);
    // Each delivery gets its turn, as between two people who ask.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await runtime.close();
  micros.sort((a, b) => a - b);
  const at = (share) => micros[Math.floor(micros.length * share)];
  return { p50: at(0.5), p99: at(0.99) };
}

function checkMicros(count) {
  const given = { ...request(1, 900), priority: 'normal' };
  for (let warm = 0; warm < 2_000; warm += 1) checkRequest(given, PAYLOAD_BYTES_MAX);
  const startedAt = performance.now();
  for (let number = 0; number < count; number += 1) checkRequest(given, PAYLOAD_BYTES_MAX);
  return ((performance.now() - startedAt) * 1_000) / count;
}

async function startMs() {
  const startedAt = performance.now();
  const runtime = open();
  await runtime.ready;
  const elapsedMs = performance.now() - startedAt;
  await runtime.close();
  return elapsedMs;
}

try {
  const start = await startMs();
  const one = await operations(1, 500, 180);
  const hundred = await operations(100, 8_000, 180);
  const large = await operations(100, 4_000, 4_000);
  const { p50, p99 } = await crises(2_000);
  console.log(
    JSON.stringify({
      startMs: start,
      operations1: one.perSecond,
      operations100: hundred.perSecond,
      cpuMicros: hundred.cpuMicros,
      large100: large.perSecond,
      cpuMicrosLarge: large.cpuMicros,
      bulk: await bulk(10_000),
      crisisP50: p50,
      crisisP99: p99,
      checkMicros: checkMicros(20_000),
    }),
  );
} finally {
  rmSync(home, { recursive: true, force: true });
}
