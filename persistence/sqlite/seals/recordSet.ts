/**
 * The set of all records that are there (SE-6): for each the tag of its latest seal. Somebody who can write the file, but
 * has no key, can delete a record, or put back an earlier copy, which opens; but its tag is not the one in the set.
 *
 * Tags lie in sealed nodes, the rows of the table `integrity`. A node has the tags of 127 numbers, or of a 4,096th of all
 * fingerprints. An upper node has the tags of 127 nodes, and the root those of the upper nodes, so that a node can't be
 * put back either: only the whole file can. All of them change in the transaction of the record. A tag is half of an
 * authentication tag: an earlier copy passes once in 2^64 tries, each of which needs a copy of its own
 * (docs/decisions/0294).
 *
 * The root also has the end of the audit (docs/decisions/0298), which changes no page more than each commit does.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { CommittedRoot } from '../../port/anchor.ts';
import { isSqliteError } from '../driver/library.ts';

/** The kinds of records, by their number on disk. Operations are next to the root: pages that change are few. */
const SPACES = {
  mark: 0,
  component: 1,
  crisisMode: 2,
  crisisPlan: 3,
  kept: 4,
  quarantine: 5,
  tagged: 6,
  operation: 7,
} as const;

export type Space = keyof typeof SPACES;

/** Kinds whose records have a number; the others have a fingerprint. */
export type NumberedSpace = 'mark' | 'operation' | 'quarantine' | 'tagged';
export type NamedSpace = Exclude<Space, NumberedSpace>;

/** A number, or a fingerprint of 8 bytes or more. */
export type Key = number | Uint8Array;

/** The key of the mark of the store. */
export const THE_MARK: Key = 0;

/** Seals and opens nodes. */
export interface NodeSeals {
  readonly keyId: number;
  sealNode(node: number, bytes: Uint8Array): Uint8Array;
  /** @throws HoldfastError as for any record. */
  openNode(node: number, envelope: Uint8Array): Uint8Array;
  /** A keyed fingerprint of what has no seal. */
  textTag(space: Space, text: string): Uint8Array;
}

/** The statements that write nodes. */
export interface NodeStatements {
  readonly putNode: Database.Statement;
  readonly deleteNode: Database.Statement;
}

const TAG_BYTES = 8;
/** The authentication tag ends each envelope. */
const GCM_TAG_BYTES = 16;
/** With its length a full node fills its padding, 1,024 bytes. */
const SLOTS = 127;
const NODE_BYTES = SLOTS * TAG_BYTES;
/** The first bytes of a fingerprint. */
const NAME_BYTES = 8;
const PAIR_BYTES = NAME_BYTES + TAG_BYTES;
/** Numbers of nodes in a space: enough for all numbers that a record may have. */
const BUCKETS = 2 ** 47;
/** An upper node follows its nodes, and the root follows all: the page that changes with each commit is one, as a rule. */
const GROUP = SLOTS + 1;
const ROOT = 8 * BUCKETS;
/** The number of an upper node and its tag. */
const ROOT_PAIR_BYTES = 8 + TAG_BYTES;
/** Some 2 MB. */
const NODES_REMEMBERED_MAX = 2_048;

/** Slots of tags, by number; or pairs of a name and a tag, for records with a fingerprint. */
type Bytes = Uint8Array;

const NOTHING: Bytes = new Uint8Array(0);
const FREE: Bytes = new Uint8Array(TAG_BYTES);

interface Root extends CommittedRoot {
  /** Tags of the upper nodes. */
  readonly tags: ReadonlyMap<number, Uint8Array>;
  /** The end of the audit; empty where it has no entry. */
  readonly auditEnd: Uint8Array;
}

/** The number of the commit and the length of the end of the audit, which comes next. */
const ROOT_HEAD_BYTES = 8 + 4;

export class RecordSet {
  readonly #read: Database.Statement<[node: number], Uint8Array>;
  readonly #seals: NodeSeals;
  readonly #path: string;
  /** Nodes as of the last commit, the first that was read first. */
  readonly #nodes = new Map<number, Bytes>();
  /** `null` until it is needed. */
  #root: Root | null = null;
  /** Nodes that the present transaction has changed, and the root that it has written. */
  #changed = new Map<number, Bytes>();
  #written: Root | null = null;
  /** The end of the audit as the present transaction leaves it; `null` where that changed nothing. */
  #auditEnd: Uint8Array | null = null;
  /** The number that the next commit is to exceed. */
  #above = 0;
  readonly #lost = new Set<number>();

  constructor(db: Database.Database, seals: NodeSeals, path: string) {
    this.#read = db
      .prepare<[number], Uint8Array>('SELECT seal FROM integrity WHERE node = ?')
      .pluck();
    this.#seals = seals;
    this.#path = path;
  }

  /** Begins the set of an empty store. */
  begin(statements: NodeStatements): void {
    this.#root = this.#putRoot(statements, 0, { tags: new Map(), auditEnd: NOTHING });
  }

  /** How many nodes were met that are not those that must be there: they prove none of their records. */
  get lostNodes(): number {
    return this.#lost.size;
  }

  /** Notes a record with its latest seal. */
  put(space: Space, key: Key, envelope: Uint8Array): void {
    this.#note(space, key, tagOf(envelope));
  }

  /** The same for what has no seal. */
  putText(space: Space, key: Key, text: string): void {
    this.#note(space, key, this.#seals.textTag(space, text));
  }

  #note(space: Space, key: Key, tag: Uint8Array): void {
    const node = leafOf(space, key);
    if (node === null) return;
    const bytes = this.#get(node);
    if (typeof key === 'number') {
      setTag(this.#own(node, bytes, NODE_BYTES), slotOf(key), tag);
      return;
    }
    const at = pairAt(bytes, key);
    const own = this.#own(node, bytes, Math.max(bytes.length, at + PAIR_BYTES));
    setTag(own, at, key);
    setTag(own, at + NAME_BYTES, tag);
  }

  /** Notes that a record is no longer there. */
  remove(space: Space, key: Key): void {
    const node = leafOf(space, key);
    if (node === null) return;
    const bytes = this.#get(node);
    if (typeof key === 'number') {
      const at = slotOf(key);
      if (!isFree(bytes, at)) setTag(this.#own(node, bytes, NODE_BYTES), at, FREE);
      return;
    }
    const at = pairAt(bytes, key);
    if (at >= bytes.length) return;
    const shorter = new Uint8Array(bytes.length - PAIR_BYTES);
    shorter.set(bytes.subarray(0, at));
    shorter.set(bytes.subarray(at + PAIR_BYTES), at);
    this.#changed.set(node, shorter);
  }

  /** The bytes of a node, to be changed in place until the commit. */
  #own(node: number, bytes: Bytes, length: number): Bytes {
    if (bytes.length === length && this.#changed.get(node) === bytes) return bytes;
    const copy = new Uint8Array(length);
    copy.set(bytes);
    this.#changed.set(node, copy);
    return copy;
  }

  /** True if there is such a record. False for all without the root: nothing is proved then, and nothing can be written. */
  has(space: Space, key: Key): boolean {
    return this.#tagIfAny(space, key) !== null;
  }

  /** True if there is such a record, or nobody knows, since the root or a node that would have it is lost. */
  mayHave(space: Space, key: Key): boolean {
    try {
      if (this.#tag(space, key) !== null) return true;
    } catch (error) {
      if (isHoldfastError(error)) return true;
      throw error;
    }
    const leaf = leafOf(space, key);
    return leaf !== null && (this.#lost.has(leaf) || this.#lost.has(upperOf(leaf)));
  }

  /** True if this is the latest seal of such a record. */
  holds(space: Space, key: Key, envelope: Uint8Array): boolean {
    return this.#isKept(space, key, tagOf(envelope));
  }

  /** The same for what has no seal. */
  holdsText(space: Space, key: Key, text: string): boolean {
    return this.#isKept(space, key, this.#seals.textTag(space, text));
  }

  #isKept(space: Space, key: Key, tag: Uint8Array): boolean {
    const kept = this.#tagIfAny(space, key);
    return kept !== null && isSame(kept, tag);
  }

  #tagIfAny(space: Space, key: Key): Uint8Array | null {
    try {
      return this.#tag(space, key);
    } catch (error) {
      if (isHoldfastError(error)) return null;
      throw error;
    }
  }

  /** The numbers of the records above `after`, up to `to`. */
  numbers(space: NumberedSpace, after: number, to: number): number[] {
    const found: number[] = [];
    for (const node of this.#leaves(space, after + 1, to)) {
      const first = firstIn(node);
      const bytes = this.#get(node);
      for (let slot = 0; slot < SLOTS; slot += 1) {
        const key = first + slot;
        if (key > after && key <= to && !isFree(bytes, slot * TAG_BYTES)) found.push(key);
      }
    }
    return found;
  }

  /** How many records of a kind there are. */
  count(space: NamedSpace): number {
    let records = 0;
    for (const node of this.#leaves(space, 0, Number.MAX_SAFE_INTEGER)) {
      records += this.#get(node).length / PAIR_BYTES;
    }
    return records;
  }

  /** True if a part of a kind is lost, so that nobody can say which records there were. */
  hasLost(space: NamedSpace): boolean {
    // All of it is read.
    this.count(space);
    return [...this.#lost].some((node) => isOf(space, node));
  }

  /** Notes that no record of a kind is there, whatever there was: the next to open the store misses none. */
  clear(space: NamedSpace): void {
    const uppers = [...this.#rootNow().tags.keys()].filter((node) => isOf(space, node));
    for (const leaf of this.#leaves(space, 0, Number.MAX_SAFE_INTEGER)) {
      this.#changed.set(leaf, NOTHING);
    }
    for (const upper of uppers) this.#changed.set(upper, new Uint8Array(NODE_BYTES));
  }

  /** Numbers the commit of this transaction above another history. */
  raise(above: number): void {
    this.#above = above;
  }

  /** The end of the audit as of the last commit; empty where it has no entry. */
  get auditEnd(): Uint8Array {
    return this.#rootNow().auditEnd;
  }

  /** Takes down the end of the audit. */
  putAuditEnd(end: Uint8Array): void {
    this.#auditEnd = end;
  }

  get #isChanged(): boolean {
    return this.#changed.size > 0 || this.#auditEnd !== null;
  }

  /** Writes the changed nodes and the root; to be called before the commit. */
  write(statements: NodeStatements): void {
    if (!this.#isChanged) return;
    const { epoch, tags: before, auditEnd } = this.#rootNow();
    const tags = new Map(before);
    for (const [node, bytes] of [...this.#changed]) {
      if (isUpper(node)) continue;
      const tag = this.#put(statements, node, bytes);
      const upper = upperOf(node);
      setTag(this.#own(upper, this.#get(upper), NODE_BYTES), slotInUpper(node), tag ?? FREE);
    }
    for (const [node, bytes] of this.#changed) {
      if (!isUpper(node)) continue;
      const tag = this.#put(statements, node, bytes);
      if (tag === null) tags.delete(node);
      else tags.set(node, tag);
    }
    this.#written = this.#putRoot(statements, Math.max(epoch, this.#above) + 1, {
      tags,
      auditEnd: this.#auditEnd ?? auditEnd,
    });
  }

  /** Writes a node; returns its tag, `null` for an empty one, which is deleted. */
  #put({ putNode, deleteNode }: NodeStatements, node: number, bytes: Bytes): Uint8Array | null {
    if (bytes.every((byte) => byte === 0)) {
      deleteNode.run(node);
      return null;
    }
    const envelope = this.#seals.sealNode(node, bytes);
    putNode.run(node, this.#seals.keyId, envelope);
    return tagOf(envelope).slice(0, TAG_BYTES);
  }

  #putRoot(
    { putNode }: NodeStatements,
    epoch: number,
    { tags, auditEnd }: Pick<Root, 'tags' | 'auditEnd'>,
  ): Root {
    let at = ROOT_HEAD_BYTES + auditEnd.length;
    const bytes = new Uint8Array(at + tags.size * ROOT_PAIR_BYTES);
    const view = new DataView(bytes.buffer);
    view.setFloat64(0, epoch);
    view.setUint32(8, auditEnd.length);
    bytes.set(auditEnd, ROOT_HEAD_BYTES);
    for (const [node, tag] of tags) {
      view.setFloat64(at, node);
      bytes.set(tag, at + 8);
      at += ROOT_PAIR_BYTES;
    }
    const envelope = this.#seals.sealNode(ROOT, bytes);
    putNode.run(ROOT, this.#seals.keyId, envelope);
    return { epoch, tag: tagOf(envelope).slice(), tags, auditEnd };
  }

  /**
   * The root as of the last commit.
   *
   * @throws HoldfastError `HF_STORE_CORRUPT` where it is gone or was changed.
   */
  get root(): CommittedRoot {
    return this.#rootNow();
  }

  /** Takes what was written for committed. */
  committed(): void {
    if (!this.#isChanged) return;
    for (const [node, bytes] of this.#changed) this.#remember(node, bytes);
    this.#root = this.#written;
    this.forget();
  }

  /** Forgets what a transaction that came to nothing has changed. */
  forget(): void {
    this.#changed.clear();
    this.#written = null;
    this.#auditEnd = null;
    this.#above = 0;
  }

  /**
   * Forgets all: another program has written to the file, or this reads beside the writer. To be called before a
   * transaction changes anything.
   */
  reset(): void {
    if (this.#isChanged) {
      throw new HoldfastError('HF_INTERNAL', 'The set of records was read again amid changes.');
    }
    this.#nodes.clear();
    this.#root = null;
  }

  /** Returns what takes the changes back to those of now, for a part of a transaction that may be undone. */
  mark(): () => void {
    const changed = new Map([...this.#changed].map(([node, bytes]) => [node, bytes.slice()]));
    return () => {
      this.#changed = changed;
    };
  }

  #tag(space: Space, key: Key): Uint8Array | null {
    const node = leafOf(space, key);
    if (node === null) return null;
    const bytes = this.#get(node);
    const at = typeof key === 'number' ? slotOf(key) : pairAt(bytes, key) + NAME_BYTES;
    if (at >= bytes.length) return null;
    return typeof key === 'number' && isFree(bytes, at) ? null : bytes.subarray(at, at + TAG_BYTES);
  }

  #get(node: number): Bytes {
    const known = this.#changed.get(node) ?? this.#nodes.get(node);
    if (known !== undefined) return known;
    const bytes = this.#load(node);
    this.#remember(node, bytes);
    return bytes;
  }

  /** A node as it is in the file; nothing where it is not the one that must be there: it proves no record. */
  #load(node: number): Bytes {
    const tag = isUpper(node) ? this.#rootNow().tags.get(node) : this.#tagInUpper(node);
    if (tag === undefined) return NOTHING;
    try {
      const envelope = this.#read.get(node);
      if (envelope !== undefined && isSame(tag, tagOf(envelope))) {
        return this.#seals.openNode(node, envelope);
      }
    } catch (error) {
      // Its page can't be read, or it does not open.
      const isOfThePage = isSqliteError(error) && error.code.startsWith('SQLITE_CORRUPT');
      if (!isHoldfastError(error) && !isOfThePage) throw error;
    }
    this.#lost.add(node);
    return NOTHING;
  }

  #tagInUpper(node: number): Uint8Array | undefined {
    const bytes = this.#get(upperOf(node));
    const at = slotInUpper(node);
    return isFree(bytes, at) ? undefined : bytes.subarray(at, at + TAG_BYTES);
  }

  /** @throws HoldfastError `HF_STORE_CORRUPT` where it is gone or was changed: nothing is proved without it. */
  #rootNow(): Root {
    if (this.#root !== null) return this.#root;
    let bytes: Uint8Array;
    let tag: Uint8Array;
    try {
      const envelope = this.#read.get(ROOT);
      if (envelope === undefined) throw noRoot(this.#path);
      tag = tagOf(envelope).slice();
      bytes = this.#seals.openNode(ROOT, envelope);
    } catch (error) {
      if (isHoldfastError(error)) throw noRoot(this.#path, error);
      throw error;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const first = ROOT_HEAD_BYTES + view.getUint32(8);
    const tags = new Map<number, Uint8Array>();
    for (let at = first; at < bytes.length; at += ROOT_PAIR_BYTES) {
      tags.set(view.getFloat64(at), bytes.slice(at + 8, at + ROOT_PAIR_BYTES));
    }
    const auditEnd = bytes.slice(ROOT_HEAD_BYTES, first);
    this.#root = { epoch: view.getFloat64(0), tag, tags, auditEnd };
    return this.#root;
  }

  /**
   * The nodes of a space that must be there, those included that the transaction has changed; of numbers, those that have
   * some of these.
   */
  #leaves(space: Space, from: number, to: number): number[] {
    const base = SPACES[space] * BUCKETS;
    const isWithin = (leaf: number): boolean => {
      const first = firstIn(leaf);
      return leaf >= base && leaf < base + BUCKETS && first <= to && first + SLOTS > from;
    };
    const changed = [...this.#changed.keys()].filter((node) => !isUpper(node) && isWithin(node));
    const leaves = new Set(changed);
    for (const upper of this.#rootNow().tags.keys()) {
      const start = upper - SLOTS;
      const isAhead = firstIn(start) > to || firstIn(start) + SLOTS * SLOTS <= from;
      if (start < base || start >= base + BUCKETS || isAhead) continue;
      const bytes = this.#get(upper);
      for (let slot = 0; slot < SLOTS; slot += 1) {
        if (!isFree(bytes, slot * TAG_BYTES) && isWithin(start + slot)) leaves.add(start + slot);
      }
    }
    return [...leaves].toSorted((one, other) => one - other);
  }

  #remember(node: number, bytes: Bytes): void {
    this.#nodes.delete(node);
    if (this.#nodes.size >= NODES_REMEMBERED_MAX) {
      const oldest = this.#nodes.keys().next();
      if (oldest.done !== true) this.#nodes.delete(oldest.value);
    }
    this.#nodes.set(node, bytes);
  }
}

/** `null` for a number that no record of ours has. */
function leafOf(space: Space, key: Key): number | null {
  if (typeof key === 'number') {
    const isOurs = Number.isSafeInteger(key) && key >= 0;
    return isOurs ? SPACES[space] * BUCKETS + placeOf(Math.floor(key / SLOTS)) : null;
  }
  if (key.length < NAME_BYTES) return null;
  // A 4,096th of all fingerprints each.
  const bucket = ((key[0] as number) << 4) | ((key[1] as number) >> 4);
  return SPACES[space] * BUCKETS + placeOf(bucket);
}

function isOf(space: Space, node: number): boolean {
  return Math.floor(node / BUCKETS) === SPACES[space];
}

function isUpper(node: number): boolean {
  return node % GROUP === SLOTS;
}

function upperOf(leaf: number): number {
  return leaf - (leaf % GROUP) + SLOTS;
}

function slotInUpper(leaf: number): number {
  return (leaf % GROUP) * TAG_BYTES;
}

/** The number of the node of a bucket in its space. */
function placeOf(bucket: number): number {
  return Math.floor(bucket / SLOTS) * GROUP + (bucket % SLOTS);
}

/** The first number in a node of numbers. */
function firstIn(leaf: number): number {
  const place = leaf % BUCKETS;
  return (Math.floor(place / GROUP) * SLOTS + (place % GROUP)) * SLOTS;
}

function slotOf(key: number): number {
  return (key % SLOTS) * TAG_BYTES;
}

/** Writes the first 8 bytes of a tag. */
function setTag(bytes: Bytes, at: number, tag: Uint8Array): void {
  for (let index = 0; index < TAG_BYTES; index += 1) bytes[at + index] = tag[index] ?? 0;
}

/** Where the pair of a fingerprint is; the end where there is none. */
function pairAt(bytes: Bytes, key: Uint8Array): number {
  let at = 0;
  while (at < bytes.length && !isSame(bytes.subarray(at, at + NAME_BYTES), key)) at += PAIR_BYTES;
  return at;
}

function isFree(bytes: Bytes, at: number): boolean {
  for (let index = at; index < at + TAG_BYTES; index += 1) {
    if (bytes[index] !== 0 && bytes[index] !== undefined) return false;
  }
  return true;
}

/** Compares the first 8 bytes. */
function isSame(one: Uint8Array, other: Uint8Array): boolean {
  for (let index = 0; index < TAG_BYTES; index += 1) if (one[index] !== other[index]) return false;
  return true;
}

function tagOf(envelope: Uint8Array): Uint8Array {
  return envelope.subarray(Math.max(0, envelope.length - GCM_TAG_BYTES));
}

function noRoot(path: string, cause?: unknown): HoldfastError {
  return new HoldfastError(
    'HF_STORE_CORRUPT',
    `The store at ${path} has lost the root of its set of records, or it was changed: restore a backup.`,
    { path, cause },
  );
}
