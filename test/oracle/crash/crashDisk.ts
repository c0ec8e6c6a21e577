/**
 * A model of a disk: it takes recorded file calls and says what a power cut could leave.
 *
 * @module
 */

import type { SeededRandom } from '../../../src/virtual/seededRandom.ts';
import type { Recorded } from './recording.ts';

/**
 * Fates of unsynced writes in a power cut: the disk loses all, keeps all, keeps those up to some moment, keeps any
 * part of them, or keeps any part of their sectors.
 */
export const FATES = ['dropped', 'kept', 'prefix', 'subset', 'torn'] as const;
export type Fate = (typeof FATES)[number];

/** Bytes that a disk writes whole or not at all. */
const SECTOR_BYTES = 512;
const KEPT_SHARE = 0.5;

/** A change that no sync has made durable yet. */
type Pending =
  | { readonly kind: 'bytes'; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'size'; readonly size: number }
  | { readonly kind: 'names'; readonly names: readonly (readonly [string, Node | null])[] };

/** A file or folder: the part on the disk for good, and the part that may be. */
interface Node {
  readonly isFolder: boolean;
  bytes: Buffer;
  readonly names: Map<string, Node>;
  pending: { readonly order: number; readonly change: Pending }[];
}

/** Files by their path under the recorded folder. An empty folder is a path that ends with a slash. */
export type Image = ReadonlyMap<string, Buffer>;

/**
 * A disk that keeps for good only synced writes: the content of a file once the file is synced, a name once its
 * folder is. POSIX promises nothing else, and this model assumes nothing else.
 */
export class CrashDisk {
  readonly #root: string;
  readonly #rootNode = newNode(true);
  /** Files as the running process sees them. */
  readonly #byInode = new Map<number, Node>();
  readonly #folders = new Map<string, Node>();
  readonly #syncs = new Map<number, number>();
  readonly #failedSyncs: 'lost' | 'kept';
  #order = 0;

  /** `root` is the recorded folder; `found` is its content by inode, before the recording. */
  constructor(
    root: string,
    rootInode: number,
    found: readonly FoundFile[],
    failedSyncs: 'lost' | 'kept' = 'lost',
  ) {
    this.#root = root;
    this.#failedSyncs = failedSyncs;
    this.#folders.set('', this.#rootNode);
    this.#byInode.set(rootInode, this.#rootNode);
    for (const { path, inode, bytes } of found) {
      const node = newNode(bytes === null);
      if (bytes !== null) node.bytes = Buffer.from(bytes);
      this.#byInode.set(inode, node);
      if (node.isFolder) this.#folders.set(path, node);
      const { folder, name } = this.#placeOf(path);
      folder.names.set(name, node);
    }
  }

  /** Takes in the next record. */
  apply(record: Recorded): void {
    this.#order += 1;
    switch (record.kind) {
      case 'made':
      case 'madeFolder':
        this.#make(record.path, record.inode, newNode(record.kind === 'madeFolder'));
        break;
      case 'wrote':
        this.#pend(this.#node(record.inode), { kind: 'bytes', at: record.at, bytes: record.bytes });
        break;
      case 'cut':
        this.#pend(this.#node(record.inode), { kind: 'size', size: record.size });
        break;
      case 'syncing':
        this.#syncs.set(record.number, this.#order);
        break;
      case 'synced':
        settle(this.#node(record.inode), this.#syncs.get(record.number) ?? 0);
        this.#syncs.delete(record.number);
        break;
      case 'syncFailed':
        if (this.#failedSyncs === 'lost') {
          lose(this.#node(record.inode), this.#syncs.get(record.number) ?? 0);
        }
        this.#syncs.delete(record.number);
        break;
      case 'moved':
        this.#move(record.path, record.to, this.#node(record.inode));
        break;
      case 'linked':
        this.#name(record.to, this.#node(record.inode));
        break;
      case 'removed':
        this.#name(record.path, null);
        break;
      default:
        record satisfies never;
    }
  }

  /** Makes an image that a power cut at this moment could leave. */
  image(fate: Fate, random: SeededRandom): Image {
    const files = new Map<string, Buffer>();
    const end = fate === 'prefix' ? this.#someOrder(random) : 0;
    collect(this.#rootNode, '', files, (change, order) => {
      switch (fate) {
        case 'dropped':
          return [];
        case 'kept':
          return [change];
        case 'prefix':
          return order <= end ? [change] : [];
        case 'subset':
          return random.chance(KEPT_SHARE) ? [change] : [];
        case 'torn':
          return torn(change, random);
      }
    });
    return files;
  }

  /** Draws the moment of some pending change, or one before all of them. */
  #someOrder(random: SeededRandom): number {
    const orders = [...new Set(this.#byInode.values())].flatMap(({ pending }) =>
      pending.map(({ order }) => order),
    );
    return orders[random.below(orders.length + 1)] ?? 0;
  }

  #node(inode: number): Node {
    const node = this.#byInode.get(inode);
    if (node === undefined)
      throw new Error(`the recording names a file that was never made: ${inode}`);
    return node;
  }

  #pend(node: Node, change: Pending): void {
    node.pending.push({ order: this.#order, change });
  }

  #make(path: string, inode: number, node: Node): void {
    this.#byInode.set(inode, node);
    this.#name(path, node);
  }

  #name(path: string, node: Node | null): void {
    const { folder, name } = this.#placeOf(this.#relative(path));
    if (node?.isFolder === true) this.#folders.set(this.#relative(path), node);
    this.#pend(folder, { kind: 'names', names: [[name, node]] });
  }

  /** A move within a folder removes the old name and makes the new one at once. */
  #move(from: string, to: string, node: Node): void {
    if (node.isFolder) throw new Error('a folder was moved, which is not rebuilt here');
    const old = this.#placeOf(this.#relative(from));
    const made = this.#placeOf(this.#relative(to));
    if (old.folder === made.folder) {
      const names = [
        [old.name, null],
        [made.name, node],
      ] as const;
      this.#pend(made.folder, { kind: 'names', names });
    } else {
      this.#pend(made.folder, { kind: 'names', names: [[made.name, node]] });
      this.#pend(old.folder, { kind: 'names', names: [[old.name, null]] });
    }
  }

  #relative(path: string): string {
    return path.slice(this.#root.length + 1);
  }

  #placeOf(relative: string): { readonly folder: Node; readonly name: string } {
    const slash = relative.lastIndexOf('/');
    const folder = this.#folders.get(slash < 0 ? '' : relative.slice(0, slash));
    if (folder === undefined)
      throw new Error(`the recording names a file in no folder: ${relative}`);
    return { folder, name: relative.slice(slash + 1) };
  }
}

/** A file, or a folder where `bytes` is `null`; folders come before what is in them. */
export interface FoundFile {
  readonly path: string;
  readonly inode: number;
  readonly bytes: Buffer | null;
}

function newNode(isFolder: boolean): Node {
  return { isFolder, bytes: Buffer.alloc(0), names: new Map(), pending: [] };
}

/** Makes changes durable that were pending before a moment. */
function settle(node: Node, before: number): void {
  const covered = node.pending.filter(({ order }) => order < before);
  node.pending = node.pending.filter(({ order }) => order >= before);
  node.bytes = withChanges(
    node.bytes,
    covered.map(({ change }) => change),
  );
  for (const { change } of covered) if (change.kind === 'names') rename(node.names, change);
}

/**
 * Drops the changes that a failed sync covered: the system takes them for written, and no later sync writes them. A
 * later write to the same place brings only its own bytes.
 */
function lose(node: Node, before: number): void {
  node.pending = node.pending.filter(
    ({ order, change }) => order >= before || change.kind !== 'bytes',
  );
}

function collect(
  folder: Node,
  path: string,
  files: Map<string, Buffer>,
  survives: (change: Pending, order: number) => readonly Pending[],
): void {
  const names = new Map(folder.names);
  for (const { change, order } of folder.pending) {
    for (const kept of survives(change, order)) if (kept.kind === 'names') rename(names, kept);
  }
  if (names.size === 0 && path !== '') files.set(path, Buffer.alloc(0));
  for (const [name, node] of names) {
    if (node.isFolder) {
      collect(node, `${path}${name}/`, files, survives);
      continue;
    }
    const changes = node.pending.flatMap(({ change, order }) => survives(change, order));
    files.set(`${path}${name}`, withChanges(Buffer.from(node.bytes), changes));
  }
}

function rename(names: Map<string, Node>, change: Extract<Pending, { kind: 'names' }>): void {
  for (const [name, node] of change.names) {
    if (node === null) names.delete(name);
    else names.set(name, node);
  }
}

/** Keeps any part of a write's sectors; a size or a name changes whole or not at all. */
function torn(change: Pending, random: SeededRandom): readonly Pending[] {
  if (change.kind !== 'bytes') return random.chance(KEPT_SHARE) ? [change] : [];
  const kept: Pending[] = [];
  const { bytes, at } = change;
  for (let start = 0; start < bytes.length; ) {
    const end = Math.min(bytes.length, start + SECTOR_BYTES - ((at + start) % SECTOR_BYTES));
    if (random.chance(KEPT_SHARE)) {
      kept.push({ kind: 'bytes', at: at + start, bytes: bytes.subarray(start, end) });
    }
    start = end;
  }
  return kept;
}

/** Applies changes, perhaps in place. Zeros fill the space between an old end and a later write. */
function withChanges(bytes: Buffer, changes: readonly Pending[]): Buffer {
  let length = bytes.length;
  let room = bytes;
  for (const change of changes) {
    if (change.kind === 'bytes') {
      const end = change.at + change.bytes.length;
      if (end > room.length) {
        const larger = Buffer.alloc(Math.max(end, room.length * 2));
        room.copy(larger, 0, 0, length);
        room = larger;
      } else if (change.at > length) room.fill(0, length, change.at);
      change.bytes.copy(room, change.at);
      length = Math.max(length, end);
    } else if (change.kind === 'size') {
      if (change.size > room.length) {
        const larger = Buffer.alloc(change.size);
        room.copy(larger, 0, 0, length);
        room = larger;
      } else if (change.size > length) room.fill(0, length, change.size);
      length = change.size;
    }
  }
  return room.subarray(0, length);
}
