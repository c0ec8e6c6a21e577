/**
 * `runtime.upstream(name)`: what may be asked of and done to one upstream (CB-1).
 *
 * @module
 */

import type { Engine } from '../actors/port.ts';
import type { BreakerState } from '../machines/breaker/circuitBreakerMachine.ts';
import type { Level } from '../machines/policy/service/degradationLevel.ts';
import { requireOption } from '../machines/vocabulary/optionFields.ts';

/** What may be asked of and done to one upstream. */
export interface UpstreamControl {
  readonly name: string;
  /** State of its breaker. */
  readonly breaker: BreakerState;
  /** Its level of service. */
  readonly level: Level;
  readonly inFlight: number;
  /** When an open breaker lets the next try through, in milliseconds since the epoch; else `null`. */
  readonly nextTryAtMs: number | null;
  /**
   * Keeps its breaker open until {@link release}, for a reason that people will read. Like the other
   * two it is in force when the call returns, and on disk a moment later: it promises no more.
   *
   * @throws HoldfastError `HF_OPTION_INVALID` without one, or for one of over 1000 characters.
   */
  forceOpen(reason: string): void;
  /** Switches its breaker off until {@link release}. */
  disable(reason?: string): void;
  release(): void;
}

/**
 * One upstream as its callers see it; each property is read at the moment it is asked for.
 *
 * @throws HoldfastError `HF_UPSTREAM_UNKNOWN`.
 */
export function upstreamControl(engine: Engine, name: string): UpstreamControl {
  const orders = engine.upstreamOrders(name);
  return {
    name,
    get breaker() {
      return engine.upstream(name).breaker;
    },
    get level() {
      return engine.upstream(name).level;
    },
    get inFlight() {
      return engine.upstream(name).inFlight;
    },
    get nextTryAtMs() {
      return engine.upstream(name).nextTryAtMs;
    },
    forceOpen: (reason) => {
      checkReason(reason);
      orders.forceOpen(reason);
    },
    disable: (reason) => {
      if (reason !== undefined) checkReason(reason);
      orders.disable(reason);
    },
    release: () => {
      orders.release();
    },
  };
}

/** It is kept with the breaker, and written at each of its changes. */
const REASON_LENGTH_MAX = 1_000;

function checkReason(reason: unknown): void {
  requireOption(
    typeof reason === 'string' && reason.trim() !== '' && reason.length <= REASON_LENGTH_MAX,
    'reason',
    `must be a text of 1 to ${REASON_LENGTH_MAX} characters`,
  );
}
