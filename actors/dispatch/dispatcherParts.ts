/**
 * What dispatch needs of the parts around it.
 *
 * @module
 */

import type { RetryPoliciesOf } from '../../machines/operation/attemptVerdict.ts';
import type { RateLimits } from '../../machines/policy/flow/rateLimits.ts';
import type { FailureRuns } from '../../machines/policy/retry/failureRuns.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { RankSet } from '../../machines/vocabulary/urgency.ts';
import type { PassOver, QueueStore, StoredOperation } from '../../persistence/port/store.ts';
import type { Facts } from '../facts/factStream.ts';
import type { Permit } from '../flow/flowControl.ts';
import type { Journal } from '../journal/journal.ts';
import type { Resident } from '../operation/resident.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import type { TimerService } from '../time/timerService.ts';

/** The operations in memory, as far as the dispatcher brings them there and lets go of them. */
export interface Residents {
  readonly size: number;
  resident(id: string): Resident | undefined;
  /** Reads an operation back from its row; `null` where that can't be. */
  revive(row: StoredOperation): Resident | null;
  /** Lets go of an operation that rests on disk. */
  passivate(resident: Resident): void;
  /** Writes that it is due where its handler goes to at present; it stands on disk elsewhere. */
  reroute(resident: Resident, dueAtMs: number): void;
}

export interface DispatcherParts {
  readonly store: QueueStore;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly steady: SteadyClock;
  readonly timers: TimerService;
  readonly residentsMax: number;
  readonly pool: Residents;
  /** How long the next attempt of an operation may take. */
  readonly attemptTimeoutMs: (resident: Resident) => number;
  readonly retry: RetryPoliciesOf;
  readonly runs: FailureRuns;
  /** Rows that are left on disk as they are: every claim passes over them. */
  readonly passOver: () => PassOver;
  readonly onError: (error: unknown) => void;
  readonly facts: Facts;
  /** The rate limits by subject and tier at an upstream; `null` where there are none. */
  readonly rates: (upstream: string) => RateLimits | null;
  /** How long nothing may begin while work is due, in milliseconds. */
  readonly watchdogMs: () => number;
  /** Calls to an upstream under way that are no operations. */
  readonly callsAt: (upstream: string) => number;
  /** The ranks of calls that wait for a slot at an upstream. */
  readonly callsWaiting: (upstream: string) => RankSet;
  /** Gives this permit to a call of one of these ranks that waits; `false` where there is none. */
  readonly takeCall: (upstream: string, ranks: RankSet, permit: Permit) => boolean;
}
