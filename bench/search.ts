/**
 * What it costs to find operations among many (OP-10, OP-12): by tag, subject, type, state and all of them, and how late
 * the event loop is meanwhile. Usage: search.js [operations]
 *
 * @module
 */

import { join } from 'node:path';
import { createRuntime, type OperationFilter } from '../src/index.ts';
import { BENCH_KEY, printMachine, printTable, temporaryFolder } from './support.ts';

const COUNT = Number(process.argv[2] ?? 200_000);
const TYPES = ['invoice.push', 'mood.put', 'payment.push', 'plan.put', 'refund.push'];
const SUBJECTS = 5_000;
const TAGGED_EVERY = 1_000;
const TICK_MS = 5;

/** Some hundred bytes each, as payloads of this trade are. */
function* requests() {
  for (let index = 0; index < COUNT; index += 1) {
    yield {
      type: TYPES[index % TYPES.length] ?? '',
      subject: `user-${index % SUBJECTS}`,
      tags: index % TAGGED_EVERY === 0 ? ['rare'] : [],
      payload: { note: 'n'.repeat(300) },
    };
  }
}

/** The longest delay of the event loop until it is asked. */
function watchLoop(): () => number {
  let latestMs = 0;
  let lastAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    latestMs = Math.max(latestMs, now - lastAt - TICK_MS);
    lastAt = now;
  }, TICK_MS);
  return () => {
    clearInterval(timer);
    return latestMs;
  };
}

const runtime = createRuntime({
  store: join(temporaryFolder(), 'store'),
  key: BENCH_KEY,
  upstreams: { held: {} },
  handlers: Object.fromEntries(TYPES.map((type) => [type, { upstream: 'held', run: () => null }])),
});
await runtime.ready;
runtime.upstream('held').forceOpen('bench');
await runtime.syncAll(requests());

const filters: readonly (readonly [string, OperationFilter])[] = [
  ['tag', { tag: 'rare' }],
  ['subject', { subject: 'user-7' }],
  ['type', { type: 'mood.put' }],
  ['state, none in it', { state: 'deadLettered' }],
  ['state, all due and none in it', { state: 'backingOff' }],
  ['all', {}],
];
const rows: Record<string, string | number>[] = [];
for (const [what, filter] of filters) {
  const loopLateMs = watchLoop();
  const cpuAtStart = process.cpuUsage();
  const startedAt = performance.now();
  let found = 0;
  for await (const _ of runtime.operations.list({ ...filter, order: 'newest' })) found += 1;
  const wallMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuAtStart);
  rows.push({
    filter: what,
    found,
    ms: Math.round(wallMs),
    'CPU ms': Math.round((user + system) / 1_000),
    'event loop late by, ms': Math.round(loopLateMs()),
  });
}
const startedAt = performance.now();
await runtime.operations.count();
rows.push({ filter: 'counted', found: COUNT, ms: Math.round(performance.now() - startedAt) });
printMachine();
printTable(`What it costs to find some of ${COUNT} operations`, rows);
await runtime.close({ deadlineMs: 0 });
