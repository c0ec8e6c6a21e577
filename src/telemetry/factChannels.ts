/**
 * The stream of facts on `node:diagnostics_channel`, for tools that instrument a process without its code.
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
 * (message) => …)`. It is frozen.
 */
export interface FactMessage<Name extends FactKind = FactKind> {
  /** The name of the runtime, from its option `name`. */
  readonly runtime: string;
  readonly fact: FactOf<Name>;
}

/** A channel of the process for one runtime; a class, since every fact looks at it. */
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

/** The channels, shared by all runtimes of the process. */
const CHANNELS = FACT_KINDS.map((kind) => [kind, channel(`holdfast:${kind}`)] as const);

/** The channels for facts of the runtime with this name. Facts are made for them only where somebody subscribes. */
export function factChannels(runtime: string): Readonly<Partial<Record<FactKind, FactChannel>>> {
  const own = CHANNELS.map(([kind, its]) => [kind, new RuntimeChannel(its, runtime)] as const);
  return Object.fromEntries(own);
}
