/**
 * `runtime.upstream(name)`: state and orders of one upstream (CB-1).
 *
 * @module
 */

import type { Engine, UpstreamState } from '../actors/port.ts';
import type { BreakerState } from '../machines/policy/breaker/breakerPolicy.ts';
import type { Level } from '../machines/policy/service/degradationLevel.ts';
import {
  disableBreaker,
  forceBreakerOpen,
  observeBreaker,
  releaseBreaker,
} from './management/breaker.ts';
import type { Management } from './management/management.ts';

/** State and orders of one upstream. */
export interface UpstreamControl {
  readonly name: string;
  /** State of its breaker. */
  readonly breaker: BreakerState;
  /** Level of service. */
  readonly level: Level;
  readonly inFlight: number;
  /** Time of the breaker's next probe, in milliseconds since the epoch; `null` for none. */
  readonly nextTryAtMs: number | null;
  /** Order that holds its breaker: by whom, why and since when; `null` for none. */
  readonly hold: UpstreamState['hold'];
  /** Times from its recovery after an outage until that was noticed, in milliseconds. */
  readonly recovery: UpstreamState['recovery'];
  /**
   * Reason why a request that comes now would wait for its turn, whatever its rank, and until when, if known; `null`
   * where it would begin at once. To take work from elsewhere only as fast as it is done.
   */
  readonly waits: UpstreamState['waits'];
  /** Flow control of its work. */
  readonly flow: UpstreamState['flow'];
  /**
   * Keeps its breaker open until {@link release}, for a reason that people will read. As all orders, it is in force
   * when the call returns and on disk a moment later. Orders are counted: two need two releases, and the strongest is
   * in force (forced open, disabled, observed).
   *
   * @param by who wants it, for other people to read.
   *
   * @example
   * runtime.upstream('payments').forceOpen('maintenance until 18:00', 'ana');
   *
   * @throws HoldfastError `HF_OPTION_INVALID` without one, or for one of over 1000 characters.
   */
  forceOpen(reason: string, by?: string): void;
  /** Switches its breaker off until {@link release}. */
  disable(reason?: string, by?: string): void;
  /**
   * Lets every call through until {@link release}, and reports what would have opened the breaker (`flow.changed`).
   */
  observe(reason?: string, by?: string): void;
  /**
   * Releases one order: the latest of `by`, else the latest without a name; without `by` the latest of all. Orders of
   * others stay, unless `of` names them.
   *
   * @param of whose order it is, where that is somebody else's.
   *
   * @example
   * runtime.upstream('payments').release('ana');
   * runtime.upstream('payments').release('ben', 'ana'); // ben lets go of what ana holds
   *
   * @throws HoldfastError `HF_OPTION_INVALID` where only others hold it; nothing is changed then.
   */
  release(by?: string, of?: string): void;
}

/**
 * Makes the control of one upstream. Each property is read when it is asked for; each order is a management call.
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
    get hold() {
      return engine.upstream(name).hold;
    },
    get recovery() {
      return engine.upstream(name).recovery;
    },
    get waits() {
      return engine.turnAt(name);
    },
    get flow() {
      return engine.upstream(name).flow;
    },
    forceOpen: (reason, by) => {
      management.now(forceBreakerOpen, { upstream: name, reason, by });
    },
    disable: (reason, by) => {
      management.now(disableBreaker, { upstream: name, reason, by });
    },
    observe: (reason, by) => {
      management.now(observeBreaker, { upstream: name, reason, by });
    },
    release: (by, of) => {
      management.now(releaseBreaker, { upstream: name, by, of });
    },
  };
}
