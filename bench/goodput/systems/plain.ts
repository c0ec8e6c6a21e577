/**
 * A plain retry loop: workers that repeat each request until it succeeds or its attempts are spent.
 *
 * @module
 */

import { mayBeApplied } from '../../../machines/policy/retry/classifyFailure.ts';
import type { Job } from '../drill.ts';
import {
  attemptsOf,
  delayAfter,
  type Ending,
  read,
  type Stage,
  type System,
  send,
} from '../stage.ts';
import { work } from './workers.ts';

export const plain: System = {
  name: 'plain',
  note: "workers in a loop: holdfast's attempts and backoff, Retry-After obeyed; nothing durable, no lanes, no urgency",
  keepsLanes: false,
  isOnGlobalTimers: false,
  open: (stage) =>
    work(stage, async (job) => {
      stage.ended(job, await repeated(stage, job));
    }),
};

async function repeated(stage: Stage, job: Job): Promise<Ending> {
  let wasUnknown = false;
  for (let number = 1; ; number += 1) {
    try {
      await send(stage, job, number);
      return 'completed';
    } catch (error) {
      const failure = read(error, wasUnknown);
      if (failure.isFinal || number >= attemptsOf(job)) return 'lost';
      wasUnknown ||= mayBeApplied(failure);
      const delayMs = delayAfter(job, number, failure, stage.random);
      await new Promise<void>((resolve) => {
        stage.clock.schedule(delayMs, resolve);
      });
    }
  }
}
