/**
 * What the end of a call means to the breaker of its upstream, and what it says about the upstream
 * (CB-1, CB-2, RT-1).
 *
 * @module
 */

import type { CallResult } from '../../vocabulary/callResult.ts';
import type { BreakerDecision } from './breakerDecision.ts';

/** A call that has ended. */
export interface EndedCall {
  /** The breaker's generation when the call was let through. */
  readonly generation: number;
  /** The permit that the breaker gave it while half open; `null` for any other call. */
  readonly probeId: string | null;
}

/**
 * - `probe.…`: the event that the breaker's chart is told. Whether the probe is still one of its own the
 *   chart decides, by generation and lease.
 * - `counted`: it counts in the `CallWindow`.
 * - `stale`: nothing. It was let through before the breaker's last change of state, or nothing counts now.
 */
export type CallMeaning =
  | 'probe.succeeded'
  | 'probe.failed'
  | 'probe.ignored'
  | 'counted'
  | 'stale';

const PROBE_EVENTS = {
  success: 'probe.succeeded',
  failure: 'probe.failed',
  ignored: 'probe.ignored',
} as const satisfies Readonly<Record<CallResult, CallMeaning>>;

/** What the end of a call means to a breaker that decides so now. */
export function callMeaning(
  { generation, probeId }: EndedCall,
  result: CallResult,
  decision: BreakerDecision,
): CallMeaning {
  if (probeId !== null) return PROBE_EVENTS[result];
  return generation === decision.generation && decision.recordsResults ? 'counted' : 'stale';
}

/**
 * Whether the upstream serves others, so that a failure may lie in its request (RT-1): the breaker was
 * closed from the call's begin to its end, and the call that ended before it succeeded.
 *
 * @param after what the breaker decides once it knows of the call; a trip by this very call is a change
 */
export function isUpstreamWell(
  { generation }: EndedCall,
  after: BreakerDecision,
  hadLastSucceeded: boolean,
): boolean {
  return hadLastSucceeded && after.mode === 'pass' && generation === after.generation;
}
