/**
 * What the pool of operations needs from the engine.
 *
 * @module
 */

import type { RetryPoliciesOf } from '../../machines/operation/attemptVerdict.ts';
import type { UnwrittenLimits } from '../../machines/policy/flow/flowPolicy.ts';
import type { PoliciesInForce } from '../../machines/policy/layers/policiesInForce.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import type { QueueStore, RecordStore } from '../../persistence/port/store.ts';
import type { ActorSystem } from '../charts/actorSystem.ts';
import type { EscalationsParts } from '../escalation/escalations.ts';
import type { FactStream } from '../facts/factStream.ts';
import type { AuditNotes } from '../journal/auditTrail.ts';
import type { Journal } from '../journal/journal.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { TimerService } from '../platform/timerService.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import type { Edits } from './edits.ts';

/** What the pool of operations stands on. */
export interface PoolParts {
  readonly store: RecordStore & QueueStore;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly steady: SteadyClock;
  readonly random: Random;
  readonly timers: TimerService;
  readonly facts: FactStream;
  readonly notes: AuditNotes;
  /** By the upstream and the type of an operation. */
  readonly retry: RetryPoliciesOf;
  readonly policies: PoliciesInForce;
  readonly upstreams: Upstreams;
  /** How long a settled operation is kept, for its outcome and its idempotency key. */
  readonly retentionMs: number;
  /** The type whose handler takes crises of types that nobody handles. */
  readonly crisisType: string;
  /** Operations in memory at once, beside crises and what is in flight (OP-6). */
  readonly residentsMax: number;
  /** On what may be in memory before a crisis is not kept there, while the disk is late or hangs. */
  readonly unwritten: UnwrittenLimits;
  /** People who are told of a crisis that is not delivered, and after how long. */
  readonly escalation: Pick<EscalationsParts, 'chain' | 'escalateAfterMs' | 'pace'>;
  readonly system: ActorSystem;
  /** Desk for edits of merged records. */
  readonly edits: Edits;
  /** Something failed that no caller will hear of. */
  readonly onError: (error: unknown) => void;
}
