/**
 * The crises of a drill: who sends them, what is in them, and what came of each.
 *
 * @module
 */

import { machineMs } from '../../../../actors/platform/systemClock.ts';
import type { CrisisAnswer } from '../../../../actors/port.ts';
import type { CrisisRequest, Runtime } from '../../../runtime.ts';
import { pause } from '../measure/schedule.ts';
import type { StageOrder } from './stageMessages.ts';

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

/** What came of crises, by the place of each in the plan. */
export class Crises {
  readonly answeredAtMs: Float64Array;
  readonly isTaken: Uint8Array;
  readonly isPinned: Uint8Array;
  answered = 0;
  /** Said to be delivered. */
  told = 0;
  readonly #order: StageOrder;

  constructor(order: StageOrder) {
    this.#order = order;
    this.answeredAtMs = new Float64Array(order.count).fill(Number.NaN);
    this.isTaken = new Uint8Array(order.count);
    this.isPinned = new Uint8Array(order.count);
  }

  /** Sends crisis `index` of the plan. */
  send(runtime: Pick<Runtime, 'crisis'>, index: number): void {
    const { firstNumber, plant } = this.#order;
    const number = firstNumber + index;
    if (number % 2 === 0) this.isPinned[index] = 1;
    const request = crisisOf(number);
    const isPlanted = plant?.number === number;
    void runtime.crisis(request).then(async (answer) => {
      if (isPlanted && plant.what === 'late') await pause(PLANTED_DELAY_MS);
      this.#answered(index, answer);
    });
    if (isPlanted && plant.what === 'doubled') {
      void runtime.crisis({ ...request, idempotencyKey: `again-${number}` });
    }
  }

  #answered(index: number, { operationId, delivery }: CrisisAnswer): void {
    this.answeredAtMs[index] = machineMs();
    this.answered += 1;
    if (operationId !== null) this.isTaken[index] = 1;
    void delivery.then(
      ({ status }) => {
        if (status === 'completed') this.told += 1;
      },
      // The ledger of the upstream says whether it arrived.
      () => undefined,
    );
  }
}
