/**
 * The crises of a drill: who sends them, what is in them, and what came of each.
 *
 * @module
 */

import { machineMs } from '../../../../actors/platform/systemClock.ts';
import type { CrisisRequest, Runtime } from '../../../runtime.ts';
import type { Control } from '../measure/control.ts';
import { becomes, type Plan, pause, runPlan } from '../measure/schedule.ts';
import type { StageOrder, StreamResult } from './stageMessages.ts';

/** The type of the crises. */
export const CRISIS_TYPE = 'crisis.alert';
/** People whose plan is pinned, so that it is in memory; every second crisis is of one of them. */
const PINNED = 50;
/** People whose plan is on disk, and read when it is needed. */
const UNPINNED = 400;
/** How much later a planted late answer comes. */
const PLANTED_DELAY_MS = 2_000;

/** Whose crisis it is. */
export function subjectOf(number: number): string {
  return number % 2 === 0
    ? `pinned-${(number / 2) % PINNED}`
    : `person-${((number - 1) / 2) % UNPINNED}`;
}

export function crisisOf(number: number): CrisisRequest {
  return {
    type: CRISIS_TYPE,
    subject: subjectOf(number),
    payload: { number, note: 'A crisis of the drill.' },
    idempotencyKey: `drill-${number}`,
  };
}

/** Gives each of the people a plan of their own. */
export async function givePlans(runtime: Runtime): Promise<void> {
  const plan = {
    resources: [
      { name: 'Breathe, then look at the photos' },
      { kind: 'contact', name: 'Sam', phone: '+49 30 1234567' },
    ],
  } as const;
  const give = async (subject: string, isPinned: boolean): Promise<void> => {
    await runtime.crisisPlans.put(subject, plan);
    if (isPinned) await runtime.crisisPlans.pin(subject);
  };
  await Promise.all([
    ...Array.from({ length: PINNED }, (_, at) => give(`pinned-${at}`, true)),
    ...Array.from({ length: UNPINNED }, (_, at) => give(`person-${at}`, false)),
  ]);
}

/** Which crises are sent. */
export type CrisesOrder = Pick<StageOrder, 'count' | 'firstNumber' | 'plant' | 'seconds'>;

/** As much of an answer as the drill looks at. */
interface Answer {
  /** `null` where it was answered and not taken. */
  readonly operationId: string | null;
  /** Left out where the caller is not told. */
  readonly delivery?: Promise<{ readonly status: string }>;
}

/** Asks for help, as `runtime.crisis` does. */
export type Ask = (request: CrisisRequest) => Promise<Answer>;

/** What came of crises, by the place of each in the plan. */
export class Crises {
  readonly answeredAtMs: Float64Array;
  readonly isTaken: Uint8Array;
  readonly isPinned: Uint8Array;
  answered = 0;
  /** Said to be delivered. */
  told = 0;
  readonly #order: CrisesOrder;

  constructor(order: CrisesOrder) {
    this.#order = order;
    this.answeredAtMs = new Float64Array(order.count).fill(Number.NaN);
    this.isTaken = new Uint8Array(order.count);
    this.isPinned = new Uint8Array(order.count);
  }

  /** Sends crisis `index` of the plan. */
  send(ask: Ask, index: number): void {
    const { firstNumber, plant } = this.#order;
    const number = firstNumber + index;
    if (number % 2 === 0) this.isPinned[index] = 1;
    const request = crisisOf(number);
    const isPlanted = plant?.number === number;
    ask(request).then(
      async (answer) => {
        if (isPlanted && plant.what === 'late') await pause(PLANTED_DELAY_MS);
        this.#answered(index, answer);
      },
      // It stands as never answered.
      () => undefined,
    );
    if (isPlanted && plant.what === 'doubled') {
      void ask({ ...request, idempotencyKey: `again-${number}` });
    }
  }

  #answered(index: number, { operationId, delivery }: Answer): void {
    this.answeredAtMs[index] = machineMs();
    this.answered += 1;
    if (operationId !== null) this.isTaken[index] = 1;
    delivery?.then(
      ({ status }) => {
        if (status === 'completed') this.told += 1;
      },
      // The ledger of the upstream says whether it arrived.
      () => undefined,
    );
  }
}

/** What is answered is answered within this, or never. */
const ANSWERED_WITHIN_MS = 30_000;
/** Until the first of the plan is due. */
const LEAD_MS = 5;

/** Sends all of them by a plan that begins now; resolves once each is answered, or none will be. */
export async function sendCrises(
  ask: Ask,
  crises: Crises,
  { count, seconds }: CrisesOrder,
  control: Control,
): Promise<StreamResult> {
  const plan: Plan = { startMs: machineMs() + LEAD_MS, perSecond: count / seconds, count };
  control.begin(plan);
  await runPlan(plan, (index) => {
    crises.send(ask, index);
  });
  await becomes(() => crises.answered === count, ANSWERED_WITHIN_MS, 1);
  const { lateMs, keptMs } = control.notes;
  const { answeredAtMs, isTaken, isPinned } = crises;
  return {
    plan,
    answeredAtMs,
    isTaken,
    isPinned,
    // Shared memory can't be sent to another process.
    control: { lateMs: Float64Array.from(lateMs), keptMs: Float64Array.from(keptMs) },
  };
}
