/**
 * The stream of facts on `node:diagnostics_channel`, for those who instrument a process without its code.
 *
 * @module
 */

import { channel } from 'node:diagnostics_channel';
import { FACT_KINDS, type FactChannel, type FactKind, type FactOf } from '../../actors/port.ts';

/**
 * What a subscriber of the channel `holdfast:<kind>` gets: `diagnostics_channel.subscribe('holdfast:breaker.changed',
 * (message) => …)`. Nothing of it may be changed.
 */
export interface FactMessage<Kind extends FactKind = FactKind> {
  /** Which runtime of the process: its option `name`. */
  readonly runtime: string;
  readonly fact: FactOf<Kind>;
}

/** One for all runtimes of the process. */
const CHANNELS = FACT_KINDS.map((kind) => [kind, channel(`holdfast:${kind}`)] as const);

/** The channels for facts of the runtime of this name. Without a subscriber a fact is not made for them. */
export function factChannels(runtime: string): Readonly<Record<FactKind, FactChannel>> {
  const channels = CHANNELS.map(([kind, its]): [FactKind, FactChannel] => [
    kind,
    {
      get hasSubscribers() {
        return its.hasSubscribers;
      },
      publish(fact) {
        its.publish(Object.freeze({ runtime, fact }));
      },
    },
  ]);
  return Object.fromEntries(channels) as Record<FactKind, FactChannel>;
}
