/**
 * Keeps the crisis plans of edits that wait, after a start (CR-3, PS-2). A plan is kept right behind the acceptance of
 * its edit; where the process died in between, the one from before would answer until the edit has arrived.
 *
 * @module
 */

import { entityKey } from '../../machines/operation/keys.ts';
import type { StoredOperation } from '../../persistence/port/store.ts';
import { operationChart, type WorkContext } from '../charts/chartOfWork.ts';
import { decodeWork } from '../charts/workRecord.ts';
import { isEditBy } from '../operation/edit.ts';
import type { DeskTools } from './deskParts.ts';
import { makesPlans } from './shownPlans.ts';

/** Rows looked at between two requests of others. */
const PAGE_ROWS = 32;
/** Those that were accepted last: of earlier ones the plan was kept before the process died. */
const ROWS_MAX = 1_024;

/** Resolves once the plans are on disk, or it is stopped. Rejects where the store can't be read. */
export async function keepWaitingPlans(tools: DeskTools, isStopped: () => boolean): Promise<void> {
  const { store, pool, plans } = tools;
  const { registered } = pool();
  if (![...registered.byType.values()].some(makesPlans)) return;
  const done = new Set<string>();
  let fromSeq: number | null = Number.MAX_SAFE_INTEGER;
  for (let rows = 0; fromSeq !== null && rows < ROWS_MAX && !isStopped(); rows += PAGE_ROWS) {
    const page = await store.search({
      standings: ['inHand', 'due', 'held'],
      order: 'newest',
      fromSeq,
      limit: PAGE_ROWS,
    });
    for (const row of page.rows) {
      const context = contextOf(row);
      const handler = context === null ? null : registered.of(context);
      if (context === null || handler === null || !isEditBy(handler, context)) continue;
      const { entity, subject } = context;
      const key = entityKey(entity);
      if (entity === null || key === null) continue;
      // One does for all edits of a record: what is shown has all of them.
      if (done.has(key)) continue;
      done.add(key);
      await plans.changed(entity, subject, handler);
    }
    fromSeq = page.nextSeq;
  }
}

/** What a row of work says of itself; `null` for a crisis, and for what can't be read. */
export function contextOf(row: StoredOperation): WorkContext | null {
  try {
    const { chart, snapshot } = decodeWork(row);
    return chart === operationChart ? snapshot.context : null;
  } catch {
    // The check of the store finds it.
    return null;
  }
}
