/**
 * What calls of `sync()` take of the turn that makes them, and what becomes of the event loop and of crises beside
 * them: 1, 100 and 5,000 calls in one turn. The calls go to a store on disk whose writer has its own thread.
 *
 * Times, so they depend on the machine and on what else it does: of each the median of some rounds. Counts are in
 * `test/src/callersTurn.test.ts`. Usage: callerTurn.js
 *
 * @module
 */

import { join } from 'node:path';
import { createRuntime } from '../src/createRuntime.ts';
import type { Runtime } from '../src/runtime.ts';
import { BENCH_KEY, median, printMachine, printTable, temporaryFolder } from './support.ts';

/** So many calls in one turn, in so many rounds. */
const ROUNDS: readonly (readonly [calls: number, rounds: number])[] = [
  [1, 100],
  [100, 30],
  [5_000, 3],
];
const CRISIS_EVERY_MS = 5;
const NOTE = 'x'.repeat(180);
const DEADLINE_MS = 60_000;

let number = 0;

function request(): Parameters<Runtime['sync']>[0] {
  number += 1;
  return {
    type: 'bench.work',
    subject: `user-${number % 1_000}`,
    entity: { type: 'subscription', id: `sub-${number}` },
    tier: 'premium',
    idempotencyKey: `key-${number}`,
    payload: { amount: number, note: NOTE },
  };
}

/** Milliseconds from when a crisis was due to be asked until it was answered. */
async function crisis(runtime: Runtime, dueAtMs: number): Promise<number> {
  number += 1;
  await runtime.crisis({ subject: `person-${number}`, payload: { note: NOTE } });
  return performance.now() - dueAtMs;
}

interface Round {
  readonly turnUs: number;
  readonly acceptedMs: number;
  readonly holdMs: number;
  /** Of the crisis that is asked in the same turn, behind the calls. */
  readonly behindMs: number;
  /** Of those that come while the calls are worked through. */
  readonly besideMs: number;
}

async function round(runtime: Runtime, calls: number): Promise<Round> {
  const requests = Array.from({ length: calls }, request);
  await new Promise((resolve) => setTimeout(resolve, 20));
  let isOver = false;
  let holdMs = 0;
  let turnedAtMs = performance.now();
  const turn = (): void => {
    const nowMs = performance.now();
    holdMs = Math.max(holdMs, nowMs - turnedAtMs);
    turnedAtMs = nowMs;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await new Promise((resolve) => setImmediate(resolve));
  const beganAtMs = performance.now();
  const accepted = requests.map((each) => runtime.sync(each));
  const calledAtMs = performance.now();
  const behind = crisis(runtime, calledAtMs);
  const beside: Promise<number>[] = [];
  const ask = (): void => {
    const dueAtMs = performance.now() + CRISIS_EVERY_MS;
    setTimeout(() => {
      if (isOver) return;
      beside.push(crisis(runtime, dueAtMs));
      ask();
    }, CRISIS_EVERY_MS);
  };
  ask();
  const operations = await Promise.all(accepted);
  const acceptedMs = performance.now() - beganAtMs;
  await Promise.all(operations.map(({ outcome }) => outcome));
  isOver = true;
  return {
    turnUs: ((calledAtMs - beganAtMs) * 1_000) / calls,
    acceptedMs,
    holdMs,
    behindMs: await behind,
    besideMs: Math.max(0, ...(await Promise.all(beside))),
  };
}

const runtime = createRuntime({
  store: join(temporaryFolder(), 'store'),
  key: BENCH_KEY,
  upstreams: { bench: { concurrency: 100 } },
  handlers: {
    'bench.work': { upstream: 'bench', run: () => ({ done: true }) },
    'crisis.alert': { upstream: 'bench', run: () => null },
  },
  policies: { defaults: { responseDeadlineMs: DEADLINE_MS } },
});
await runtime.ready;
for (let times = 0; times < 30; times += 1) await round(runtime, 100);
printMachine();
const rows = [];
for (const [calls, rounds] of ROUNDS) {
  const measured: Round[] = [];
  for (let times = 0; times < rounds; times += 1) measured.push(await round(runtime, calls));
  const of = (pick: (one: Round) => number): string => median(measured.map(pick)).toFixed(2);
  rows.push({
    'calls in one turn': calls,
    'µs of the turn, each': of(({ turnUs }) => turnUs),
    'all accepted, ms': of(({ acceptedMs }) => acceptedMs),
    'longest hold of the loop, ms': of(({ holdMs }) => holdMs),
    'crisis behind them, ms': of(({ behindMs }) => behindMs),
    'worst crisis beside them, ms': of(({ besideMs }) => besideMs),
  });
}
printTable('Calls of sync() in one turn, medians', rows);
await runtime.close();
