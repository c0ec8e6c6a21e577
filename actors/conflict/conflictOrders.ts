/**
 * What carries out the decisions of people about conflicts: an edit that waits for one goes on with what was decided,
 * and what went out already is followed by another edit (CF-6). Who may decide, and what is kept of it, others know.
 *
 * @module
 */

import type { ConflictRecord } from '../../machines/conflict/conflictRecord.ts';
import type { DecisionHolds } from '../../machines/policy/request/requestBody.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import type { KeepWrite, WriteResult } from '../../persistence/port/store.ts';

/** What a person has decided of an edit that waits for it. */
export interface DecidedEdit {
  readonly value: Json;
  /** The version of the other side, as the record of the conflict has it: it is sent on that. */
  readonly version: string | null;
  /** The upstream has no such record. */
  readonly absent?: true | undefined;
  /** What both sides began with, where that is known. */
  readonly ancestor?: Json | undefined;
  /** For which edits that wait behind it is decided, too. */
  readonly holds?: DecisionHolds | undefined;
}

export interface ConflictOrders {
  /**
   * Has an edit that waits for a decision go on with what was decided. Resolves once that is durable; false where it
   * does not wait for one any more: it was cancelled, tried again, or has ended.
   */
  decide(operationId: string, decided: DecidedEdit): Promise<boolean>;
  /**
   * Accepts an edit that makes of a record what was decided. Resolves with the id of its operation once that is
   * durable; a repeat with the same key finds the first.
   */
  edit(
    record: Pick<ConflictRecord, 'id' | 'type' | 'subject' | 'entity'>,
    decided: {
      readonly value: Json;
      readonly base: { readonly version: string | null; readonly value: Json };
      readonly key: string;
    },
  ): Promise<string>;
  /** Keeps records; resolves once they are durable, with a result for each. */
  keep(writes: readonly KeepWrite[]): Promise<readonly WriteResult[]>;
}
