/**
 * The runtime of the demo as a process of its own, there to be killed. It knows nothing of earlier
 * processes but what the store tells it: it hands in its operations by their idempotency keys and
 * waits for their ends, and the store says which it has already.
 *
 * @module
 */

import { systemClock } from '../../actors/platform/systemClock.ts';
import { keyFile } from '../../persistence/sealing/keyFile.ts';
import { createOutput, errorText, reportOnce } from '../cli/kit/output.ts';
import { syncPatiently } from '../cli/run/fileRun.ts';
import { createRuntime } from '../createRuntime.ts';
import { httpHandler } from '../http/httpHandler.ts';
import type { Operation } from '../operation.ts';
import type { Runtime } from '../runtime.ts';
import type { Order, Report, StartOrder } from './demoMessages.ts';
import { CRISIS_TYPE, DEMO_TYPES, demoRequest, demoTier } from './demoPlan.ts';
import type { SettledReport } from './demoVerdict.ts';

const REPORT_EVERY_MS = 50;
const CRISIS_EVERY_MS = 25;
/** Requests being written to disk at the same time. */
const ACCEPTING_MAX = 16;
const UPSTREAM = 'demo';

const accepted: number[] = [];
const settled: (readonly [number, SettledReport])[] = [];
const crisesAnswered: (readonly [number, number])[] = [];
const crisesDurable: string[] = [];
let isDone = false;
let isCalm = false;
let runtime: Runtime | null = null;

function report(failure: string | null = null): void {
  const upstream = runtime?.upstream(UPSTREAM);
  const message: Report = {
    accepted: accepted.splice(0),
    settled: settled.splice(0),
    crisesAnswered: crisesAnswered.splice(0),
    crisesDurable: crisesDurable.splice(0),
    breaker: upstream?.breaker ?? 'closed',
    level: upstream?.level ?? 'normal',
    isDone,
    failure,
  };
  process.send?.(message);
}

function reportOften(): void {
  report();
  systemClock.schedule(REPORT_EVERY_MS, reportOften);
}

function giveUp(error: unknown): void {
  report(errorText(error));
  process.disconnect();
  process.exit(1);
}

async function start(order: StartOrder): Promise<void> {
  const run = httpHandler({ baseUrl: order.upstreamUrl });
  const made = createRuntime({
    store: order.storeFolder,
    key: keyFile(order.keyFile),
    name: 'holdfast demo',
    // Quicker than the default, as its stalls are shorter than real ones.
    upstreams: { [UPSTREAM]: { attemptTimeoutMs: 2_000 } },
    onError: reportOnce(createOutput({ json: false })),
    crisis: { type: CRISIS_TYPE },
    handlers: Object.fromEntries(DEMO_TYPES.map((type) => [type, { upstream: UPSTREAM, run }])),
  });
  runtime = made;
  // Before the store is open: a crisis waits for nothing.
  crisis(made, order.crisisFrom);
  reportOften();
  await made.ready;
  await runAll(made, order);
  isDone = true;
}

/** Hands in everything, a bounded number at a time, and waits for every ending. */
async function runAll(made: Runtime, order: StartOrder): Promise<void> {
  const waiting = order.toDo.filter((index) => index !== order.falseSuccess).values();
  const endings: Promise<void>[] = [];
  const handIn = async (): Promise<void> => {
    for (const index of waiting) {
      const operation = await syncPatiently(made, demoRequest(order.plan, index), () => false);
      if (operation === null) return;
      accepted.push(index);
      endings.push(reportEnding(index, operation));
    }
  };
  await Promise.all(Array.from({ length: ACCEPTING_MAX }, handIn));
  await Promise.all(endings);
  if (order.falseSuccess !== null) {
    const acceptedAtMs = 0;
    accepted.push(order.falseSuccess);
    settled.push([
      order.falseSuccess,
      { status: 'completed', attempts: 1, acceptedAtMs, elapsedMs: 1 },
    ]);
  }
}

async function reportEnding(index: number, operation: Operation): Promise<void> {
  const { status, attempts, acceptedAtMs, settledAtMs } = await operation.outcome;
  const elapsedMs = settledAtMs - acceptedAtMs;
  settled.push([index, { status, attempts, acceptedAtMs, elapsedMs }]);
}

/** One crisis after another, each measured from its call to its answer. */
function crisis(made: Runtime, number: number): void {
  if (isCalm) return;
  void made
    .crisis({
      type: CRISIS_TYPE,
      subject: `subject-${number % 40}`,
      tier: demoTier(number),
      payload: { number, note: 'A crisis of the demo.' },
    })
    .then(({ elapsedMs, durable, operationId }) => {
      crisesAnswered.push([number, elapsedMs]);
      // By which its upstream knows it, as it has no key of the app.
      return durable.then(() => crisesDurable.push(operationId ?? ''));
    })
    .catch(giveUp);
  systemClock.schedule(CRISIS_EVERY_MS, () => {
    crisis(made, number + 1);
  });
}

process.on('message', (order: Order) => {
  switch (order.kind) {
    case 'start':
      start(order).catch(giveUp);
      break;
    case 'calm':
      isCalm = true;
      break;
    case 'stop':
      void runtime?.close({ deadlineMs: 3_000 }).finally(() => {
        process.exit(0);
      });
      break;
    default:
      order satisfies never;
  }
});
// It must not outlive the demo; and Ctrl-C at the terminal is for the demo to deal with.
process.on('disconnect', () => process.exit(1));
process.on('SIGINT', () => {});
