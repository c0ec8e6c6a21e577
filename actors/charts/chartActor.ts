/**
 * Runs the chart of one component: starts it in the actor system, sends what is due, keeps its state,
 * goes on from what was kept, starts it again after it failed, and stops it.
 *
 * A component is a class around one of these. It turns facts of its own into events, reads its
 * decisions from the snapshot, and acts on changes:
 *
 * ```ts
 * this.#chart = new ChartActor({
 *   system,
 *   machine: circuitBreakerMachine,
 *   id: 'breaker:payments',
 *   input: { upstream: 'payments', policy },
 *   due: { of: breakerDue, steady, after: timers.after.bind(timers) },
 *   keep: { write: (state) => keep('breaker:payments', state) },
 *   onChange: (snapshot) => { this.#decision = breakerDecision(snapshot); },
 *   onFailed: (error) => { componentFailed('breaker:payments', error); },
 * });
 * this.#chart.start();
 * this.#chart.restore(stateOfTheLastProcess, { type: 'process.restarted', atMs: steady.now() });
 * ```
 *
 * @module
 */

import {
  type Actor,
  type ActorOptions,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type EventFromLogic,
  type InputFrom,
  type SnapshotFrom,
} from 'xstate';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { ActorSystem } from './actorSystem.ts';
import { decodeSnapshot, encodeSnapshot, type SnapshotMigrations } from './snapshots.ts';

/** How a chart is sent what it waits for. */
export interface Due<Machine extends AnyStateMachine> {
  /** The chart's own selector: the event it waits for and when that is due; `null` for none. */
  readonly of: (
    snapshot: SnapshotFrom<Machine>,
  ) => (EventFromLogic<Machine> & { readonly atMs: number }) | null;
  /** The clock of `atMs`. */
  readonly steady: SteadyClock;
  /**
   * Calls `wake` after a span, and returns what cancels that: the timer service's `after`, or the
   * clock's `schedule` for what the timer service stands on.
   */
  readonly after: (spanMs: number, wake: () => void) => () => void;
}

/** How the state of a component is kept for the next process. */
export interface Keep<Machine extends AnyStateMachine> {
  readonly write: (state: string) => void;
  /** Part of a snapshot that is written when it has changed; by default the whole. */
  readonly changeOf?: (snapshot: SnapshotFrom<Machine>) => unknown;
  /** The way from what earlier versions of the chart kept; by default that of the product. */
  readonly migrations?: SnapshotMigrations;
}

export interface ChartActorParts<Machine extends AnyStateMachine> {
  readonly system: ActorSystem;
  /** The chart, with the actions and actors it orders. */
  readonly machine: Machine;
  /** The component's name, by which the actor system knows its actor. */
  readonly id: string;
  readonly input: InputFrom<Machine>;
  /** Left out for a chart that waits for no instant. */
  readonly due?: Due<Machine>;
  /** Left out for a component that starts from the beginning in each process. */
  readonly keep?: Keep<Machine>;
  /**
   * The chart has taken an event, whether that changed anything or not. `event` is `undefined` after
   * a restore or a restart. The next wake-up is planned and the state is kept by then.
   */
  readonly onChange: (
    snapshot: SnapshotFrom<Machine>,
    event: EventFromLogic<Machine> | undefined,
  ) => void;
  /** The actor died of an error, or `onChange` threw one. It takes no event until it is restarted. */
  readonly onFailed: (error: unknown) => void;
}

export class ChartActor<Machine extends AnyStateMachine> {
  readonly #parts: ChartActorParts<Machine>;
  #actor: Actor<Machine>;
  #event: EventFromLogic<Machine> | undefined;
  #cancelDue: (() => void) | null = null;
  #kept: unknown;
  #isFailed = false;
  #isStopped = false;

  /** Touches nothing outside before {@link start}. */
  constructor(parts: ChartActorParts<Machine>) {
    this.#parts = parts;
    this.#actor = this.#create(undefined);
    this.#kept = this.#changeOf(this.snapshot);
  }

  /** Where the chart stands; where it stood, once it failed or was stopped. */
  get snapshot(): SnapshotFrom<Machine> {
    return this.#actor.getSnapshot();
  }

  /** Whether the actor has failed: it takes no event before it is restarted. */
  get isFailed(): boolean {
    return this.#isFailed;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  start(): void {
    this.#begin(this.#actor);
    this.#arm(this.snapshot);
  }

  /** Changes nothing once the actor has failed or was stopped: calls that were out may still report. */
  send(event: EventFromLogic<Machine>): void {
    if (!this.#isStopped && !this.#isFailed) this.#actor.send(event);
  }

  /**
   * Goes on from what was kept, by an earlier process or by this one before it failed.
   *
   * @param resumed what the chart is sent before anything else.
   * @throws HoldfastError as `decodeSnapshot` does; then it is as it was before.
   */
  restore(state: string, resumed: EventFromLogic<Machine>): void {
    const { machine, keep } = this.#parts;
    this.#replace(decodeSnapshot(machine, state, keep?.migrations).snapshot);
    this.send(resumed);
  }

  /** Starts again after it failed; what it knew is lost. */
  restart(): void {
    this.#replace(undefined);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelDue?.();
    this.#end(this.#actor);
  }

  #replace(snapshot: SnapshotFrom<Machine> | undefined): void {
    if (this.#isStopped) return;
    this.#cancelDue?.();
    this.#end(this.#actor);
    this.#isFailed = false;
    this.#event = undefined;
    this.#actor = this.#create(snapshot);
    this.#begin(this.#actor);
    if (!this.#isFailed) this.#changed(this.snapshot);
  }

  #begin(actor: Actor<Machine>): void {
    const { machine, id, system } = this.#parts;
    const { sessionId: session } = actor;
    system.charts.componentBegan(session, () => {
      const { value } = actor.getSnapshot();
      return { session, id, machine, value, about: null };
    });
    actor.start();
  }

  #end(actor: Actor<Machine>): void {
    const { system } = this.#parts;
    system.stop(actor);
    system.charts.componentEnded(actor.sessionId);
  }

  /** An actor that is not started yet. It is told apart from those before it, which may still be told of. */
  #create(snapshot: SnapshotFrom<Machine> | undefined): Actor<Machine> {
    const { system, machine, id, input } = this.#parts;
    const options = {
      ...system.component(id),
      input,
      ...(snapshot === undefined ? {} : { snapshot }),
    };
    const actor: Actor<Machine> = createActor(
      this.#heard(machine),
      // XState asks for what the machine requires, which is not known here.
      options as unknown as ActorOptions<Machine> & Required<ActorOptions<Machine>>,
    );
    let isStarted = false;
    actor.subscribe({
      next: (next: SnapshotFrom<Machine>) => {
        // The first is where it starts, which is no change.
        if (isStarted && actor === this.#actor) this.#changed(next);
        isStarted = true;
        const { status } = next as AnyMachineSnapshot;
        if (status !== 'active') system.charts.componentEnded(actor.sessionId);
      },
      error: (error) => {
        system.charts.componentEnded(actor.sessionId);
        if (actor === this.#actor) this.#failed(error);
      },
    });
    return actor;
  }

  /** The chart, noting which event it takes: its subscribers are told of the snapshot only. */
  #heard(machine: Machine): Machine {
    const observed = this.#parts.system.observed(machine);
    const logic = Object.create(observed) as AnyStateMachine;
    logic.transition = (snapshot, event, scope) => {
      this.#event = event as EventFromLogic<Machine>;
      return observed.transition(snapshot, event, scope);
    };
    return logic as Machine;
  }

  #changed(snapshot: SnapshotFrom<Machine>): void {
    try {
      this.#arm(snapshot);
      this.#keep(snapshot);
      this.#parts.onChange(snapshot, this.#event);
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#isFailed = true;
    this.#cancelDue?.();
    this.#parts.onFailed(error);
  }

  #arm(snapshot: SnapshotFrom<Machine>): void {
    this.#cancelDue?.();
    this.#cancelDue = null;
    const { due } = this.#parts;
    const awaited = due?.of(snapshot) ?? null;
    if (due === undefined || awaited === null || this.#isStopped) return;
    const { steady, after } = due;
    this.#cancelDue = after(Math.max(0, awaited.atMs - steady.now()), () => {
      // Timers may ring a little early, and the chart, waiting for no other, would never hear again.
      this.send({ ...awaited, atMs: Math.max(awaited.atMs, steady.now()) });
    });
  }

  #keep(snapshot: SnapshotFrom<Machine>): void {
    const { keep, machine } = this.#parts;
    if (keep === undefined) return;
    const change = this.#changeOf(snapshot);
    if (change === this.#kept) return;
    this.#kept = change;
    keep.write(encodeSnapshot(machine, snapshot));
  }

  #changeOf(snapshot: SnapshotFrom<Machine>): unknown {
    const { keep, machine } = this.#parts;
    return keep?.changeOf === undefined
      ? encodeSnapshot(machine, snapshot)
      : keep.changeOf(snapshot);
  }
}
