/**
 * Starts the whole runtime on a store that a power cut left; a driver of the oracle.
 *
 * @module
 */

import { join } from 'node:path';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import { createRuntime } from '../../../src/createRuntime.ts';
import { httpHandler } from '../../../src/http/httpHandler.ts';
import type { Operation } from '../../../src/operation.ts';
import type { Runtime } from '../../../src/runtime.ts';
import { reported } from '../../../src/simulator/oracle/diskRow.ts';
import { givenKey } from '../../../src/simulator/oracle/sentKeys.ts';
import { Oracle } from '../../../src/simulator/promises/oracle.ts';
import type { SeededRandom } from '../../../src/virtual/seededRandom.ts';
import {
  type LedgerEffect,
  LedgerServer,
  type LedgerTask,
} from '../../support/process/ledgerServer.ts';
import { RESUMED } from '../drivers.ts';
import { LedgerWitness } from '../ledgerWitness.ts';
import { toldAltogether } from '../toldBy.ts';
import type { Fate, Image } from './crashDisk.ts';
import { layOut, tellImage } from './crashImage.ts';
import {
  type Acknowledgement,
  attemptsOf,
  type CrashWork,
  crisesOf,
  endingsOf,
  IN_FLIGHT_MAX,
  isAppliedAt,
  KEY,
  noteKeys,
  OPTIONS,
  requestsOf,
  TYPE,
  UPSTREAM,
} from './crashWork.ts';
import { STORE } from './record.ts';

/** A moment at which the power is cut. */
export interface Cut {
  readonly at: number;
  readonly fate: Fate;
  readonly image: Image;
  readonly said: readonly Acknowledgement[];
}

const LIMIT_MS = 120_000;
const PAGE = 500;

/**
 * Starts the whole runtime on an image, lets it finish the work against an upstream that remembers what it did before
 * the cut, and names broken promises: each effect is made once, each outcome is as reported, everything accepted ends
 * as it must. `place` is the folder of the image's store; by default the runtime starts on a copy in `root`, which
 * may be held as one.
 */
export async function resume(
  { image, said }: Pick<Cut, 'image' | 'said'>,
  work: CrashWork,
  root: string,
  effects: readonly LedgerEffect[],
  place: string | null = null,
): Promise<readonly string[]> {
  const folder = join(root, STORE);
  noteKeys(work);
  const oracle = new Oracle(RESUMED, endingsOf);
  const ledger = new LedgerServer();
  // The ledger remembers at once, since a real upstream may still be at work on requests from before the cut.
  ledger.remember(attemptsOf(said), effects);
  const witness = new LedgerWitness(ledger);
  for (const event of toldAltogether(said, ledger.effects)) oracle.tell(event);
  layOut(image, root);
  if (!(await tellImage(folder, oracle))) return oracle.breaches;
  const url = await ledger.listen();
  layOut(image, root);
  const started = place ?? folder;
  try {
    await finish(started, place === null, url, oracle, work);
  } catch (error) {
    oracle.tell({ event: 'unsound', what: 'not finished', detail: String(error) });
  } finally {
    ledger.close();
  }
  for (const event of witness.news()) oracle.tell(event);
  await tellImage(started, oracle, 'finished');
  return oracle.breaches;
}

/**
 * Draws what the upstream had done by the moment of the cut. Chance decides whether an attempt under way had arrived.
 */
export function effectsOf(
  said: readonly Acknowledgement[],
  work: CrashWork,
  random: SeededRandom,
): readonly LedgerEffect[] {
  noteKeys(work);
  const tasks = new Map(
    [...requestsOf(work), ...crisesOf(work)].map(({ idempotencyKey = '', payload }) => [
      idempotencyKey,
      payload as unknown as LedgerTask,
    ]),
  );
  const answered = new Set<string>();
  const known = new Set<string>();
  for (const event of said) {
    if (event.event === 'applied') known.add(event.key);
    if (event.event === 'unanswered') answered.add(`${event.key} ${event.attempt}`);
  }
  const hasComeThrough = (key: string, attempt: number): boolean => {
    const task = tasks.get(givenKey(key));
    if (task === undefined || known.has(key) || !isAppliedAt(task, attempt)) return false;
    // An attempt without such an answer was aborted or cut off.
    const wasDropped = answered.has(`${key} ${attempt}`) && (task.dropUpTo ?? 0) >= attempt;
    return wasDropped || random.chance(0.5);
  };
  const effects = new Map<string, number>();
  for (const event of said) {
    const isMade =
      event.event === 'applied' ||
      (event.event === 'attempting' && hasComeThrough(event.key, event.attempt));
    if (isMade && !effects.has(event.key)) effects.set(event.key, event.number);
  }
  return [...effects].map(([key, number]) => ({ key, number }));
}

/** Hands in unanswered requests again under their keys, as a caller would. */
function unansweredOf(oracle: Oracle, work: CrashWork): readonly SyncRequest[] {
  const requests = requestsOf(work);
  const isAccepted = ({ idempotencyKey = '' }: SyncRequest): boolean =>
    oracle.known.accepted.has(idempotencyKey);
  const end = requests.findLastIndex(isAccepted) + IN_FLIGHT_MAX;
  return requests.slice(0, end).filter((request) => !isAccepted(request));
}

async function finish(
  folder: string,
  isCopy: boolean,
  url: string,
  oracle: Oracle,
  work: CrashWork,
): Promise<void> {
  const runtime = createRuntime({
    ...OPTIONS,
    store: folder,
    key: KEY,
    handlers: { [TYPE]: { upstream: UPSTREAM, run: httpHandler({ baseUrl: url }) } },
    onError() {},
  });
  try {
    await runtime.ready;
    if (isCopy) await runtime.release();
    else if (runtime.getHealthStatus().hold !== null) throw new Error('it is held as if copied');
    const told = [
      ...oracle.known.unreported.map((id) => report(runtime.operations.get(id), oracle)),
      ...unansweredOf(oracle, work).map((request) => submit(runtime, request, oracle)),
    ];
    await within(LIMIT_MS, Promise.all(told));
    await untilAllHaveEnded(runtime);
  } finally {
    await runtime.close();
  }
}

async function submit(runtime: Runtime, request: SyncRequest, oracle: Oracle): Promise<void> {
  const operation = await runtime.sync(request);
  oracle.tell({ event: 'accepted', key: request.idempotencyKey ?? '', id: operation.id });
  await report(operation, oracle);
}

async function report(operation: Operation, oracle: Oracle): Promise<void> {
  const outcome = reported(await operation.outcome);
  oracle.tell({ event: 'ended', id: operation.id, outcome });
}

/** Waits for operations that nobody else awaits: they are on disk though nobody heard of them, crises above all. */
async function untilAllHaveEnded(runtime: Runtime): Promise<void> {
  for (let afterSeq: number | null = 0; afterSeq !== null; ) {
    const page: Awaited<ReturnType<Runtime['operations']['page']>> = await runtime.operations.page({
      afterSeq,
      limit: PAGE,
    });
    const open = page.views.filter(({ settledAtMs }) => settledAtMs === null);
    await within(LIMIT_MS, Promise.all(open.map(({ id }) => runtime.operations.get(id).outcome)));
    afterSeq = page.nextAfterSeq;
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`the work has not ended after ${ms} ms`));
    }, ms);
  });
  await Promise.race([work, late]).finally(() => {
    clearTimeout(timer);
  });
}
