/**
 * The crises of a drill: who sends them, what is in them, and what came of each.
 *
 * @module
 */

import { machineMs } from '../../../actors/platform/systemClock.ts';
import type { CrisisRequest, Runtime } from '../../runtime.ts';
import { becomes, type Control, type Plan, runPlan } from '../measure/figures.ts';
import { type CheckedAnswer, flawsOf, PLAN_RESOURCES } from './answerCheck.ts';
import type { StageOrder, StreamResult } from './stageMessages.ts';

/** The type of the crises. */
export const CRISIS_TYPE = 'crisis.alert';
/** People whose plan is pinned, so that it is in memory; every second crisis is of one of them. */
const PINNED = 50;
/** People whose plan is on disk, and read when it is needed. */
const UNPINNED = 400;
/** Where they say that they are; every fourth says nothing. */
const REGIONS = [undefined, 'DE', 'US-CA', 'GB'];

/** The person whose crisis it is. */
export function subjectOf(number: number): string {
  return isPinnedOf(number)
    ? `pinned-${(number / 2) % PINNED}`
    : `person-${((number - 1) / 2) % UNPINNED}`;
}

/** Whether their plan is pinned. */
function isPinnedOf(number: number): boolean {
  return number % 2 === 0;
}

export function crisisOf(number: number): CrisisRequest {
  return {
    type: CRISIS_TYPE,
    subject: subjectOf(number),
    region: REGIONS[Math.floor(number / 2) % REGIONS.length],
    payload: { number, note: 'A crisis of the drill.' },
    idempotencyKey: `drill-${number}`,
  };
}

/** Gives each of the people a plan of their own. */
export async function givePlans(runtime: Runtime): Promise<void> {
  const plan = { resources: PLAN_RESOURCES };
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
export type CrisesOrder = Pick<StageOrder, 'count' | 'firstNumber' | 'seconds'>;

/** The parts of an answer that the drill checks. */
interface Answer extends CheckedAnswer {
  /** `null` where it was answered and not taken. */
  readonly operationId: string | null;
  /** Left out where the caller is not told. */
  readonly delivery?: Promise<{ readonly status: string }>;
}

/** Asks for help, as `runtime.crisis` does. */
export type Ask = (request: CrisisRequest) => Promise<Answer>;

/** How crises are made and what their answers may lack, where that is not as always. */
export interface CrisesWays {
  /** The request of crisis `number`; its payload holds that number. */
  readonly requestOf?: ((number: number) => CrisisRequest) | undefined;
  /** Whether the store was opened, so that plans which are pinned are in memory from then on. */
  readonly isStoreOpen?: (() => boolean) | undefined;
}

/** What came of crises, by the place of each in the plan. */
export class Crises {
  readonly answeredAtMs: Float64Array;
  readonly isTaken: Uint8Array;
  readonly isPinned: Uint8Array;
  /** The bits of `ANSWER_FLAWS` that its answer has. */
  readonly flaws: Uint8Array;
  /** 1 where the person's own plan was in the answer. */
  readonly hasPlan: Uint8Array;
  answered = 0;
  /** The crises that were accepted. */
  taken = 0;
  /** Said to be delivered. */
  told = 0;
  readonly #order: CrisesOrder;
  readonly #ways: CrisesWays;

  constructor(order: CrisesOrder, ways: CrisesWays = {}) {
    this.#order = order;
    this.#ways = ways;
    this.answeredAtMs = new Float64Array(order.count).fill(Number.NaN);
    this.isTaken = new Uint8Array(order.count);
    this.isPinned = new Uint8Array(order.count);
    this.flaws = new Uint8Array(order.count);
    this.hasPlan = new Uint8Array(order.count);
  }

  /** Sends crisis `index` of the plan. */
  send(ask: Ask, index: number): void {
    const { requestOf = crisisOf, isStoreOpen = () => true } = this.#ways;
    const number = this.#order.firstNumber + index;
    const isPinned = isPinnedOf(number);
    if (isPinned) this.isPinned[index] = 1;
    const request = requestOf(number);
    const mayLackStore = !isStoreOpen();
    ask(request).then(
      (answer) => {
        this.#answered(index, answer);
        this.flaws[index] = flawsOf(answer, { region: request.region, isPinned, mayLackStore });
        if (answer.plan === 'included') this.hasPlan[index] = 1;
      },
      // It stands as never answered.
      () => undefined,
    );
  }

  #answered(index: number, { operationId, delivery }: Answer): void {
    this.answeredAtMs[index] = machineMs();
    this.answered += 1;
    if (operationId !== null) {
      this.isTaken[index] = 1;
      this.taken += 1;
    }
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
  const { answeredAtMs, isTaken, isPinned, flaws, hasPlan } = crises;
  return {
    plan,
    answeredAtMs,
    isTaken,
    isPinned,
    flaws,
    hasPlan,
    // Shared memory can't be sent to another process.
    control: { lateMs: Float64Array.from(lateMs), keptMs: Float64Array.from(keptMs) },
  };
}
