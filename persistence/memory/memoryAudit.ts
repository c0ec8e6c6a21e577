/**
 * The audit in memory. Its handles are counted and its key is none that nobody else has, so that a seed makes one history.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { subjectForm } from '../../machines/vocabulary/subject.ts';
import { AuditChain } from '../audit/auditChain.ts';
import { AuditFrontier, leafHash } from '../audit/auditTree.ts';
import { publicKeyOf, signCheckpoint } from '../audit/checkpoint.ts';
import {
  AUDIT_IDS_REMEMBERED,
  type AuditCheckpoint,
  type AuditNote,
  type AuditPage,
  type AuditPageQuery,
  checkAuditPage,
} from '../port/audit.ts';

export class MemoryAudit {
  readonly #entries: string[] = [];
  readonly #handles = new Map<string, string>();
  readonly #ids = new Set<string>();
  #chain: AuditChain;

  constructor(storeId: string) {
    this.#chain = AuditChain.empty(storeId);
  }

  /** Adds an entry, unless one has its id already. @param root of what it is about, in hex */
  record(note: AuditNote, root?: string): void {
    if (this.#ids.has(note.id)) return;
    const handles = { by: this.#handleFor(note.by), subject: this.#handleFor(note.subject) };
    const { text, chain } = this.#chain.with(note, handles, root);
    this.#entries.push(text);
    this.#chain = chain;
    this.#ids.add(note.id);
    for (const id of this.#ids) {
      if (this.#ids.size <= AUDIT_IDS_REMEMBERED) break;
      this.#ids.delete(id);
    }
  }

  /** Records what a purge has deleted, the earliest first. */
  recordPurge(atMs: number, rows: readonly { readonly seq: number; readonly id: string }[]): void {
    if (rows.length === 0) return;
    const tree = AuditFrontier.empty();
    for (const { id } of rows) tree.add(leafHash(id));
    const seqs = rows.map(({ seq }) => seq);
    const n = { count: rows.length, from: Math.min(...seqs), to: Math.max(...seqs) };
    const id = `00000000-0000-4000-8000-${hexOf(this.#chain.size, 12)}`;
    this.record({ id, atMs, act: 'retention.purged', n }, tree.root().toString('hex'));
  }

  page({ fromSeq, limit }: AuditPageQuery): AuditPage {
    checkAuditPage({ fromSeq, limit });
    const entries = this.#entries.slice(fromSeq, fromSeq + limit);
    const nextSeq = entries.length < limit ? null : fromSeq + limit;
    return { entries, nextSeq, size: this.#entries.length };
  }

  handle(person: string): string | null {
    return this.#handles.get(subjectForm(person)) ?? null;
  }

  checkpoint(): AuditCheckpoint {
    const { storeId, size } = this.#chain;
    const seed = createHash('sha256').update(storeId).digest();
    const checkpoint = signCheckpoint({ storeId, size, root: this.#chain.root() }, seed);
    return { checkpoint, publicKey: publicKeyOf(storeId, seed) };
  }

  #handleFor(person: string | undefined): string | undefined {
    if (person === undefined) return undefined;
    const form = subjectForm(person);
    const handle = this.#handles.get(form) ?? hexOf(this.#handles.size + 1, 32);
    this.#handles.set(form, handle);
    return handle;
  }
}

function hexOf(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}
