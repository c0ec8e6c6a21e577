import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import { type Expected, RestartOracle } from './restartOracle.ts';
import { isRefused } from './restartPlan.ts';
import type { Child, RestartScene } from './restartScene.ts';

/** Crises are numbered apart from the operations of a plan. */
const CRISIS_NUMBERS_FROM = 1_000_000;
const IN_FLIGHT_MAX = 16;

/** What the operations of a plan, and the crises beside it, must come to. */
const expected: Expected = (number) =>
  number < CRISIS_NUMBERS_FROM && isRefused(number) ? 'deadLettered' : 'completed';

/** A plan on its way through one process after another, with an oracle that hears every promise. */
export class RestartWork {
  readonly oracle: RestartOracle;
  readonly #scene: RestartScene;
  readonly #plan: readonly SyncRequest[];
  readonly #inFlightMax: number | 'bulk';
  #crises = 0;

  constructor(
    scene: RestartScene,
    plan: readonly SyncRequest[],
    inFlightMax: number | 'bulk' = IN_FLIGHT_MAX,
  ) {
    this.#scene = scene;
    this.#plan = plan;
    this.#inFlightMax = inFlightMax;
    this.oracle = new RestartOracle(scene.ledger);
  }

  /**
   * Gives a new process its work: to report what it finds accepted, some of what nobody has accepted
   * yet, and crises. What was under way without an answer is handed in again under its key, as a
   * caller would; a crisis is not, for each is one of its own.
   */
  begin(child: Child, share = this.#plan.length, crises = 0): void {
    child.listen((event) => {
      this.oracle.hear(event);
    });
    child.order({ order: 'watch', ids: this.oracle.unreported });
    const requests = this.#plan.filter((request) => !this.#isAccepted(request)).slice(0, share);
    child.order({ order: 'submit', requests, inFlightMax: this.#inFlightMax });
    for (let i = 0; i < crises; i += 1) child.order({ order: 'crisis', request: this.#crisis() });
  }

  /** Until everything in the plan is accepted and everything accepted has ended. */
  async finish(child: Child, limitMs = 45_000): Promise<void> {
    this.begin(child);
    await untilTrue(child, () => this.isDone, limitMs);
  }

  /** Breaches at this moment; nobody may have the store open. */
  async atRest(): Promise<readonly string[]> {
    return this.oracle.atRest(await this.#scene.rowsAtRest());
  }

  /** Breaches once it is finished; nobody may have the store open. */
  async settled(): Promise<readonly string[]> {
    return this.oracle.settled(await this.#scene.rowsAtRest(), expected);
  }

  /** Everything in the plan is accepted, and everything accepted is reported to have ended. */
  get isDone(): boolean {
    return (
      this.#plan.every((request) => this.#isAccepted(request)) &&
      this.oracle.unreported.length === 0
    );
  }

  #isAccepted({ idempotencyKey = '' }: SyncRequest): boolean {
    return this.oracle.accepted.has(idempotencyKey);
  }

  #crisis() {
    this.#crises += 1;
    return {
      type: 'ledger.put',
      subject: 'subject-1',
      idempotencyKey: `crisis-${this.#crises}`,
      payload: { number: CRISIS_NUMBERS_FROM + this.#crises },
    };
  }
}

/** Looks at each event of a process until something holds; gives up when it ends or after `limitMs`. */
export async function untilTrue(
  child: Child,
  isTrue: () => boolean,
  limitMs: number,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, limitMs);
    void child.ended.finally(resolve);
    const look = (): void => {
      if (!isTrue()) return;
      clearTimeout(timer);
      resolve();
    };
    child.listen(look);
    look();
  });
}
