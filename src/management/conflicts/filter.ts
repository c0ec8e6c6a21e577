/**
 * Which conflicts are meant: by kind of record, type, state, reason and operation.
 *
 * @module
 */

import {
  CONFLICT_STATES,
  type ConflictRecord,
  type ConflictRecordState,
  isOpen,
} from '../../../machines/conflict/conflictRecord.ts';
import {
  CONFLICT_REASONS,
  type ConflictReason,
} from '../../../machines/vocabulary/conflictReason.ts';
import type { OptionRules } from '../../../machines/vocabulary/optionRules.ts';

/** Which conflicts are meant; what is left out restricts nothing, but for `all`. */
export interface ConflictFilter {
  /** Those that are over as well. Default false: what waits for a person, or is decided and not carried out. */
  readonly all?: boolean | undefined;
  /** Of records of this kind. */
  readonly entityType?: string | undefined;
  /** Of edits of this type. */
  readonly type?: string | undefined;
  /** Only those in this state, over or not. */
  readonly state?: ConflictRecordState | undefined;
  readonly reason?: ConflictReason | undefined;
  /** Only those that this operation has met. */
  readonly operationId?: string | undefined;
}

export const CONFLICT_FILTER_RULES = {
  all: 'boolean',
  entityType: 'text',
  type: 'text',
  state: { oneOf: CONFLICT_STATES },
  reason: { oneOf: CONFLICT_REASONS },
  operationId: 'text',
} as const satisfies OptionRules<ConflictFilter>;

/** Whether those that are over are meant, too. */
export function wantsAll({ all, state }: ConflictFilter): boolean {
  return all === true || state !== undefined;
}

export function matches(record: ConflictRecord, filter: ConflictFilter): boolean {
  const { entityType, type, state, reason, operationId } = filter;
  return (
    (wantsAll(filter) || isOpen(record)) &&
    (entityType === undefined || record.entity.type === entityType) &&
    (type === undefined || record.type === type) &&
    (state === undefined || record.state === state) &&
    (reason === undefined || record.reason === reason) &&
    (operationId === undefined || record.operationId === operationId)
  );
}
