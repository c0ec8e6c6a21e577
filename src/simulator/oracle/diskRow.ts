/**
 * Translates an operation on disk into the oracle's terms.
 *
 * @module
 */

import type { WorkContext, WorkState } from '../../../actors/charts/chartOfWork.ts';
import { type Outcome, toOutcome } from '../../../actors/operation/outcome.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { NOTHING_SAID } from '../../../machines/vocabulary/upstreamAnswer.ts';
import { builtInOf, urgencyOf } from '../../../machines/vocabulary/urgency.ts';
import type { Standing, StoredOperation } from '../../../persistence/port/store.ts';
import type { RowAtRest } from './rowsAtRest.ts';
import { keyOfRow } from './sentKeys.ts';
import type { DiskRow, ReportedOutcome, TraceEvents } from './trace.ts';

/** States on disk from which an attempt may begin at once. */
const ORDERED: ReadonlySet<WorkState> = new Set(['ordering', 'awaitingPlace']);

/** Reports an outcome as its caller got it, without the response and the error's words. */
export function reported(outcome: Outcome): ReportedOutcome {
  const { status, attempts, settledAtMs } = outcome;
  const code = outcome.status === 'completed' ? null : outcome.error.code;
  return { status, attempts, settledAtMs, code };
}

/** Describes the error that refused a request, as its caller got it. */
export function refusalOf(error: unknown): Pick<TraceEvents['refused'], 'code' | 'isForSure'> {
  if (!isHoldfastError(error)) return { code: null };
  return { code: error.code, isForSure: !error.mayBeStored };
}

export function hasEnded(standing: Standing): boolean {
  return standing === 'settled' || standing === 'deadLettered';
}

export function diskRow(
  { seq, standing, urgency }: Pick<StoredOperation, 'seq' | 'standing' | 'urgency'>,
  state: WorkState,
  context: WorkContext,
): DiskRow {
  const { id, idempotencyKey, entity, priority, attempt, isSpent, crashes, failure } = context;
  const isCrisis = priority === 'crisis';
  return {
    id,
    key: keyOfRow(id, idempotencyKey),
    seq,
    state,
    isInHand: standing === 'inHand',
    isCrisis,
    lane: entity === null || isCrisis ? null : `${entity.type}/${entity.id}`,
    urgency,
    ownUrgency: urgencyOf(priority, builtInOf(context)),
    attempt,
    isOrdered: ORDERED.has(state) && !isSpent,
    dueAtMs: context.wakeAtMs,
    startAtMs: ('startAtMs' in context ? context.startAtMs : null) ?? null,
    isBackingOff: standing === 'due' && state === 'backingOff',
    crashes,
    attemptsMax: context.attemptsMax,
    outcome:
      hasEnded(standing) && context.ending !== null
        ? reported(toOutcome(context, NOTHING_SAID, undefined))
        : null,
    failureCode: failure?.code ?? null,
  };
}

export function diskRows(rows: readonly RowAtRest[]): readonly DiskRow[] {
  return rows.map(({ row, state, context }) => diskRow(row, state, context));
}

/**
 * Makes the row of a crisis that another thread has answered and no process has accepted yet: it is on disk under its
 * id.
 */
export function rowOutside(id: string): DiskRow {
  return {
    id,
    key: id,
    seq: 0,
    state: 'outside',
    isInHand: true,
    isCrisis: true,
    lane: null,
    ...{ urgency: 0, ownUrgency: 0, attempt: 0, dueAtMs: 0, crashes: 0 },
    ...{ isOrdered: false, isBackingOff: false, outcome: null, failureCode: null },
  };
}
