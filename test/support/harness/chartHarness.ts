/**
 * The chart of a component by itself, with what its host in actors/charts/chartActor.ts adds: a clock
 * that the test moves, wake-ups at what is due, and another process that goes on from what was kept.
 *
 * @module
 */

import {
  type Actor,
  type AnyStateMachine,
  type ContextFrom,
  createActor,
  type EventFromLogic,
  type InputFrom,
  type Snapshot,
  type SnapshotFrom,
} from 'xstate';
import { coverTransitions } from '../charts/transitionCoverage.ts';

interface Due {
  readonly type: string;
  readonly atMs: number;
}

export interface ChartHarnessParts<Machine extends AnyStateMachine> {
  /** The chart as the product has it: its transitions are the ones that are covered. */
  readonly chart: AnyStateMachine;
  /** The chart as it is run here: with actions and actors of the test, or with a planted bug. */
  readonly machine: Machine;
  readonly input: InputFrom<Machine>;
  readonly dueOf: (snapshot: SnapshotFrom<Machine>) => Due | null;
}

/** Extended by one harness per chart, which folds its protocol into verbs. Its constructor calls `run`. */
export abstract class ChartHarness<Machine extends AnyStateMachine> {
  nowMs = 1_000_000;
  #running: { readonly parts: ChartHarnessParts<Machine>; readonly actor: Actor<Machine> } | null =
    null;

  protected run(parts: ChartHarnessParts<Machine>, kept?: Snapshot<unknown>): void {
    const options = {
      input: parts.input,
      inspect: coverTransitions(parts.chart),
      ...(kept === undefined ? {} : { snapshot: kept }),
    };
    // XState asks for what the machine requires, which is not known here.
    const actor = createActor(parts.machine, options as never);
    this.#running = { parts, actor };
    actor.start();
  }

  get #its() {
    if (this.#running === null) throw new Error('The harness does not run yet.');
    return this.#running;
  }

  get snapshot(): SnapshotFrom<Machine> {
    return this.#its.actor.getSnapshot();
  }

  get context(): ContextFrom<Machine> {
    const { context } = this.snapshot as { readonly context: ContextFrom<Machine> };
    return context;
  }

  get due(): Due | null {
    return this.#its.parts.dueOf(this.snapshot);
  }

  send(event: EventFromLogic<Machine>): void {
    this.#its.actor.send(event);
  }

  /** Lets time pass, sending what comes due at its instant. */
  wait(ms: number): void {
    const endMs = this.nowMs + ms;
    let wakeUps = 0;
    for (let due = this.due; due !== null && due.atMs <= endMs; due = this.due) {
      if (++wakeUps > 1_000) throw new Error('a due time that stays due keeps the timer spinning');
      this.nowMs = Math.max(this.nowMs, due.atMs);
      const event: Due = { type: due.type, atMs: this.nowMs };
      this.send(event as unknown as EventFromLogic<Machine>);
    }
    this.nowMs = endMs;
  }

  /** The process dies, and `downMs` later by the clock, which may have been set back, another goes on. */
  protected startAnotherProcess(downMs: number): void {
    const { parts, actor } = this.#its;
    const kept: unknown = JSON.parse(JSON.stringify(actor.getPersistedSnapshot()));
    actor.stop();
    this.nowMs += downMs;
    this.run(parts, kept as Snapshot<unknown>);
  }
}
