/**
 * A plan of work on its way through a series of real processes; a driver of the oracle.
 *
 * @module
 */

import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import { diskRows } from '../../../src/simulator/oracle/diskRow.ts';
import { type Known } from '../../../src/simulator/oracle/known.ts';
import { noteCrisis } from '../../../src/simulator/oracle/sentKeys.ts';
import { type Expected, Oracle } from '../../../src/simulator/promises/oracle.ts';
import { HANGS_AFTER_MS } from '../../support/hangs.ts';
import { RESTART } from '../drivers.ts';
import { LedgerWitness } from '../ledgerWitness.ts';
import { toldBy } from '../toldBy.ts';
import { isRefused } from './restartPlan.ts';
import type { Child, RestartScene } from './restartScene.ts';

/** First number of crises, apart from the numbers of a plan's operations. */
const CRISIS_NUMBERS_FROM = 1_000_000;
const IN_FLIGHT_MAX = 16;

/** Endings of the operations of a plan, and of the crises beside it. */
const expected: Expected = (key) => [
  isRefused(Number(/^key-(\d+)$/.exec(key)?.[1])) ? 'deadLettered' : 'completed',
];

export class RestartWork {
  readonly #oracle = new Oracle(RESTART, expected);
  readonly #ledger: LedgerWitness;
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
    this.#ledger = new LedgerWitness(scene.ledger);
  }

  /**
   * Gives a new process its work: to report what it finds accepted, some of what nobody has accepted yet, and crises.
   * It hands in unanswered requests again under their keys, as a caller would, but no crisis, since each is one of
   * its own.
   */
  begin(child: Child, share = this.#plan.length, crises = 0): void {
    child.listen((event) => {
      for (const told of toldBy(event)) this.#oracle.tell(told);
    });
    child.order({ order: 'watch', ids: this.known.unreported });
    const requests = this.#plan.filter((request) => !this.#isAccepted(request)).slice(0, share);
    child.order({ order: 'submit', requests, inFlightMax: this.#inFlightMax });
    for (let i = 0; i < crises; i += 1) child.order({ order: 'crisis', request: this.#crisis() });
  }

  /** Runs until everything in the plan is accepted and everything accepted has ended. */
  async finish(child: Child, limitMs = HANGS_AFTER_MS): Promise<void> {
    this.begin(child);
    await untilTrue(child, () => this.isDone, limitMs);
  }

  /** Lists the breaches at this moment; nobody may have the store open. */
  async atRest(): Promise<readonly string[]> {
    return await this.#judged('disk');
  }

  /** Lists the breaches once it is finished; nobody may have the store open. */
  async settled(): Promise<readonly string[]> {
    return await this.#judged('finished');
  }

  /** Facts that callers were told so far. */
  get known(): Known {
    return this.#oracle.known;
  }

  /** True once everything in the plan is accepted, and every ending of it reported. */
  get isDone(): boolean {
    return (
      this.#plan.every((request) => this.#isAccepted(request)) && this.known.unreported.length === 0
    );
  }

  async #judged(event: 'disk' | 'finished'): Promise<readonly string[]> {
    for (const seen of this.#ledger.news()) this.#oracle.tell(seen);
    this.#oracle.tell({ event, rows: diskRows(await this.#scene.rowsAtRest()) });
    return this.#oracle.breaches;
  }

  #isAccepted({ idempotencyKey = '' }: SyncRequest): boolean {
    return this.known.accepted.has(idempotencyKey);
  }

  #crisis() {
    this.#crises += 1;
    const request = {
      type: 'ledger.put',
      subject: 'subject-1',
      idempotencyKey: `crisis-${this.#crises}`,
      payload: { number: CRISIS_NUMBERS_FROM + this.#crises },
    };
    return noteCrisis(request, Date.now());
  }
}

/**
 * Waits until something holds, with a look at each event of a process; gives up when the process ends or after
 * `limitMs`.
 */
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
