/**
 * The one actor system of a runtime: a root that is the parent of every component and of the family
 * of operations, and gives them identity, inspection and an end. The only module that uses what
 * XState keeps to itself, so that a new version of it breaks one file.
 *
 * @module
 */

import {
  type ActorRefFrom,
  type AnyActorRef,
  createActor,
  fromTransition,
  type InspectionEvent,
} from 'xstate';

/**
 * A parent that does nothing: what it hears is how each child ended, which the child's own observers
 * know. So nothing that a child throws can end it.
 */
const parentLogic = fromTransition((state: null) => state, null);

type ParentRef = ActorRefFrom<typeof parentLogic>;

/** What XState keeps to itself. */
interface Inside {
  readonly _stop: () => void;
  readonly system: { readonly _unregister: (actor: AnyActorRef) => void };
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

  /** @param inspect hears of every actor; what it throws goes to `onError` and breaks no actor. */
  constructor(
    inspect: ((event: InspectionEvent) => void) | undefined,
    onError: (error: unknown) => void,
  ) {
    const guarded = (event: InspectionEvent): void => {
      try {
        inspect?.(event);
      } catch (error) {
        onError(error);
      }
    };
    this.root = createActor(parentLogic, {
      id: 'runtime',
      systemId: 'runtime',
      ...(inspect === undefined ? {} : { inspect: guarded }),
    });
    // It would keep a table of all actors, which nothing reads (docs/decisions/0023).
    Object.assign(this.root.system, { _register: (session: string) => session });
    this.root.start();
    this.operations = createActor(parentLogic, this.component('operations')).start();
  }

  /** What makes an actor the component of that name. */
  component(name: string): Membership {
    return { id: name, systemId: name, parent: this.root };
  }

  /** What makes an actor the operation of that id. */
  operation(id: string): Membership {
    return { id, parent: this.operations };
  }

  /** Stops an actor of the system, whose name is free from then on. One that has ended is left alone. */
  stop(actor: AnyActorRef): void {
    const { _stop: stop, system } = actor as unknown as Inside;
    stop.call(actor);
    // In the midst of a transition it stops only afterwards, and its successor may be there before.
    const { _unregister: unregister } = system;
    unregister(actor);
  }

  /** Ends the root. Actors that still run go on until each is stopped. */
  close(): void {
    this.root.stop();
  }
}
