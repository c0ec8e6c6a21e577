/**
 * A program around the runtime, there to be killed. It says each promise that it was given on
 * standard output the moment it was given, so that whoever kills it knows what must be kept.
 *
 * @module
 */

import { createInterface } from 'node:readline';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { Handler } from '../../../actors/port.ts';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { openStore } from '../../../persistence/openStore.ts';
import { keyFile } from '../../../persistence/sealing/keyFile.ts';
import { assembleRuntime } from '../../../src/createRuntime.ts';
import { httpHandler } from '../../../src/http/httpHandler.ts';
import type { Operation } from '../../../src/operation.ts';
import { checkOptions } from '../../../src/options.ts';
import type { CrisisRequest, Runtime } from '../../../src/runtime.ts';
import type { ChildEvent, ChildOrder, ChildSetup } from './childRuntimeMessages.ts';
import { sabotaged } from './childRuntimeSabotage.ts';

const LETHAL_AFTER_MS = 60;
const ANSWER_EVERY_MS = 100;

const setup = JSON.parse(process.argv[2] ?? '{}') as ChildSetup;
systemClock.schedule(setup.lifeMs, () => process.exit(9));

const key = keyFile(setup.keyFile);
const ledger: Handler = { upstream: 'ledger', run: httpHandler({ baseUrl: setup.url }) };
const handlers = Object.fromEntries(setup.types.map((type) => [type, ledger]));
const { killerType, sabotage, editing } = setup;
if (editing !== null) {
  const place = { baseUrl: editing.url, method: 'PUT', path: '{entity.type}/{entity.id}' } as const;
  const run = httpHandler({ ...place, metaField: 'holdfast' });
  handlers['records.put'] = { upstream: 'records', run, conflicts: { roundsMax: 64 } };
}
if (killerType !== null) handlers[killerType] = { upstream: 'ledger', run: die };
const store = openStore({ folder: setup.folder, key });
const runtime = assembleRuntime(
  checkOptions({
    ...setup.options,
    store: setup.folder,
    key,
    handlers,
    onError: (error) => {
      say({ event: 'trouble', ...describe(error) });
    },
  }),
  sabotage === null ? store : sabotaged(store, sabotage),
);
await start(runtime);

async function start(made: Runtime): Promise<void> {
  try {
    await made.ready;
  } catch (error) {
    say({ event: 'failed', ...describe(error) });
    process.exit(5);
  }
  say({ event: 'ready' });
  if (editing?.isAnswering === true) void answerAll(made);
  createInterface({ input: process.stdin }).on('line', (line) => {
    obey(made, JSON.parse(line) as ChildOrder).catch((error: unknown) => {
      say({ event: 'failed', ...describe(error) });
    });
  });
  process.on('SIGTERM', () => {
    void close(made, 60_000);
  });
}

async function obey(made: Runtime, order: ChildOrder): Promise<void> {
  switch (order.order) {
    case 'submit': {
      if (order.inFlightMax === 'bulk') {
        await submitAll(made, order.requests);
        break;
      }
      const waiting = order.requests.values();
      const work = async (): Promise<void> => {
        for (const request of waiting) await submit(made, request);
      };
      await Promise.all(Array.from({ length: order.inFlightMax }, work));
      break;
    }
    case 'crisis':
      await crisis(made, order.request);
      break;
    case 'watch':
      for (const id of order.ids) void reportOutcome(made.operations.get(id));
      break;
    case 'view': {
      const { id, state } = await made.operations.get(order.id).view();
      say({ event: 'viewed', id, state });
      break;
    }
    case 'handle':
      await made.handle(order.type, ledger);
      say({ event: 'handled', type: order.type });
      break;
    case 'breaker':
      say({ event: 'breaker', state: made.upstream('ledger').breaker });
      break;
    case 'try':
      await attempt(made, order.request);
      break;
    case 'health':
      say({ event: 'health', health: made.getHealthStatus() });
      break;
    case 'close':
      await close(made, order.deadlineMs);
      break;
    default:
      order satisfies never;
  }
}

async function submit(made: Runtime, request: SyncRequest): Promise<void> {
  const operation = await made.sync(request);
  say({ event: 'accepted', key: request.idempotencyKey ?? '', id: operation.id });
  void reportOutcome(operation);
}

async function submitAll(made: Runtime, requests: readonly SyncRequest[]): Promise<void> {
  await made.syncAll(requests, {
    onResult: (result) => {
      if (result.status === 'refused') {
        say({ event: 'failed', ...describe(result.error) });
        return;
      }
      say({
        event: 'accepted',
        key: requests[result.index]?.idempotencyKey ?? '',
        id: result.id,
      });
      void reportOutcome(made.operations.get(result.id));
    },
  });
}

async function attempt(made: Runtime, request: SyncRequest): Promise<void> {
  try {
    await submit(made, request);
  } catch (error) {
    if (!isHoldfastError(error)) throw error;
    const { code, retry, mayBeStored } = error;
    say({ event: 'refused', key: request.idempotencyKey ?? '', code, retry, mayBeStored });
  }
}

async function crisis(made: Runtime, request: CrisisRequest): Promise<void> {
  const given = request.idempotencyKey ?? '';
  const { source, durable, operationId } = await made.crisis(request);
  say({ event: 'answered', key: given, source });
  await durable;
  const id = operationId ?? '';
  say({ event: 'durable', key: given, id });
  void reportOutcome(made.operations.get(id));
}

async function reportOutcome(operation: Operation): Promise<void> {
  const outcome = await operation.outcome.catch((error: unknown) => {
    say({ event: 'failed', ...describe(error) });
    return null;
  });
  if (outcome === null) return;
  const { status, attempts, settledAtMs } = outcome;
  const code = outcome.status === 'completed' ? null : outcome.error.code;
  say({
    event: 'outcome',
    id: operation.id,
    outcome: { status, attempts, settledAtMs, code },
  });
}

/** A person who looks again and again, and takes the first alternative of each question. */
async function answerAll(made: Runtime): Promise<void> {
  for (;;) {
    await new Promise<void>((resolve) => {
      systemClock.schedule(ANSWER_EVERY_MS, resolve);
    });
    try {
      for await (const { id } of made.conflicts.list()) {
        const { asked, value } = await made.conflicts.show(id);
        const choices = Object.fromEntries(asked.map(({ number }) => [number, { take: 1 }]));
        const by = { id: 'staff-7', role: 'clinician' };
        await made.conflicts.resolve(id, asked.length > 0 ? { by, choices } : { by, value });
      }
    } catch (error) {
      // What was asked is told by the record itself by now.
      if (isHoldfastError(error) && error.code === 'HF_CONFLICT_RESOLVED') continue;
      say({ event: 'failed', ...describe(error) });
    }
  }
}

async function close(made: Runtime, deadlineMs: number): Promise<void> {
  say({ event: 'closing' });
  await made.close({ deadlineMs });
  say({ event: 'closed' });
  process.exit(0);
}

/** Work that kills its process: what crash counting is for. A little later, as real work would. */
async function die(): Promise<never> {
  await new Promise<void>((resolve) => {
    systemClock.schedule(LETHAL_AFTER_MS, resolve);
  });
  process.kill(process.pid, 'SIGKILL');
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** Standard output is a pipe, and Node writes to pipes synchronously: what is said was said. */
function say(event: ChildEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function describe(error: unknown): { readonly code: string; readonly message: string } {
  const message = error instanceof Error ? error.message : String(error);
  return { code: isHoldfastError(error) ? error.code : 'unexpected', message };
}
