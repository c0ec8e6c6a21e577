import { join } from 'node:path';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import { createRuntime } from '../../../src/createRuntime.ts';
import { httpHandler } from '../../../src/http/httpHandler.ts';
import type { Operation } from '../../../src/operation.ts';
import type { Runtime } from '../../../src/runtime.ts';
import type { SeededRandom } from '../../support/clock/seededRandom.ts';
import {
  type LedgerEffect,
  LedgerServer,
  type LedgerTask,
} from '../../support/process/ledgerServer.ts';
import type { RowAtRest } from '../../support/store/rowsAtRest.ts';
import type { RestartOracle } from '../restart/restartOracle.ts';
import type { Fate, Image } from './crashDisk.ts';
import { layOut, readImage } from './crashImage.ts';
import {
  type Acknowledgement,
  type CrashWork,
  crisesOf,
  endingsOf,
  IN_FLIGHT_MAX,
  isAppliedAt,
  KEY,
  OPTIONS,
  requestsOf,
  TYPE,
  UPSTREAM,
} from './crashWork.ts';
import { attemptsOf, heard } from './heard.ts';
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
 * Starts the whole runtime on an image, lets it finish the work against an upstream that remembers what
 * it did before the cut, and says which promises it broke: each effect is made once, each outcome is as
 * reported, everything accepted ends as it must. `place` is where the store lies that the image is of; by
 * default it is started from a copy in `root`, which may be held as one.
 */
export async function resume(
  { image, said }: Pick<Cut, 'image' | 'said'>,
  work: CrashWork,
  root: string,
  effects: readonly LedgerEffect[],
  place: string | null = null,
): Promise<readonly string[]> {
  const folder = join(root, STORE);
  layOut(image, root);
  const before = await readImage(folder);
  if (before.breaches.length > 0) return before.breaches;
  const ledger = new LedgerServer();
  ledger.remember(attemptsOf(said), effects);
  const oracle = heard(said, ledger);
  const breaches = [...oracle.atRest(before.rows)];
  const url = await ledger.listen();
  layOut(image, root);
  const started = place ?? folder;
  try {
    await finish(started, place === null, url, oracle, work);
  } catch (error) {
    breaches.push(`not finished: ${String(error)}`);
  } finally {
    ledger.close();
  }
  const after = await readImage(started);
  breaches.push(
    ...after.breaches,
    ...oracle.atRest(after.rows),
    ...wrongEndings(after.rows, ledger),
  );
  return breaches;
}

/**
 * What the upstream had done by the moment of the cut. Whether an attempt that was under way had
 * arrived is a matter of chance.
 */
export function effectsOf(
  said: readonly Acknowledgement[],
  work: CrashWork,
  random: SeededRandom,
): readonly LedgerEffect[] {
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
    const task = tasks.get(key);
    if (task === undefined || known.has(key) || !isAppliedAt(task, attempt)) return false;
    // Else it was aborted or cut off.
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

/** What was under way without an answer is asked for again under its key, as a caller would. */
export function unansweredOf(oracle: RestartOracle, work: CrashWork): readonly SyncRequest[] {
  const requests = requestsOf(work);
  const isAccepted = ({ idempotencyKey = '' }: SyncRequest): boolean =>
    oracle.accepted.has(idempotencyKey);
  const end = requests.findLastIndex(isAccepted) + IN_FLIGHT_MAX;
  return requests.slice(0, end).filter((request) => !isAccepted(request));
}

async function finish(
  folder: string,
  isCopy: boolean,
  url: string,
  oracle: RestartOracle,
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
      ...oracle.unreported.map((id) => report(runtime.getOperation(id), oracle)),
      ...unansweredOf(oracle, work).map((request) => submit(runtime, request, oracle)),
    ];
    await within(LIMIT_MS, Promise.all(told));
    await untilAllHaveEnded(runtime);
  } finally {
    await runtime.close();
  }
}

async function submit(
  runtime: Runtime,
  request: SyncRequest,
  oracle: RestartOracle,
): Promise<void> {
  const operation = await runtime.sync(request);
  oracle.hear({ event: 'accepted', key: request.idempotencyKey ?? '', id: operation.id });
  await report(operation, oracle);
}

async function report(operation: Operation, oracle: RestartOracle): Promise<void> {
  const outcome = await operation.outcome;
  const { status, attempts, settledAtMs } = outcome;
  const code = outcome.status === 'completed' ? null : outcome.error.code;
  const told = { status, attempts, settledAtMs, code };
  oracle.hear({ event: 'outcome', id: operation.id, outcome: told });
}

/** What was on disk without anybody having been told, crises above all, has nobody who waits for it. */
async function untilAllHaveEnded(runtime: Runtime): Promise<void> {
  for (let afterSeq: number | null = 0; afterSeq !== null; ) {
    const page: Awaited<ReturnType<Runtime['listOperations']>> = await runtime.listOperations({
      afterSeq,
      limit: PAGE,
    });
    const open = page.views.filter(({ settledAtMs }) => settledAtMs === null);
    await within(LIMIT_MS, Promise.all(open.map(({ id }) => runtime.getOperation(id).outcome)));
    afterSeq = page.nextAfterSeq;
  }
}

function wrongEndings(rows: readonly RowAtRest[], ledger: LedgerServer): readonly string[] {
  const numbers = new Map(ledger.requests.map(({ key, number }) => [key, number]));
  return rows.flatMap(({ row, context }) => {
    const { id, idempotencyKey, ending } = context;
    if (ending === null) return [`not settled: ${id} is ${row.standing}`];
    const number = numbers.get(idempotencyKey) ?? Number(/^key-(\d+)$/.exec(idempotencyKey)?.[1]);
    return endingsOf(number).includes(ending) ? [] : [`wrong ending: ${idempotencyKey} ${ending}`];
  });
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
