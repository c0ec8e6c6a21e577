/**
 * `runtime.upstream(name)`: what may be asked of and done to one upstream (CB-1).
 *
 * @module
 */

import type { Engine, UpstreamState } from '../actors/port.ts';
import type { BreakerState } from '../machines/policy/breaker/breakerPolicy.ts';
import type { Level } from '../machines/policy/service/degradationLevel.ts';
import { disableBreaker } from './management/breaker/disable.ts';
import { forceBreakerOpen } from './management/breaker/forceOpen.ts';
import { observeBreaker } from './management/breaker/observe.ts';
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
  /** Before when its breaker lets no try through, in milliseconds since the epoch; `null` for none. */
  readonly nextTryAtMs: number | null;
  /** Who holds its breaker, why and since when; `null` while nobody does. */
  readonly hold: UpstreamState['hold'];
  /** How soon it was found to be back after its outages, in milliseconds. */
  readonly recovery: UpstreamState['recovery'];
  /** At what pace its work runs. */
  readonly flow: UpstreamState['flow'];
  /**
   * Keeps its breaker open until {@link release}, for a reason that people will read. Like the other
   * orders it is in force when the call returns, and on disk a moment later: it promises no more. Orders
   * are counted: two need two releases, and the strongest is in force (forced open, disabled, observed).
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
  /** Lets every call out until {@link release}, and tells what would have opened it (`flow.changed`). */
  observe(reason?: string, by?: string): void;
  /**
   * Lets go of one order: the latest of `by`, else the latest that has no name; without `by` the latest of all. What
   * another holds stays, unless `of` names them.
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
    get hold() {
      return engine.upstream(name).hold;
    },
    get recovery() {
      return engine.upstream(name).recovery;
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
