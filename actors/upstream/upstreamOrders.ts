/**
 * What an operator may order of one upstream: each order is an event of its breaker.
 *
 * @module
 */

import {
  type HoldKind,
  type OperatorHold,
  withoutHold,
} from '../../machines/policy/breaker/operatorHolds.ts';
import { requireOption } from '../../machines/vocabulary/optionFields.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { Upstream } from './upstream.ts';

/** Hold of people on the breaker of an upstream: by whom, why and since when; of several the latest of the strongest. */
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
  /**
   * Lets go of one order: the latest of `of`; else the latest of `by`, or one that has no name; without both the
   * latest of all.
   *
   * @throws HoldfastError `HF_OPTION_INVALID` where others hold it: what they hold stays.
   */
  release(by?: string, of?: string): void;
}

/** The orders by which a person takes the breaker over, as the port shows them. */
export function upstreamOrders(
  { name, breaker }: Pick<Upstream, 'name' | 'breaker'>,
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
    release: (by, of) => {
      const { holds } = breaker.snapshot.context;
      const isHeld = holds.length > 0 && withoutHold(holds, { by, of }) === holds;
      requireOption(!isHeld, of === undefined ? 'by' : 'of', notTheirs(name, holds));
      breaker.send({ type: 'operator.released', by, of, atMs: steady.now() });
    },
  };
}

function notTheirs(upstream: string, holds: readonly OperatorHold[]): string {
  const others = [...new Set(holds.map(({ by }) => by ?? 'somebody without a name'))].join(', ');
  return `has no order at ${upstream}, which is held by ${others}. Nothing was changed: \`of\` says whose order is let go, and without both the latest of all is`;
}
