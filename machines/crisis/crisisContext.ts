/**
 * What a crisis's chart knows of it: ids, counts and instants, never its payload.
 *
 * @module
 */

import type { Failure } from '../policy/retry/classifyFailure.ts';
import type { HistoryEntry } from '../policy/retry/failureRuns.ts';
import type { Entity } from '../vocabulary/record.ts';
import type { TierName } from '../vocabulary/urgency.ts';
import { type CrisisEscalation, notEscalated } from './crisisEscalation.ts';

export interface CrisisInput {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly entity: Entity | null;
  readonly tier: TierName;
  /** What the upstream sees: the key that was derived from the app's, or the crisis's id. */
  readonly idempotencyKey: string;
  readonly method: string | null;
  readonly path: string | null;
  readonly acceptedAtMs: number;
  /** A trial run: nobody is in danger. */
  readonly isTest?: true | undefined;
}

/** How a crisis ended: it was delivered, or a person has called it off. There is no other end. */
export type CrisisEnding = 'completed' | 'cancelled';

export interface CrisisContext extends CrisisInput {
  readonly priority: 'crisis';
  /** The key is for the upstream alone: the store is not asked (docs/decisions/0010). */
  readonly fingerprint: null;
  /** A crisis never expires. */
  readonly expiresAtMs: null;
  /** A crisis has as many attempts as it takes. */
  readonly attemptsMax: null;
  /** The attempt that is ordered or running, from 1. */
  readonly attempt: number;
  /** True once that attempt has failed; the next order then takes the next number. */
  readonly isSpent: boolean;
  /** How far people were told that it is not delivered. */
  readonly escalation: CrisisEscalation;
  /** Since when it is in the wait that it is in; absent: since its acceptance. */
  readonly sinceAtMs?: number | undefined;
  /** Crashes in a row that found it in flight; they spend no attempt (RT-4). */
  readonly crashes: number;
  /** True once an attempt may have been applied without an answer. */
  readonly isOutcomeUnknown: boolean;
  /** When the first attempt was ordered; `null` while it is the one that was ordered at acceptance. */
  readonly firstAttemptAtMs: number | null;
  /** When it is tried again. */
  readonly wakeAtMs: number;
  /** How long that wait is in all. */
  readonly delayMs: number | null;
  readonly failure: Failure | null;
  readonly ending: CrisisEnding | null;
  readonly settledAtMs: number | null;
  /** The newest entries. */
  readonly history: readonly HistoryEntry[];
}

export function newCrisis(input: CrisisInput): CrisisContext {
  return {
    id: input.id,
    type: input.type,
    subject: input.subject,
    entity: input.entity,
    tier: input.tier,
    priority: 'crisis',
    idempotencyKey: input.idempotencyKey,
    fingerprint: null,
    method: input.method,
    path: input.path,
    acceptedAtMs: input.acceptedAtMs,
    expiresAtMs: null,
    attemptsMax: null,
    attempt: 1,
    isSpent: false,
    escalation: notEscalated(input.acceptedAtMs),
    crashes: 0,
    isOutcomeUnknown: false,
    firstAttemptAtMs: null,
    wakeAtMs: input.acceptedAtMs,
    delayMs: null,
    failure: null,
    ending: null,
    settledAtMs: null,
    history: [],
    ...(input.isTest === true ? { isTest: true } : {}),
  };
}
