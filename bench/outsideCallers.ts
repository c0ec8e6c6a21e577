/**
 * How long other processes wait for an answer to a crisis while the app blocks its event loop for a second
 * at a time: at the thread of outside callers, over its Unix socket and over HTTP, and at a server in the
 * main thread that calls `runtime.crisis()`.
 *
 * The callers are a thread of their own. Each call is measured from the instant for which it was planned, so
 * that one that begins late counts as late. Usage: outsideCallers.js [blocks]
 *
 * @module
 */

import { createServer, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createRuntime } from '../src/createRuntime.ts';
import {
  BENCH_KEY,
  median,
  percentile,
  printMachine,
  printTable,
  temporaryFolder,
} from './support.ts';

/** Few enough that nobody waits for another: what is measured is one answer. */
const EVERY_MS = 50;
const BLOCK_MS = 1_000;
/** CR-1. */
const LATE_MS = 200;
const STARVED_MS = 20;
const PAUSE_MS = 1_000;
const TOKEN = 'bench-bench-bench-bench-bench-bench';
const BODY = JSON.stringify({ subject: 'user-42', payload: { said: 'help' } });

/** The timer of the callers' thread, which asks nobody: what it is late, the machine is. */
const CONTROL = 'control: the timer of the callers';

interface Target {
  readonly name: string;
  readonly at: { readonly socketPath: string } | { readonly host: string; readonly port: number };
}

interface Call {
  readonly target: string;
  /** In milliseconds since the epoch. */
  readonly plannedAtMs: number;
  readonly tookMs: number;
  readonly status: number;
}

/** The same origin in every thread. */
function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

if (isMainThread) await measure();
else await callAll(workerData as readonly Target[]);

async function measure(): Promise<void> {
  const blocks = Number(process.argv[2] ?? 20);
  const folder = temporaryFolder();
  const runtime = createRuntime({
    store: join(folder, 'store'),
    key: BENCH_KEY,
    crisis: { outside: { socketPath: true, http: { token: TOKEN } } },
    handlers: { 'crisis.alert': { upstream: 'default', run: () => null } },
  });
  await runtime.ready;
  const server = createServer((asked, response) => {
    asked.resume().on('end', () => {
      void runtime.crisis({ subject: 'user-42', payload: { said: 'help' } }).then((answer) => {
        const { durable: _, delivery: __, ...told } = answer;
        response.end(JSON.stringify(told));
      });
    });
  });
  const own = join(folder, 'app.sock');
  await new Promise<void>((resolve) => {
    server.listen(own, resolve);
  });
  let outside = runtime.getHealthStatus().outside;
  while ((outside?.socketPath ?? null) === null || (outside?.url ?? null) === null) {
    await sleep(10);
    outside = runtime.getHealthStatus().outside;
  }
  const { hostname: host, port } = new URL(outside?.url ?? '');
  const targets: readonly Target[] = [
    { name: 'outside, Unix socket', at: { socketPath: outside?.socketPath ?? '' } },
    { name: 'outside, HTTP', at: { host, port: Number(port) } },
    { name: 'runtime.crisis() behind a server of the app', at: { socketPath: own } },
  ];
  const callers = new Worker(new URL(import.meta.url), { workerData: targets });
  const calls = new Promise<readonly Call[]>((resolve, reject) => {
    callers.once('message', resolve);
    callers.once('error', reject);
  });
  await sleep(2 * PAUSE_MS);
  const windows: { readonly fromMs: number; readonly toMs: number }[] = [];
  for (let block = 0; block < blocks; block += 1) {
    const fromMs = nowMs();
    while (nowMs() - fromMs < BLOCK_MS);
    windows.push({ fromMs, toMs: nowMs() });
    await sleep(PAUSE_MS);
  }
  callers.postMessage('stop');
  const made = await calls;
  await sleep(PAUSE_MS);
  const health = runtime.getHealthStatus();
  await runtime.close();
  server.close();
  await callers.terminate();
  print(made, windows, targets);
  tellOfLate(made);
  const { answeredWhileBlocked } = health.outside ?? {};
  console.log(
    `\n${made.filter(({ status }) => status !== 200).length} calls without an answer; ` +
      `${health.eventLoop.blocked} blocks detected, the longest of ${health.eventLoop.longestMs} ms; ` +
      `${answeredWhileBlocked} answered while blocked, as health tells; ` +
      `${health.operations.completed} crises delivered.`,
  );
}

function print(
  calls: readonly Call[],
  windows: readonly { readonly fromMs: number; readonly toMs: number }[],
  targets: readonly Target[],
): void {
  const isBlocked = ({ plannedAtMs }: Call): boolean =>
    windows.some(({ fromMs, toMs }) => plannedAtMs >= fromMs && plannedAtMs < toMs);
  const rows = [false, true].flatMap((blocked) =>
    [...targets.map(({ name }) => name), CONTROL].map((name) => {
      const took = calls
        .filter((call) => call.target === name && isBlocked(call) === blocked)
        .map(({ tookMs }) => tookMs);
      return {
        '': `${name}, loop ${blocked ? 'blocked' : 'runs'}`,
        calls: took.length,
        'p50 ms': median(took).toFixed(1),
        'p99 ms': percentile(took, 0.99).toFixed(1),
        'max ms': Math.max(...took).toFixed(1),
      };
    }),
  );
  printMachine();
  printTable('Answers to callers of another thread, from the planned instant', rows);
}

/** A late answer is the machine's where the timer of the callers was late as well. */
function tellOfLate(calls: readonly Call[]): void {
  const starved = calls.filter(({ target, tookMs }) => target === CONTROL && tookMs > STARVED_MS);
  const late = calls.filter(
    ({ target, tookMs }) => target.startsWith('outside') && tookMs > LATE_MS,
  );
  const unexplained = late.filter(
    ({ plannedAtMs, tookMs }) =>
      !starved.some(
        (control) =>
          control.plannedAtMs <= plannedAtMs + tookMs &&
          control.plannedAtMs + control.tookMs >= plannedAtMs,
      ),
  );
  console.log(
    `\n${late.length} outside answers took longer than ${LATE_MS} ms, ${unexplained.length} of them while the timer of the callers was never more than ${STARVED_MS} ms late.`,
  );
}

async function callAll(targets: readonly Target[]): Promise<void> {
  let isStopped = false;
  parentPort?.once('message', () => {
    isStopped = true;
  });
  const calls: Promise<Call>[] = [];
  for (let plannedAtMs = nowMs() + 100; !isStopped; plannedAtMs += EVERY_MS) {
    await sleep(Math.max(0, plannedAtMs - nowMs()));
    const tookMs = nowMs() - plannedAtMs;
    calls.push(Promise.resolve({ target: CONTROL, plannedAtMs, tookMs, status: 200 }));
    for (const target of targets) calls.push(callOne(target, plannedAtMs));
  }
  parentPort?.postMessage(await Promise.all(calls));
}

async function callOne({ name, at }: Target, plannedAtMs: number): Promise<Call> {
  const status = await new Promise<number>((resolve) => {
    const request = httpRequest({
      ...at,
      method: 'POST',
      path: '/crisis',
      agent: false,
      headers: { authorization: `Bearer ${TOKEN}`, host: 'localhost' },
    });
    request.on('error', () => {
      resolve(0);
    });
    request.on('response', (response) => {
      response.resume().on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    request.end(BODY);
  });
  return { target: name, plannedAtMs, tookMs: nowMs() - plannedAtMs, status };
}
