/**
 * Changes of one side. A merge is the union of the sides' changes; the entity is read from that set, in whatever
 * order it was collected (CF-2).
 *
 * @module
 */

import { type Pieces, sortedInPieces, Work } from '../../vocabulary/pieces.ts';
import type { Json, JsonObject } from '../../vocabulary/shape.ts';
import { canonical, compareText, quoted } from '../values/canonical.ts';

/** Author and time of a change. */
export interface Origin {
  readonly actor: string;
  /** Effective time: clamped if its clock was ahead of the receipt. */
  readonly ms: number;
  readonly counter: number;
  /** Time of its clock as given. */
  readonly givenMs: number;
  /** Time of the server's receipt; `null` for none. */
  readonly receivedAtMs: number | null;
  /** Whether an authority vouches for it: the provider of a payment, or the server. */
  readonly isVerified: boolean;
  /** Time that the authority's statement is about. */
  readonly asOfMs: number | null;
  /** Removals, by the pointer of the item or value. */
  readonly removals: ReadonlyMap<string, Removal>;
}

/** Removal of an item or value, as opposed to its absence. */
export interface Removal {
  /** Whether a person confirmed it. */
  readonly isConfirmed: boolean;
  readonly by: string;
  readonly atMs: number | null;
  readonly reason: string | null;
}

/** Kind of change: `set` a value, `missing` for an item or value of the base, `order` for the items of a list. */
export type ChangeKind = 'set' | 'missing' | 'order';

export interface Change {
  /** Keys from the root down; an item of a list by its identity. */
  readonly path: readonly string[];
  readonly kind: ChangeKind;
  readonly value: Json;
  readonly removal: Removal | null;
  readonly from: Origin;
  /** Content of the change, without its author. */
  readonly what: string;
  /** Id, the same for the same change everywhere. */
  readonly id: string;
}

/** Changes at a place, and those below it. */
export interface ChangeNode {
  readonly own: Change[];
  readonly under: ReadonlyMap<string, ChangeNode>;
}

/** Removals of a side at a place and below it. */
export interface Removals {
  readonly own: Removal | null;
  readonly under: ReadonlyMap<string, Removals>;
}

/** Notes that are written later, and their place. */
interface Later {
  readonly path: readonly string[];
  readonly removed: Removals | undefined;
  readonly pieces: Pieces<void>;
}

/** Collects the changes of one side. */
export class ChangeNotes {
  readonly from: Origin;
  /** Current place of the rule that writes. */
  readonly path: string[] = [];
  /** Removals of the side at that place and below it; `undefined` for none. */
  removed: Removals | undefined;
  /** Counter of the rules' work. */
  readonly work: Work;
  readonly #changes: Change[] = [];
  readonly #later: Later[] = [];
  private readonly changed: readonly string[] | null;
  private readonly mark: string;

  /** @param changed the fields of the entity that are not as they were; `null` when that is not known */
  constructor(from: Origin, changed: readonly string[] | null = null, work = new Work()) {
    this.from = from;
    this.work = work;
    this.changed = from.isVerified ? null : changed;
    this.removed = from.removals.size === 0 ? undefined : removalsByPlace(from.removals);
    const { actor, givenMs, counter, receivedAtMs, isVerified, asOfMs } = from;
    this.mark = `[${quoted(actor)},${givenMs},${counter},${receivedAtMs},${isVerified},${asOfMs}]`;
  }

  /** Whether there is nothing to note of a place, as the side has what was there. */
  isIdle(base: Json | undefined, side: Json | undefined): boolean {
    return base === side && this.removed === undefined && !this.from.isVerified;
  }

  /** {@link isIdle} for a place below `key`. */
  isIdleAt(key: string, base: Json | undefined, side: Json | undefined): boolean {
    return base === side && !this.from.isVerified && this.removed?.under.has(key) !== true;
  }

  /** Returns the fields of an object to compare. */
  namesOf(side: JsonObject): readonly string[] {
    if (this.path.length > 0 || this.changed === null) return Object.keys(side);
    if (this.removed === undefined) return this.changed;
    const removedFrom = [...this.removed.under.keys()].filter((name) => Object.hasOwn(side, name));
    return [...new Set([...this.changed, ...removedFrom])];
  }

  /** Notes one change at the current place. */
  add(kind: ChangeKind, value: Json, removal: Removal | null = null): void {
    const { from, mark } = this;
    const path = [...this.path];
    const removed =
      removal === null ? '' : JSON.stringify([removal.isConfirmed, removal.by, removal.atMs]);
    let place = '';
    for (const key of path) place += place === '' ? quoted(key) : `,${quoted(key)}`;
    const what = `[${place}]${kind}${canonical(value)}${removed}`;
    this.#changes.push({ path, kind, value, removal, from, what, id: what + mark });
  }

  /** Notes large values in pieces, after all that is noted at once. */
  later(pieces: Pieces<void>): void {
    this.#later.push({ path: [...this.path], removed: this.removed, pieces });
  }

  /** Returns all notes, including those for later. */
  *inPieces(): Pieces<readonly Change[]> {
    for (let next = this.#later.pop(); next !== undefined; next = this.#later.pop()) {
      const { path, removed, pieces } = next;
      for (;;) {
        this.path.splice(0, this.path.length, ...path);
        this.removed = removed;
        if (pieces.next().done === true) break;
        yield;
      }
    }
    this.path.length = 0;
    return this.#changes;
  }

  /** Notes changes below `key`. */
  at(key: string, write: () => void): void {
    const { removed } = this;
    // A mark is no part of a pointer.
    if (removed !== undefined && !(key.charCodeAt(0) < 2)) this.removed = removed.under.get(key);
    this.path.push(key);
    write();
    this.path.pop();
    this.removed = removed;
  }
}

function removalsByPlace(removals: Origin['removals']): Removals {
  interface Node extends Removals {
    own: Removal | null;
    readonly under: Map<string, Node>;
  }
  const root: Node = { own: null, under: new Map() };
  for (const [pointer, removal] of removals) {
    let node = root;
    for (const step of pointer.split('/').slice(1)) {
      const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
      let next = node.under.get(key);
      if (next === undefined) {
        next = { own: null, under: new Map() };
        node.under.set(key, next);
      }
      node = next;
    }
    node.own = removal;
  }
  return root;
}

/** Returns the union of sets of changes, each once, in canonical order. */
export function* unionOf(
  sets: readonly (readonly Change[])[],
  work: Work,
): Pieces<readonly Change[]> {
  const all = yield* sortedInPieces(sets.flat(), byId, work);
  const union: Change[] = [];
  for (const change of all) {
    if (change.id !== union.at(-1)?.id) union.push(change);
    if (work.isDue()) yield;
  }
  return union;
}

function byId(one: Change, other: Change): number {
  if (one.id < other.id) return -1;
  return one.id > other.id ? 1 : 0;
}

/** Returns lines that only equal sets of changes share. */
export function* linesOf(changes: readonly Change[], work: Work): Pieces<readonly string[]> {
  const places = new Map<Origin, number>();
  const marks = new Map<string, number>();
  const placeOf = ({ what, id }: Change): number => {
    const mark = id.slice(what.length);
    const place = marks.get(mark) ?? marks.size;
    marks.set(mark, place);
    return place;
  };
  const lines: string[] = [];
  for (const change of changes) {
    const place = places.get(change.from) ?? placeOf(change);
    places.set(change.from, place);
    lines.push(`\n${place}${change.what}`);
    if (work.isDue()) yield;
  }
  // Each origin once: author and time make most of a change.
  return [[...marks.keys()].join('\n'), ...lines];
}

/** Groups the changes by place. */
export function* nodeOf(changes: readonly Change[], work: Work): Pieces<ChangeNode> {
  const root: Growing = { own: [], under: NOTHING_UNDER };
  for (const change of changes) {
    let node = root;
    for (const key of change.path) {
      if (node.under === NOTHING_UNDER) node.under = new Map();
      let next = node.under.get(key);
      if (next === undefined) {
        next = { own: [], under: NOTHING_UNDER };
        node.under.set(key, next);
      }
      node = next;
    }
    node.own.push(change);
    if (work.isDue(change.path.length)) yield;
  }
  return root;
}

interface Growing extends ChangeNode {
  under: Map<string, Growing>;
}

/** Shared, since most nodes have nothing below them. */
const NOTHING_UNDER: Map<string, Growing> = new Map();

/** Compares origins, the earliest first. */
export function compareOrigins(one: Origin, other: Origin): number {
  return (
    one.ms - other.ms ||
    one.counter - other.counter ||
    compareText(one.actor, other.actor) ||
    one.givenMs - other.givenMs
  );
}
