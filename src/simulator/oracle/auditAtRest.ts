/**
 * Reads the audit of a store that no process has open.
 *
 * @module
 */

import { type AuditEntry, parseEntry } from '../../../persistence/audit/auditEntry.ts';
import { AuditVerifier } from '../../../persistence/audit/verifyAudit.ts';
import { AUDIT_PAGE_MAX } from '../../../persistence/port/audit.ts';
import type { Store } from '../../../persistence/port/store.ts';

/** What an entry says that clauses judge. */
export type EntrySeen = Pick<AuditEntry, 'act' | 'operation' | 'call' | 'out'>;

export interface AuditSeen {
  readonly entries: readonly EntrySeen[];
  /** What is wrong with the log, in words. */
  readonly faults: readonly string[];
  /** Ids of crises in a file beside the database: they are recorded when it takes them. */
  readonly beside: ReadonlySet<string>;
}

export async function auditAtRest(
  store: Pick<Store, 'auditPage'>,
  beside: ReadonlySet<string>,
): Promise<AuditSeen> {
  const verifier = new AuditVerifier({});
  const entries: EntrySeen[] = [];
  for (let fromSeq: number | null = 0; fromSeq !== null; ) {
    const page = await store.auditPage({ fromSeq, limit: AUDIT_PAGE_MAX });
    for (const text of page.entries) {
      verifier.add(text);
      entries.push(parseEntry(text));
    }
    fromSeq = page.nextSeq;
  }
  return { entries, faults: verifier.end().faults.map(({ text }) => text), beside };
}
