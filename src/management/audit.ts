/**
 * Management calls about the audit (AU-1, AU-2): its entries, the handle of a person in them, and signed checkpoints.
 *
 * @module
 */

import {
  AUDIT_PAGE_MAX,
  type AuditCheckpoint,
  type AuditPage,
} from '../../persistence/port/audit.ts';
import { type Caller, PAGE_FROM, SUBJECT, storeCall } from './managementCall.ts';

/** The audit of a store: what was done, by whom and to whom, in entries that nobody can change unseen. */
export interface Audit {
  /**
   * Goes through the entries in their order, each as its line of canonical JSON (`docs/audit-format.md`). People are
   * handles in them, see {@link handleOf}.
   *
   * @param fromSeq the number of the first, from 0
   *
   * @example
   * for await (const entry of runtime.audit.entries()) console.log(JSON.parse(entry).act);
   *
   * @throws HoldfastError (rejects) `HF_OPTION_INVALID` for what is no number of an entry; `HF_STORE_…`.
   */
  entries(fromSeq?: number): AsyncIterable<string>;
  /**
   * Finds the handle by which entries name a person, as the app names them; `null` where no entry is about them.
   *
   * @example
   * const handle = await runtime.audit.handleOf('user-42');
   *
   * @throws HoldfastError (rejects) `HF_OPTION_INVALID`, `HF_STORE_…`.
   */
  handleOf(person: string): Promise<string | null>;
  /**
   * Makes a signed statement of how many entries there are and what is in them. Keep it where nobody who can write the store
   * can write: with it, `holdfast audit verify` tells whether anything before it was changed or cut off.
   *
   * @example
   * const { checkpoint } = await runtime.audit.checkpoint();
   *
   * @throws HoldfastError (rejects) `HF_STORE_…`.
   */
  checkpoint(): Promise<AuditCheckpoint>;
}

export function audit(caller: Caller): Audit {
  return {
    async *entries(fromSeq = 0) {
      for (let from: number | null = fromSeq; from !== null; ) {
        const query = { fromSeq: from, limit: PAGE_ENTRIES };
        const page: AuditPage = await caller.call(auditPage, query);
        yield* page.entries;
        from = page.nextSeq;
      }
    },
    handleOf: async (person) => (await caller.call(auditHandle, { person })).handle,
    checkpoint: () => caller.call(auditCheckpoint, {}),
  };
}

const PAGE_ENTRIES = 256;

export const auditPage = storeCall<{ readonly fromSeq: number; readonly limit: number }, AuditPage>(
  {
    name: 'audit.page',
    summary: 'Entries of the audit, in their order.',
    capability: 'view',
    params: {
      fromSeq: PAGE_FROM,
      limit: {
        required: {
          rule: `must be a whole number from 1 to ${AUDIT_PAGE_MAX}`,
          matches: (value) =>
            Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= AUDIT_PAGE_MAX,
        },
      },
    },
    override: null,
    run: (store, query) => store.records.audit.page(query),
  },
);

export const auditHandle = storeCall<
  { readonly person: string },
  { readonly handle: string | null }
>({
  name: 'audit.handle',
  summary: 'The handle of a person in the entries of the audit.',
  capability: 'viewSubjects',
  params: { person: { required: SUBJECT } },
  override: null,
  async run(store, { person }) {
    return { handle: await store.records.audit.handle(person) };
  },
});

export const auditCheckpoint = storeCall<object, AuditCheckpoint>({
  name: 'audit.checkpoint',
  summary: 'A signed statement of what is in the audit, to be kept elsewhere.',
  capability: 'view',
  params: {},
  override: null,
  run: (store) => store.records.audit.checkpoint(),
});
