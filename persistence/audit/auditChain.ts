/**
 * The end of a store's audit, to which the next entry is chained; the same in every store.
 *
 * @module
 */

import type { AuditNote } from '../port/audit.ts';
import { isOperationId } from '../port/writeChecks.ts';
import type { AuditEntry } from './auditEntry.ts';
import { entryText, NO_ENTRY_BEFORE } from './auditEntry.ts';
import { AuditFrontier, leafHash } from './auditTree.ts';

/** Handles of an entry, in place of the people of its note. */
export interface AuditHandles {
  readonly by: string | undefined;
  readonly subject: string | undefined;
}

const NAME_LENGTH_MAX = 100;

/** A chain is never changed: each entry makes the next one, so that a transaction that comes to nothing leaves it as it was. */
export class AuditChain {
  readonly storeId: string;
  /** The hash of the last entry, in hex. */
  readonly #prev: string;
  readonly #frontier: AuditFrontier;

  private constructor(storeId: string, prev: string, frontier: AuditFrontier) {
    this.storeId = storeId;
    this.#prev = prev;
    this.#frontier = frontier;
  }

  static empty(storeId: string): AuditChain {
    return new AuditChain(storeId, NO_ENTRY_BEFORE, AuditFrontier.empty());
  }

  /** Number of entries. */
  get size(): number {
    return this.#frontier.size;
  }

  /** The root of the tree of all entries. */
  root(): Buffer {
    return this.#frontier.root();
  }

  /** Adds an entry; gives its text, and the chain with it. */
  with(
    note: AuditNote,
    handles: AuditHandles,
    root?: string,
  ): { readonly text: string; readonly chain: AuditChain } {
    const { id, atMs, act, operationId, code, out, upstream, step, call, via, n } = note;
    const base: AuditEntry = {
      ...{ v: 1, log: this.storeId, seq: this.size, at: Math.max(0, Math.round(atMs)), id, act },
      prev: this.#prev,
    };
    const isOperation = operationId !== undefined && isOperationId(operationId);
    const more = {
      ...handles,
      ...{ operation: isOperation ? operationId : undefined, code, out, call, via, n, root },
      upstream: nameIn(upstream),
      step: nameIn(step),
    };
    const text = textWith(base, more);
    return { text, chain: this.#after(leafHash(text)) };
  }

  /** Takes an entry as the next that is there; `null` for one that can't be read. */
  withFound(text: string | null): AuditChain {
    return this.#after(text === null ? Buffer.alloc(32) : leafHash(text));
  }

  #after(leaf: Buffer): AuditChain {
    const frontier = this.#frontier.copy();
    frontier.add(leaf);
    return new AuditChain(this.storeId, leaf.toString('hex'), frontier);
  }

  toText(): string {
    return JSON.stringify({
      size: this.size,
      prev: this.#prev,
      nodes: this.#frontier.nodes.map((node) => Buffer.from(node).toString('base64')),
    });
  }

  static fromText(storeId: string, text: string): AuditChain {
    const { size, prev, nodes } = JSON.parse(text) as {
      readonly size: number;
      readonly prev: string;
      readonly nodes: readonly string[];
    };
    const frontier = AuditFrontier.of(
      size,
      nodes.map((node) => Buffer.from(node, 'base64')),
    );
    return new AuditChain(storeId, prev, frontier);
  }
}

/**
 * The text of an entry. What is recorded is in the transaction of what was done, which must not fail for it: where a
 * detail could not be one, the entry goes without them.
 */
function textWith(base: AuditEntry, more: Partial<AuditEntry>): string {
  try {
    return entryText({ ...base, ...more });
  } catch {
    return entryText({ ...base, code: 'HF_INTERNAL' });
  }
}

/** A name of the configuration, with what an entry can't hold left out. */
function nameIn(name: string | undefined): string | undefined {
  const fitting = name?.replaceAll(/[^\w.:-]/g, '_').slice(0, NAME_LENGTH_MAX);
  return fitting === '' ? undefined : fitting;
}
