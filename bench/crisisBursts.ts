/**
 * How long a person waits for the answer to a crisis while something of ours ends, wakes, comes due or is
 * told all at once, beside the same stream on an idle runtime and beside a thread that only wakes up.
 *
 * Every row is the same open-loop stream against a real upstream in a process of its own; an answer counts
 * from the instant that it was planned for. `own` is what is left of each answer once it is taken off what
 * the control thread waited, or for how long the kernel kept the main thread from a processor. The longest
 * `turn` is the most processor time that the main thread spent between two planned instants, so that it
 * means the same on a busy machine.
 *
 * Usage: crisisBursts.js [rows, separated by commas]
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineMs } from '../actors/platform/systemClock.ts';
import { createRuntime } from '../src/createRuntime.ts';
import {
  type Control,
  indexAt,
  type Plan,
  pause,
  plannedAtMs,
  runPlan,
  startControl,
} from '../src/drill/measure/figures.ts';
import { startDrillUpstream, type UpstreamControls } from '../src/drill/upstream/drillUpstream.ts';
import { httpHandler } from '../src/http/httpHandler.ts';
import type { RuntimeOptions } from '../src/options.ts';
import type { Runtime } from '../src/runtime.ts';
import { BENCH_KEY, percentile, printMachine, printTable, temporaryFolder } from './support.ts';

const PER_SECOND = 150;
/** For so long the upstream hangs, or is away, before it lets go of everything. */
const HELD_MS = 20_000;
/** Of the stream before the burst, and behind it. */
const BEFORE_MS = 2_000;
const AFTER_MS = 4_000;
const IDLE_MS = 10_000;
const BURST = 3_000;
const QUEUED = 100_000;
const ROWS_READ = 1_000;

interface Row {
  readonly name: string;
  readonly streamMs: number;
  readonly options?: Partial<RuntimeOptions>;
  /** Before the stream begins; may end the runtime and begin another. */
  readonly prepare?: (its: Stage) => Promise<void>;
  /** Beside the stream. */
  readonly beside?: (its: Stage) => Promise<void>;
}

interface Stage {
  readonly upstream: UpstreamControls;
  runtime: Runtime;
  readonly reopen: () => Runtime;
  readonly url: string;
}

/** Work of others, which takes the upstream so long. */
async function workAtOnce({ runtime }: Stage, count: number, more: object): Promise<void> {
  const requests = Array.from({ length: count }, (_, number) => ({
    type: 'work.push',
    subject: `user-${number}`,
    tier: 'trial' as const,
    payload: { number, note: 'x'.repeat(180) },
    ...more,
  }));
  await runtime.syncAll(requests);
}

const rows: readonly Row[] = [
  { name: 'idle', streamMs: IDLE_MS },
  {
    name: 'upstream hangs 20 s, goes on',
    streamMs: BEFORE_MS + HELD_MS + AFTER_MS,
    beside: async ({ upstream }) => {
      await pause(BEFORE_MS);
      upstream.stall();
      await pause(HELD_MS);
      upstream.goOn();
    },
  },
  {
    name: 'upstream away 20 s, comes back',
    streamMs: BEFORE_MS + HELD_MS + AFTER_MS,
    beside: async ({ upstream }) => {
      await pause(BEFORE_MS);
      await upstream.goOffline();
      await pause(HELD_MS);
      await upstream.comeBack();
    },
  },
  {
    name: `${BURST} operations come due together`,
    streamMs: 2 * BEFORE_MS + AFTER_MS,
    prepare: async (its) => workAtOnce(its, BURST, { startAtMs: Date.now() + 3_000 }),
  },
  {
    name: '1,000 attempts of others end together',
    options: { upstreams: { helpers: {}, work: { concurrency: 1_000 } } },
    streamMs: 3 * BEFORE_MS + AFTER_MS,
    prepare: async (its) =>
      workAtOnce(its, 1_000, { payload: { number: 1, latencyMs: 3_000, note: 'x' } }),
  },
  {
    name: `start over ${QUEUED}`,
    options: { upstreams: { helpers: {}, work: { rate: { perSecond: 50, burst: 50 } } } },
    streamMs: 3 * BEFORE_MS + AFTER_MS,
    prepare: async (its) => {
      for (let at = 0; at < QUEUED; at += 10_000) await workAtOnce(its, 10_000, {});
      await its.runtime.close({ deadlineMs: 0 });
      its.runtime = its.reopen();
    },
  },
  {
    name: `pages of ${ROWS_READ} rows, one after the other`,
    options: { upstreams: { helpers: {}, work: { rate: { perSecond: 50, burst: 50 } } } },
    streamMs: BEFORE_MS + AFTER_MS,
    prepare: async (its) => workAtOnce(its, 10_000, {}),
    beside: async ({ runtime }) => {
      const endsAtMs = machineMs() + BEFORE_MS + AFTER_MS;
      while (machineMs() < endsAtMs) await runtime.operations.page({ limit: ROWS_READ });
    },
  },
  {
    name: `${BURST * 3} operations handed in at once, three listeners`,
    streamMs: BEFORE_MS + AFTER_MS,
    beside: async (its) => {
      for (let listener = 0; listener < 3; listener += 1) {
        its.runtime.subscribe((fact) => void JSON.stringify(fact));
      }
      await pause(BEFORE_MS);
      await workAtOnce(its, BURST * 3, {});
    },
  },
];

/** Processor time of the main thread so far, in milliseconds. */
function processorMs(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
}

interface Measured {
  readonly waits: readonly number[];
  readonly own: readonly number[];
  readonly control: readonly number[];
  readonly longestTurnMs: number;
  readonly undelivered: number;
}

async function stream(
  its: Stage,
  streamMs: number,
  beside: () => Promise<void>,
): Promise<Measured> {
  const count = Math.round((streamMs * PER_SECOND) / 1_000);
  const control = await startControl(count);
  const plan: Plan = { startMs: machineMs() + 5, perSecond: PER_SECOND, count };
  control.begin(plan);
  const answeredAtMs = new Float64Array(count).fill(Number.NaN);
  let delivered = 0;
  let longestTurnMs = 0;
  let lastMs = processorMs();
  const besides = beside();
  await runPlan(plan, (index) => {
    const nowMs = processorMs();
    longestTurnMs = Math.max(longestTurnMs, nowMs - lastMs);
    lastMs = nowMs;
    const request = {
      type: 'crisis.alert',
      subject: `person-${index % 400}`,
      payload: { number: index, note: 'A crisis of the bench.' },
    };
    void its.runtime.crisis(request).then((answer) => {
      answeredAtMs[index] = machineMs();
      answer.delivery.then(
        () => {
          delivered += 1;
        },
        () => undefined,
      );
    });
  });
  await besides;
  for (let look = 0; look < 300 && delivered < count; look += 1) await pause(100);
  await control.stop();
  const waits = Array.from(answeredAtMs, (atMs, index) => atMs - plannedAtMs(plan, index));
  return {
    waits,
    own: waits.map((ms, index) => Math.max(0, ms - explainedMs(plan, control, index, ms))),
    control: [...control.notes.lateMs].filter((ms) => !Number.isNaN(ms)),
    longestTurnMs,
    undelivered: count - delivered,
  };
}

/** What the machine kept from everybody, or the kernel from the main thread, until this answer came. */
function explainedMs(plan: Plan, { notes }: Control, index: number, ms: number): number {
  const upTo = Math.max(index + 1, indexAt(plan, plannedAtMs(plan, index) + ms));
  const lateMs = notes.lateMs
    .subarray(index, upTo)
    .reduce((most, late) => Math.max(most, late || 0), 0);
  const before = notes.keptMs[Math.max(0, index - 1)] ?? Number.NaN;
  const after = notes.keptMs[Math.min(plan.count - 1, upTo)] ?? Number.NaN;
  return Math.max(lateMs, after > before ? after - before : 0);
}

async function measure({ options, prepare, beside, streamMs }: Row): Promise<Measured> {
  const { place, controls, kill } = await startDrillUpstream();
  const store = join(temporaryFolder(), 'store');
  const reopen = (): Runtime => {
    const run = httpHandler({ baseUrl: place.url });
    return createRuntime({
      store,
      key: BENCH_KEY,
      upstreams: { helpers: {}, work: {} },
      handlers: {
        'crisis.alert': { upstream: 'helpers', run },
        'work.push': { upstream: 'work', run },
      },
      onError: () => undefined,
      ...options,
    });
  };
  const its: Stage = { upstream: controls, url: place.url, runtime: reopen(), reopen };
  try {
    await its.runtime.ready;
    await prepare?.(its);
    return await stream(its, streamMs, async () => beside?.(its));
  } finally {
    kill();
    await its.runtime.close({ deadlineMs: 1_000 });
  }
}

printMachine();
const wanted = process.argv[2]?.split(',');
const chosen = rows.filter(({ name }) => wanted?.some((word) => name.includes(word)) ?? true);
const table: Record<string, string | number>[] = [];
for (const row of chosen) {
  const { waits, own, control, longestTurnMs, undelivered } = await measure(row);
  const ms = (values: readonly number[], share: number): string =>
    percentile(values, share).toFixed(1);
  table.push({
    'stream of 150 a second': row.name,
    answers: waits.length,
    p50: ms(waits, 0.5),
    p99: ms(waits, 0.99),
    max: ms(waits, 1),
    'own p99': ms(own, 0.99),
    'own max': ms(own, 1),
    'control p99': ms(control, 0.99),
    'control max': ms(control, 1),
    turn: longestTurnMs.toFixed(0),
    undelivered,
  });
  console.error(row.name, table.at(-1));
}
printTable('Answers to crises in milliseconds, from the planned instant', table);
