/**
 * What an operator may order of one upstream: each order is an event of its breaker.
 *
 * @module
 */

import type { HoldKind } from '../../machines/policy/breaker/operatorHolds.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import type { Upstream } from './upstream.ts';

/** Who holds the breaker of an upstream, why and since when; of several the latest of the strongest. */
export interface UpstreamHold {
  readonly kind: HoldKind;
  readonly reason: string | null;
  readonly by: string | null;
  /** In milliseconds since the epoch. */
  readonly sinceAtMs: number;
  /** How many orders are in force, and so how many have to be let go. */
  readonly orders: number;
}

/**
 * What an operator may order of one upstream. Each order is in force for this process when the call
 * returns, and durable a moment later.
 */
export interface UpstreamOrders {
  /** Keeps its breaker open until {@link release}; `by` names who wants it. */
  forceOpen(reason: string, by?: string): void;
  /** Switches its breaker off until {@link release}. */
  disable(reason?: string, by?: string): void;
  /** Lets every call out, and only tells of what would have opened it, until {@link release}. */
  observe(reason?: string, by?: string): void;
  /** Lets go of one order: the latest of `by`, or the latest of all. */
  release(by?: string): void;
}

/** The orders by which a person takes the breaker over, as the port shows them. */
export function upstreamOrders(
  { breaker }: Pick<Upstream, 'breaker'>,
  steady: SteadyClock,
): UpstreamOrders {
  return {
    forceOpen: (reason, by) => {
      breaker.send({ type: 'operator.forcedOpen', reason, by, atMs: steady.now() });
    },
    disable: (reason, by) => {
      breaker.send({ type: 'operator.disabled', reason, by, atMs: steady.now() });
    },
    observe: (reason, by) => {
      breaker.send({ type: 'operator.observing', reason, by, atMs: steady.now() });
    },
    release: (by) => {
      breaker.send({ type: 'operator.released', by, atMs: steady.now() });
    },
  };
}
