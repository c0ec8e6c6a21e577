/**
 * The real runtime with its defaults.
 *
 * @module
 */

import type { Attempt, Run } from '../../../actors/port.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import { assembleRuntime, createRuntime } from '../../../src/createRuntime.ts';
import { checkOptions, type RuntimeOptions } from '../../../src/options.ts';
import type { Runtime } from '../../../src/runtime.ts';
import { BENCH_KEY } from '../../support.ts';
import type { Job } from '../drill.ts';
import { deliver, type Stage, type System } from '../stage.ts';

export const holdfast: System = {
  name: 'holdfast',
  note: 'the real runtime, all defaults but the concurrency; lanes kept, everything durable',
  keepsLanes: true,
  isOnGlobalTimers: false,
  open: async (stage) => {
    const { drill, jobs, run, store, clock, random } = stage;
    const types = new Set(jobs.map(({ type }) => type));
    const runJob: Run = (attempt) => run(underKeyOf(jobs, attempt));
    const handlers = [...types].map((type) => [type, { upstream: 'bench', run: runJob }] as const);
    const options: RuntimeOptions = {
      store,
      ...(store === ':memory:' ? {} : { key: BENCH_KEY }),
      clock,
      random,
      upstreams: { bench: { concurrency: drill.concurrency } },
      handlers: Object.fromEntries(handlers),
      crisis: { type: jobs.find(({ priority }) => priority === 'crisis')?.type ?? 'crisis.alert' },
    };
    // Virtual time cannot drive a real store; the one in memory does everything at once.
    const runtime =
      store === ':memory:'
        ? assembleRuntime(checkOptions(options), createMemoryStore())
        : createRuntime(options);
    await runtime.ready;
    return {
      begin: () => {
        deliver(stage, (job) => {
          handIn(runtime, stage, job).catch((error: unknown) => {
            console.error(error);
          });
        });
      },
      stop: async () => {
        await runtime.close({ deadlineMs: 0 });
      },
    };
  },
};

/** The server of the drill knows jobs by the keys that they were handed in with. */
function underKeyOf(jobs: readonly Job[], attempt: Attempt): Attempt {
  const { amount } = attempt.payload as { readonly amount: number };
  const key = jobs[amount]?.key ?? attempt.idempotencyKey;
  return new Proxy(attempt, {
    get: (target, name): unknown => (name === 'idempotencyKey' ? key : Reflect.get(target, name)),
  });
}

async function handIn(runtime: Runtime, { ended }: Stage, job: Job): Promise<void> {
  const { type, subject, lane, tier, priority, key, index } = job;
  const operation = await runtime.sync({
    type,
    subject,
    ...(lane === null ? {} : { entity: { type: 'account', id: lane } }),
    tier,
    priority,
    idempotencyKey: key,
    payload: { amount: index },
  });
  try {
    const { status } = await operation.outcome;
    ended(job, status === 'completed' ? 'completed' : 'lost');
  } catch {
    // Closed with work unfinished: it has no ending.
  }
}
