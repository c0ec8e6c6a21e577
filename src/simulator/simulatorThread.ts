/**
 * A thread that runs plans one after the other, for `SimulatorPool`.
 *
 * @module
 */

import { parentPort } from 'node:worker_threads';
import { drawPlan } from './drawPlan.ts';
import { breachKind } from './report/shrinkPlan.ts';
import type { Plan } from './scene/plan.ts';
import { runPlan } from './simulation.ts';

/** Order to a thread: a plan to run, or the seed to draw one from. */
export type RunOrder =
  | { readonly seed: number; readonly hours: number; readonly version: string }
  | {
      readonly plan: Plan;
      /** Kind of breach at which the run ends early. */
      readonly stopAt?: string;
    };

/** Result of a run, as a thread reports it. */
export interface RunReport {
  readonly seed: number;
  readonly hours: number;
  readonly breaches: readonly string[];
  readonly seen: Readonly<Record<string, number>>;
  readonly digest: string;
  /** Plan and history of a run that broke a promise. */
  readonly failure: { readonly plan: Plan; readonly history: readonly string[] } | null;
}

parentPort?.on('message', (order: RunOrder) => {
  void run(order).then((report) => parentPort?.postMessage(report));
});

async function run(order: RunOrder): Promise<RunReport> {
  const plan = 'plan' in order ? order.plan : drawPlan(order.seed, order.hours, order.version);
  const { seed, hours } = plan;
  const stopAt = 'plan' in order ? order.stopAt : undefined;
  try {
    const { breaches, seen, history, digest } = await runPlan(plan, (sofar) =>
      sofar.some((breach) => breachKind(breach) === stopAt),
    );
    const failure = breaches.length === 0 ? null : { plan, history };
    return { seed, hours, breaches, seen: Object.fromEntries(seen), digest, failure };
  } catch (error) {
    const breaches = [`fallen: ${error instanceof Error ? error.stack : String(error)}`];
    return { seed, hours, breaches, seen: {}, digest: '', failure: { plan, history: [] } };
  }
}
