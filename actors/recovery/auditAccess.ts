/**
 * The audit of a store as people ask for it, and as what they order is recorded in it (AU-1): through the journal of the
 * engine that runs on the store, or directly while it is at rest.
 *
 * @module
 */

import type { AuditCheckpoint, AuditPage, AuditPageQuery } from '../../persistence/port/audit.ts';
import type { Store } from '../../persistence/port/store.ts';
import type { AuditNotes, AuditTrail, Noted } from '../journal/auditTrail.ts';
import type { ServiceAccess } from './serviceAccess.ts';

export interface AuditAccess {
  /** Entries from a number on. @throws HoldfastError (rejects) `HF_OPTION_INVALID`, `HF_STORE_…`. */
  page(query: AuditPageQuery): Promise<AuditPage>;
  /** The handle of a person in the entries; `null` where none is about them. */
  handle(person: string): Promise<string | null>;
  /** A signed statement of what is in the log so far. */
  checkpoint(): Promise<AuditCheckpoint>;
  /** Records it with the next commit. */
  note(noted: Noted): void;
  /** Records it; resolves once that is on disk. @throws HoldfastError (rejects) `HF_AUDIT_UNAVAILABLE`, `HF_STORE_…`. */
  recorded(noted: Noted): Promise<void>;
}

type Audited = Pick<Store, 'beside' | 'auditCheckpoint'>;

function reads(store: Audited): Pick<AuditAccess, 'page' | 'handle' | 'checkpoint'> {
  return {
    page: (query) => store.beside.auditPage(query),
    handle: (person) => store.beside.auditHandle({ person }),
    checkpoint: () => store.auditCheckpoint(),
  };
}

/** @param access refuses where storage fails, and once the runtime has stopped */
export function auditAccess(
  store: Audited,
  trail: AuditTrail,
  access: Pick<ServiceAccess, 'commit'>,
): AuditAccess {
  return {
    ...reads(store),
    note: (noted) => {
      trail.note(noted);
    },
    async recorded(noted) {
      const note = trail.notes.of(noted);
      await access.commit([() => ({ kind: 'audit', note })]);
    },
  };
}

export function auditAccessAtRest(
  store: Audited & Pick<Store, 'commit'>,
  notes: AuditNotes,
): AuditAccess {
  const recorded = async (noted: Noted): Promise<void> => {
    await store.commit([{ kind: 'audit', note: notes.of(noted) }]);
  };
  return {
    ...reads(store),
    note: (noted) => {
      // What fails here fails for what is ordered, too, which says so.
      recorded(noted).catch(() => undefined);
    },
    recorded,
  };
}
