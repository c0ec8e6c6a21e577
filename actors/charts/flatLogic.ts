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
  EFFECT,
  type Facts,
  type FlatChart,
  type FlatRegion,
  type FlatState,
  type FlatTransition,
  readFlatChart,
  type SnapshotIn,
  STATES,
  snapshotIn,
  whole,
} from './flatChart.ts';
import type { Deferred, LeanLogic, LeanScope } from './leanActor.ts';

/** Does what a state invokes; returns what ends it. */
export type Effect<Input, Event extends EventObject> = (
  running: Running<Input, Event>,
) => (() => void) | undefined;

type Snapshot = SnapshotFrom<AnyStateMachine>;

type AnyEffect = Effect<unknown, EventObject>;

/** For a chart at which nobody can look. */
const NOBODY = { told: null };

/** Fields of its own snapshots that flat logic reads. */
interface FlatSnapshot {
  readonly context: Context;
  readonly [EFFECT]: Effects;
  readonly [STATES]: readonly [FlatState, ...FlatState[]];
}

/** Effects that the state of each region has begun; a chart without regions has one. */
type Effects = Running | null | readonly (Running | null)[];

/**
 * The logic of the chart's actors, for {@link LeanActor}.
 *
 * @param effects what its states invoke, by name.
 * @param watch who looks on; XState tells nobody of the transitions of a chart that it does not run.
 * @throws HoldfastError `HF_INTERNAL` for a chart that is not flat.
 */
export function flatLogic<Machine extends AnyStateMachine, Input>(
  machine: Machine,
  effects: Readonly<Record<string, Effect<Input, EventFromLogic<Machine>>>>,
  watch: Pick<ChartWatch, 'told'> = NOBODY,
): FlatLogicOf<Machine> {
  // Inside, the chart is data; outside, the types of the machine hold.
  const Logic = machine.root.type === 'parallel' ? RegionsLogic : FlatLogic;
  const logic: unknown = new Logic(machine, effects, watch);
  return logic as FlatLogicOf<Machine>;
}

/** Logic of a chart, with the types of that. */
export interface FlatLogicOf<Machine extends AnyStateMachine>
  extends LeanLogic<SnapshotFrom<Machine>> {
  /** Never there: only what actors of it start with. */
  readonly input?: InputFrom<Machine>;
}

/** Something that a state has invoked: begun once its actor is in the state, and ended once it has left it. */
export class Running<Input = unknown, Event extends EventObject = EventObject> implements Deferred {
  /** Owner of the actor that has begun it. */
  readonly actor: LeanScope;
  readonly #invoked: NonNullable<FlatState['invoke']>;
  readonly #facts: Facts;
  #effect: AnyEffect | null;
  #isOver: boolean;
  #end: (() => void) | undefined;

  constructor(
    actor: LeanScope,
    invoked: NonNullable<FlatState['invoke']>,
    facts: Facts,
    effect: AnyEffect | undefined,
  ) {
    this.actor = actor;
    this.#invoked = invoked;
    this.#facts = facts;
    this.#effect = effect ?? null;
    this.#isOver = false;
    this.#end = undefined;
  }

  /** Input that the chart hands to it. */
  get input(): Input {
    return this.#invoked.inputOf(this.#facts) as Input;
  }

  /** Tells its actor; it is not heard once it has ended. */
  report(event: Event): void {
    if (!this.#isOver) this.actor.send(event);
  }

  /** Begins it, and ends it the next time. */
  next(): void {
    const effect = this.#effect;
    if (effect === null || this.#isOver) this.end();
    else {
      this.#effect = null;
      this.#end = effect(this);
    }
  }

  end(): void {
    this.#isOver = true;
    this.#end?.();
    this.#end = undefined;
  }
}

/** What both have in common. */
abstract class ChartLogic {
  /** The chart as it is written, from which an inspector of XState draws it. */
  readonly config: AnyStateMachine['config'];
  protected readonly machine: AnyStateMachine;
  protected readonly chart: FlatChart;
  protected readonly watch: Pick<ChartWatch, 'told'>;
  readonly #effects: Readonly<Record<string, AnyEffect>>;

  constructor(
    machine: AnyStateMachine,
    effects: Readonly<Record<string, unknown>>,
    watch: Pick<ChartWatch, 'told'>,
  ) {
    this.config = machine.config;
    this.machine = machine;
    this.chart = readFlatChart(machine);
    this.#effects = effects as Readonly<Record<string, AnyEffect>>;
    this.watch = watch;
  }

  readonly getPersistedSnapshot = (snapshot: Snapshot): Snapshot =>
    this.machine.getPersistedSnapshot(whole(snapshot)) as Snapshot;

  protected tell(
    actor: LeanScope,
    { type }: EventObject,
    before: Snapshot | null,
    { value: to }: Snapshot,
    transitions: readonly AnyTransitionDefinition[],
  ): void {
    this.watch.told?.stepped({
      session: actor.sessionId,
      id: actor.id,
      machine: this.machine,
      event: type,
      from: before === null ? null : before.value,
      to,
      transitions,
    });
  }

  /** Once the actor is in its new state, and before its observers are told of it. */
  protected begin(
    invoked: NonNullable<FlatState['invoke']>,
    facts: Facts,
    actor: LeanScope,
  ): Running {
    const running = new Running(actor, invoked, facts, this.#effects[invoked.src]);
    actor.defer(running);
    return running;
  }

  protected stateIn({ states }: FlatRegion, key: string): FlatState {
    const state = states.get(key);
    if (state !== undefined) return state;
    throw new HoldfastError('HF_INTERNAL', `The chart ${this.machine.id} has no such state.`);
  }
}

class FlatLogic extends ChartLogic {
  readonly #region = this.chart.regions[0];

  readonly getInitialSnapshot = (actor: LeanScope, input: unknown): Snapshot => {
    const { initial } = this.#region;
    const { newContext } = this.chart;
    const facts = { context: newContext({ input }), event: { type: 'xstate.init' } };
    const { always, template } = initial;
    const first = always.length === 0 ? null : choose(always, facts, template);
    if (first === null) {
      const { invoke, SnapshotIn } = initial;
      const effect = invoke === null ? null : this.begin(invoke, facts, actor);
      const next = new SnapshotIn(facts.context, effect);
      if (this.watch.told !== null) this.tell(actor, facts.event, null, next, []);
      return next;
    }
    return this.#follow(first, facts, null, actor);
  };

  readonly transition = (snapshot: Snapshot, event: EventObject, actor: LeanScope): Snapshot => {
    const { context, [EFFECT]: effect, [STATES]: states } = snapshot as unknown as FlatSnapshot;
    try {
      if (event.type === 'xstate.stop') {
        if (effect !== null) actor.defer(effect as Running);
        return stopped(snapshot);
      }
      const [{ on, always }] = states;
      const facts = { context, event };
      const first =
        choose(on.get(event.type), facts, snapshot) ??
        (always.length === 0 ? null : choose(always, facts, snapshot));
      return first === null ? snapshot : this.#follow(first, facts, snapshot, actor);
    } catch (error) {
      // It dies of it, and what it has begun must not go on without it (SV-2).
      (effect as Running | null)?.end();
      throw error;
    }
  };

  readonly restoreSnapshot = (snapshot: Snapshot): Snapshot => {
    const { SnapshotIn } = this.stateIn(this.#region, innermost(snapshot.value));
    return new SnapshotIn(snapshot.context as Context, null);
  };

  /** Takes a transition, and those that follow at once. */
  #follow(
    first: FlatTransition,
    given: Facts,
    before: Snapshot | null,
    actor: LeanScope,
  ): Snapshot {
    const taken: AnyTransitionDefinition[] | null = this.watch.told === null ? null : [];
    const { event } = given;
    let facts = given;
    let leaves = before === null;
    let { target } = first;
    for (let next: FlatTransition | null = first; next !== null; ) {
      if (next.changes.length > 0) facts = { context: changedBy(next, facts), event };
      leaves ||= next.leaves;
      taken?.push(next.definition);
      ({ target } = next);
      const { always, template } = target;
      next = always.length === 0 ? null : choose(always, facts, template);
    }
    let effect = before === null ? null : (before as unknown as FlatSnapshot)[EFFECT];
    if (leaves) {
      if (effect !== null) actor.defer(effect as Running);
      const { invoke } = target;
      effect = invoke === null ? null : this.begin(invoke, facts, actor);
    }
    const after = new target.SnapshotIn(facts.context, effect);
    if (taken !== null) this.tell(actor, event, before, after, taken);
    return after;
  }
}

/** What a region does at an event; `null` where nothing. */
type Choices = readonly (FlatTransition | null)[];

class RegionsLogic extends ChartLogic {
  /** By the states of the regions. */
  readonly #snapshots = new Map<string, SnapshotIn>();

  readonly getInitialSnapshot = (actor: LeanScope, input: unknown): Snapshot => {
    const { regions, newContext } = this.chart;
    const facts = { context: newContext({ input }), event: { type: 'xstate.init' } };
    const [first, ...others] = regions;
    const states = [first.initial, ...others.map(({ initial }) => initial)] as const;
    const next = this.#enter(
      states,
      facts,
      actor,
      regions.map(() => null),
    );
    if (this.watch.told !== null) this.tell(actor, facts.event, null, next, []);
    return next;
  };

  readonly transition = (snapshot: Snapshot, event: EventObject, actor: LeanScope): Snapshot => {
    try {
      return this.#step(snapshot, event, actor);
    } catch (error) {
      // It dies of it, and what it has begun must not go on without it (SV-2).
      for (const effect of effectsOf(snapshot)) effect?.end();
      throw error;
    }
  };

  readonly restoreSnapshot = (snapshot: Snapshot): Snapshot => {
    const inside = snapshot.value as Readonly<Record<string, StateValue>>;
    const [first, ...others] = this.chart.regions;
    const stateOf = (region: FlatRegion): FlatState =>
      this.stateIn(region, innermost(inside[region.key] ?? ''));
    return this.#in([stateOf(first), ...others.map(stateOf)], snapshot.context as Context, []);
  };

  #step(snapshot: Snapshot, event: EventObject, actor: LeanScope): Snapshot {
    if (event.type === 'xstate.stop') {
      deferAll(effectsOf(snapshot), actor);
      return stopped(snapshot);
    }
    const states = (snapshot as unknown as FlatSnapshot)[STATES];
    let facts: Facts = { context: snapshot.context as Context, event };
    // All of them choose by what was before any of them has changed anything.
    const choices = states.map(({ on }) => choose(on.get(event.type), facts, snapshot));
    if (choices.every((choice) => choice === null)) return snapshot;
    const noted: AnyTransitionDefinition[] = [];
    for (const choice of choices) {
      if (choice === null) continue;
      noted.push(choice.definition);
      facts = { context: changedBy(choice, facts), event };
    }
    const next = this.#moved(snapshot, choices, facts, actor);
    if (this.watch.told !== null) this.tell(actor, event, snapshot, next, noted);
    return next;
  }

  #moved(snapshot: Snapshot, choices: Choices, facts: Facts, actor: LeanScope): Snapshot {
    const effects = effectsOf(snapshot);
    const states = (snapshot as unknown as FlatSnapshot)[STATES];
    const leaves = choices.map((choice) => choice?.leaves === true);
    if (!leaves.includes(true)) return this.#in(states, facts.context, effects);
    const left = effects.filter((_, at) => leaves[at]);
    // The last region first, as they are left.
    deferAll(left.toReversed(), actor);
    const entered = states.map((state, at) => choices[at]?.target ?? state);
    const kept = states.map((_, at) => (leaves[at] === true ? null : (effects[at] ?? NOTHING)));
    return this.#enter(entered as unknown as FlatSnapshot[typeof STATES], facts, actor, kept);
  }

  /** @param kept by region what goes on; `null` where its state is entered */
  #enter(
    states: FlatSnapshot[typeof STATES],
    facts: Facts,
    actor: LeanScope,
    kept: readonly (Running | typeof NOTHING | null)[],
  ): Snapshot {
    const effects = states.map(({ invoke }, at) => {
      const goesOn = kept[at] ?? null;
      if (goesOn === NOTHING || (goesOn === null && invoke === null)) return null;
      return goesOn ?? (invoke === null ? null : this.begin(invoke, facts, actor));
    });
    return this.#in(states, facts.context, effects);
  }

  #in(states: FlatSnapshot[typeof STATES], context: Context, effects: Effects): Snapshot {
    const name = states.map(({ key }) => key).join(' ');
    let In = this.#snapshots.get(name);
    if (In === undefined) {
      const { regions } = this.chart;
      const names = Object.fromEntries(regions.map(({ key }, at) => [key, states[at]?.key ?? '']));
      const value = valueOfNames(this.machine, names) ?? {};
      In = snapshotIn(this.machine.resolveState({ value, context: {} }), states);
      this.#snapshots.set(name, In);
    }
    return new In(context, effects);
  }
}

/** Effects of a region that goes on with nothing begun. */
const NOTHING = Symbol('nothing');

function effectsOf(snapshot: Snapshot): readonly (Running | null)[] {
  return (snapshot as unknown as { readonly [EFFECT]: readonly (Running | null)[] })[EFFECT];
}

function deferAll(effects: readonly (Running | null)[], actor: LeanScope): void {
  for (const effect of effects) if (effect !== null) actor.defer(effect);
}

function stopped(snapshot: Snapshot): Snapshot {
  const like = Object.create(Object.getPrototypeOf(snapshot) as object) as Snapshot;
  return Object.assign(like, snapshot, { status: 'stopped' });
}

function choose(
  transitions: readonly FlatTransition[] | undefined,
  facts: Facts,
  snapshot: Snapshot,
): FlatTransition | null {
  if (transitions === undefined) return null;
  for (const transition of transitions) {
    const { guard } = transition;
    if (guard === null || guard.read(facts, guard.paramsOf?.(facts), snapshot)) return transition;
  }
  return null;
}

/** What its actions make of the context. */
function changedBy({ changes, target }: FlatTransition, { context, event }: Facts): Context {
  let changed = context;
  for (const rule of changes) {
    const facts = { context: changed, event };
    changed = { ...changed, ...rule.read(facts, rule.paramsOf?.(facts), target.template) };
  }
  return changed;
}
