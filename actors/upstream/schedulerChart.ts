/**
 * The scheduler's chart of one upstream, made when it is first needed: an upstream that nobody calls costs
 * nothing but its name.
 *
 * @module
 */

import type { FlowNews, KeptFlow } from '../../machines/policy/flow/flowNews.ts';
import {
  intakeOf,
  type Pace,
  paceOf,
  type SchedulerContext,
  schedulerMachine,
} from '../../machines/scheduler/schedulerMachine.ts';
import type { Intake } from '../../machines/vocabulary/standing.ts';
import type { ActorSystem } from '../charts/actorSystem.ts';
import { ChartActor } from '../charts/chartActor.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';

export interface SchedulerChartParts {
  readonly component: string;
  readonly upstream: string;
  readonly steady: SteadyClock;
  readonly system: ActorSystem;
  readonly keep: (state: string) => void;
  readonly onFailed: (error: unknown) => void;
}

/** News of the flow meter that are the scheduler's; an outage is the breaker's. */
export type PaceNews = Exclude<FlowNews, { readonly type: 'outage.detected' }>;

export class SchedulerChart {
  readonly #parts: SchedulerChartParts;
  #actor: ChartActor<typeof schedulerMachine> | null = null;
  /** Whether it was ever needed. A field: it is read with each call. */
  isMade = false;
  /** Intake that was told last, for an actor that is made later or starts again. */
  #intake: Intake = 'notStarted';
  #isDown = false;
  #isStopped = false;

  constructor(parts: SchedulerChartParts) {
    this.#parts = parts;
  }

  get pace(): Pace {
    if (this.#actor !== null) return paceOf(this.#actor.snapshot);
    return this.#isDown ? 'down' : 'ramping';
  }

  get context(): SchedulerContext | null {
    return this.#actor?.snapshot.context ?? null;
  }

  /** Makes the actor, if there is none, and brings it to where things are. */
  make(flow: KeptFlow): void {
    if (this.#actor !== null || this.#isStopped) return;
    const actor = this.#create();
    actor.start();
    this.#catchUp(flow);
  }

  /** Goes on from what was kept; answers what the flow meter knew. */
  restore(state: string): KeptFlow | null {
    const actor = this.#actor ?? this.#create();
    if (!this.#isStopped) actor.start();
    actor.restore(state, { type: 'process.restarted', atMs: this.#parts.steady.now() });
    return actor.snapshot.context.flow;
  }

  /** Starts again after the actor failed. */
  restart(flow: KeptFlow): void {
    if (this.#actor === null) return;
    this.#actor.restart();
    this.#catchUp(flow);
  }

  stop(): void {
    this.#isStopped = true;
    this.#actor?.stop();
  }

  setIntake(intake: Intake, flow: KeptFlow): void {
    this.#intake = intake;
    if (this.#actor !== null) this.#tellIntake(flow);
  }

  outage(isDown: boolean, flow: KeptFlow): void {
    this.#isDown = isDown;
    const type = isDown ? 'outage.began' : 'outage.ended';
    this.#actor?.send({ type, flow, atMs: this.#parts.steady.now() });
  }

  news(news: PaceNews, flow: KeptFlow): void {
    this.#actor?.send({ ...news, flow, atMs: this.#parts.steady.now() });
  }

  #create(): ChartActor<typeof schedulerMachine> {
    const { component, upstream, system, keep, onFailed } = this.#parts;
    this.isMade = true;
    this.#actor = new ChartActor({
      system,
      machine: schedulerMachine,
      id: component,
      input: { upstream },
      keep: { write: keep, changeOf: ({ context }) => context.flow },
      onChange: () => undefined,
      onFailed,
    });
    return this.#actor;
  }

  #catchUp(flow: KeptFlow): void {
    this.#tellIntake(flow);
    if (this.#isDown) this.outage(true, flow);
  }

  #tellIntake(flow: KeptFlow): void {
    const actor = this.#actor;
    if (actor === null) return;
    const from = intakeOf(actor.snapshot);
    const atMs = this.#parts.steady.now();
    if (from === this.#intake) return;
    if (this.#intake === 'notStarted') actor.send({ type: 'work.held', atMs });
    else if (this.#intake === 'isolated') actor.send({ type: 'isolation.began', atMs });
    else if (this.#intake === 'stopped') actor.send({ type: 'work.stopped', flow, atMs });
    else if (this.#intake === 'open') {
      actor.send({ type: from === 'isolated' ? 'isolation.ended' : 'work.started', atMs });
    }
  }
}
