/**
 * The stream of facts on `node:diagnostics_channel`, for those who instrument a process without its code.
 *
 * @module
 */

import { type Channel, channel } from 'node:diagnostics_channel';
import {
  FACT_KINDS,
  type Fact,
  type FactChannel,
  type FactKind,
  type FactOf,
} from '../../actors/port.ts';

/**
 * What a subscriber of the channel `holdfast:<kind>` gets: `diagnostics_channel.subscribe('holdfast:breaker.changed',
 * (message) => …)`. Nothing of it may be changed.
 */
export interface FactMessage<Kind extends FactKind = FactKind> {
  /** Which runtime of the process: its option `name`. */
  readonly runtime: string;
  readonly fact: FactOf<Kind>;
}

/** A channel of the process, as one runtime writes to it. It is asked for every fact: hence a class. */
class RuntimeChannel implements FactChannel {
  readonly #channel: Channel;
  readonly #runtime: string;

  constructor(its: Channel, runtime: string) {
    this.#channel = its;
    this.#runtime = runtime;
  }

  get hasSubscribers(): boolean {
    return this.#channel.hasSubscribers;
  }

  publish(fact: Fact): void {
    this.#channel.publish(Object.freeze({ runtime: this.#runtime, fact }));
  }
}

/** One for all runtimes of the process. */
const CHANNELS = FACT_KINDS.map((kind) => [kind, channel(`holdfast:${kind}`)] as const);

/** The channels for facts of the runtime of this name. Without a subscriber a fact is not made for them. */
export function factChannels(runtime: string): Readonly<Partial<Record<FactKind, FactChannel>>> {
  const own = CHANNELS.map(([kind, its]) => [kind, new RuntimeChannel(its, runtime)] as const);
  return Object.fromEntries(own);
}
