/**
 * opossum with p-retry: workers as the plain loop's, whose calls go through one breaker with opossum's
 * defaults (half of ten seconds' calls failed, 30 s until the next try), repeated by p-retry.
 *
 * @module
 */

import type { Job } from '../drill.ts';
import { peer } from '../peers/install.ts';
import { ATTEMPT_TIMEOUT_MS, attemptsOf, policyOf, read, type System, send } from '../stage.ts';
import { work } from './workers.ts';

/** What is used of it. */
interface Breaker {
  readonly fire: (job: Job, number: number) => Promise<void>;
  readonly shutdown: () => void;
}
interface Opossum {
  readonly default: new (
    action: (job: Job, number: number) => Promise<void>,
    options: object,
  ) => Breaker;
}
interface PRetry {
  readonly default: (go: (number: number) => Promise<void>, options: object) => Promise<void>;
  readonly AbortError: new (error: Error) => Error;
}

let opossumModule: Opossum;
let pRetryModule: PRetry;

export const opossum: System = {
  name: 'opossum',
  note: "opossum's defaults, p-retry with randomize, which is holdfast's jitter; no Retry-After, no lanes, no urgency",
  keepsLanes: false,
  isOnGlobalTimers: true,
  prepare: async () => {
    opossumModule = await peer<Opossum>('opossum');
    pRetryModule = await peer<PRetry>('p-retry');
  },
  open: async (stage) => {
    const { AbortError, default: pRetry } = pRetryModule;
    const breaker = new opossumModule.default(
      async (job, number) => {
        await send(stage, job, number);
      },
      // A little later than the attempt's own, which tells the server.
      {
        timeout: ATTEMPT_TIMEOUT_MS + 1,
        errorFilter: (error: unknown) => read(error, false).isFinal,
      },
    );
    const { begin, stop } = await work(stage, async (job) => {
      const { initialDelayMs, delayMsMax, multiplier } = policyOf(job);
      const attempt = async (number: number): Promise<void> => {
        try {
          await breaker.fire(job, number);
        } catch (error) {
          throw read(error, number > 1).isFinal ? new AbortError(error as Error) : error;
        }
      };
      try {
        await pRetry(attempt, {
          retries: attemptsOf(job) - 1,
          minTimeout: initialDelayMs,
          maxTimeout: delayMsMax,
          factor: multiplier,
          randomize: true,
        });
        stage.ended(job, 'completed');
      } catch {
        stage.ended(job, 'lost');
      }
    });
    return {
      begin,
      stop: async () => {
        breaker.shutdown();
        await stop();
      },
    };
  },
};
