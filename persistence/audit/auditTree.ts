/**
 * The Merkle tree over the entries of an audit log, as in RFC 6962 and RFC 9162, of which only the frontier is kept:
 * the roots of the full subtrees, one for each bit of the size.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const HASH_BYTES = 32;

/** The hash of an entry: SHA-256(0x00 ‖ its text). */
export function leafHash(text: string): Buffer {
  return createHash('sha256').update(LEAF).update(text).digest();
}

function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(NODE).update(left).update(right).digest();
}

/** Number of full subtrees in a tree of `size` leaves. */
function subtrees(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}

/** The frontier of a tree that only grows. */
export class AuditFrontier {
  #size: number;
  /** The roots of the full subtrees, the largest first. */
  readonly #nodes: Buffer[];

  private constructor(size: number, nodes: readonly Uint8Array[]) {
    this.#size = size;
    this.#nodes = nodes.map((node) => Buffer.from(node));
  }

  static empty(): AuditFrontier {
    return new AuditFrontier(0, []);
  }

  /**
   * The frontier of a tree of `size` leaves, from the {@link nodes} that were kept.
   *
   * @throws HoldfastError `HF_RECORD_MALFORMED` where they are not those of such a tree.
   */
  static of(size: number, nodes: readonly Uint8Array[]): AuditFrontier {
    const isOne =
      Number.isSafeInteger(size) &&
      size >= 0 &&
      nodes.length === subtrees(size) &&
      nodes.every(({ length }) => length === HASH_BYTES);
    if (isOne) return new AuditFrontier(size, nodes);
    throw new HoldfastError('HF_RECORD_MALFORMED', 'Not the frontier of an audit tree.');
  }

  /** Number of leaves. */
  get size(): number {
    return this.#size;
  }

  /** The roots of the full subtrees, the largest first. */
  get nodes(): readonly Uint8Array[] {
    return this.#nodes;
  }

  /** Adds the hash of the next entry. */
  add(leaf: Uint8Array): void {
    let node: Buffer = Buffer.from(leaf);
    for (let rest = this.#size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      const left = this.#nodes.pop();
      if (left === undefined) throw new HoldfastError('HF_INTERNAL', 'A frontier has lost a node.');
      node = nodeHash(left, node);
    }
    this.#nodes.push(node);
    this.#size += 1;
  }

  /** The root of the tree; that of an empty tree is the hash of nothing. */
  root(): Buffer {
    if (this.#nodes.length === 0) return createHash('sha256').digest();
    return this.#nodes.reduceRight((right, left) => nodeHash(left, right));
  }

  copy(): AuditFrontier {
    return new AuditFrontier(this.#size, this.#nodes);
  }
}
