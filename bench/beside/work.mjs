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
import { getHeapStatistics } from 'node:v8';

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
  let asked = 0;
  /** Each delivery gets its turn, as between two people who ask. */
  const ask = async (measured) => {
    asked += 1;
    await measured({ subject: `person-${asked}`, payload: { note: 'help' } });
    await new Promise((resolve) => setImmediate(resolve));
  };
  const micros = [];
  const microsToReturn = [];
  const timed = async (crisis) => {
    const startedAt = performance.now();
    const answer = runtime.crisis(crisis);
    microsToReturn.push((performance.now() - startedAt) * 1_000);
    await answer;
    micros.push((performance.now() - startedAt) * 1_000);
  };
  const bytes = [];
  const weighed = async (crisis) => {
    const before = getHeapStatistics().used_heap_size;
    const answer = runtime.crisis(crisis);
    bytes.push(getHeapStatistics().used_heap_size - before);
    await answer;
  };
  for (let number = 0; number < count / 4; number += 1) await ask(timed);
  micros.length = 0;
  microsToReturn.length = 0;
  const cpu = process.cpuUsage();
  for (let number = 0; number < count; number += 1) await ask(timed);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const { user, system } = process.cpuUsage(cpu);
  for (let number = 0; number < count / 4; number += 1) await ask(weighed);
  await runtime.close();
  const at = (values, share) =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
  return {
    p50: at(micros, 0.5),
    p99: at(micros, 0.99),
    returnP50: at(microsToReturn, 0.5),
    kilobytes: at(bytes, 0.5) / 1_024,
    cpuMicros: (user + system) / count,
  };
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
  const crisis = await crises(2_000);
  console.log(
    JSON.stringify({
      startMs: start,
      operations1: one.perSecond,
      operations100: hundred.perSecond,
      cpuMicros: hundred.cpuMicros,
      large100: large.perSecond,
      cpuMicrosLarge: large.cpuMicros,
      bulk: await bulk(10_000),
      crisisP50: crisis.p50,
      crisisP99: crisis.p99,
      crisisReturnP50: crisis.returnP50,
      crisisKilobytes: crisis.kilobytes,
      crisisCpuMicros: crisis.cpuMicros,
      checkMicros: checkMicros(20_000),
    }),
  );
} finally {
  rmSync(home, { recursive: true, force: true });
}
