/**
 * Counts the results of calls to one upstream while its breaker is closed (CB-1, CB-5).
 *
 * The breaker's chart gets no event for a call, only one when the counts say that too many failed.
 *
 * @module
 */

import type { CallResult } from '../../vocabulary/callResult.ts';
import type { BreakerPolicy } from './breakerPolicy.ts';

/** Why a breaker trips. */
export type TripCause = 'consecutive' | 'rate';

const SUCCESS = 0;
const FAILURE = 1;

/**
 * Failures in a row, and the share of failures among the latest calls. Each call costs the same
 * small time whatever the size of the window. Not kept on disk: after a restart it starts empty.
 */
export class CallWindow {
  readonly #policy: BreakerPolicy;
  readonly #results: Uint8Array;
  #next = 0;
  /** Calls in the window; ignored ones are not among them. */
  #calls = 0;
  /** Failed calls in the window. */
  #failures = 0;
  /** Failures since the last success. */
  #failuresInARow = 0;

  constructor(policy: BreakerPolicy) {
    this.#policy = policy;
    this.#results = new Uint8Array(policy.windowCalls);
  }

  /**
   * Counts one call; returns a cause when the breaker has to trip, and again with every further failure.
   * Only a failure trips: no upstream is given up at the moment it answers.
   */
  record(result: CallResult): TripCause | null {
    if (result === 'ignored') return null;
    const failed = result === 'failure';
    this.#failuresInARow = failed ? this.#failuresInARow + 1 : 0;
    this.#push(failed ? FAILURE : SUCCESS);
    if (!failed) return null;
    if (this.#failuresInARow >= this.#policy.consecutiveFailuresToOpen) return 'consecutive';
    if (this.#calls < this.#policy.windowCallsMin) return null;
    return this.#failures / this.#calls >= this.#policy.failureRateToOpen ? 'rate' : null;
  }

  /** Forgets everything; called whenever the breaker changes state. */
  clear(): void {
    this.#next = 0;
    this.#calls = 0;
    this.#failures = 0;
    this.#failuresInARow = 0;
  }

  #push(result: 0 | 1): void {
    if (this.#calls < this.#results.length) this.#calls += 1;
    else this.#failures -= this.#results[this.#next] ?? SUCCESS;
    this.#results[this.#next] = result;
    this.#failures += result;
    this.#next = (this.#next + 1) % this.#results.length;
  }
}
