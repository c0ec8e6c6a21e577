/**
 * The tap of an engine's charts: every transition of every chart actor, for all who look on. While nobody
 * does, a step costs the reading of one field.
 *
 * It hands on names and places of charts, and never context, input or what an event carries. What an
 * observer throws ends at the tap.
 *
 * @module
 */

import type { AnyStateMachine, AnyTransitionDefinition } from 'xstate';
import type { AboutOperation } from '../facts/about.ts';

/** State as XState writes it: its name, or of each region its own. */
export type StateShown = string | { readonly [region: string]: StateShown | undefined };

/** Facts about an operation, with nothing that says whose it is or what it holds. */
export interface AboutWork extends Omit<AboutOperation, 'operationId'> {
  readonly acceptedAtMs: number;
}

/** An actor of a chart, as it stands now. */
export interface ChartedActor {
  /** Session of the actor, `x:12`: one that is started again under the same id has another. */
  readonly session: string;
  /** An operation's id, `breaker:payments`, `supervisor`. */
  readonly id: string;
  readonly machine: AnyStateMachine;
  readonly value: StateShown;
  /** `null` for a component. */
  readonly about: AboutWork | null;
}

/** One event that an actor took, where that led to a transition. */
export interface ChartStep {
  readonly session: string;
  readonly id: string;
  readonly machine: AnyStateMachine;
  /** The type of the event, and nothing that it carried; `xstate.init` for the first step. */
  readonly event: string;
  /** `null` for the first step. */
  readonly from: StateShown | null;
  readonly to: StateShown;
  /** In the order in which they were taken; those of a chart with other implementations are objects of their own. */
  readonly transitions: readonly AnyTransitionDefinition[];
}

/** Told in the midst of what it is told of: be quick, and call nothing of the engine. */
export interface ChartObserver {
  /** From now on it takes events; its first step may have been told before. `shown` makes it as it stands when it is called. */
  readonly began: (shown: () => ChartedActor) => void;
  readonly stepped: (step: ChartStep) => void;
  /** Called when an actor takes no event any more. */
  readonly ended: (session: string) => void;
}

export interface ChartWatchParts {
  /** Begins to tell of the transitions that XState takes; returns what ends that. */
  readonly listen: () => () => void;
  /** Told once of each observer that throws. */
  readonly onError: (error: unknown) => void;
}

export class ChartWatch {
  /** Whom to tell; `null` while nobody watches. */
  told: ChartObserver | null = null;
  readonly #parts: ChartWatchParts;
  readonly #components = new Map<string, () => ChartedActor>();
  #observers: readonly ChartObserver[] = [];
  #stopListening: (() => void) | null = null;

  constructor(parts: ChartWatchParts) {
    this.#parts = parts;
  }

  /** The components that run. */
  get components(): readonly ChartedActor[] {
    return [...this.#components.values()].map((shown) => shown());
  }

  /** Tells `observer` of all that follows, until the returned function is called. */
  attach(observer: ChartObserver): () => void {
    const guarded = guardedObserver(observer, this.#parts.onError);
    this.#setObservers([...this.#observers, guarded]);
    return () => {
      this.#setObservers(this.#observers.filter((other) => other !== guarded));
    };
  }

  componentBegan(session: string, shown: () => ChartedActor): void {
    this.#components.set(session, shown);
    this.told?.began(shown);
  }

  /** Told of one that has not begun, or has ended before, it does nothing. */
  componentEnded(session: string): void {
    if (this.#components.delete(session)) this.told?.ended(session);
  }

  #setObservers(observers: readonly ChartObserver[]): void {
    this.#observers = observers;
    const [first = null, ...more] = observers;
    this.told = more.length === 0 ? first : toAll(observers);
    if (first !== null) this.#stopListening ??= this.#parts.listen();
    else {
      this.#stopListening?.();
      this.#stopListening = null;
    }
  }
}

/**
 * Watch that is told of everything, and may throw each time: that is told once. Each kind has a method of its own, since one
 * function for all of them can't be inlined where it is called thousands of times a second.
 */
function guardedObserver(
  observer: ChartObserver,
  onError: (error: unknown) => void,
): ChartObserver {
  let hasThrown = false;
  const threw = (error: unknown): void => {
    if (!hasThrown) onError(error);
    hasThrown = true;
  };
  return {
    began: (shown) => {
      try {
        observer.began(shown);
      } catch (error) {
        threw(error);
      }
    },
    stepped: (step) => {
      try {
        observer.stepped(step);
      } catch (error) {
        threw(error);
      }
    },
    ended: (session) => {
      try {
        observer.ended(session);
      } catch (error) {
        threw(error);
      }
    },
  };
}

function toAll(observers: readonly ChartObserver[]): ChartObserver {
  return {
    began: (shown) => {
      for (const observer of observers) observer.began(shown);
    },
    stepped: (step) => {
      for (const observer of observers) observer.stepped(step);
    },
    ended: (session) => {
      for (const observer of observers) observer.ended(session);
    },
  };
}
