/**
 * How long 400 requests take to an upstream that fails 35 % of its calls in every way it can and is
 * out for 0.9 s every 4 s: holdfast with its defaults, beside a plain retry loop with the same number
 * of requests under way, the same attempts and the same backoff, but nothing durable and no lanes.
 *
 * Each round is another seed; the two take turns, each against a server of its own on 127.0.0.1.
 * Usage: goodput.js [rounds]
 *
 * @module
 */

import { join } from 'node:path';
import type { Attempt } from '../actors/attempt/handler.ts';
import { systemClock } from '../actors/platform/systemClock.ts';
import { type Failure, failureOf, mayBeApplied } from '../machines/policy/retry/classifyFailure.ts';
import { DEFAULT_RETRY, retryDelayMs } from '../machines/policy/retry/retryPolicy.ts';
import { PRIORITIES, TIERS, type Tier } from '../machines/vocabulary/urgency.ts';
import { createRuntime } from '../src/createRuntime.ts';
import { httpHandler } from '../src/http/httpHandler.ts';
import {
  type MisbehavingUpstream,
  startMisbehavingUpstream,
} from '../src/testing/misbehavingUpstream.ts';
import { BENCH_KEY, printMachine, printTable, temporaryFolder } from './support.ts';

const rounds = Number(process.argv[2] ?? 3);
const REQUESTS = 400;
const LANES = 53;
const IN_FLIGHT = 32;
const ATTEMPT_TIMEOUT_MS = 10_000;
const OUTAGE_EVERY_MS = 4_000;
const OUTAGE_MS = 900;
const GIVE_UP_AFTER_MS = 900_000;

const MISBEHAVIOUR = {
  busy503: 0.1,
  limited429: 0.05,
  droppedBefore: 0.05,
  droppedAfterApplying: 0.05,
  failed500AfterApplying: 0.05,
  stalledThenApplied: 0.03,
  trickled: 0.02,
};

interface Figure {
  readonly seconds: number;
  /** Until 95 % had ended: the rest waits for the longest of its backoffs and stalled calls. */
  readonly secondsTo95: number;
  readonly completed: number;
  readonly calls: number;
}

const tierOf = (index: number): Tier => TIERS[index % TIERS.length] ?? 'trial';
const keyOf = (index: number): string => `request-${index}`;

async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    systemClock.schedule(ms, resolve);
  });
}

/** The time until every request has ended, one way or the other. */
async function measure(
  what: string,
  seed: number,
  work: (url: string, onEnded: () => void) => Promise<number>,
): Promise<Figure> {
  const upstream = await startMisbehavingUpstream({
    seed,
    misbehaviour: MISBEHAVIOUR,
    stallMs: ATTEMPT_TIMEOUT_MS + 1_000,
    latencyMs: 20,
    lifeMs: GIVE_UP_AFTER_MS,
  });
  const stopOutages = outages(upstream);
  const startedAtMs = systemClock.monotonic();
  const secondsSoFar = (): number => (systemClock.monotonic() - startedAtMs) / 1_000;
  const endedAfter: number[] = [];
  const completed = await work(upstream.url, () => {
    endedAfter.push(secondsSoFar());
  });
  const seconds = secondsSoFar();
  stopOutages();
  const calls = upstream.ledger.summary().requested + upstream.counts.outage;
  await upstream.close();
  console.error(`seed ${seed}: ${what}, ${seconds.toFixed(1)} s`);
  const secondsTo95 = endedAfter[Math.ceil(0.95 * REQUESTS) - 1] ?? seconds;
  return { seconds, secondsTo95, completed, calls };
}

function outages(upstream: MisbehavingUpstream): () => void {
  let cancel = (): void => undefined;
  const next = (): void => {
    cancel = systemClock.schedule(OUTAGE_EVERY_MS, () => {
      upstream.startOutage(OUTAGE_MS);
      next();
    });
  };
  next();
  return () => {
    cancel();
  };
}

async function holdfast(url: string, onEnded: () => void): Promise<number> {
  const runtime = createRuntime({
    store: join(temporaryFolder(), 'store'),
    key: BENCH_KEY,
    upstreams: { bench: { concurrency: IN_FLIGHT } },
    handlers: { 'bench.work': { upstream: 'bench', run: httpHandler({ baseUrl: url }) } },
  });
  await runtime.ready;
  const urgencies = PRIORITIES.filter((priority) => priority !== 'crisis');
  const endings = await Promise.all(
    Array.from({ length: REQUESTS }, async (_, index) => {
      const operation = await runtime.sync({
        type: 'bench.work',
        subject: `user-${index % LANES}`,
        entity: { type: 'account', id: `account-${index % LANES}` },
        tier: tierOf(index),
        priority: urgencies[index % urgencies.length] ?? 'normal',
        idempotencyKey: keyOf(index),
        payload: { amount: index },
      });
      const { status } = await operation.outcome;
      onEnded();
      return status;
    }),
  );
  await runtime.close();
  return endings.filter((status) => status === 'completed').length;
}

/** So many at a time, each repeated until it succeeds or its attempts are spent. */
async function plainLoop(url: string, onEnded: () => void): Promise<number> {
  const run = httpHandler({ baseUrl: url });
  let next = 0;
  let completed = 0;
  const worker = async (): Promise<void> => {
    while (next < REQUESTS) {
      const index = next;
      next += 1;
      if (await succeeds(run, index)) completed += 1;
      onEnded();
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return completed;
}

async function succeeds(run: ReturnType<typeof httpHandler>, index: number): Promise<boolean> {
  const policy = DEFAULT_RETRY[tierOf(index)];
  let afterUnknownOutcome = false;
  let previousDelayMs: number | null = null;
  for (let number = 1; ; number += 1) {
    const failure = await failureOfAttempt(run, index, number, afterUnknownOutcome);
    if (failure === null) return true;
    const { failureClass } = failure;
    const isOver = failureClass === 'permanent' || failureClass === 'conflict';
    if (isOver || number >= policy.attemptsMax) return false;
    afterUnknownOutcome ||= mayBeApplied(failure);
    previousDelayMs = retryDelayMs(policy, {
      attempt: number,
      draw: Math.random(),
      previousDelayMs,
      retryAfterMs: failure.retryAfterMs ?? null,
    });
    await pause(previousDelayMs);
  }
}

async function failureOfAttempt(
  run: ReturnType<typeof httpHandler>,
  index: number,
  number: number,
  afterUnknownOutcome: boolean,
): Promise<Failure | null> {
  const attempt: Attempt = {
    operationId: keyOf(index),
    type: 'bench.work',
    subject: `user-${index % LANES}`,
    entity: null,
    tier: tierOf(index),
    priority: 'normal',
    payload: { amount: index },
    base: undefined,
    idempotencyKey: keyOf(index),
    number,
    deadlineAtMs: systemClock.now() + ATTEMPT_TIMEOUT_MS,
    signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS),
    networkGrade: 'good',
    method: null,
    path: null,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
  try {
    await run(attempt);
    return null;
  } catch (error) {
    return failureOf(error, { afterUnknownOutcome });
  }
}

function cellsOf(
  what: string,
  { seconds, secondsTo95, completed, calls }: Figure,
): Readonly<Record<string, string>> {
  return {
    [`${what} s`]: seconds.toFixed(1),
    [`${what} s to 95 %`]: secondsTo95.toFixed(1),
    [`${what} completed`]: `${completed} of ${REQUESTS}`,
    [`${what} calls`]: String(calls),
  };
}

printMachine();
const rows: Record<string, string | number>[] = [];
for (let seed = 1; seed <= rounds; seed += 1) {
  rows.push({
    seed,
    ...cellsOf('holdfast', await measure('holdfast', seed, holdfast)),
    ...cellsOf('loop', await measure('plain loop', seed, plainLoop)),
  });
}
printTable('400 requests, 35 % faults, an outage of 0.9 s every 4 s', rows);
