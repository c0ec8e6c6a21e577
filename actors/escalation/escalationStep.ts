/**
 * A step of the chain of people who are told of a crisis that is not delivered (CR-5), and what it is told.
 *
 * @module
 */

import type { CrisisContext } from '../../machines/crisis/crisisContext.ts';
import type { EscalationCause } from '../../machines/crisis/crisisEscalation.ts';
import type { RetryPolicy } from '../../machines/policy/retry/retryPolicy.ts';
import type { ErrorCode } from '../../machines/vocabulary/errors.ts';
import type { Tier } from '../../machines/vocabulary/urgency.ts';

/**
 * What a step is told: that there is a crisis which is not delivered, whose, and since when. Nothing of what
 * the person has sent: who is told opens that in a system that knows who may see it.
 */
export interface EscalationNotice {
  /** The same for every step and every call of one crisis. */
  readonly eventId: string;
  /** The same for every call of this step about this crisis, over restarts too: a repeat is known by it. */
  readonly idempotencyKey: string;
  readonly operationId: string;
  /** Whose crisis it is, as the app names them. */
  readonly subject: string | null;
  /** The type of its request, such as `crisis.alert`. */
  readonly type: string;
  readonly tier: Tier;
  /** The name of the step, and which call of it this is, from 1. */
  readonly step: string;
  readonly call: number;
  /** Why it escalated: its fast attempts were used up, or it was not delivered in time. */
  readonly cause: EscalationCause;
  /** What its last delivery failed with; `null` where none has failed. */
  readonly failure: ErrorCode | null;
  /** The number of its latest delivery, from 1. */
  readonly attempt: number;
  /** When it was accepted, in milliseconds since the epoch. */
  readonly acceptedAtMs: number;
  /** When it escalated, in milliseconds since the epoch. */
  readonly escalatedAtMs: number;
}

/** A step with all that is set for it. Times are in milliseconds. */
export interface EscalationStep {
  readonly name: string;
  /** How long a call may take. */
  readonly timeoutMs: number;
  /** How long a person who was told has to take the crisis on, before the next step is told. */
  readonly acknowledgeWithinMs: number;
  /** Its calls: how many, and how long it waits between them. */
  readonly retry: RetryPolicy;
  /** Tells it; may be asynchronous. It was told once what this returns has resolved; what it throws is a call that failed. */
  readonly notify: (notice: EscalationNotice, how: { readonly signal: AbortSignal }) => unknown;
}

/** What its present step is told of a crisis. */
export function noticeOf(context: CrisisContext): EscalationNotice {
  const { id, subject, type, tier, failure, attempt, acceptedAtMs, escalation } = context;
  const { step, calls, cause, sinceAtMs } = escalation;
  const name = step ?? '';
  return {
    eventId: `escalation:${id}`,
    idempotencyKey: `escalation:${id}:${name}`,
    operationId: id,
    subject,
    type,
    tier,
    step: name,
    call: calls,
    cause: cause ?? 'notInTime',
    failure: failure?.code ?? null,
    attempt,
    acceptedAtMs,
    escalatedAtMs: sinceAtMs ?? acceptedAtMs,
  };
}
