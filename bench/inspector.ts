/**
 * What it costs to be watched: CPU time per durable operation, and how long a crisis waits for its answer
 * with 100 operations in flight, while nobody has ever watched, after somebody has, while the inspector is
 * kept open with no viewer, and while a viewer is sent everything as JSON.
 *
 * The four take turns within each round, in an order that moves on, and each ratio is that of one round to
 * the first kind in it. Usage: inspector.js [rounds] [operations]
 *
 * @module
 */

import { join } from 'node:path';
import { createRuntime } from '../src/createRuntime.ts';
import type { HoldfastRuntime } from '../src/holdfastRuntime.ts';
import {
  BENCH_KEY,
  median,
  percentile,
  printMachine,
  printTable,
  temporaryFolder,
} from './support.ts';

const rounds = Number(process.argv[2] ?? 7);
const count = Number(process.argv[3] ?? 12_000);
const IN_FLIGHT = 100;
const CRISES = 600;

const KINDS = ['never watched', 'detached', 'open, no viewer', 'viewer'] as const;
type Kind = (typeof KINDS)[number];

interface Figure {
  readonly cpuMicros: number;
  readonly crises: readonly number[];
  /** Bytes of JSON for each operation. */
  readonly bytes: number;
}

/** Watches as a line does: each batch is made JSON once. */
function watch(runtime: HoldfastRuntime): {
  readonly bytes: () => number;
  readonly stop: () => void;
} {
  let bytes = 0;
  const stop = runtime.feed.watch((messages) => {
    bytes += Buffer.from(`${JSON.stringify(messages)}\n`).length;
  });
  return { bytes: () => bytes, stop };
}

async function round(kind: Kind): Promise<Figure> {
  const runtime = createRuntime({
    store: join(temporaryFolder(), 'store'),
    key: BENCH_KEY,
    upstreams: { bench: { concurrency: IN_FLIGHT } },
    policies: { tiers: { premium: { responseDeadlineMs: 60_000 } } },
    handlers: {
      'bench.work': { upstream: 'bench', run: () => ({ done: true }) },
      'crisis.alert': { upstream: 'default', run: () => null },
    },
  }) as HoldfastRuntime;
  await runtime.ready;
  let next = 0;
  const run = async (upTo: number): Promise<void> => {
    const worker = async (): Promise<void> => {
      while (next < upTo) {
        next += 1;
        const operation = await runtime.sync({
          type: 'bench.work',
          subject: `user-${next % 1_000}`,
          tier: 'premium',
          payload: { amount: next, note: 'x'.repeat(180) },
        });
        await operation.outcome;
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  };
  const before = kind === 'detached' ? watch(runtime) : null;
  if (kind === 'open, no viewer') runtime.feed.open();
  const viewer = kind === 'viewer' ? watch(runtime) : null;
  await run(3_000);
  before?.stop();
  const bytesBefore = viewer?.bytes() ?? 0;
  const cpu = process.cpuUsage();
  await run(3_000 + count);
  const { user, system } = process.cpuUsage(cpu);
  const bytes = ((viewer?.bytes() ?? 0) - bytesBefore) / count;
  const busy = run(3_000 + count + 100_000);
  const crises = await answers(runtime);
  next = Number.POSITIVE_INFINITY;
  await busy;
  viewer?.stop();
  runtime.feed.close();
  await runtime.close({ deadlineMs: 30_000 });
  return { cpuMicros: (user + system) / count, crises, bytes };
}

/** Each latency counts from the instant that its call was planned for. */
async function answers(runtime: HoldfastRuntime): Promise<readonly number[]> {
  const latencies: number[] = [];
  const startedAt = performance.now();
  for (let sent = 0; sent < CRISES; ) {
    const due = Math.min(CRISES, Math.floor((performance.now() - startedAt) / 5));
    for (; sent < due; sent += 1) {
      const plannedAt = startedAt + sent * 5;
      await runtime.crisis({ subject: `person-${sent}`, payload: { note: 'help' } });
      latencies.push(performance.now() - plannedAt);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return latencies;
}

printMachine();
const figures = new Map<Kind, Figure[]>(KINDS.map((kind) => [kind, []]));
await round('never watched');
for (let turn = 0; turn < rounds; turn += 1) {
  for (const offset of KINDS.keys()) {
    const kind = KINDS[(turn + offset) % KINDS.length] ?? KINDS[0];
    figures.get(kind)?.push(await round(kind));
  }
}
const base = figures.get('never watched') ?? [];
printTable(
  `What watching costs, median of ${rounds} rounds, ${IN_FLIGHT} operations in flight`,
  KINDS.map((kind) => {
    const own = figures.get(kind) ?? [];
    const ratios = own.map(
      ({ cpuMicros }, turn) => cpuMicros / (base[turn]?.cpuMicros ?? Number.NaN),
    );
    const crises = own.flatMap((figure) => figure.crises);
    return {
      '': kind,
      'CPU µs': Math.round(median(own.map(({ cpuMicros }) => cpuMicros))),
      'of never watched': median(ratios).toFixed(3),
      'lowest to highest': `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
      'bytes each': Math.round(median(own.map(({ bytes }) => bytes))),
      'crisis p50 ms': percentile(crises, 0.5).toFixed(2),
      'crisis p99 ms': percentile(crises, 0.99).toFixed(2),
      'crisis max ms': percentile(crises, 1).toFixed(2),
    };
  }),
);
