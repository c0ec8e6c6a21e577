/**
 * The end of the audit as one connection knows it: as of the last commit, and as the present transaction leaves it.
 *
 * @module
 */

import type { AuditChain } from '../../audit/auditChain.ts';
import { AUDIT_IDS_REMEMBERED } from '../../port/audit.ts';

/** The end of the audit: what the next entry is chained to. */
export interface End {
  readonly chain: AuditChain;
  readonly people: number;
  /** Number of entries that are missing or can't be read, where the end had to be found by the others; `null` where it is kept. */
  readonly gone: number | null;
}

/** What a connection knows of the end of the log. */
export class AuditEnd {
  /** As of the last commit; `null` until it is needed. */
  #committed: End | null = null;
  /** As the present transaction leaves it; `null` where that changed nothing. */
  #now: End | null = null;
  /** The ids of the latest entries, the oldest first. */
  readonly #ids = new Set<string>();
  #newIds: string[] = [];
  /** Its place in the file is damaged: nothing is written to it by this connection. */
  isLost = false;

  /** @param load reads the end, and the ids of the latest entries */
  get(load: () => End & { readonly ids: readonly string[] }): End {
    if (this.#now !== null) return this.#now;
    if (this.#committed === null) {
      const { ids, ...end } = load();
      this.#ids.clear();
      for (const id of ids) this.#ids.add(id);
      this.#committed = end;
    }
    return this.#committed;
  }

  has(id: string): boolean {
    return this.#ids.has(id) || this.#newIds.includes(id);
  }

  put(end: End, id: string | null): void {
    this.#now = end;
    if (id !== null) this.#newIds.push(id);
  }

  /** The end that is to be written with the transaction; `null` for none. */
  get changed(): End | null {
    return this.#now;
  }

  committed(): void {
    if (this.#now === null) return;
    this.#committed = this.#now;
    for (const id of this.#newIds) this.#ids.add(id);
    for (const id of this.#ids) {
      if (this.#ids.size <= AUDIT_IDS_REMEMBERED) break;
      this.#ids.delete(id);
    }
    this.forget();
  }

  /** Forgets what a transaction that came to nothing has added. */
  forget(): void {
    this.#now = null;
    this.#newIds = [];
  }

  /** Forgets all: another program has written to the file, or this reads beside the writer. */
  reset(): void {
    this.forget();
    this.#committed = null;
  }
}
