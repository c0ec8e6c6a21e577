/**
 * What one side has done to an entity, as changes. A merge is the union of the sides' changes; what the
 * entity is then is read from that set, in whatever order it was put together (CF-2).
 *
 * @module
 */

import type { Json, JsonObject } from '../../vocabulary/json.ts';
import { type Pieces, sortedInPieces, Work } from '../../vocabulary/pieces.ts';
import { canonical, compareText, quoted } from '../values/canonical.ts';

/** Who is behind a change, and when. */
export interface Origin {
  readonly actor: string;
  /** Time of its clock as it counts: clamped where it was ahead of its receipt. */
  readonly ms: number;
  readonly counter: number;
  /** Time of its clock as it came. */
  readonly givenMs: number;
  /** When the server received it; `null` when it has not. */
  readonly receivedAtMs: number | null;
  /** An authority answers for it: the provider of a payment, the server. */
  readonly isVerified: boolean;
  /** The moment of which the authority speaks. */
  readonly asOfMs: number | null;
  /** What it removed, by the pointer of the item or the value. */
  readonly removals: ReadonlyMap<string, Removal>;
}

/** That somebody removed an item or a value, as opposed to its not being there. */
export interface Removal {
  /** A person was asked whether it is meant. */
  readonly isConfirmed: boolean;
  readonly by: string;
  readonly atMs: number | null;
  readonly reason: string | null;
}

/** `set` a value, `missing` an item or a value that the base has, `order` the items of a list. */
export type ChangeKind = 'set' | 'missing' | 'order';

export interface Change {
  /** Keys from the root down; an item of a list by its identity. */
  readonly path: readonly string[];
  readonly kind: ChangeKind;
  readonly value: Json;
  readonly removal: Removal | null;
  readonly from: Origin;
  /** What it is, without whose. */
  readonly what: string;
  /** The same for the same change wherever it is met. */
  readonly id: string;
}

/** The changes at a place, and those below it. */
export interface ChangeNode {
  readonly own: Change[];
  readonly under: ReadonlyMap<string, ChangeNode>;
}

/** What a side removed at a place, and below it. */
export interface Removals {
  readonly own: Removal | null;
  readonly under: ReadonlyMap<string, Removals>;
}

/** What is written later, and where. */
interface Later {
  readonly path: readonly string[];
  readonly removed: Removals | undefined;
  readonly pieces: Pieces<void>;
}

/** Takes down what one side changed. */
export class ChangeNotes {
  readonly from: Origin;
  /** Where the rule stands that writes. */
  readonly path: string[] = [];
  /** What the side removed at that place and below it; `undefined` for nothing. */
  removed: Removals | undefined;
  /** Counts what the rules do. */
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

  /** Whether there is nothing to write of a place, as the side has there what was there. */
  isIdle(base: Json | undefined, side: Json | undefined): boolean {
    return base === side && this.removed === undefined && !this.from.isVerified;
  }

  /** The same of what is below `key`. */
  isIdleAt(key: string, base: Json | undefined, side: Json | undefined): boolean {
    return base === side && !this.from.isVerified && this.removed?.under.has(key) !== true;
  }

  /** The fields of an object to look at. */
  namesOf(side: JsonObject): readonly string[] {
    if (this.path.length > 0 || this.changed === null) return Object.keys(side);
    if (this.removed === undefined) return this.changed;
    const removedFrom = [...this.removed.under.keys()].filter((name) => Object.hasOwn(side, name));
    return [...new Set([...this.changed, ...removedFrom])];
  }

  /** Writes one change at the place where the rule stands. */
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

  /** Writes in pieces, once all that is written at once is written: of what is large. */
  later(pieces: Pieces<void>): void {
    this.#later.push({ path: [...this.path], removed: this.removed, pieces });
  }

  /** All that was written, with what is to be written later. */
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

  /** Writes what is below `key`. */
  at(key: string, write: () => void): void {
    const { removed } = this;
    // A mark is no step of a pointer.
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

/** The union of sets of changes: each once, in one order. */
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

/** Lines for a set of changes, which two sets share only when they are the same. */
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
  // Each origin once: most of what a change says of itself is who made it, and when.
  return [[...marks.keys()].join('\n'), ...lines];
}

/** The changes by place. */
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

/** Most nodes have nothing below them. */
const NOTHING_UNDER: Map<string, Growing> = new Map();

/** Order of origins, the earliest first. */
export function compareOrigins(one: Origin, other: Origin): number {
  return (
    one.ms - other.ms ||
    one.counter - other.counter ||
    compareText(one.actor, other.actor) ||
    one.givenMs - other.givenMs
  );
}
