/**
 * `runtime.upstream(name)`: what may be asked of and done to one upstream (CB-1).
 *
 * @module
 */

import type { SteadyClock } from '../actors/time/steadyClock.ts';
import type { Upstream } from '../actors/upstream/upstream.ts';
import { type BreakerState, breakerDue } from '../machines/breaker/circuitBreakerMachine.ts';
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

/** One upstream as its callers see it: what it says is as of now. */
export function upstreamControl(upstream: Upstream, steady: SteadyClock): UpstreamControl {
  return {
    name: upstream.name,
    get breaker() {
      return upstream.breaker.snapshot.value;
    },
    get level() {
      return upstream.level.level;
    },
    get inFlight() {
      return upstream.gate.inFlight;
    },
    get nextTryAtMs() {
      const { snapshot } = upstream.breaker;
      const due = snapshot.value === 'open' ? breakerDue(snapshot) : null;
      return due === null ? null : steady.toWall(due.atMs);
    },
    forceOpen: (reason) => {
      checkReason(reason);
      upstream.breaker.send({ type: 'operator.forcedOpen', reason, atMs: steady.now() });
    },
    disable: (reason) => {
      if (reason !== undefined) checkReason(reason);
      upstream.breaker.send({ type: 'operator.disabled', reason, atMs: steady.now() });
    },
    release: () => {
      upstream.breaker.send({ type: 'operator.released', atMs: steady.now() });
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
