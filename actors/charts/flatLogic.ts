/**
 * Runs a flat chart: the definition, guards and actions that XState would run, without the work it
 * does for nesting, regions, history and delays. An operation takes a handful of steps, and XState's
 * own interpreter is most of what they cost (docs/decisions/0022).
 *
 * The actors and snapshots are XState's own. A test compares each step with what XState makes of it.
 *
 * @module
 */

import type {
  ActorLogic,
  ActorScope,
  AnyStateMachine,
  AnyTransitionDefinition,
  EventFromLogic,
  EventObject,
  InputFrom,
  SnapshotFrom,
} from 'xstate';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { ChartWatch } from './chartWatch.ts';
import {
  type Context,
  type Facts,
  type FlatChart,
  type FlatState,
  type FlatTransition,
  readFlatChart,
} from './flatChart.ts';

/** Does what a state invokes; returns what ends it. `report` is not heard after that. */
export type Effect<Input, Event extends EventObject> = (
  input: Input,
  report: (event: Event) => void,
) => () => void;

type Snapshot = SnapshotFrom<AnyStateMachine>;
type Scope = ActorScope<Snapshot, EventObject>;
type AnyEffect = Effect<unknown, EventObject>;

/** Under this a snapshot holds what its state has begun; XState keeps a child actor there. */
const EFFECT = Symbol('effect');

/** For a chart at which nobody can look. */
const NOBODY = { told: null };

interface RunningEffect {
  readonly end: () => void;
}

/**
 * The logic of the chart's actors, for `createActor`.
 *
 * @param effects what its states invoke, by name.
 * @param watch who looks on; XState tells nobody of the transitions of a chart that it does not run.
 * @throws HoldfastError `HF_INTERNAL` for a chart that is not flat.
 */
export function flatLogic<Machine extends AnyStateMachine, Input>(
  machine: Machine,
  effects: Readonly<Record<string, Effect<Input, EventFromLogic<Machine>>>>,
  watch: Pick<ChartWatch, 'told'> = NOBODY,
): ActorLogic<SnapshotFrom<Machine>, EventFromLogic<Machine>, InputFrom<Machine>> {
  // Inside, the chart is data; outside, the types of the machine hold.
  const logic: unknown = new FlatLogic(machine, effects, watch);
  return logic as ActorLogic<SnapshotFrom<Machine>, EventFromLogic<Machine>, InputFrom<Machine>>;
}

class FlatLogic {
  /** The chart as it is written, from which an inspector of XState draws it. */
  readonly config: AnyStateMachine['config'];
  readonly #machine: AnyStateMachine;
  readonly #chart: FlatChart;
  readonly #effects: Readonly<Record<string, AnyEffect>>;
  readonly #watch: Pick<ChartWatch, 'told'>;

  constructor(
    machine: AnyStateMachine,
    effects: Readonly<Record<string, unknown>>,
    watch: Pick<ChartWatch, 'told'>,
  ) {
    this.config = machine.config;
    this.#machine = machine;
    this.#chart = readFlatChart(machine);
    this.#effects = effects as Readonly<Record<string, AnyEffect>>;
    this.#watch = watch;
  }

  readonly getInitialSnapshot = (scope: Scope, input: unknown): Snapshot => {
    const { initial, newContext } = this.#chart;
    const facts = { context: newContext({ input }), event: { type: 'xstate.init' } };
    const first = choose(initial.always, facts);
    const taken = this.#taken();
    const followed = first === null ? null : follow(first, facts, taken);
    const { target, changed } = followed ?? { target: initial, changed: facts.context };
    const next = this.#enter(target, { ...facts, context: changed }, scope);
    this.#tell(scope, facts.event, null, next, taken);
    return next;
  };

  readonly transition = (snapshot: Snapshot, event: EventObject, scope: Scope): Snapshot => {
    try {
      return this.#step(snapshot, event, scope);
    } catch (error) {
      // It dies of it, and what it has begun must not go on without it (SV-2).
      effectOf(snapshot)?.end();
      throw error;
    }
  };

  readonly restoreSnapshot = (snapshot: Snapshot): Snapshot => {
    const context: unknown = snapshot.context;
    return { ...this.#stateOf(snapshot).template, context };
  };

  readonly getPersistedSnapshot = (snapshot: Snapshot): Snapshot =>
    this.#machine.getPersistedSnapshot(snapshot) as Snapshot;

  #step(snapshot: Snapshot, event: EventObject, scope: Scope): Snapshot {
    if (event.type === 'xstate.stop') {
      endEffect(snapshot, scope);
      return { ...snapshot, status: 'stopped' } as Snapshot;
    }
    const state = this.#stateOf(snapshot);
    const context = snapshot.context as Context;
    const first =
      choose(state.on.get(event.type), { context, event }) ??
      choose(state.always, { context, event });
    if (first === null) return snapshot;
    const taken = this.#taken();
    const { target, changed, leaves } = follow(first, { context, event }, taken);
    let next: Snapshot;
    if (leaves) {
      endEffect(snapshot, scope);
      next = this.#enter(target, { context: changed, event }, scope);
    } else next = { ...snapshot, context: changed };
    this.#tell(scope, event, snapshot, next, taken);
    return next;
  }

  /** Where to note the transitions that are taken; `null` while nobody watches. */
  #taken(): AnyTransitionDefinition[] | null {
    return this.#watch.told === null ? null : [];
  }

  #tell(
    scope: Scope,
    { type }: EventObject,
    before: Snapshot | null,
    { value: to }: Snapshot,
    transitions: readonly AnyTransitionDefinition[] | null,
  ): void {
    if (transitions === null) return;
    this.#watch.told?.stepped({
      session: scope.sessionId,
      id: scope.id,
      machine: this.#machine,
      event: type,
      from: before === null ? null : before.value,
      to,
      transitions,
    });
  }

  #stateOf(snapshot: Snapshot): FlatState {
    const state = this.#chart.states.get(snapshot.value as string);
    if (state !== undefined) return state;
    throw new HoldfastError('HF_INTERNAL', `The chart ${this.#machine.id} has no such state.`);
  }

  #enter(state: FlatState, facts: Facts, scope: Scope): Snapshot {
    const { template, invoke } = state;
    if (invoke === null) return { ...template, context: facts.context };
    const effect = this.#beginEffect(invoke, facts, scope);
    return Object.assign({ ...template, context: facts.context }, { [EFFECT]: effect });
  }

  /** Once the actor is in its new state, and before its observers are told of it. */
  #beginEffect(
    { src, inputOf }: NonNullable<FlatState['invoke']>,
    facts: Facts,
    { self, defer }: Scope,
  ): RunningEffect {
    const input = inputOf(facts);
    let isOver = false;
    let end: (() => void) | undefined;
    defer(() => {
      end = this.#effects[src]?.(input, (reported) => {
        if (!isOver) self.send(reported);
      });
    });
    return {
      end: () => {
        isOver = true;
        end?.();
      },
    };
  }
}

function effectOf(snapshot: Snapshot): RunningEffect | undefined {
  return (snapshot as { readonly [EFFECT]?: RunningEffect })[EFFECT];
}

function endEffect(snapshot: Snapshot, { defer }: Scope): void {
  const effect = effectOf(snapshot);
  if (effect !== undefined) defer(effect.end);
}

function choose(
  transitions: readonly FlatTransition[] | undefined,
  facts: Facts,
): FlatTransition | null {
  if (transitions === undefined) return null;
  for (const transition of transitions) {
    const { guard } = transition;
    if (guard === null || guard.read(facts, guard.paramsOf(facts))) return transition;
  }
  return null;
}

/** Takes a transition, and those that follow at once. */
function follow(
  first: FlatTransition,
  { context, event }: Facts,
  notes: AnyTransitionDefinition[] | null,
): { readonly target: FlatState; readonly changed: Context; readonly leaves: boolean } {
  let changed = context;
  let leaves = false;
  let { target } = first;
  for (let taken: FlatTransition | null = first; taken !== null; ) {
    for (const rule of taken.changes) {
      const facts = { context: changed, event };
      changed = { ...changed, ...rule.read(facts, rule.paramsOf(facts)) };
    }
    leaves ||= taken.leaves;
    notes?.push(taken.definition);
    ({ target } = taken);
    taken = choose(target.always, { context: changed, event });
  }
  return { target, changed, leaves };
}
