/**
 * What a caller is told of an operation: its view while it lives, its outcome when it has ended.
 *
 * @module
 */

import type { CrisisDeliveryState } from '../../machines/crisis/crisisMachine.ts';
import { keyOfRound } from '../../machines/operation/keys.ts';
import type {
  HistoryEntry,
  SyncOperationState,
} from '../../machines/operation/syncOperationMachine.ts';
import { type ErrorCode, HoldfastError } from '../../machines/vocabulary/errors.ts';
import { innermost } from '../../machines/vocabulary/innermost.ts';
import type { Entity } from '../../machines/vocabulary/record.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import type { Said, UpstreamAnswer } from '../../machines/vocabulary/upstreamAnswer.ts';
import type { Priority, TierName } from '../../machines/vocabulary/urgency.ts';
import type { WorkContext, WorkSnapshot } from '../charts/chartOfWork.ts';
import type { Resident } from './resident.ts';
import { type OperationWait, type ShownWaits, shownRetryAtMs, waitOf } from './waitView.ts';

export type { OperationWait } from './waitView.ts';

interface Ended {
  readonly operationId: string;
  /** Attempts made. */
  readonly attempts: number;
  readonly acceptedAtMs: number;
  readonly settledAtMs: number;
  /**
   * What the upstream said to the last attempt, where its handler keeps that: `httpHandler` keeps the status,
   * some headers and the body of a refusal. It was sealed with the operation; it may hold health data.
   */
  readonly answer?: UpstreamAnswer | undefined;
}

/** How an operation ended. Reported only once it is on disk (PS-2). */
export type Outcome<Response = Json | undefined> =
  | (Ended & {
      readonly status: 'completed';
      /** `undefined` where it has no form in JSON, or is no longer kept. */
      readonly response: Response | undefined;
      readonly error?: undefined;
    })
  | (Ended & {
      readonly status: 'deadLettered' | 'cancelled' | 'expired';
      readonly response?: undefined;
      readonly error: HoldfastError;
    });

/** An operation as people may see it: no payload, no response. */
export interface OperationView<Type extends string = string> {
  readonly id: string;
  readonly type: Type;
  readonly subject: string;
  readonly entity: Entity | null;
  readonly tier: TierName;
  readonly priority: Priority;
  /**
   * What goes out to its upstream, as the header `Idempotency-Key` or as `attempt.idempotencyKey`: for looking it up
   * there. It was decided at acceptance; an edit that was made again after a conflict, and a dead letter that was
   * replayed with another payload, have another since.
   */
  readonly idempotencyKey: string;
  /** Tags as the request had them. */
  readonly tags: readonly string[];
  /** State of its chart: `waiting`, `backingOff`, `completed`, …; of a crisis, that of its delivery. */
  readonly state: SyncOperationState | CrisisDeliveryState;
  /** The attempt ordered, running or last made. */
  readonly attempt: number;
  readonly acceptedAtMs: number;
  readonly settledAtMs: number | null;
  /** Why it waits, since when, and until when where that is known; `null` where it does not wait. */
  readonly wait: OperationWait | null;
  /** When it is tried again, or begins, where time is what it waits for. */
  readonly retryAtMs: number | null;
  readonly expiresAtMs: number | null;
  readonly failure: { readonly code: ErrorCode; readonly message: string } | null;
  readonly history: readonly HistoryEntry[];
}

/** The view of work on this chart, of this urgency rank, that is due at `dueAtMs` of the steady clock. */
export function toView(
  {
    chart,
    urgency,
    dueAtMs,
    standing,
  }: Pick<Resident, 'chart' | 'urgency' | 'dueAtMs' | 'standing'>,
  { value, context }: Pick<WorkSnapshot, 'value' | 'context'>,
  waits: ShownWaits,
): OperationView {
  const state = chart.stateOf(value);
  const retryAtMs = shownRetryAtMs(chart, state, context, dueAtMs, waits);
  const { failure } = context;
  return {
    id: context.id,
    type: context.type,
    subject: context.subject,
    entity: context.entity,
    tier: context.tier,
    priority: context.priority,
    idempotencyKey: keyOfRound(context),
    tags: context.tags ?? [],
    state:
      typeof value === 'object' && 'delivery' in value
        ? innermost(value.delivery)
        : (state as SyncOperationState),
    attempt: context.attempt,
    acceptedAtMs: context.acceptedAtMs,
    settledAtMs: context.settledAtMs,
    wait: waitOf(chart, state, context, { urgency, standing }, retryAtMs, waits),
    retryAtMs,
    expiresAtMs: context.expiresAtMs,
    failure: failure === null ? null : { code: failure.code, message: failure.message },
    history: context.history,
  };
}

/**
 * The outcome of an operation whose ending is durable. `thrown` is what the last attempt threw in this
 * process; it becomes the `cause` of the outcome's error.
 */
export function toOutcome(
  context: WorkContext,
  { response, answer }: Said,
  thrown: unknown,
): Outcome {
  const ended: Ended = {
    operationId: context.id,
    attempts: context.isSpent ? context.attempt : context.attempt - 1,
    acceptedAtMs: context.acceptedAtMs,
    settledAtMs: context.settledAtMs ?? context.acceptedAtMs,
    answer,
  };
  switch (context.ending) {
    case 'completed':
      return { ...ended, status: 'completed', response };
    case 'cancelled':
      return {
        ...ended,
        status: 'cancelled',
        error: ending('HF_CANCELLED', 'It was cancelled.', thrown),
      };
    case 'expired':
      return {
        ...ended,
        status: 'expired',
        error: ending('HF_EXPIRED', 'Its time was over.', thrown),
      };
    default:
      return { ...ended, status: 'deadLettered', error: deadLetterError(context, thrown) };
  }
}

/** There is none of that id, or no longer. */
export function operationUnknown(): HoldfastError {
  return new HoldfastError(
    'HF_OPERATION_UNKNOWN',
    'There is nothing of that id in the store: it may have been purged, or the id is not whole (most commands take its last 6 characters or more, too).',
    { field: 'id' },
  );
}

/** For an operation whose record is quarantined: it does not run and gets no outcome (PS-3). */
export function quarantinedError(): HoldfastError {
  return new HoldfastError(
    'HF_QUARANTINED',
    'The record of this operation can not be opened or read and was set aside. See holdfast quarantine.',
    { field: 'id', withStack: false },
  );
}

function ending(code: ErrorCode, message: string, cause?: unknown): HoldfastError {
  return new HoldfastError(code, message, { withStack: false, cause });
}

function deadLetterError(context: WorkContext, thrown: unknown): HoldfastError {
  const { failure } = context;
  if (failure === null) return ending('HF_INTERNAL', 'It was given up for no recorded reason.');
  if (failure.failureClass === 'permanent') {
    return new HoldfastError(failure.code, failure.message, { withStack: false, cause: thrown });
  }
  return new HoldfastError(
    'HF_ATTEMPTS_EXHAUSTED',
    `No attempt of ${context.attempt} succeeded. The last one: ${failure.message}`,
    { withStack: false, cause: thrown },
  );
}
