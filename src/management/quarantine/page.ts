/**
 * Management call: reads a page of quarantined records.
 *
 * @module
 */

import { storeCall } from '../call/managementCall.ts';
import { PAGE_FROM } from '../call/params.ts';
import { nextSeqOf, type Quarantined, quarantinedOf } from './quarantined.ts';

interface QuarantinePage {
  readonly records: readonly Quarantined[];
  /** Where the next page begins; `null` after the last. */
  readonly nextSeq: number | null;
}

const PAGE_ROWS = 128;

export const pageOfQuarantine = storeCall<{ readonly fromSeq: number }, QuarantinePage>({
  name: 'quarantine.page',
  summary: 'A page of quarantined records, each with its reason.',
  capability: 'view',
  params: { fromSeq: PAGE_FROM },
  audited: null,
  override: null,
  async run({ records }, { fromSeq }) {
    const rows = await records.quarantine.page({ afterSeq: fromSeq, limit: PAGE_ROWS });
    return { records: rows.map(quarantinedOf), nextSeq: nextSeqOf(rows, PAGE_ROWS) };
  },
});
