/**
 * The process that has the store: a whole runtime, whose handlers call an upstream in another process. It makes the life
 * of a store, or starts one that somebody has edited, and says what that told and showed.
 *
 * @module
 */

import { systemClock } from '../../../actors/platform/systemClock.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Runtime } from '../../../src/runtime.ts';
import {
  asked,
  ENTITIES,
  endLife,
  isCrisis,
  KEYED,
  live,
  runtimeOf,
  STOPPED,
  SUBJECTS,
} from './life.ts';
import type { Order, RunOrder, RunReport, ShownPlan } from './messages.ts';

const LOOK_EVERY_MS = 10;
/** So many looks in a row that find nothing under way. */
const LOOKS_AT_REST = 5;
const RESTS_WITHIN_MS = 20_000;
const PLAN_LOOKS_MAX = 20;
const CLOSES_WITHIN_MS = 2_000;

process.on('message', (message) => {
  const { number, ...order } = message as Order & { readonly number: number };
  obey(order as Order).then(
    (answer) => process.send?.({ number, answer }),
    (error: unknown) => process.send?.({ number, failed: String((error as Error).stack) }),
  );
});
process.on('disconnect', () => process.exit(0));

async function obey(order: Order): Promise<unknown> {
  switch (order.order) {
    case 'life':
      return await live(order);
    case 'run':
      return await run(order);
    case 'end':
      return await endLife();
    default:
      return order satisfies never;
  }
}

async function run({ folder, url, accepted }: RunOrder): Promise<RunReport> {
  const errors: unknown[] = [];
  const runtime = runtimeOf(folder, url, 'second', (error) => {
    errors.push(error);
  });
  try {
    let refused: string | null = null;
    await runtime.ready.catch((error: unknown) => {
      refused = codeOf(error);
    });
    const plans: ShownPlan[] = [];
    const deliveries: Promise<unknown>[] = [];
    for (const subject of SUBJECTS) plans.push(await askFor(runtime, subject, deliveries));
    const cameToRest =
      (await inTime(Promise.allSettled(deliveries))) &&
      (refused !== null || (await rest(runtime, accepted)));
    const looked = refused === null ? await look(runtime, accepted) : NOTHING_SEEN;
    const { hold, findings, storeCheck } = runtime.getHealthStatus();
    return {
      refused,
      hold: hold?.reason ?? null,
      cameToRest,
      plans,
      errors: errors.map(codeOf),
      messages: errors.map(String),
      findings: findings.map(({ id }) => id),
      discrepancies: storeCheck.discrepancies,
      ...looked,
    };
  } finally {
    await runtime.close({ deadlineMs: CLOSES_WITHIN_MS });
  }
}

type Seen = Pick<RunReport, 'quarantined' | 'states' | 'records' | 'takenForNew'>;
const NOTHING_SEEN: Seen = { quarantined: [], states: {}, records: {}, takenForNew: [] };

async function look(runtime: Runtime, accepted: RunOrder['accepted']): Promise<Seen> {
  const quarantined: RunReport['quarantined'][number][] = [];
  try {
    for await (const { id, code } of runtime.quarantine.list()) quarantined.push({ id, code });
  } catch (error) {
    // A damaged page of the file.
    if (!isHoldfastError(error)) throw error;
  }
  const states = await statesOf(runtime, accepted);
  const records: Record<string, string> = {};
  for (const id of ENTITIES) {
    records[id] = await shown(async () => {
      const view = await runtime.entities.get({ type: 'recipe', id });
      return JSON.stringify(view?.value ?? null);
    });
  }
  const takenForNew: string[] = [];
  const goneIds = new Set(quarantined.map(({ id }) => id));
  for (const request of KEYED) {
    const name = request.idempotencyKey;
    const id = accepted.find((each) => each.name === name)?.id ?? '';
    // What is not shown any more, or set aside, has given its key up.
    if (goneIds.has(id) || states[name]?.startsWith('HF_') === true) continue;
    const isNew = await runtime.sync(request).then(
      ({ isDuplicate }) => !isDuplicate,
      (error: unknown) => {
        // A damaged store may refuse it.
        if (!isHoldfastError(error)) throw error;
        return false;
      },
    );
    if (isNew) takenForNew.push(name);
  }
  return { quarantined, states, records, takenForNew };
}

async function statesOf(
  runtime: Runtime,
  accepted: RunOrder['accepted'],
): Promise<Readonly<Record<string, string>>> {
  const states = accepted.map(async ({ name, id }) => [
    name,
    await shown(async () => (await runtime.operations.get(id).view()).state),
  ]);
  return Object.fromEntries(await Promise.all(states)) as Record<string, string>;
}

async function shown(read: () => Promise<string>): Promise<string> {
  return await read().catch(codeOf);
}

/** A person asks for help; again where the machine was too slow to read the plan in time. */
async function askFor(
  runtime: Runtime,
  subject: string,
  deliveries: Promise<unknown>[],
): Promise<ShownPlan> {
  for (let times = 0; ; times += 1) {
    const answer = await runtime.crisis(asked(subject, times));
    deliveries.push(answer.delivery);
    if (answer.plan === 'notReadInTime' && times < PLAN_LOOKS_MAX) {
      await pause();
      continue;
    }
    const names = answer.resources.filter(({ from }) => from === 'plan').map(({ name }) => name);
    return { subject, plan: answer.plan, names, crisisMode: answer.crisisMode };
  }
}

async function inTime(work: Promise<unknown>): Promise<boolean> {
  let isOver = false;
  void work.then(() => {
    isOver = true;
  });
  return await within(() => Promise.resolve(isOver));
}

/** Waits until the check is through and nothing that may run is left; false where that does not come. */
async function rest(runtime: Runtime, accepted: RunOrder['accepted']): Promise<boolean> {
  let looksAtRest = 0;
  return await within(async () => {
    looksAtRest = isAtRest(runtime) ? looksAtRest + 1 : 0;
    if (looksAtRest < LOOKS_AT_REST) return false;
    const crises = accepted.filter(({ name }) => isCrisis(name));
    const states = Object.values(await statesOf(runtime, crises));
    return states.every((state) => state === 'delivered' || state.startsWith('HF_'));
  });
}

async function within(isSo: () => Promise<boolean>): Promise<boolean> {
  const endsAtMs = systemClock.now() + RESTS_WITHIN_MS;
  while (systemClock.now() < endsAtMs) {
    if (await isSo()) return true;
    await pause();
  }
  return false;
}

function isAtRest(runtime: Runtime): boolean {
  const { storeCheck, operations, queue, hold } = runtime.getHealthStatus();
  if (operations.attemptsRunning > 0) return false;
  // A held store runs crises alone, and is not checked. What a person keeps from running waits on.
  if (hold !== null) return true;
  return storeCheck.state === 'done' && queue.every(({ upstream }) => upstream === STOPPED);
}

async function pause(): Promise<void> {
  await new Promise<void>((resolve) => {
    systemClock.schedule(LOOK_EVERY_MS, resolve);
  });
}

function codeOf(error: unknown): string {
  return isHoldfastError(error) ? error.code : String(error);
}
