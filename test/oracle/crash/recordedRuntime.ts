/**
 * A program around the runtime, for recording. It does its work, writes into a file beside the store what it hears
 * and does the moment it happens, and stops in good order.
 *
 * @module
 */

import { openSync, writeSync } from 'node:fs';
import type { Attempt } from '../../../actors/operation/handler.ts';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { openStore } from '../../../persistence/openStore.ts';
import { assembleRuntime } from '../../../src/createRuntime.ts';
import { httpHandler } from '../../../src/http/httpHandler.ts';
import type { Operation } from '../../../src/operation.ts';
import { checkOptions } from '../../../src/options.ts';
import type { CrisisRequest, Runtime } from '../../../src/runtime.ts';
import { sabotaged } from '../../support/process/childRuntimeSabotage.ts';
import type { LedgerTask } from '../../support/process/ledgerServer.ts';
import {
  type Acknowledgement,
  crisesOf,
  IN_FLIGHT_MAX,
  isAskedTwice,
  isInBulk,
  isWithdrawn,
  KEY,
  OPTIONS,
  type RecordedSetup,
  requestsOf,
  TYPE,
  UPSTREAM,
} from './crashWork.ts';

const CRISIS_EVERY_MS = 30;
const AGAIN_MS = 50;
/** Size of a defect: a few milliseconds between what the process says and what is true. */
const LATE_MS = 5;

const setup = JSON.parse(process.argv[2] ?? '{}') as RecordedSetup;
systemClock.schedule(setup.lifeMs, () => process.exit(9));
const acknowledgements = openSync(setup.acknowledgements, 'a', 0o600);

const post = httpHandler({ baseUrl: setup.url });
const { sabotage } = setup;
const opened = openStore({ folder: setup.folder, key: KEY });
const store = setup.hasReader ? opened : { ...opened, beside: opened };
const runtime = assembleRuntime(
  checkOptions({
    ...OPTIONS,
    store: setup.folder,
    key: KEY,
    handlers: { [TYPE]: { upstream: UPSTREAM, run: attempt } },
    onError: (error) => {
      say({ event: 'trouble', ...describe(error) });
    },
  }),
  sabotage === null ? store : sabotaged(store, sabotage, LATE_MS),
);
await runtime.ready;
say({ event: 'ready' });
// A store that was moved here is held, as any copy is.
if (setup.isCopy) await runtime.release();
await Promise.all([
  ...setup.unreported.map((id) => reportOutcome(runtime.operations.get(id))),
  submitAll(runtime),
  raiseCrises(runtime),
]);
say({ event: 'closing' });
await runtime.close({ deadlineMs: 10_000 });
say({ event: 'closed' });
process.exit(0);

async function attempt(made: Attempt): Promise<Json | undefined> {
  const { number } = made.payload as unknown as LedgerTask;
  const { idempotencyKey, number: count } = made;
  say({ event: 'attempting', key: idempotencyKey, number, attempt: count, atMs: Date.now() });
  try {
    const response = await post(made);
    say({ event: 'applied', key: idempotencyKey, number });
    return response;
  } catch (error) {
    say({ event: 'unanswered', key: idempotencyKey, attempt: count });
    throw error;
  }
}

async function submitAll(made: Runtime): Promise<void> {
  const accepted = new Set(setup.accepted);
  const wanted = requestsOf(setup.work).filter(
    ({ idempotencyKey = '' }) => !accepted.has(idempotencyKey),
  );
  const bulk = wanted.filter((request) => isInBulk(numberOf(request)));
  const waiting = wanted.filter((request) => !isInBulk(numberOf(request))).values();
  const outcomes: Promise<void>[] = [];
  const submitSome = async (): Promise<void> => {
    for (const request of waiting) {
      const operation = await submit(made, request);
      const number = numberOf(request);
      outcomes.push(reportOutcome(operation));
      if (isAskedTwice(number)) await submit(made, request);
      if (isWithdrawn(number)) await withdraw(operation);
    }
  };
  const refused: number[] = [];
  const submitBulk = async (): Promise<void> => {
    await made.syncAll(bulk, {
      onResult(result) {
        if (result.status === 'refused') {
          if (result.error.retry !== 'later') throw result.error;
          refused.push(result.index);
          return;
        }
        say({ event: 'accepted', key: bulk[result.index]?.idempotencyKey ?? '', id: result.id });
        outcomes.push(reportOutcome(made.operations.get(result.id)));
      },
    });
    for (const index of refused) {
      const request = bulk[index];
      if (request !== undefined) outcomes.push(reportOutcome(await submit(made, request)));
    }
  };
  await Promise.all([...Array.from({ length: IN_FLIGHT_MAX }, submitSome), submitBulk()]);
  await Promise.all(outcomes);
}

function numberOf({ payload }: SyncRequest): number {
  return (payload as unknown as LedgerTask).number;
}

async function submit(made: Runtime, request: SyncRequest): Promise<Operation> {
  const operation = await insist(made, request);
  say({ event: 'accepted', key: request.idempotencyKey ?? '', id: operation.id });
  return operation;
}

/** Asks again under the same key as long as the disk fails. */
async function insist(made: Runtime, request: SyncRequest): Promise<Operation> {
  for (;;) {
    try {
      return await made.sync(request);
    } catch (error) {
      if (!isHoldfastError(error) || error.retry !== 'later') throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

/** Cancels an operation; a defect that acknowledges too early may leave nothing to cancel. */
async function withdraw(operation: Operation): Promise<void> {
  await operation.cancel().catch((error: unknown) => {
    say({ event: 'failed', ...describe(error) });
  });
}

async function raiseCrises(made: Runtime): Promise<void> {
  const delivered: Promise<void>[] = [];
  for (const request of crisesOf(setup.work)) {
    delivered.push(raise(made, request));
    await new Promise((resolve) => setTimeout(resolve, CRISIS_EVERY_MS));
  }
  await Promise.all(delivered);
}

async function raise(made: Runtime, request: CrisisRequest): Promise<void> {
  const { durable, operationId } = await made.crisis(request);
  await durable;
  const id = operationId ?? '';
  say({ event: 'durable', key: request.idempotencyKey ?? '', id });
  await reportOutcome(made.operations.get(id));
}

async function reportOutcome(operation: Operation): Promise<void> {
  const outcome = await operation.outcome.catch((error: unknown) => {
    say({ event: 'failed', ...describe(error) });
    return null;
  });
  if (outcome === null) return;
  const { status, attempts, settledAtMs } = outcome;
  const code = outcome.status === 'completed' ? null : outcome.error.code;
  say({ event: 'outcome', id: operation.id, outcome: { status, attempts, settledAtMs, code } });
}

function say(event: Acknowledgement): void {
  writeSync(acknowledgements, `${JSON.stringify(event)}\n`);
}

function describe(error: unknown): { readonly code: string; readonly message: string } {
  const message = error instanceof Error ? error.message : String(error);
  return { code: isHoldfastError(error) ? error.code : 'unexpected', message };
}
