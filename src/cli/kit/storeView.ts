import type { OperationView } from '../../../actors/operation/outcome.ts';
import { viewIfReadable } from '../../../actors/operation/rowView.ts';
import { readStore } from '../../../persistence/openStore.ts';
import { keyFile } from '../../../persistence/sealing/keyFile.ts';
import { askOwner } from '../../control/controlClient.ts';
import type { ControlMethods } from '../../control/controlSocket.ts';

type OperationsPage = ControlMethods['operations']['result'];

/** Operations fetched at a time. */
const PAGE_SIZE = 500;

/**
 * The operations of a store in order of acceptance: from the process that owns it, or, when nobody
 * does, from the store itself, which is then owned until the last one is taken. Rows that can't be
 * opened are left out, and counted.
 *
 * @throws HoldfastError `HF_STORE_…` or `HF_KEY_…`
 */
export async function* operationViews(
  storeFolder: string,
  keyPath: string,
  onUnreadable: (count: number) => void,
): AsyncGenerator<OperationView> {
  let afterSeq: number | null = 0;
  let isOwned = false;
  while (afterSeq !== null) {
    const page: OperationsPage | null = await askOwner(storeFolder, {
      method: 'operations',
      params: { afterSeq, limit: PAGE_SIZE },
    });
    if (page === null) break;
    isOwned = true;
    onUnreadable(page.unreadable);
    yield* page.views;
    afterSeq = page.nextAfterSeq;
  }
  if (!isOwned) yield* viewsAtRest(storeFolder, keyPath, onUnreadable);
}

async function* viewsAtRest(
  folder: string,
  keyPath: string,
  onUnreadable: (count: number) => void,
): AsyncGenerator<OperationView> {
  const store = await readStore({ folder, key: keyFile(keyPath) });
  try {
    let afterSeq = 0;
    for (;;) {
      const rows = await store.list({ afterSeq, limit: PAGE_SIZE });
      for (const row of rows) {
        afterSeq = row.seq;
        const view = viewIfReadable(row);
        if (view === null) onUnreadable(1);
        else yield view;
      }
      if (rows.length < PAGE_SIZE) return;
    }
  } finally {
    await store.close();
  }
}
