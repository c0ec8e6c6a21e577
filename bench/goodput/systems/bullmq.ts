/**
 * A model of how BullMQ treats failing jobs, in virtual time: not BullMQ, which needs Redis and runs on
 * real time. Waiting jobs by priority, then in order; a failed job leaves its worker at once, waits in the
 * delayed set for its backoff, and comes back by its priority; nothing watches the server.
 *
 * @module
 */

import { mayBeApplied } from '../../../machines/policy/retry/classifyFailure.ts';
import { URGENCY_MAX, urgencyOf } from '../../../machines/vocabulary/urgency.ts';
import type { Job } from '../drill.ts';
import {
  attemptsOf,
  delayAfter,
  deliver,
  opened,
  read,
  type Stage,
  type System,
  send,
} from '../stage.ts';

interface Entry {
  readonly job: Job;
  attempt: number;
  wasUnknown: boolean;
}

export const bullmq: System = {
  name: 'bullmq model',
  note: 'a model of its semantics in virtual time: priorities, delayed backoff, no breaker',
  keepsLanes: false,
  isOnGlobalTimers: false,
  open: (stage) => {
    const queue = new PriorityQueue(stage);
    return opened(
      () => {
        deliver(stage, (job) => {
          queue.add({ job, attempt: 1, wasUnknown: false });
        });
      },
      () => {
        queue.stop();
      },
    );
  },
};

class PriorityQueue {
  readonly #stage: Stage;
  readonly #waiting: Entry[][] = Array.from({ length: URGENCY_MAX + 1 }, () => []);
  #active = 0;
  #isStopped = false;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  add(entry: Entry): void {
    this.#waiting[urgencyOf(entry.job.priority, entry.job.tier)]?.push(entry);
    this.#turn();
  }

  stop(): void {
    this.#isStopped = true;
  }

  #turn(): void {
    while (!this.#isStopped && this.#active < this.#stage.drill.concurrency) {
      const entry = this.#waiting.find((entries) => entries.length > 0)?.shift();
      if (entry === undefined) return;
      this.#active += 1;
      void this.#process(entry);
    }
  }

  async #process(entry: Entry): Promise<void> {
    const { job, attempt } = entry;
    const { ended, clock, random } = this.#stage;
    try {
      await send(this.#stage, job, attempt);
      ended(job, 'completed');
    } catch (error) {
      const failure = read(error, entry.wasUnknown);
      if (failure.isFinal || attempt >= attemptsOf(job)) {
        ended(job, 'lost');
      } else {
        entry.wasUnknown ||= mayBeApplied(failure);
        entry.attempt += 1;
        clock.schedule(delayAfter(job, attempt, failure, random), () => {
          this.add(entry);
        });
      }
    } finally {
      this.#active -= 1;
      this.#turn();
    }
  }
}
