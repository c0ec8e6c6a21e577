/**
 * What a breaker's state means for a call, in a form that costs nothing to read (CB-5).
 *
 * @module
 */

import type { BreakerState } from './breakerPolicy.ts';

/**
 * What a call to an upstream may do, made once for each change of its breaker so that reading it
 * costs nothing (CB-5). A crisis does not ask (CB-3).
 *
 * - `pass`: go out.
 * - `probe`: ask with `permit.requested`; without a permit, wait until `retryAtMs`.
 * - `refuse`: wait until `retryAtMs`, or until an operator lets go where that is `null`.
 */
export interface BreakerDecision {
  /** What the results of calls that start now are stamped with. */
  readonly generation: number;
  readonly mode: 'pass' | 'probe' | 'refuse';
  /** When it is worth asking again; `null` when a call may go out now, or nobody knows. */
  readonly retryAtMs: number | null;
  /** Whether results of calls that start now may open it, or be reported as if they did. */
  readonly recordsResults: boolean;
  /** Somebody keeps it open. */
  readonly isHeldOpen: boolean;
  /** How many more probes may go out; 0 outside `probe`. */
  readonly probesFree: number;
}

/** The mode of each state. */
export const BREAKER_MODES: Readonly<Record<BreakerState, BreakerDecision['mode']>> = {
  closed: 'pass',
  open: 'refuse',
  halfOpen: 'probe',
  forcedOpen: 'refuse',
  disabled: 'pass',
  observing: 'pass',
};
