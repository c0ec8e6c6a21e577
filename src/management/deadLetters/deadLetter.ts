/**
 * What is shown of a dead letter: an operation that was given up and waits for a person (OP-5).
 *
 * @module
 */

import type {
  HistoryEntry,
  SyncOperationContext,
} from '../../../machines/operation/syncOperationMachine.ts';
import type { Entity } from '../../../machines/vocabulary/entity.ts';
import type { ErrorCode } from '../../../machines/vocabulary/errors.ts';
import type { Priority, TierName } from '../../../machines/vocabulary/urgency.ts';

/** A dead letter as it is listed: never its payload, its response or its subject. */
export interface DeadLetter {
  readonly id: string;
  readonly type: string;
  readonly tier: TierName;
  readonly priority: Priority;
  /** Why it was given up. */
  readonly code: ErrorCode;
  readonly message: string;
  /** Attempts made since it was accepted or last replayed. */
  readonly attempts: number;
  readonly acceptedAtMs: number;
  readonly deadLetteredAtMs: number;
  readonly expiresAtMs: number | null;
  /** True when an attempt may have been applied at the upstream without an answer. */
  readonly mayBeApplied: boolean;
}

/** One dead letter with what happened to it. */
export interface DeadLetterDetails extends DeadLetter {
  readonly subject: string;
  readonly entity: Entity | null;
  /** The newest entries, oldest first. */
  readonly history: readonly HistoryEntry[];
  /** False when its payload is gone: it can be replayed with a new one only. */
  readonly hasPayload: boolean;
}

/** The dead letter that this operation is. */
export function letterOf(context: SyncOperationContext): DeadLetter {
  const { failure } = context;
  return {
    id: context.id,
    type: context.type,
    tier: context.tier,
    priority: context.priority,
    code: failure?.code ?? 'HF_INTERNAL',
    message: failure?.message ?? 'It was given up for no recorded reason.',
    attempts: context.isSpent ? context.attempt : context.attempt - 1,
    acceptedAtMs: context.acceptedAtMs,
    deadLetteredAtMs: context.settledAtMs ?? context.acceptedAtMs,
    expiresAtMs: context.expiresAtMs,
    mayBeApplied: context.isOutcomeUnknown,
  };
}
