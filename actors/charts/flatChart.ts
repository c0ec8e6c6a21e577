/**
 * Reads a chart into a flat table that can be stepped through at once: its innermost states, or those of each of
 * its regions, each with its own transitions and then those of its parents. History, delays and whatever does
 * more than choose and assign are refused, so that no chart is ever run differently from how it is drawn.
 *
 * @module
 */

import type {
  AnyStateMachine,
  AnyStateNode,
  AnyTransitionDefinition,
  EventObject,
  SnapshotFrom,
  StateValue,
} from 'xstate';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { innermostStates } from '../../machines/vocabulary/innermost.ts';

export type Context = Readonly<Record<string, unknown>>;

/** What guards and actions decide by. */
export interface Facts {
  readonly context: Context;
  readonly event: EventObject;
}

/** A guard, or what an action changes in the context, with what the chart hands to it. */
export interface Rule<Result> {
  readonly read: (facts: Facts, params: unknown, snapshot: Snapshot) => Result;
  /** `null` for none. */
  readonly paramsOf: ((facts: Facts) => unknown) | null;
}

type Snapshot = SnapshotFrom<AnyStateMachine>;

/**
 * A snapshot in certain states. Only its context and its effects, what its states have begun, are its own: all else is
 * the same for all of these.
 */
export type SnapshotIn = new (context: Context, effects: unknown) => Snapshot;

/** Under this a snapshot holds what its state has begun; XState keeps a child actor there. */
export const EFFECT = Symbol('effect');
/** Under this it holds the states that it is in: one, or one for each region. */
export const STATES = Symbol('states');

export interface FlatTransition {
  readonly guard: Rule<boolean> | null;
  readonly changes: readonly Rule<Context>[];
  readonly target: FlatState;
  /** False where it stays, and what the state invokes goes on. */
  readonly leaves: boolean;
  /** Transition as it stands in the chart. */
  readonly definition: AnyTransitionDefinition;
}

export class FlatState {
  readonly key: string;
  readonly on = new Map<string, readonly FlatTransition[]>();
  readonly always: FlatTransition[] = [];
  readonly invoke: { readonly src: string; readonly inputOf: (facts: Facts) => unknown } | null;
  /**
   * A snapshot of XState's own in this state, with the other regions at their start; every other is a copy of one
   * with a context.
   */
  readonly template: Snapshot;
  /** Makes its snapshots, with the other regions at their start. */
  readonly SnapshotIn: SnapshotIn;

  constructor(key: string, invoke: FlatState['invoke'], template: Snapshot) {
    this.key = key;
    this.invoke = invoke;
    this.template = template;
    this.SnapshotIn = snapshotIn(template, [this]);
  }
}

/** States beside each other, of which one is the one that it is in. */
export interface FlatRegion {
  readonly key: string;
  readonly states: ReadonlyMap<string, FlatState>;
  readonly initial: FlatState;
}

export interface FlatChart {
  /** In the order in which they are written; its only one where it has no regions. */
  readonly regions: readonly [FlatRegion, ...FlatRegion[]];
  readonly newContext: (facts: { readonly input: unknown }) => Context;
}

/** @throws HoldfastError `HF_INTERNAL` for a chart that holds anything not read here. */
export function readFlatChart(machine: AnyStateMachine): FlatChart {
  const { root } = machine;
  const refuse = refuserOf(machine);
  const isParallel = root.type === 'parallel';
  const parents: readonly AnyStateNode[] = isParallel ? Object.values(root.states) : [root];
  if (isParallel) {
    refusePlain(root, /^parallel$/, refuse);
    if (root.transitions.size > 0) refuse(`what ${root.id} does itself`);
  }
  const [first, ...others] = parents.map((parent) => readRegion(machine, parent, refuse));
  const newContext: unknown = machine.config.context;
  if (first === undefined || typeof newContext !== 'function') return refuse('its context');
  return {
    regions: [first, ...others],
    newContext: newContext as FlatChart['newContext'],
  };
}

function readRegion(machine: AnyStateMachine, region: AnyStateNode, refuse: Refuse): FlatRegion {
  refusePlain(region, /^compound$/, refuse);
  if (region.transitions.size > 0) refuse(`what ${region.id} does itself`);
  const nodes = innermostStates(region);
  const states = new Map<string, FlatState>();
  for (const node of nodes) {
    refusePlain(node, /^(atomic|final)$/, refuse);
    if (states.has(node.key)) refuse(`a second state ${node.key}`);
    const invoke = readInvoke(node, refuse);
    states.set(node.key, new FlatState(node.key, invoke, templateOf(machine, node)));
  }
  const state = (key: string): FlatState => states.get(key) ?? refuse(`its state ${key}`);
  for (const node of nodes) {
    const { on, always } = state(node.key);
    const read = (transition: AnyTransitionDefinition): FlatTransition =>
      readTransition(transition, { machine, region, node, state });
    // The node first, then its parents from the inside: the first that may be taken is.
    for (let from = node; from !== region; from = from.parent ?? region) {
      if (from !== node) refusePlain(from, /^compound$/, refuse);
      for (const [type, transitions] of from.transitions) {
        if (type.includes('*')) refuse(`an event of ${from.id}`);
        on.set(type, [...(on.get(type) ?? []), ...transitions.map(read)]);
      }
    }
    always.push(...(node.always ?? []).map(read));
    // What one region does at once may be another's reason to: nobody has needed that.
    if (region !== machine.root && always.length > 0) refuse(`what ${node.id} does at once`);
  }
  return { key: region.key, states, initial: state(initialIn(region)?.key ?? '') };
}

function templateOf(machine: AnyStateMachine, { key, path }: AnyStateNode): FlatState['template'] {
  const parents = path.slice(0, -1);
  const value = parents.reduceRight<StateValue>((inner, parent) => ({ [parent]: inner }), key);
  return machine.resolveState({ value, context: {} });
}

/** The innermost state that is entered with a node. */
function initialIn(node: AnyStateNode): AnyStateNode | undefined {
  const [first] = node.type === 'compound' ? node.initial.target : [];
  return first === undefined ? node : initialIn(first);
}

/** Refuses a node that does more than to hold states, or transitions. */
function refusePlain(node: AnyStateNode, type: RegExp, refuse: Refuse): void {
  const acts = [...node.entry, ...node.exit, ...node.after];
  const isPlain = type.test(node.type) && acts.length === 0 && node.output === undefined;
  const holdsStates = Object.keys(node.states).length > 0;
  if (!isPlain) refuse(`what ${node.id} is`);
  if (holdsStates && (node.always !== undefined || node.invoke.length > 0)) {
    refuse(`what ${node.id} does itself`);
  }
}

type Refuse = (what: string) => never;

function refuserOf(machine: AnyStateMachine): Refuse {
  return (what) => {
    throw new HoldfastError(
      'HF_INTERNAL',
      `The chart ${machine.id} can not be run as a flat one: ${what} needs more than that.`,
    );
  };
}

function readInvoke(node: AnyStateNode, refuse: Refuse): FlatState['invoke'] {
  const [invoked, ...more] = node.invoke;
  if (invoked === undefined) return null;
  const { src, input } = invoked;
  if (more.length > 0 || typeof src !== 'string') return refuse(`what ${node.id} invokes`);
  return { src, inputOf: readingOf(input) };
}

function readTransition(
  definition: AnyTransitionDefinition,
  {
    machine,
    region,
    node,
    state,
  }: {
    readonly machine: AnyStateMachine;
    readonly region: AnyStateNode;
    /** The innermost state that is left by it, which may be far inside of the one that has it. */
    readonly node: AnyStateNode;
    readonly state: (key: string) => FlatState;
  },
): FlatTransition {
  const { source, target, guard, actions, reenter } = definition;
  const refuse = refuserOf(machine);
  const [aim = node, ...more] = target ?? [];
  const isInside = innermostStates(region).includes(aim);
  if (more.length > 0 || !isInside) refuse(`a transition of ${source.id}`);
  const { guards, actions: implemented } = machine.implementations;
  return {
    guard:
      guard === undefined
        ? null
        : ruleOf(guard, (type) => guardOf(guards[type]) ?? refuse(`the guard ${type}`), refuse),
    changes: actions.map((action) =>
      ruleOf(
        action,
        (type) => changesOf(implemented[type]) ?? refuse(`the action ${type}`),
        refuse,
      ),
    ),
    target: state(aim.key),
    // By a transition of a parent it leaves even where it comes to where it was.
    leaves: aim !== node || reenter || (source !== node && target !== undefined),
    definition,
  };
}

/** A guard as it is asked; those of XState's own, such as `stateIn`, look at the states. */
function guardOf(written: unknown): Rule<boolean>['read'] | undefined {
  if (typeof written !== 'function') return undefined;
  if (!('check' in written)) return written as Rule<boolean>['read'];
  const check = written.check as (snapshot: unknown, facts: Facts, guard: unknown) => boolean;
  return (facts, _, snapshot) => check(snapshot, facts, written);
}

/** A rule by its name, or by its name with params. */
function ruleOf<Result>(
  written: unknown,
  implementationOf: (type: string) => unknown,
  refuse: Refuse,
): Rule<Result> {
  const { type, params } =
    typeof written === 'string'
      ? { type: written, params: undefined }
      : (written as { readonly type?: unknown; readonly params?: unknown });
  if (typeof type !== 'string' || typeof written === 'function') return refuse('an unnamed rule');
  const paramsOf = params === undefined ? null : readingOf(params);
  return { read: implementationOf(type) as Rule<Result>['read'], paramsOf };
}

function readingOf(given: unknown): (facts: Facts) => unknown {
  return typeof given === 'function' ? (given as (facts: Facts) => unknown) : () => given;
}

/** What an `assign` changes; `undefined` for any other action. */
function changesOf(action: unknown): Rule<Context>['read'] | undefined {
  const { type, assignment } = (action ?? {}) as {
    readonly type?: unknown;
    readonly assignment?: unknown;
  };
  if (type !== 'xstate.assign') return undefined;
  if (typeof assignment === 'function') return assignment as Rule<Context>['read'];
  const fields = Object.entries(assignment as Context);
  return (facts, params) =>
    Object.fromEntries(
      fields.map(([field, given]) => [
        field,
        typeof given === 'function'
          ? (given as (facts: Facts, params: unknown) => unknown)(facts, params)
          : given,
      ]),
    );
}

/**
 * Snapshots in these states. What XState keeps in each of its own is here in one of them, which all others have as their
 * prototype: of a handful of snapshots for each piece of work only context and effects differ.
 */
export function snapshotIn(template: Snapshot, states: readonly FlatState[]): SnapshotIn {
  class In {
    declare readonly context: Context;
    declare readonly [EFFECT]: unknown;

    constructor(context: Context, effects: unknown) {
      this.context = context;
      this[EFFECT] = effects;
    }
  }
  const shared = {
    ...template,
    [STATES]: states,
    toJSON(this: Snapshot): unknown {
      return template.toJSON.call(whole(this));
    },
  };
  Object.setPrototypeOf(In.prototype, shared);
  return In as unknown as SnapshotIn;
}

/** Snapshot as XState has it: with the shared fields, in XState's order. */
export function whole(snapshot: Snapshot): Snapshot {
  const fields: Record<string, unknown> = {};
  const shared = Object.getPrototypeOf(snapshot) as object;
  for (const name in shared) fields[name] = snapshot[name as keyof Snapshot];
  return fields as unknown as Snapshot;
}
