/**
 * What an operation's chart knows of it: ids, counts and instants, never its payload. What an operation
 * needs only on a bad day is absent until then: every row is made of it.
 *
 * @module
 */

import type { RateReservation } from '../policy/flow/rateLimits.ts';
import type { Failure } from '../policy/retry/classifyFailure.ts';
import type { HistoryEntry } from '../policy/retry/failureRuns.ts';
import type { UpTime } from '../policy/retry/retryPolicy.ts';
import type { Entity } from '../vocabulary/record.ts';
import type { Priority, Tier, TierName } from '../vocabulary/urgency.ts';

export interface SyncOperationInput {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly entity: Entity | null;
  readonly tier: TierName;
  /** The built-in tier that an own one is like; absent for a built-in one. */
  readonly like?: Tier | undefined;
  readonly priority: Priority;
  /** What the upstream sees: the key that was derived from the app's, the app's own, or the operation's id. */
  readonly idempotencyKey: string;
  /** The upstream that gets the app's key as it was given; absent where the key is no such (OP-8). */
  readonly keyGivenTo?: string | undefined;
  /** Digest of what a repeat with the same key must equal; `null` when the caller gave no key. */
  readonly fingerprint: string | null;
  readonly method: string | null;
  readonly path: string | null;
  readonly acceptedAtMs: number;
  readonly expiresAtMs: number | null;
  /** Before which it does not begin, by the wall clock; absent once that is over, or where there is none. */
  readonly startAtMs?: number | undefined;
  /** Attempts in all; `null` for as long as it takes (crisis). */
  readonly attemptsMax: number | null;
  /** True where it is given up once the function that came with it is gone, with its process; absent else (OP-7). */
  readonly isBoundToProcess?: boolean | undefined;
  /** By which it is found; absent where it has none. */
  readonly tags?: readonly string[] | undefined;
  /** True where it is an edit of a record that is merged: it is compared before it goes out; absent else (CF-6). */
  readonly isEdit?: boolean | undefined;
}

/** How an operation ended. */
export type Ending = 'completed' | 'deadLettered' | 'cancelled' | 'expired';

/** The states in which work has ended, on disk, of operations and of deliveries of crises: for those who load no chart. */
export const ENDED_STATES: ReadonlySet<string> = new Set([
  ...['completed', 'deadLettered', 'cancelled', 'expired'],
  ...['delivered', 'calledOff'],
]);

export interface SyncOperationContext extends SyncOperationInput {
  /** The attempt that is ordered or running, from 1; durable before it runs. */
  readonly attempt: number;
  /** True once that attempt is spent; the next order then takes the next number. */
  readonly isSpent: boolean;
  /** Failures that spent no attempt; absent while there was none. They count for the backoff (RT-1). */
  readonly unspentFailures?: number | undefined;
  /** True after a failure that singles it out, the next of which spends an attempt; absent else (RT-1). */
  readonly isSingledOut?: boolean | undefined;
  /**
   * When its last failure was, by the steady clock: its next turn judges whether that lay in an outage, and
   * spent no attempt (RT-1). Absent where nothing is to be judged.
   */
  readonly failedAtMs?: number | undefined;
  /** From where the time counts until it is given up (OP-5): its first failure, or that after a wait for somebody. */
  readonly upMark?: UpTime | undefined;
  /** From where it counts how long its upstream may be at work on an attempt in doubt (RT-1); absent without one. */
  readonly workMark?: UpTime | undefined;
  /** Until when its subject's or its tier's rate is used up; it is not asked again before (PF-5). */
  readonly rate?: RateReservation | undefined;
  /** Since when it is in the wait that it is in; absent: since its acceptance. */
  readonly sinceAtMs?: number | undefined;
  /** Crashes in a row that found it in flight; they spend no attempt (RT-4). */
  readonly crashes: number;
  /** True once an attempt may have been applied without an answer. */
  readonly isOutcomeUnknown: boolean;
  /**
   * Of an edit: how often a new body was made for it after the upstream had refused the one before; absent
   * while that never was. Each has a key of its own (`keyOfRound`).
   */
  readonly round?: number | undefined;
  /** What the keys of its rounds begin with, where that is not its id: the key of an edited replay. */
  readonly roundsKey?: string | undefined;
  /** True once an edit was compared: the body that goes out under its present key is decided, and kept; absent else. */
  readonly isCompared?: boolean | undefined;
  /** When the first attempt under the present key was ordered; `null` before, and while it is the one that was ordered at acceptance. */
  readonly firstAttemptAtMs: number | null;
  /** When it may be tried again. */
  readonly wakeAtMs: number;
  /** The last backoff, the base of the next one. */
  readonly delayMs: number | null;
  readonly failure: Failure | null;
  readonly ending: Ending | null;
  readonly settledAtMs: number | null;
  /** The newest {@link HISTORY_MAX} entries. */
  readonly history: readonly HistoryEntry[];
}

/** Field by field, because this runs for every request and spreading so many fields is slow. */
export function newOperation(input: SyncOperationInput): SyncOperationContext {
  const context: SyncOperationContext = {
    id: input.id,
    type: input.type,
    subject: input.subject,
    entity: input.entity,
    tier: input.tier,
    priority: input.priority,
    idempotencyKey: input.idempotencyKey,
    fingerprint: input.fingerprint,
    method: input.method,
    path: input.path,
    acceptedAtMs: input.acceptedAtMs,
    expiresAtMs: input.expiresAtMs,
    attemptsMax: input.attemptsMax,
    attempt: 1,
    isSpent: false,
    crashes: 0,
    isOutcomeUnknown: false,
    firstAttemptAtMs: null,
    wakeAtMs: input.acceptedAtMs,
    delayMs: null,
    failure: null,
    ending: null,
    settledAtMs: null,
    history: [],
  };
  const { isBoundToProcess, tags, startAtMs, isEdit, keyGivenTo, like } = input;
  const isPlain = isBoundToProcess !== true && isEdit !== true && keyGivenTo === undefined;
  if (isPlain && like === undefined && tags === undefined && startAtMs === undefined)
    return context;
  return {
    ...context,
    ...(like === undefined ? {} : { like }),
    ...(isEdit === true ? { isEdit } : {}),
    ...(isBoundToProcess === true ? { isBoundToProcess } : {}),
    ...(tags === undefined ? {} : { tags }),
    ...(startAtMs === undefined ? {} : { startAtMs }),
    ...(keyGivenTo === undefined ? {} : { keyGivenTo }),
  };
}
