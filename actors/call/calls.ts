/**
 * The guarded calls of a process: work that goes out under the same flow control as operations do, and
 * is kept nowhere (`runtime.call`).
 *
 * @module
 */

import type { RateLimits } from '../../machines/policy/flow/rateLimits.ts';
import type { PoliciesInForce } from '../../machines/policy/layers/policiesInForce.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { NO_RANKS, type RankSet } from '../../machines/vocabulary/urgency.ts';
import type { FlowControl, Permit } from '../flow/flowControl.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import type { TimerService } from '../time/timerService.ts';
import type { CallFunction, CallOptions } from './guardedCall.ts';
import { UpstreamCalls } from './upstreamCalls.ts';

export interface CallsParts {
  /** @throws HoldfastError `HF_UPSTREAM_UNKNOWN`. */
  readonly flowOf: (upstream: string) => FlowControl;
  readonly rates: { of(upstream: string): RateLimits | null };
  /** The rank of the most urgent operation that may wait for a slot there; `Infinity` for none. */
  readonly operationsAt: (upstream: string) => number;
  readonly policies: PoliciesInForce;
  readonly clock: Clock;
  readonly steady: Pick<SteadyClock, 'now'>;
  readonly random: Random;
  readonly timers: TimerService;
  readonly onError: (error: unknown) => void;
}

export class Calls {
  readonly #parts: CallsParts;
  readonly #byUpstream = new Map<string, UpstreamCalls>();
  #isClosed = false;

  constructor(parts: CallsParts) {
    this.#parts = parts;
  }

  /** @throws HoldfastError (rejects) `HF_UPSTREAM_UNKNOWN` and what {@link UpstreamCalls.call} rejects with. */
  call<Value>(upstream: string, run: CallFunction<Value>, options?: CallOptions): Promise<Value> {
    const calls = this.#byUpstream.get(upstream);
    if (calls !== undefined) return calls.call(run, options);
    try {
      return this.#of(upstream).call(run, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** How many are under way at an upstream. */
  inFlightAt(upstream: string): number {
    return this.#byUpstream.get(upstream)?.inFlight ?? 0;
  }

  /** The ranks of those that wait for a permit at an upstream. */
  waitingAt(upstream: string): RankSet {
    return this.#byUpstream.get(upstream)?.waitingRanks ?? NO_RANKS;
  }

  /** Gives this permit to a call of one of these ranks that waits; `false` for none. */
  take(upstream: string, ranks: RankSet, permit: Permit): boolean {
    return this.#byUpstream.get(upstream)?.take(ranks, permit) ?? false;
  }

  /** Begins nothing any more, and resolves once what is in flight has ended. */
  async drain(): Promise<void> {
    this.#isClosed = true;
    for (const calls of this.#byUpstream.values()) calls.close(closing());
    await Promise.all([...this.#byUpstream.values()].map((calls) => calls.whenIdle()));
  }

  /** Rejects everything. */
  stop(): void {
    this.#isClosed = true;
    for (const calls of this.#byUpstream.values()) calls.abort(closing());
  }

  #of(name: string): UpstreamCalls {
    const { flowOf, rates, operationsAt, ...parts } = this.#parts;
    const calls = new UpstreamCalls({
      ...parts,
      upstream: name,
      flow: flowOf(name),
      rates: () => rates.of(name),
      mostUrgentOperation: () => operationsAt(name),
    });
    if (this.#isClosed) calls.close(closing());
    this.#byUpstream.set(name, calls);
    return calls;
  }
}

function closing(): HoldfastError {
  return new HoldfastError('HF_CLOSED', 'The runtime is closing; the call was not finished.', {
    retry: 'later',
    withStack: false,
  });
}
