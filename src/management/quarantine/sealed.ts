/**
 * Management call: reads a page of quarantined records as they lie on disk.
 *
 * @module
 */

import type { SealedRecord } from '../../../persistence/port/store.ts';
import { storeCall } from '../call/managementCall.ts';
import { PAGE_FROM } from '../call/params.ts';
import { nextSeqOf } from './quarantined.ts';

interface SealedPage {
  readonly records: readonly SealedRecord[];
  /** Where the next page begins; `null` after the last. */
  readonly nextSeq: number | null;
}

/** Each may carry a large payload. */
const SEALED_ROWS = 16;

export const pageOfSealed = storeCall<{ readonly fromSeq: number }, SealedPage>({
  name: 'quarantine.sealed',
  summary: 'A page of quarantined records as they lie on disk, sealed.',
  capability: 'export',
  params: { fromSeq: PAGE_FROM },
  audited: ['fromSeq'],
  override: null,
  async run({ records }, { fromSeq }) {
    const sealed = await records.quarantine.sealed({ afterSeq: fromSeq, limit: SEALED_ROWS });
    return { records: sealed, nextSeq: nextSeqOf(sealed, SEALED_ROWS) };
  },
});
