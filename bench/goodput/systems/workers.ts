/**
 * A pool of workers that take requests in the order of their arrival, as a plain program has it.
 *
 * @module
 */

import type { Job } from '../drill.ts';
import { deliver, type Opened, opened, type Stage } from '../stage.ts';

/** Has each request worked on by one of `concurrency` workers, which it keeps until it has ended. */
export function work(stage: Stage, until: (job: Job) => Promise<void>): Promise<Opened> {
  const queue: Job[] = [];
  let next = 0;
  let busy = 0;
  let isStopped = false;
  const turn = (): void => {
    while (!isStopped && busy < stage.drill.concurrency && next < queue.length) {
      const job = queue[next] as Job;
      next += 1;
      busy += 1;
      void until(job).finally(() => {
        busy -= 1;
        turn();
      });
    }
  };
  return opened(
    () => {
      deliver(stage, (job) => {
        queue.push(job);
        turn();
      });
    },
    () => {
      isStopped = true;
    },
  );
}
