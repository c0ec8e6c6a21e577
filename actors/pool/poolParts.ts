/**
 * What the pool of operations needs from the engine.
 *
 * @module
 */

import type { RetryPolicy } from '../../machines/policy/retry/retryPolicy.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { Random } from '../../machines/vocabulary/random.ts';
import type { RetryClass } from '../../machines/vocabulary/urgency.ts';
import type { QueueStore, RecordStore } from '../../persistence/port/store.ts';
import type { ActorSystem } from '../charts/actorSystem.ts';
import type { FactStream } from '../facts/factStream.ts';
import type { Journal } from '../journal/journal.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import type { TimerService } from '../time/timerService.ts';

/** What the pool of operations stands on. */
export interface PoolParts {
  readonly store: RecordStore & QueueStore;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly steady: SteadyClock;
  readonly random: Random;
  readonly timers: TimerService;
  readonly facts: FactStream;
  readonly retry: Readonly<Record<RetryClass, RetryPolicy>>;
  readonly attemptTimeoutMs: (upstream: string) => number;
  /** How long a settled operation is kept, for its outcome and its idempotency key. */
  readonly retentionMs: number;
  /** Operations in memory at once, beside crises and what is in flight (OP-6). */
  readonly residentsMax: number;
  readonly system: ActorSystem;
  /** Something failed that no caller will hear of. */
  readonly onError: (error: unknown) => void;
}
