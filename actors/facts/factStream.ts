/**
 * The one stream of facts: what happens is told here once, and whoever wants to know reads it here.
 *
 * A fact that nobody listens to is not made: telling of it then costs one look at a table. The parts
 * of holdfast that keep count read the material of a fact by {@link FactStream.tap} instead of the
 * fact, so that they cost no fact either.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { Fact, FactKind, FactListener } from './fact.ts';
import { FACT_TABLE, type Material } from './factTable.ts';
import { callListener } from './listeners.ts';

/** Where facts are told. */
export interface Facts {
  /** It has happened; `material` is what the fact is made of, see {@link FACT_TABLE}. */
  emit<Kind extends FactKind>(kind: Kind, ...material: Material<Kind>): void;
}

/** Where the parts of holdfast that keep count read facts. */
export interface FactTaps {
  /**
   * Hands `tap` the material of each fact of this kind, before any listener is told of it. It must
   * not throw.
   */
  tap<Kind extends FactKind>(kind: Kind, tap: (...material: Material<Kind>) => void): void;
}

type AnyMaterial = (a?: unknown, b?: unknown, c?: unknown, d?: unknown) => unknown;

interface Subscription {
  readonly listener: FactListener;
  isOver: boolean;
  hasThrown: boolean;
}

export class FactStream implements Facts, FactTaps {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #make: Readonly<Record<FactKind, AnyMaterial>>;
  readonly #taps: { [Kind in FactKind]?: AnyMaterial[] } = {};
  /** A new list with each change, so that one may change while it is gone through. */
  #subscriptions: readonly Subscription[] = [];
  /** Told of while listeners are being told: their turn comes after, so that all see one order. */
  readonly #waiting: Fact[] = [];
  #isTelling = false;

  /** @param table how facts are made; given by tests */
  constructor(clock: Pick<Clock, 'now'>, table: typeof FACT_TABLE = FACT_TABLE) {
    this.#clock = clock;
    this.#make = table as Readonly<Record<FactKind, AnyMaterial>>;
  }

  // Positions instead of a rest parameter: this runs for every attempt, and a list of its own each time costs more than the rest.
  emit(kind: FactKind, a?: unknown, b?: unknown, c?: unknown, d?: unknown): void {
    const taps = this.#taps[kind];
    if (taps !== undefined) for (const tap of taps) tap(a, b, c, d);
    if (this.#subscriptions.length === 0) return;
    const details = this.#make[kind](a, b, c, d) as object;
    this.#waiting.push(Object.freeze({ kind, atMs: this.#clock.now(), ...details }) as Fact);
    if (!this.#isTelling) this.#tell();
  }

  tap<Kind extends FactKind>(kind: Kind, tap: (...material: Material<Kind>) => void): void {
    const taps: AnyMaterial[] = this.#taps[kind] ?? [];
    taps.push(tap as AnyMaterial);
    this.#taps[kind] = taps;
  }

  /** Tells `listener` of every fact from now on, until the returned function is called. */
  subscribe(listener: FactListener): () => void {
    const subscription: Subscription = { listener, isOver: false, hasThrown: false };
    this.#subscriptions = [...this.#subscriptions, subscription];
    return () => {
      subscription.isOver = true;
      this.#subscriptions = this.#subscriptions.filter((other) => other !== subscription);
    };
  }

  #tell(): void {
    this.#isTelling = true;
    for (let fact = this.#waiting.shift(); fact !== undefined; fact = this.#waiting.shift()) {
      const told = fact;
      for (const subscription of this.#subscriptions) {
        if (subscription.isOver) continue;
        callListener(
          () => subscription.listener(told),
          (error) => {
            this.#threw(subscription, error);
          },
        );
      }
    }
    this.#isTelling = false;
  }

  /** Told of once: it is told of everything, and may throw each time. */
  #threw(subscription: Subscription, error: unknown): void {
    if (subscription.hasThrown) return;
    subscription.hasThrown = true;
    this.emit('failure.noted', error);
  }
}
