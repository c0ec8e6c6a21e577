/**
 * What dispatch needs of the parts around it.
 *
 * @module
 */

import type { RetryPoliciesOf } from '../../machines/operation/attemptVerdict.ts';
import type { FailureRuns } from '../../machines/policy/retry/failureRuns.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { PassOver, QueueStore, StoredOperation } from '../../persistence/port/store.ts';
import type { Journal } from '../journal/journal.ts';
import type { Resident } from '../operation/resident.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { TimerService } from '../platform/timerService.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import type { StaleReadGuard } from './staleReads.ts';

/** The operations in memory, as far as the dispatcher brings them there and lets go of them. */
export interface Residents {
  readonly size: number;
  /** Rows that are left on disk as they are: every claim passes over them. */
  readonly left: { readonly passOver: PassOver };
  readonly staleReads: Pick<StaleReadGuard, 'page' | 'each'>;
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
  readonly upstreams: Upstreams;
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
  readonly onError: (error: unknown) => void;
}
