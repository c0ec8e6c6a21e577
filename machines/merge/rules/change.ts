/**
 * What one side has done to an entity, as changes. A merge is the union of the sides' changes; what the
 * entity is then is read from that set, in whatever order it was put together (CF-2).
 *
 * @module
 */

import type { Json } from '../../vocabulary/json.ts';
import { canonical, compareText } from '../values/canonical.ts';

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
  /** What it removed, by the pointer of the item. */
  readonly removals: ReadonlyMap<string, Removal>;
}

/** That somebody removed an item, as opposed to its not being there. */
export interface Removal {
  /** A person was asked whether it is meant. */
  readonly isConfirmed: boolean;
  readonly by: string;
  readonly atMs: number | null;
  readonly reason: string | null;
}

/** `set` a value, `missing` an item that the base has, `order` the items of a list. */
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
  readonly under: Map<string, ChangeNode>;
}

/** Takes down what one side changed. */
export class ChangeNotes {
  readonly from: Origin;
  readonly changes: Change[] = [];
  /** Where the rule stands that writes. */
  readonly path: string[] = [];
  private readonly mark: string;

  constructor(from: Origin) {
    this.from = from;
    const { actor, givenMs, counter, receivedAtMs, isVerified, asOfMs } = from;
    this.mark = JSON.stringify([actor, givenMs, counter, receivedAtMs, isVerified, asOfMs]);
  }

  /** Writes one change at the place where the rule stands. */
  add(kind: ChangeKind, value: Json, removal: Removal | null = null): void {
    const { from, mark } = this;
    const path = [...this.path];
    const removed =
      removal === null ? '' : JSON.stringify([removal.isConfirmed, removal.by, removal.atMs]);
    const what = `${JSON.stringify(path)}${kind}${canonical(value)}${removed}`;
    this.changes.push({ path, kind, value, removal, from, what, id: what + mark });
  }

  /** Writes what is below `key`. */
  at(key: string, write: () => void): void {
    this.path.push(key);
    write();
    this.path.pop();
  }
}

/** The union of sets of changes: each once, in one order. */
export function unionOf(sets: readonly (readonly Change[])[]): readonly Change[] {
  const byId = new Map<string, Change>();
  for (const set of sets) for (const change of set) byId.set(change.id, change);
  return [...byId.values()].toSorted((one, other) => compareText(one.id, other.id));
}

/** A text for a set of changes, which two sets share only when they are the same. */
export function nameOf(changes: readonly Change[]): string {
  const marks = new Map<string, number>();
  const lines = changes.map(({ what, id }) => {
    const mark = id.slice(what.length);
    const place = marks.get(mark) ?? marks.size;
    marks.set(mark, place);
    return `${place}${what}`;
  });
  // Each origin once: most of what a change says of itself is who made it, and when.
  return [...marks.keys(), ...lines].join('\n');
}

/** The changes by place. */
export function nodeOf(changes: readonly Change[]): ChangeNode {
  const root = emptyNode();
  for (const change of changes) {
    let node = root;
    for (const key of change.path) {
      let next = node.under.get(key);
      if (next === undefined) {
        next = emptyNode();
        node.under.set(key, next);
      }
      node = next;
    }
    node.own.push(change);
  }
  return root;
}

function emptyNode(): ChangeNode {
  return { own: [], under: new Map() };
}

/** Order of origins, the earliest first. */
export function compareOrigins(one: Origin, other: Origin): number {
  return (
    one.ms - other.ms ||
    one.counter - other.counter ||
    compareText(one.actor, other.actor) ||
    one.givenMs - other.givenMs
  );
}
