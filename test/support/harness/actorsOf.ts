/**
 * The actors of a runtime that runs, as an inspector of XState meets them, and a way to make one throw.
 *
 * @module
 */

import { vi } from 'vitest';
import type { AnyActorRef, InspectionEvent } from 'xstate';
import { ActorSystem } from '../../../actors/charts/actorSystem.ts';

export interface Actors {
  readonly root: AnyActorRef;
  /** All inspection events from here on, in order. */
  readonly inspected: readonly InspectionEvent[];
  /** The actor that has this name now; an operation by its id. */
  readonly find: (id: string) => AnyActorRef;
}

/** The value of `make`, which makes a runtime, and the actors of that. */
export function actorsOf<T>(make: () => T): { readonly made: T; readonly actors: Actors } {
  const spy = vi.spyOn(ActorSystem.prototype, 'component');
  const made = make();
  const [system] = spy.mock.contexts as readonly ActorSystem[];
  spy.mockRestore();
  if (system === undefined) throw new Error('No actor system was made.');
  const { root } = system;
  const known: AnyActorRef[] = Object.values(root.system.getAll());
  const inspected: InspectionEvent[] = [];
  root.system.inspect((event) => {
    inspected.push(event);
    if (event.type === '@xstate.actor') known.push(event.actorRef as AnyActorRef);
  });
  const find = (id: string): AnyActorRef => {
    const found = known.findLast((actor) => actor.id === id);
    if (found === undefined) throw new Error(`There is no actor ${id}.`);
    return found;
  };
  return { made, actors: { root, inspected, find } };
}

const POISONED = new Error('poisoned');

/** Whether an actor died of what it was sent by {@link poison}; XState tells of guards in its own words. */
export function isPoisoned(error: unknown): boolean {
  return error instanceof Error && error.message.includes(POISONED.message);
}

/** An event that throws in the guard or action which reads what it carries. */
export function poison(type: string): { readonly type: string } {
  const event = { type };
  for (const field of ['atMs', 'generation', 'policy', 'component', 'draw', 'deadlineAtMs']) {
    Object.defineProperty(event, field, {
      enumerable: true,
      get: () => {
        throw POISONED;
      },
    });
  }
  return event;
}
