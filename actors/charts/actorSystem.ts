/**
 * The one actor system of a runtime: a root that is the parent of every component and of the family
 * of operations, and gives them identity, a tap and an end. With leanActor.ts the only module that uses what
 * XState keeps to itself, so that a new version of it breaks these two.
 *
 * @module
 */

import {
  type ActorRefFrom,
  type ActorScope,
  type AnyActorRef,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyTransitionDefinition,
  createActor,
  type EventObject,
  fromTransition,
  type InspectionEvent,
} from 'xstate';
import { ChartWatch } from './chartWatch.ts';

/**
 * A parent that does nothing: what it hears is how each child ended, which the child's own observers
 * know. So nothing that a child throws can end it.
 */
const parentLogic = fromTransition((state: null) => state, null);

type ParentRef = ActorRefFrom<typeof parentLogic>;

/** What XState keeps to itself. */
interface Inside {
  readonly _stop: () => void;
  readonly system: {
    readonly _unregister: (actor: AnyActorRef) => void;
    readonly _sendInspectionEvent: (event: InspectionEvent) => void;
  };
}

/** What `createActor` is given besides the logic, so that the actor is part of the system. */
export interface Membership {
  readonly id: string;
  readonly parent: AnyActorRef;
  /** The name that `system.get` knows it by. */
  readonly systemId?: string;
}

export class ActorSystem {
  readonly root: ParentRef;
  /** Parent of all operations. No snapshot lists them, so making one costs the same whatever their number. */
  readonly operations: ParentRef;

  /** Watch over the charts of the system. */
  readonly charts: ChartWatch;
  /** Whether an inspector of XState's hears of its actors. */
  isInspected = false;
  /** The transitions of the step that a chart takes at this moment, while somebody watches. */
  #taken: { readonly by: unknown; readonly transitions: AnyTransitionDefinition[] } | null = null;

  /** @param onError told of what an observer of its charts throws; it breaks no actor. */
  constructor(onError: (error: unknown) => void) {
    this.root = createActor(parentLogic, { id: 'runtime', systemId: 'runtime' });
    this.charts = new ChartWatch({ listen: () => this.#listen(), onError });
    // It would keep a table of all actors, which nothing reads (docs/decisions/0023).
    const { inspect } = this.root.system;
    Object.assign(this.root.system, {
      _register: (session: string) => session,
      inspect: (observer: Parameters<typeof inspect>[0]) => {
        this.isInspected = true;
        return inspect(observer);
      },
    });
    this.root.start();
    this.operations = createActor(parentLogic, this.component('operations')).start();
  }

  /** What makes an actor the component of that name. */
  component(name: string): Membership {
    return { id: name, systemId: name, parent: this.root };
  }

  /** Stops an actor of the system, whose name is free from then on. One that has ended is left alone. */
  stop(actor: { readonly sessionId: string }): void {
    const { _stop: stop, system } = actor as unknown as Inside;
    stop.call(actor);
    // In the midst of a transition it stops only afterwards, and its successor may be there before.
    const { _unregister: unregister } = system;
    unregister(actor as AnyActorRef);
  }

  /** The chart, telling those who watch of each step; they hear of flat ones by `flatLogic`. */
  observed<Machine extends AnyStateMachine>(machine: Machine): Machine {
    const logic = Object.create(machine) as AnyStateMachine;
    logic.getInitialSnapshot = (scope, input) =>
      this.#step(scope, 'xstate.init', null, () => machine.getInitialSnapshot(scope, input));
    logic.transition = (snapshot, event, scope) =>
      this.#step(scope, event.type, snapshot, () => machine.transition(snapshot, event, scope));
    return logic as Machine;
  }

  #step(
    scope: ActorScope<AnyMachineSnapshot, EventObject>,
    event: string,
    before: AnyMachineSnapshot | null,
    take: () => AnyMachineSnapshot,
  ): AnyMachineSnapshot {
    const { told } = this.charts;
    if (told === null) return take();
    const outer = this.#taken;
    const transitions: AnyTransitionDefinition[] = [];
    this.#taken = { by: scope.self, transitions };
    try {
      const after = take();
      // What it takes no notice of is no step; nor is an event that ends it with an error.
      const isIgnored = transitions.length === 0 && before !== null;
      if (isIgnored || after.status === 'error') return after;
      told.stepped({
        session: scope.sessionId,
        id: scope.id,
        machine: after.machine as AnyStateMachine,
        event,
        from: before === null ? null : before.value,
        to: after.value,
        transitions,
      });
      return after;
    } finally {
      this.#taken = outer;
    }
  }

  /**
   * Hears from XState which transitions a chart takes. An observer of its own would be handed whatever happens to
   * any actor, which for thousands of operations costs more than all else of watching them.
   */
  #listen(): () => void {
    const { system } = this.root as unknown as Inside;
    const { _sendInspectionEvent: tell } = system;
    Object.assign(system, {
      _sendInspectionEvent: (event: InspectionEvent): void => {
        if (event.type === '@xstate.microstep' && event.actorRef === this.#taken?.by) {
          const { _transitions: transitions } = event;
          this.#taken.transitions.push(...transitions);
        }
        tell(event);
      },
    });
    return () => {
      Object.assign(system, { _sendInspectionEvent: tell });
    };
  }

  /** Ends the root. Actors that still run go on until each is stopped. */
  close(): void {
    this.root.stop();
  }
}
