/**
 * `runtime.upstream(name)`: what may be asked of and done to one upstream (CB-1).
 *
 * @module
 */

import type { Engine } from '../actors/port.ts';
import type { BreakerState } from '../machines/policy/breaker/breakerPolicy.ts';
import type { Level } from '../machines/policy/service/degradationLevel.ts';
import { disableBreaker } from './management/breaker/disable.ts';
import { forceBreakerOpen } from './management/breaker/forceOpen.ts';
import { releaseBreaker } from './management/breaker/release.ts';
import type { Management } from './management/call/management.ts';

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
 * One upstream as its callers see it; each property is read at the moment it is asked for, and each
 * order is a management call.
 *
 * @throws HoldfastError `HF_UPSTREAM_UNKNOWN`.
 */
export function upstreamControl(
  engine: Engine,
  management: Management,
  name: string,
): UpstreamControl {
  engine.upstream(name);
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
      management.now(forceBreakerOpen, { upstream: name, reason });
    },
    disable: (reason) => {
      management.now(disableBreaker, { upstream: name, reason });
    },
    release: () => {
      management.now(releaseBreaker, { upstream: name });
    },
  };
}
