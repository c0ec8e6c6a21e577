/**
 * What a system under test is given: the requests, a way to send them, a clock, and somebody to tell how
 * each of them ended.
 *
 * @module
 */

import type { Attempt, Run } from '../../actors/port.ts';
import { type Failure, failureOf } from '../../machines/policy/retry/classifyFailure.ts';
import {
  DEFAULT_RETRY,
  type RetryPolicy,
  retryDelayMs,
} from '../../machines/policy/retry/retryPolicy.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { ofClass } from '../../machines/vocabulary/urgency.ts';
import type { SeededRandom } from '../../src/virtual/seededRandom.ts';
import type { Drill, Job } from './drill.ts';

/** What every system gives an attempt at most. */
export const ATTEMPT_TIMEOUT_MS = 10_000;

export type Ending = 'completed' | 'lost';

export interface Stage {
  readonly drill: Drill;
  readonly seed: number;
  /** In order of arrival. */
  readonly jobs: readonly Job[];
  readonly clock: Clock;
  /** For the system's own jitter. */
  readonly random: SeededRandom;
  /** The real HTTP handler; what it sends reaches the drill's server. */
  readonly run: Run;
  /** A folder for a store, or `:memory:`. */
  readonly store: string;
  readonly ended: (job: Job, ending: Ending) => void;
}

/** Something that works through the requests of a drill. */
export interface System {
  readonly name: string;
  /** What the reader of its figures has to know. */
  readonly note: string;
  /** Whether it does what belongs to one entity in order. */
  readonly keepsLanes: boolean;
  /** Whether it runs on the timers of the process, so that virtual time has to stand in for those. */
  readonly isOnGlobalTimers: boolean;
  /** Loads what has to be loaded in real time. */
  readonly prepare?: () => Promise<void>;
  /** Makes it ready, before the first request is handed in. */
  readonly open: (stage: Stage) => Promise<Opened>;
}

/** A system that is ready. */
export interface Opened {
  /** Takes the requests as they arrive. */
  readonly begin: () => void;
  /** Stops it, whatever is still under way. */
  readonly stop: () => Promise<void>;
}

/** For a system that needs nothing before its first request. */
export async function opened(begin: () => void, stop: () => void): Promise<Opened> {
  return await Promise.resolve({
    begin,
    stop: async () => {
      stop();
      await Promise.resolve();
    },
  });
}

/** Calls `begin` with each request when it arrives. */
export function deliver({ jobs, clock }: Stage, begin: (job: Job) => void): void {
  for (const job of jobs) {
    if (job.atMs === 0) begin(job);
    else
      clock.schedule(job.atMs, () => {
        begin(job);
      });
  }
}

/** A crisis goes on until it is through, with every system. */
export function attemptsOf({ priority, tier }: Job): number {
  return priority === 'crisis'
    ? Number.POSITIVE_INFINITY
    : policyOf({ priority, tier }).attemptsMax;
}

/** The retry policy that holdfast uses for it, which the others get as well. */
export function policyOf({ priority, tier }: Pick<Job, 'priority' | 'tier'>): RetryPolicy {
  return ofClass(DEFAULT_RETRY, { priority, tier });
}

/** The wait after an attempt failed, from holdfast's own policy. */
export function delayAfter(
  job: Job,
  attempt: number,
  { retryAfterMs }: Pick<Failure, 'retryAfterMs'>,
  random: SeededRandom,
): number {
  return retryDelayMs(policyOf(job), {
    attempt,
    draw: random.next(),
    previousDelayMs: null,
    retryAfterMs: retryAfterMs ?? null,
  });
}

/** One attempt over the HTTP handler, for a system that is not holdfast. */
export async function send(
  { run, clock }: Pick<Stage, 'run' | 'clock'>,
  job: Job,
  number: number,
  outer?: AbortSignal,
): Promise<void> {
  const controller = new AbortController();
  const timedOut = (): void => {
    controller.abort(new DOMException('No answer came in time.', 'TimeoutError'));
  };
  const cancel = clock.schedule(ATTEMPT_TIMEOUT_MS, timedOut);
  outer?.addEventListener('abort', timedOut);
  const { key, type, subject, lane, tier, priority } = job;
  const attempt: Attempt = {
    operationId: key,
    type,
    subject,
    entity: lane === null ? null : { type: 'account', id: lane },
    tier,
    priority,
    payload: { amount: job.index },
    base: undefined,
    condition: undefined,
    meta: undefined,
    idempotencyKey: key,
    number,
    deadlineAtMs: clock.now() + ATTEMPT_TIMEOUT_MS,
    signal: controller.signal,
    networkGrade: 'good',
    leftOut: [],
    isTest: false,
    method: null,
    path: null,
    keepAnswer: () => undefined,
    keepCurrent: () => undefined,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
  try {
    await run(attempt);
  } finally {
    cancel();
    outer?.removeEventListener('abort', timedOut);
  }
}

/** What an attempt failed with; `isFinal` where another would come to the same. */
export function read(error: unknown, wasUnknown: boolean): Failure & { readonly isFinal: boolean } {
  const failure = failureOf(error, { afterUnknownOutcome: wasUnknown });
  const { failureClass } = failure;
  return { ...failure, isFinal: failureClass === 'permanent' || failureClass === 'conflict' };
}
