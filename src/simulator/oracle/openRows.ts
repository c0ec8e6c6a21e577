/**
 * Reads unfinished rows on a disk, for looks.
 *
 * @module
 */

import { decodeWork } from '../../../actors/charts/workRecord.ts';
import type { Standing, Store, StoredOperation } from '../../../persistence/port/store.ts';
import type { OpenRow } from './look.ts';

const OPEN: readonly Standing[] = ['inHand', 'due', 'held', 'deadLettered'];
const PAGE_ROWS = 500;

/** Parts of a row that no reader changes. */
export type ReadRow = Omit<OpenRow, 'upstream' | 'unchangedMs' | 'openMs'>;

/**
 * Open rows of a disk; decodes an unchanged row once. A restored store may have another row under the same id and
 * revision.
 */
export class OpenRows {
  #read = new Map<string, { readonly row: StoredOperation; readonly as: ReadRow }>();

  async of(disk: Pick<Store, 'list'>): Promise<readonly ReadRow[]> {
    const read = new Map<string, { readonly row: StoredOperation; readonly as: ReadRow }>();
    for (const standing of OPEN) {
      for (let afterSeq = 0, isLast = false; !isLast; ) {
        const page = await disk.list({ afterSeq, limit: PAGE_ROWS, standing });
        for (const row of page) {
          const before = this.#read.get(row.id);
          const isUnchanged = before !== undefined && isSameRow(before.row, row);
          read.set(row.id, { row, as: isUnchanged ? before.as : decoded(row) });
        }
        afterSeq = page.at(-1)?.seq ?? 0;
        isLast = page.length < PAGE_ROWS;
      }
    }
    this.#read = read;
    return [...read.values()].map(({ as }) => as);
  }
}

function isSameRow(before: StoredOperation, now: StoredOperation): boolean {
  return before.revision === now.revision && before.state === now.state;
}

function decoded(row: StoredOperation): ReadRow {
  const { id, seq, revision, standing } = row;
  const { state, snapshot } = decodeWork(row);
  const { type, subject, entity, priority, isEdit, delayMs } = snapshot.context;
  const isCrisis = priority === 'crisis';
  const isPausing = state === 'backingOff' && standing === 'due';
  return {
    ...{ id, seq, revision, standing, state, type, subject, isCrisis },
    isTest: 'isTest' in snapshot.context && snapshot.context.isTest === true,
    isEdit: isEdit === true,
    lane: entity === null || isCrisis ? null : `${entity.type}/${entity.id}`,
    pauseMs: isPausing ? delayMs : null,
  };
}
