/**
 * The events of the option `inspect`: XState's inspection events, made from the same steps that an
 * inspector gets. Their actors are stand-ins that have names and states, and nothing else (AC-2).
 *
 * @module
 */

import type { AnyStateMachine } from 'xstate';
import {
  chartDefinition,
  type StateDefinition,
  type StateValue,
  statePaths,
  stateValueOf,
  type TransitionDefinition,
} from './chartDefinition.ts';
import { actorNumber, type TapObserver, type TappedActor } from './projection.ts';
import { isDone, ShownSystem, type SystemActor, upstreamIn } from './shownSystem.ts';

/**
 * Takes XState's inspection events of every chart, as a function or an observer such as that of
 * `createBrowserInspector()`: `@xstate.actor`, `@xstate.event` and `@xstate.snapshot`. Their actors have `id`, `sessionId`
 * (the process and the id), `getSnapshot()` and the chart in `logic.config`. Contexts are empty, an event has its type
 * alone, and `send()` does nothing.
 *
 * @example
 * const { inspect } = createBrowserInspector();
 * const runtime = createRuntime({ store: ':memory:', inspect });
 */
export type InspectionObserver =
  | ((event: InspectionEvent) => void)
  | { readonly next?: ((event: InspectionEvent) => void) | undefined };

/**
 * What an {@link InspectionObserver} gets: that an actor began, the event that it takes, and its state after that. A function that
 * takes XState's `InspectionEvent` takes it; no type of XState is named, so an app compiles without its declarations.
 */
export type InspectionEvent = { readonly rootId: string; readonly actorRef: InspectedActor } & (
  | { readonly type: '@xstate.actor' }
  | {
      readonly type: '@xstate.event';
      /** The sender of the event, where it is known. */
      readonly sourceRef: InspectedActor | undefined;
      readonly event: { readonly type: string };
    }
  | {
      readonly type: '@xstate.snapshot';
      readonly event: { readonly type: string };
      readonly snapshot: InspectedSnapshot;
    }
);

/** An actor as an {@link InspectionEvent} names it: its id and its state, and nothing that it works on. */
export interface InspectedActor {
  /** An operation's id, `breaker:payments`, `degradation:global`, `supervisor`. */
  readonly id: string;
  /** The process and the id. */
  readonly sessionId: string;
  /** Returns its current state. */
  readonly getSnapshot: () => InspectedSnapshot;
  /** Does nothing: an observer only watches. */
  readonly send: (event: { readonly type: string }) => void;
}

/** The state of an {@link InspectedActor}, in the shape of a snapshot of XState. */
export interface InspectedSnapshot {
  readonly status: 'active' | 'done' | 'stopped';
  readonly value: StateValue;
  readonly context: Readonly<Record<string, never>>;
  readonly output: undefined;
  readonly error: undefined;
}

/**
 * Shows the observer each actor that begins, each event that it takes, and its end.
 *
 * @param startedAtMs when the process began, by the wall clock
 */
export function projectInspection(observer: InspectionObserver, startedAtMs: number): TapObserver {
  const system = new ShownSystem(startedAtMs);
  const { rootId } = system;
  const standIns = new Map<string, StandIn>();
  const tell = (event: InspectionEvent): void => {
    if (typeof observer === 'function') observer(event);
    else observer.next?.(event);
  };
  /** The stand-in of the parent; the root may begin after others. */
  const parentOf = ({ parentId }: SystemActor): StandIn | undefined => {
    if (parentId === undefined) return undefined;
    const parent = standIns.get(parentId) ?? new StandIn(system.root, undefined);
    standIns.set(parentId, parent);
    return parent;
  };
  const bySession = (sessionId: string | undefined): StandIn | undefined =>
    sessionId === undefined ? undefined : standIns.get(sessionId);
  const snapshot = (actor: SystemActor, type: string, status?: 'stopped'): void => {
    const actorRef = standIns.get(actor.sessionId);
    if (actorRef === undefined) return;
    actorRef.status = status ?? (isDone(actor) ? 'done' : 'active');
    tell({
      ...{ type: '@xstate.snapshot', rootId, actorRef, event: { type } },
      snapshot: actorRef.getSnapshot(),
    });
  };
  const began = ({ session, id, machine, value, about }: TappedActor): void => {
    const { actor, parkedAt } = system.began({
      ...{ key: actorNumber(session), id, machine, states: statePaths(value) },
      ...{ upstream: about === null ? upstreamIn(id) : about.upstream, isWork: about !== null },
    });
    const known = standIns.get(actor.sessionId);
    const actorRef = known ?? new StandIn(actor, parentOf(actor));
    if (known !== undefined) StandIn.goOn(known, actor);
    standIns.set(actor.sessionId, actorRef);
    if (parkedAt === null) tell({ type: '@xstate.actor', rootId, actorRef });
  };
  return {
    began: (shown) => {
      began(shown());
    },
    stepped: ({ session, event: type, from, to }) => {
      const actor = system.find(actorNumber(session));
      const actorRef = actor === undefined ? undefined : standIns.get(actor.sessionId);
      // Its first state was shown when it began.
      if (actor === undefined || actorRef === undefined || from === null) return;
      const sourceRef = bySession(system.senderOf(actor, type));
      tell({ type: '@xstate.event', rootId, actorRef, sourceRef, event: { type } });
      actor.states = statePaths(to);
      snapshot(actor, type);
    },
    ended: (session) => {
      for (const actor of system.ended(actorNumber(session))) {
        // Its last step has shown that it is done.
        if (!isDone(actor)) snapshot(actor, 'xstate.stop', 'stopped');
        standIns.delete(actor.sessionId);
      }
    },
  };
}

/** An actor for observers: it has only what they may see, in case they print it. */
class StandIn implements InspectedActor {
  status: InspectedSnapshot['status'] = 'active';
  readonly #parent: StandIn | undefined;
  #actor: SystemActor;

  constructor(actor: SystemActor, parent: StandIn | undefined) {
    this.#actor = actor;
    this.#parent = parent;
  }

  /** Lets the stand-in of a parked operation go on as this actor. */
  static goOn(standIn: StandIn, actor: SystemActor): void {
    standIn.#actor = actor;
  }

  /** The parent, under the name that tools of XState read. */
  get _parent(): StandIn | undefined {
    return this.#parent;
  }

  get id(): string {
    return this.#actor.id;
  }

  get sessionId(): string {
    return this.#actor.sessionId;
  }

  get logic(): { readonly config: object } {
    const { machine } = this.#actor;
    return { config: machine === undefined ? {} : configOf(machine) };
  }

  getSnapshot(): InspectedSnapshot {
    const { status } = this;
    return {
      ...{ status, value: stateValueOf(this.#actor.states), context: {} },
      ...{ output: undefined, error: undefined },
    };
  }

  /** Does nothing: an observer only watches. */
  send(): void {
    // Does nothing.
  }
}

const configs = new WeakMap<AnyStateMachine, object>();

/** The configuration of a chart, made of names, and no deeper than observers look. */
export function configOf(machine: AnyStateMachine): object {
  const known = configs.get(machine);
  if (known !== undefined) return known;
  const config = shallow(JSON.parse(chartDefinition(machine)) as StateDefinition, 0);
  configs.set(machine, config);
  return config;
}

/** Two levels of objects go for each state in a state, and `@statelyai/inspect` cuts off what is below nine. */
const DEEP = 4;

/** The same chart in fewer levels; a transition of what is far inside is the name of its target alone. */
function shallow(state: StateDefinition, depth: number): object {
  const { on, always, states, ...rest } = state;
  const given = (transitions: readonly TransitionDefinition[]): unknown => {
    const [first] = transitions;
    if (depth >= DEEP) return transitions.find(({ target }) => target !== undefined)?.target?.[0];
    const own = transitions.map(({ target, ...others }) => ({
      ...others,
      ...(target === undefined ? {} : { target: target.length === 1 ? target[0] : target }),
    }));
    return first !== undefined && own.length === 1 ? own[0] : own;
  };
  return {
    ...rest,
    ...(on === undefined ? {} : { on: mapped(on, given) }),
    ...(always === undefined ? {} : { always: given(always) }),
    ...(states === undefined ? {} : { states: mapped(states, (one) => shallow(one, depth + 1)) }),
  };
}

function mapped<Value>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value) => unknown,
): object {
  const changed = Object.entries(record).map(([key, value]) => [key, change(value)] as const);
  return Object.fromEntries(changed.filter(([, value]) => value !== undefined));
}
