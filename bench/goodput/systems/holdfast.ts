/**
 * The real runtime with its defaults.
 *
 * @module
 */

import { createRuntime } from '../../../src/createRuntime.ts';
import type { Runtime } from '../../../src/runtime.ts';
import { BENCH_KEY } from '../../support.ts';
import type { Job } from '../drill.ts';
import { deliver, type Stage, type System } from '../stage.ts';

export const holdfast: System = {
  name: 'holdfast',
  note: 'the real runtime, all defaults but the concurrency; lanes kept, everything durable',
  isOnGlobalTimers: false,
  start: (stage) => {
    const { drill, jobs, run, store, clock, random } = stage;
    const types = new Set(jobs.map(({ type }) => type));
    const handlers = [...types].map((type) => [type, { upstream: 'bench', run }] as const);
    const runtime = createRuntime({
      store,
      ...(store === ':memory:' ? {} : { key: BENCH_KEY }),
      clock,
      random,
      upstreams: { bench: { concurrency: drill.concurrency } },
      handlers: Object.fromEntries(handlers),
      crisis: { type: jobs.find(({ priority }) => priority === 'crisis')?.type ?? 'crisis.alert' },
    });
    runtime.ready.catch(() => undefined);
    deliver(stage, (job) => {
      void handIn(runtime, stage, job);
    });
    return async () => {
      await runtime.close({ deadlineMs: 0 });
    };
  },
};

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
