/**
 * cockatiel as its manual composes it: retry(bulkhead(breaker(timeout))). Of its two breakers the one that
 * does better in these drills: half of the calls of ten seconds failed, tried again after 10 s.
 *
 * @module
 */

import { mayBeApplied } from '../../../machines/policy/retry/classifyFailure.ts';
import type { Job } from '../drill.ts';
import { peer } from '../peers/install.ts';
import {
  ATTEMPT_TIMEOUT_MS,
  attemptsOf,
  delayAfter,
  deliver,
  opened,
  read,
  type Stage,
  type System,
  send,
} from '../stage.ts';

/** What is used of it. */
interface Cockatiel {
  readonly handleAll: unknown;
  readonly handleWhen: (predicate: (error: unknown) => boolean) => unknown;
  readonly retry: (handled: unknown, options: object) => Policy;
  readonly bulkhead: (limit: number, queue: number) => Policy;
  readonly circuitBreaker: (handled: unknown, options: object) => Policy;
  readonly timeout: (ms: number, strategy: unknown) => Policy;
  readonly wrap: (...policies: readonly Policy[]) => Policy;
  readonly SamplingBreaker: new (options: {
    readonly threshold: number;
    readonly duration: number;
  }) => unknown;
  readonly TimeoutStrategy: { readonly Aggressive: unknown };
}

interface Policy {
  readonly execute: (
    go: (context: { readonly attempt: number; readonly signal: AbortSignal }) => Promise<void>,
  ) => Promise<void>;
}

interface Failed {
  readonly attempt: number;
  readonly result: { readonly error?: unknown };
}

let cockatielModule: Cockatiel;

export const cockatiel: System = {
  name: 'cockatiel',
  note: 'retry(bulkhead(breaker(timeout))), SamplingBreaker 50 % of 10 s, halfOpenAfter 10 s; no lanes, no urgency',
  keepsLanes: false,
  isOnGlobalTimers: true,
  prepare: async () => {
    cockatielModule = await peer<Cockatiel>('cockatiel');
  },
  open: (stage) => {
    const lib = cockatielModule;
    const guard = [
      lib.bulkhead(stage.drill.concurrency, Number.POSITIVE_INFINITY),
      lib.circuitBreaker(
        lib.handleWhen((error) => !read(error, false).isFinal),
        {
          halfOpenAfter: 10_000,
          breaker: new lib.SamplingBreaker({ threshold: 0.5, duration: 10_000 }),
        },
      ),
      lib.timeout(ATTEMPT_TIMEOUT_MS, lib.TimeoutStrategy.Aggressive),
    ];
    let isStopped = false;
    const begin = (job: Job): void => {
      if (isStopped) return;
      const policy = lib.wrap(retried(lib, stage, job), ...guard);
      let number = 0;
      policy
        .execute(async ({ signal }) => {
          number += 1;
          await send(stage, job, number, signal);
        })
        .then(
          () => {
            stage.ended(job, 'completed');
          },
          () => {
            stage.ended(job, 'lost');
          },
        );
    };
    return opened(
      () => {
        deliver(stage, begin);
      },
      () => {
        isStopped = true;
      },
    );
  },
};

function retried(lib: Cockatiel, stage: Stage, job: Job): Policy {
  let wasUnknown = false;
  const backoff = {
    next: ({ attempt, result }: Failed): object => {
      const failure = read(result.error, wasUnknown);
      wasUnknown ||= mayBeApplied(failure);
      const duration = delayAfter(job, Math.max(1, attempt), failure, stage.random);
      return { duration, next: backoff.next };
    },
  };
  return lib.retry(
    lib.handleWhen((error) => !read(error, wasUnknown).isFinal),
    { maxAttempts: attemptsOf(job) - 1, backoff },
  );
}
