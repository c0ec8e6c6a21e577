/**
 * Encodes the chart of an operation or a crisis for its row, and decodes it.
 *
 * @module
 */

import {
  type CrisisSnapshot,
  type CrisisStates,
  crisisAt,
  crisisMachine,
  crisisStatesOf,
} from '../../machines/crisis/crisisMachine.ts';
import { crisisOfRow, crisisToKeep, isCrisisKept } from '../../machines/crisis/crisisShape.ts';
import type {
  SyncOperationSnapshot,
  SyncOperationState,
} from '../../machines/operation/syncOperationMachine.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Standing } from '../../machines/vocabulary/standing.ts';
import type { Said } from '../../machines/vocabulary/upstreamAnswer.ts';
import {
  type ChartOfWork,
  crisisChart,
  operationChart,
  type WorkSnapshot,
  type WorkState,
} from './chartOfWork.ts';
import { decodeOperation, encodeOperation } from './operationRecord.ts';
import { decodeSnapshot, encodeSnapshot, headOfSnapshot } from './snapshots.ts';

/** The text kept for work on either chart. */
export function encodeWork(
  chart: ChartOfWork,
  {
    value,
    context,
  }: {
    readonly value: WorkSnapshot['value'] | SyncOperationState | CrisisStates;
    readonly context: WorkSnapshot['context'];
  },
  said?: Said,
): string {
  if (chart === operationChart) {
    return encodeOperation({ value: value as SyncOperationSnapshot['value'], context }, said);
  }
  const kept = crisisToKeep(crisisStatesOf(value as CrisisSnapshot['value']));
  return encodeSnapshot(crisisMachine, { value: kept, context }, said);
}

/** A decoded row. */
export interface DecodedWork {
  readonly chart: ChartOfWork;
  readonly state: WorkState;
  readonly snapshot: WorkSnapshot;
  readonly said: Said;
}

/**
 * Decodes a row, whatever version wrote it.
 *
 * @throws HoldfastError as `decodeSnapshot` does; `HF_RECORD_MALFORMED` also for a state that no row is in.
 */
export function decodeWork(row: {
  readonly state: string;
  readonly standing: Standing;
}): DecodedWork {
  if (headOfSnapshot(row.state)?.machine === crisisMachine.id) {
    const { snapshot, said } = decodeCrisis(row);
    return workOf(crisisChart, snapshot, said);
  }
  const { snapshot, said } = decodeOperation(row);
  return workOf(operationChart, snapshot, said);
}

function workOf(chart: ChartOfWork, snapshot: WorkSnapshot, said: Said): DecodedWork {
  return { chart, state: chart.stateOf(snapshot.value), snapshot, said };
}

function decodeCrisis(row: { readonly state: string; readonly standing: Standing }): {
  readonly snapshot: CrisisSnapshot;
  readonly said: Said;
} {
  const { snapshot, said } = decodeSnapshot(crisisMachine, row.state);
  const kept = crisisStatesOf(snapshot.value);
  if (!isCrisisKept(kept)) {
    throw new HoldfastError(
      'HF_RECORD_MALFORMED',
      `A record of ${crisisMachine.id} is in a state that is never kept.`,
    );
  }
  const { context } = snapshot;
  return { snapshot: crisisAt(crisisOfRow(kept, context, row.standing), context), said };
}
