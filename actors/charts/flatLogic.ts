/**
 * Runs a flat chart, or one of flat regions: the definition, guards and actions that XState would run, without
 * the work it does for nesting, history and delays. Work takes a handful of steps, and XState's own interpreter
 * is most of what they cost (docs/decisions/0022, 0215).
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
  StateValue,
} from 'xstate';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { innermost, valueOfNames } from '../../machines/vocabulary/innermost.ts';
import type { ChartWatch } from './chartWatch.ts';
import {
  type Context,
  type Facts,
  type FlatChart,
  type FlatRegion,
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
  const Logic = machine.root.type === 'parallel' ? RegionsLogic : FlatLogic;
  const logic: unknown = new Logic(machine, effects, watch);
  return logic as ActorLogic<SnapshotFrom<Machine>, EventFromLogic<Machine>, InputFrom<Machine>>;
}

/** What both have in common. */
abstract class ChartLogic {
  /** The chart as it is written, from which an inspector of XState draws it. */
  readonly config: AnyStateMachine['config'];
  protected readonly machine: AnyStateMachine;
  protected readonly chart: FlatChart;
  readonly #effects: Readonly<Record<string, AnyEffect>>;
  readonly #watch: Pick<ChartWatch, 'told'>;

  constructor(
    machine: AnyStateMachine,
    effects: Readonly<Record<string, unknown>>,
    watch: Pick<ChartWatch, 'told'>,
  ) {
    this.config = machine.config;
    this.machine = machine;
    this.chart = readFlatChart(machine);
    this.#effects = effects as Readonly<Record<string, AnyEffect>>;
    this.#watch = watch;
  }

  readonly getPersistedSnapshot = (snapshot: Snapshot): Snapshot =>
    this.machine.getPersistedSnapshot(snapshot) as Snapshot;

  /** Where to note the transitions that are taken; `null` while nobody watches. */
  protected noted(): AnyTransitionDefinition[] | null {
    return this.#watch.told === null ? null : [];
  }

  protected tell(
    scope: Scope,
    { type }: EventObject,
    before: Snapshot | null,
    { value: to }: Snapshot,
    transitions: readonly AnyTransitionDefinition[],
  ): void {
    this.#watch.told?.stepped({
      session: scope.sessionId,
      id: scope.id,
      machine: this.machine,
      event: type,
      from: before === null ? null : before.value,
      to,
      transitions,
    });
  }

  /** Once the actor is in its new state, and before its observers are told of it. */
  protected beginEffect(
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

  protected stateIn({ states }: FlatRegion, key: string): FlatState {
    const state = states.get(key);
    if (state !== undefined) return state;
    throw new HoldfastError('HF_INTERNAL', `The chart ${this.machine.id} has no such state.`);
  }
}

class FlatLogic extends ChartLogic {
  readonly #region = this.chart.regions[0];

  readonly getInitialSnapshot = (scope: Scope, input: unknown): Snapshot => {
    const { initial } = this.#region;
    const { newContext } = this.chart;
    const facts = { context: newContext({ input }), event: { type: 'xstate.init' } };
    const first = choose(initial.always, facts, initial.template);
    const taken = this.noted();
    const followed = first === null ? null : follow(first, facts, taken);
    const { target, changed } = followed ?? { target: initial, changed: facts.context };
    const next = this.#enter(target, { ...facts, context: changed }, scope);
    if (taken !== null) this.tell(scope, facts.event, null, next, taken);
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
    return { ...this.stateIn(this.#region, innermost(snapshot.value)).template, context };
  };

  #step(snapshot: Snapshot, event: EventObject, scope: Scope): Snapshot {
    if (event.type === 'xstate.stop') {
      endEffect(snapshot, scope);
      return { ...snapshot, status: 'stopped' } as Snapshot;
    }
    const state = this.stateIn(this.#region, innermost(snapshot.value));
    const context = snapshot.context as Context;
    const first =
      choose(state.on.get(event.type), { context, event }, snapshot) ??
      choose(state.always, { context, event }, snapshot);
    if (first === null) return snapshot;
    const taken = this.noted();
    const { target, changed, leaves } = follow(first, { context, event }, taken);
    let next: Snapshot;
    if (leaves) {
      endEffect(snapshot, scope);
      next = this.#enter(target, { context: changed, event }, scope);
    } else next = { ...snapshot, context: changed };
    if (taken !== null) this.tell(scope, event, snapshot, next, taken);
    return next;
  }

  #enter(state: FlatState, facts: Facts, scope: Scope): Snapshot {
    const { template, invoke } = state;
    if (invoke === null) return { ...template, context: facts.context };
    const effect = this.beginEffect(invoke, facts, scope);
    return Object.assign({ ...template, context: facts.context }, { [EFFECT]: effect });
  }
}

/** Under this a snapshot of a chart with regions holds what the state of each has begun. */
const EFFECTS = Symbol('effects');

type Effects = readonly (RunningEffect | null)[];

/** What a region does at an event; `null` where nothing. */
type Choices = readonly (FlatTransition | null)[];

class RegionsLogic extends ChartLogic {
  /** By the states of the regions: snapshots of XState's own, of which all others are copies. */
  readonly #templates = new Map<string, Snapshot>();

  readonly getInitialSnapshot = (scope: Scope, input: unknown): Snapshot => {
    const { regions, newContext } = this.chart;
    const facts = { context: newContext({ input }), event: { type: 'xstate.init' } };
    const states = regions.map(({ initial }) => initial);
    const next = this.#enter(
      states,
      facts,
      scope,
      regions.map(() => null),
    );
    this.tell(scope, facts.event, null, next, []);
    return next;
  };

  readonly transition = (snapshot: Snapshot, event: EventObject, scope: Scope): Snapshot => {
    try {
      return this.#step(snapshot, event, scope);
    } catch (error) {
      // It dies of it, and what it has begun must not go on without it (SV-2).
      for (const effect of effectsOf(snapshot)) effect?.end();
      throw error;
    }
  };

  readonly restoreSnapshot = (snapshot: Snapshot): Snapshot => {
    const context: unknown = snapshot.context;
    return { ...this.#templateOf(this.#statesOf(snapshot)), context };
  };

  #step(snapshot: Snapshot, event: EventObject, scope: Scope): Snapshot {
    if (event.type === 'xstate.stop') {
      endEffects(effectsOf(snapshot), scope);
      return { ...snapshot, status: 'stopped' } as Snapshot;
    }
    const states = this.#statesOf(snapshot);
    let facts: Facts = { context: snapshot.context as Context, event };
    // All of them choose by what was before any of them has changed anything.
    const choices = states.map(({ on }) => choose(on.get(event.type), facts, snapshot));
    if (choices.every((choice) => choice === null)) return snapshot;
    const noted = this.noted();
    for (const choice of choices) {
      if (choice === null) continue;
      noted?.push(choice.definition);
      facts = { context: changedBy(choice, facts), event };
    }
    const next = this.#moved(snapshot, { states, choices, facts }, scope);
    if (noted !== null) this.tell(scope, event, snapshot, next, noted);
    return next;
  }

  #moved(
    snapshot: Snapshot,
    {
      states,
      choices,
      facts,
    }: {
      readonly states: readonly FlatState[];
      readonly choices: Choices;
      readonly facts: Facts;
    },
    scope: Scope,
  ): Snapshot {
    const leaves = choices.map((choice) => choice?.leaves === true);
    if (!leaves.includes(true)) return { ...snapshot, context: facts.context };
    const effects = effectsOf(snapshot);
    const left = effects.filter((_, at) => leaves[at]);
    // The last region first, as they are left.
    endEffects(left.toReversed(), scope);
    const kept = states.map((_, at) => (leaves[at] === true ? null : (effects[at] ?? NO_EFFECT)));
    const entered = states.map((state, at) => choices[at]?.target ?? state);
    return this.#enter(entered, facts, scope, kept);
  }

  /** @param kept by region what goes on; `null` where its state is entered */
  #enter(states: readonly FlatState[], facts: Facts, scope: Scope, kept: Effects): Snapshot {
    const effects = states.map(
      ({ invoke }, at) =>
        kept[at] ?? (invoke === null ? NO_EFFECT : this.beginEffect(invoke, facts, scope)),
    );
    const next = { ...this.#templateOf(states), context: facts.context };
    return Object.assign(next, { [EFFECTS]: effects });
  }

  #statesOf({ value }: Snapshot): readonly FlatState[] {
    const inside = value as Readonly<Record<string, StateValue>>;
    return this.chart.regions.map((region) =>
      this.stateIn(region, innermost(inside[region.key] ?? '')),
    );
  }

  #templateOf(states: readonly FlatState[]): Snapshot {
    const name = states.map(({ key }) => key).join(' ');
    const known = this.#templates.get(name);
    if (known !== undefined) return known;
    const { regions } = this.chart;
    const names = Object.fromEntries(regions.map(({ key }, at) => [key, states[at]?.key ?? '']));
    const value = valueOfNames(this.machine, names) ?? {};
    const made = this.machine.resolveState({ value, context: {} });
    this.#templates.set(name, made);
    return made;
  }
}

/** Of a state that begins nothing. */
const NO_EFFECT: RunningEffect = { end: () => undefined };

function effectsOf(snapshot: Snapshot): Effects {
  return (snapshot as { readonly [EFFECTS]?: Effects })[EFFECTS] ?? [];
}

function endEffects(effects: Effects, { defer }: Scope): void {
  for (const effect of effects) if (effect !== null && effect !== NO_EFFECT) defer(effect.end);
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
  snapshot: Snapshot,
): FlatTransition | null {
  if (transitions === undefined) return null;
  for (const transition of transitions) {
    const { guard } = transition;
    if (guard === null || guard.read(facts, guard.paramsOf(facts), snapshot)) return transition;
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
    changed = changedBy(taken, { context: changed, event });
    leaves ||= taken.leaves;
    notes?.push(taken.definition);
    ({ target } = taken);
    taken = choose(target.always, { context: changed, event }, target.template);
  }
  return { target, changed, leaves };
}

/** What its actions make of the context. */
function changedBy({ changes, target }: FlatTransition, { context, event }: Facts): Context {
  let changed = context;
  for (const rule of changes) {
    const facts = { context: changed, event };
    changed = { ...changed, ...rule.read(facts, rule.paramsOf(facts), target.template) };
  }
  return changed;
}
