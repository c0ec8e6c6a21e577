/**
 * Runs plans beside each other, in threads.
 *
 * @module
 */

import { Worker } from 'node:worker_threads';
import { systemClock } from '../../actors/platform/systemClock.ts';
import type { RunOrder, RunReport } from './simulatorThread.ts';

const DAY_HOURS = 24;
/** Longest real time for a simulated day; the pool breaks off a run that takes longer, such as an endless loop. */
const A_DAY_TAKES_MS_MAX = 300_000;

/** Keeps threads for the next run, and starts one for a run that finds none idle. */
export class SimulatorPool {
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  #isClosed = false;

  /** Runs a plan to its end; resolves with `null` where the pool was closed meanwhile. */
  async run(order: RunOrder): Promise<RunReport | null> {
    if (this.#isClosed) return null;
    const { seed, hours } = 'plan' in order ? order.plan : order;
    const worker = this.#idle.pop() ?? this.#start();
    const limitMs = A_DAY_TAKES_MS_MAX * Math.max(1, hours / DAY_HOURS);
    return await new Promise((resolve) => {
      const done = (report: RunReport): void => {
        this.#idle.push(worker);
        end(report);
      };
      const fall = (reason: string): void => {
        this.#all.delete(worker);
        void worker.terminate();
        const breaches = [`fallen: seed ${seed} did not come to its end: ${reason}`];
        end(this.#isClosed ? null : { seed, hours, breaches, seen: {}, digest: '', failure: null });
      };
      const failed = (error: Error): void => {
        fall(error.stack ?? error.message);
      };
      const ended = (): void => {
        fall('its thread has ended');
      };
      const cancel = systemClock.schedule(limitMs, () => {
        fall(`it took more than ${Math.round(limitMs / 60_000)} minutes`);
      });
      // The listeners go one by one: removeAllListeners() would also remove Node's own, and no message would come any
      // more.
      const end = (report: RunReport | null): void => {
        cancel();
        worker.off('message', done).off('error', failed).off('exit', ended);
        resolve(report);
      };
      worker.on('message', done).on('error', failed).on('exit', ended);
      worker.postMessage(order);
    });
  }

  /** Ends all threads with their runs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#all].map(async (worker) => await worker.terminate()));
  }

  #start(): Worker {
    const file = new URL('./simulatorThread.js', import.meta.url);
    const worker = new Worker(file, {
      name: 'holdfast simulator',
      execArgv: [],
      // Most of what a day allocates is gone after a step: less is copied where it is collected seldom.
      resourceLimits: { maxYoungGenerationSizeMb: 128 },
    });
    this.#all.add(worker);
    return worker;
  }
}
