/**
 * The one stream of facts: each fact is emitted here once, and every listener subscribes here.
 *
 * A fact is made when it happens, and its listeners are called a moment later, when the work that it is
 * part of is done: they may call the runtime, which must not be entered in the middle of a step.
 *
 * A fact without listeners is not made: emitting it then costs two table look-ups. The
 * parts of holdfast that keep counts read the material of a fact by {@link FactStream.tap} instead of the
 * fact, so that they cost no fact either.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import { isThenable } from '../../machines/vocabulary/errors.ts';
import { Slices } from '../platform/slices.ts';
import type { Fact, FactKind, FactListener } from './fact.ts';
import { FACT_KINDS, FACT_TABLE, type Material } from './factTable.ts';

/** Where facts are emitted. */
export interface Facts {
  /** Emits a fact; `material` is what it is made of, see {@link FACT_TABLE}. */
  emit<Kind extends FactKind>(kind: Kind, ...material: Material<Kind>): void;
}

/** Where the parts of holdfast that keep counts read facts. */
export interface FactTaps {
  /**
   * Hands `tap` the material of each fact of this kind, before any listener is called. It must
   * not throw.
   */
  tap<Kind extends FactKind>(kind: Kind, tap: (...material: Material<Kind>) => void): void;
}

/** A second outlet for facts of one kind, for listeners in the whole process. */
export interface FactChannel {
  /** Channel by which others in the process listen. */
  readonly channel: { readonly hasSubscribers: boolean };
  /** Must not throw. */
  publish(fact: Fact): void;
}

type AnyMaterial = (a?: unknown, b?: unknown, c?: unknown, d?: unknown) => unknown;

/** Filters for some kinds, by the material that their facts would be made of. */
export type WantedFacts = {
  readonly [Kind in FactKind]?: (...material: Material<Kind>) => boolean;
};

interface Subscription {
  readonly listener: FactListener;
  readonly wanted: Readonly<Partial<Record<FactKind, AnyMaterial>>>;
  isOver: boolean;
  hasThrown: boolean;
}

type FactClock = Pick<Clock, 'now' | 'monotonic' | 'defer'>;

/** A fact, and the listeners when it happened. */
interface Untold {
  readonly fact: Fact;
  readonly to: readonly Subscription[];
  readonly channel: FactChannel | null;
}

const NOBODY: readonly Subscription[] = [];

export class FactStream implements Facts, FactTaps {
  readonly #clock: FactClock;
  readonly #make: Readonly<Record<FactKind, AnyMaterial>>;
  readonly #taps: { [Kind in FactKind]?: AnyMaterial[] } = {};
  readonly #channels: Readonly<Partial<Record<FactKind, FactChannel>>>;
  /** The listeners by kind: a new list with each change, so that a fact goes to those who listened when it happened. */
  readonly #subscriptions: { [Kind in FactKind]?: readonly Subscription[] } = {};
  #untold: Untold[] = [];
  #told = 0;
  #isPlanned = false;

  /**
   * @param channels second outlets for facts, by kind
   * @param table how facts are made; given by tests
   */
  constructor(
    clock: FactClock,
    channels: Readonly<Partial<Record<FactKind, FactChannel>>> = {},
    table: typeof FACT_TABLE = FACT_TABLE,
  ) {
    this.#clock = clock;
    this.#channels = channels;
    this.#make = table as Readonly<Record<FactKind, AnyMaterial>>;
  }

  // Positional parameters: this runs for every attempt, and the array of a rest parameter would cost more than the rest.
  emit(kind: FactKind, a?: unknown, b?: unknown, c?: unknown, d?: unknown): void {
    const taps = this.#taps[kind];
    if (taps !== undefined) for (const tap of taps) tap(a, b, c, d);
    let to = this.#subscriptions[kind] ?? NOBODY;
    if (to.length > 0) to = wanting(to, kind, a, b, c);
    const channel = this.#channels[kind];
    const isPublished = channel?.channel.hasSubscribers === true;
    if (to.length === 0 && !isPublished) return;
    const details = this.#make[kind](a, b, c, d) as object;
    const fact = Object.freeze({ kind, atMs: this.#clock.now(), ...details }) as Fact;
    this.#untold.push({ fact, to, channel: isPublished ? channel : null });
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(this.#tell);
  }

  tap<Kind extends FactKind>(kind: Kind, tap: (...material: Material<Kind>) => void): void {
    const taps: AnyMaterial[] = this.#taps[kind] ?? [];
    taps.push(tap as AnyMaterial);
    this.#taps[kind] = taps;
  }

  /**
   * Calls `listener` with every fact of these kinds from now on, until the returned function is called.
   *
   * @param wanted must not throw; a fact that it refuses is not made for this listener
   */
  subscribe(
    listener: FactListener,
    kinds: readonly FactKind[] = FACT_KINDS,
    wanted: WantedFacts = {},
  ): () => void {
    const subscription: Subscription = {
      ...{ listener, isOver: false, hasThrown: false },
      wanted: wanted as Subscription['wanted'],
    };
    const all = this.#subscriptions;
    for (const kind of kinds) all[kind] = [...(all[kind] ?? NOBODY), subscription];
    return () => {
      subscription.isOver = true;
      for (const kind of kinds)
        all[kind] = (all[kind] ?? NOBODY).filter((other) => other !== subscription);
    };
  }

  readonly #tell = (): void => {
    Slices.of(this.#clock).work(this.#tellNext, 'told');
  };

  /** Facts that listeners cause come after, so that all see one order. */
  readonly #tellNext = (): boolean => {
    const next = this.#untold[this.#told];
    this.#told += 1;
    if (next !== undefined) {
      for (const subscription of next.to) this.#call(subscription, next.fact);
      next.channel?.publish(next.fact);
    }
    if (this.#told < this.#untold.length) return true;
    this.#untold = [];
    this.#told = 0;
    this.#isPlanned = false;
    return false;
  };

  #call(subscription: Subscription, fact: Fact): void {
    if (subscription.isOver) return;
    callListener(
      () => subscription.listener(fact),
      (error) => {
        this.#threw(subscription, error);
      },
    );
  }

  /** Reports the first exception of a listener alone: it may throw at every fact. */
  #threw(subscription: Subscription, error: unknown): void {
    if (subscription.hasThrown) return;
    subscription.hasThrown = true;
    this.emit('failure.noted', error);
  }
}

/** The subscriptions that want a fact, mostly all of them. */
function wanting(
  all: readonly Subscription[],
  kind: FactKind,
  a: unknown,
  b: unknown,
  c: unknown,
): readonly Subscription[] {
  const isWanted = ({ wanted }: Subscription): boolean => wanted[kind]?.(a, b, c) !== false;
  return all.every(isWanted) ? all : all.filter(isWanted);
}

/** Calls a listener; its exception, or the rejection of a promise that it returns, goes to `onError`. */
export function callListener(listener: () => unknown, onError: (error: unknown) => void): void {
  try {
    const returned = listener();
    if (isThenable(returned)) returned.then(undefined, onError);
  } catch (error) {
    onError(error);
  }
}

type Method = 'addEventListener' | 'removeEventListener';
type Listener = ((event: Event) => unknown) | { handleEvent: (event: Event) => unknown };

/**
 * The same signal, made safe for listeners that throw, over which Node ends the process.
 *
 * @param signal of a controller that nobody else holds
 */
export function guardSignal(signal: AbortSignal, onError: (error: unknown) => void): AbortSignal {
  // The signal's own methods: the global `EventTarget` may belong to another realm, such as that of jsdom.
  const native: Pick<EventTarget, Method> = Object.getPrototypeOf(signal) as AbortSignal;
  const guards = new WeakMap<object, (event: Event) => void>();
  const guardOf = (listener: Listener): ((event: Event) => void) => {
    const guard =
      guards.get(listener) ??
      ((event: Event): void => {
        callListener(
          () =>
            typeof listener === 'function'
              ? listener.call(signal, event)
              : listener.handleEvent(event),
          onError,
        );
      });
    guards.set(listener, guard);
    return guard;
  };
  const listening =
    (method: Method) =>
    (type: string, listener: Listener | null, options?: object | boolean): void => {
      if (listener !== null) native[method].call(signal, type, guardOf(listener), options);
    };
  const add = listening('addEventListener');
  const remove = listening('removeEventListener');
  let handler: ((event: Event) => unknown) | null = null;
  const handle = (event: Event): unknown => handler?.call(signal, event);
  return Object.defineProperties(signal, {
    addEventListener: { value: add },
    removeEventListener: { value: remove },
    onabort: {
      get: () => handler,
      set: (value: unknown) => {
        handler = typeof value === 'function' ? (value as (event: Event) => unknown) : null;
        if (handler === null) remove('abort', handle);
        else add('abort', handle);
      },
    },
  });
}
