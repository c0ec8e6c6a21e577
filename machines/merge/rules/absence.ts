/**
 * Absence: what a side does not have, or has `null` for. What is absent is unknown to that side, at any depth, and
 * removes nothing. Only a removal with a path does, or `null` in place of a single value that no rule guards (CF-7).
 *
 * @module
 */

import type { Pieces } from '../../vocabulary/pieces.ts';
import type { Json, JsonObject } from '../../vocabulary/shape.ts';
import { canonical, inOrder, isList, isObject } from '../values/canonical.ts';
import { type Change, type ChangeNode, type ChangeNotes, compareOrigins } from './change.ts';
import { type Alternative, allOf, alternative, type Ruling } from './ruling.ts';

/** Whether a value has fields or items. */
export function isContainer(value: Json | undefined): value is JsonObject | readonly Json[] {
  return typeof value === 'object' && value !== null;
}

/** Whether it is an object or list with nothing in it. */
export function isEmpty(value: Json | undefined): boolean {
  return isContainer(value) && (isList(value) ? value : Object.keys(value)).length === 0;
}

/** Returns a side's version of an object that is taken whole, completed by the fields that it does not have. */
export function laidOver(
  base: Json | undefined,
  side: Json | undefined,
  notes: ChangeNotes,
  isGuarded: boolean,
): Json | undefined {
  if (!isObject(base)) return side;
  if (side !== undefined && !isObject(side)) return side;
  const given = side ?? {};
  const { removed } = notes;
  const after: Record<string, Json> = { ...given };
  for (const [name, before] of Object.entries(base)) {
    const own = given[name];
    const isRefused = own === null && isNullRefused(before, isGuarded, notes);
    if (isGone(own) && removed?.under.get(name)?.own?.isConfirmed === true) {
      delete after[name];
    } else if (own === undefined || isRefused || isObject(own)) {
      notes.at(name, () => {
        const said = isObject(own) ? own : undefined;
        const isAsBefore = said === undefined && notes.removed === undefined;
        after[name] = isAsBefore ? before : (laidOver(before, said, notes, isGuarded) ?? before);
        if (isRefused && !isEmpty(before)) notes.add('missing', null);
      });
    }
  }
  return inOrder(after);
}

function isGone(value: Json | undefined): boolean {
  return value === undefined || value === null;
}

/** Whether `null` in place of what was there counts as absent. */
export function isNullRefused(before: Json, isGuarded: boolean, { from }: ChangeNotes): boolean {
  return isContainer(before) || (isGuarded && before !== null && !from.isVerified);
}

/** Asks about values for which sides had `null` in a value that is taken whole. */
export function askOfEmptied(
  kind: string,
  value: Json | undefined,
  under: ChangeNode['under'],
  ruling: Ruling,
): void {
  for (const [name, node] of under) {
    ruling.at(name, () => {
      const stands = isObject(value) ? value[name] : undefined;
      const missing = node.own.filter(isMissing);
      if (missing.length > 0 && stands !== undefined) {
        const kept = alternative(stands, null);
        ruling.ask(kind, EMPTIED, [kept, ...goneOf(missing)]);
      }
      askOfEmptied(kind, stands, node.under, ruling);
    });
  }
}

/** Whether a list lost an entry, or an object a field, that was there before. */
export function isLessThan(before: Json | undefined, after: Json | undefined): boolean {
  if (before === after || !isContainer(before) || isEmpty(before)) return false;
  if (isList(before)) {
    if (!isList(after)) return true;
    const there = new Set(after.map(canonical));
    return before.some((entry) => !there.has(canonical(entry)));
  }
  if (!isObject(after)) return true;
  return Object.entries(before).some(
    ([name, value]) => !Object.hasOwn(after, name) || isLessThan(value, after[name]),
  );
}

const EMPTIED = 'emptied without a removal';

export function isMissing({ kind }: Change): boolean {
  return kind === 'missing';
}

export function goneOf(missing: readonly Change[]): readonly Alternative[] {
  return missing.map(({ from }) => alternative(null, from));
}

/** Returns the latest of those who changed a place or what is right below it. */
export function latestOf(node: ChangeNode): Change['from'] | null {
  const all = [node, ...node.under.values()].flatMap(({ own }) => own.map(({ from }) => from));
  return all.toSorted(compareOrigins).at(-1) ?? null;
}

/** Item of a list, or value, that at least one side says is gone. */
export interface Going {
  readonly kind: string;
  readonly base: Json | undefined;
  /** Other changes of it. */
  readonly edits: ChangeNode;
  readonly missing: readonly Change[];
  readonly project: (
    base: Json | undefined,
    node: ChangeNode,
    ruling: Ruling,
  ) => Pieces<Json | undefined>;
}

/** Separates the changes of a place from those that say that it is gone. */
export function apartFromMissing(node: ChangeNode): Pick<Going, 'edits' | 'missing'> {
  return {
    missing: node.own.filter(isMissing),
    edits: { own: node.own.filter((change) => !isMissing(change)), under: node.under },
  };
}

export function isEdited({ edits }: Pick<Going, 'edits'>): boolean {
  return edits.own.length > 0 || edits.under.size > 0;
}

/** Returns what the place holds if nobody removed it. */
export function* ifItStays(going: Going, ruling: Ruling): Pieces<Json | undefined> {
  const { base, edits, project } = going;
  return isEdited(going) ? yield* project(base, edits, ruling) : base;
}

/** Keeps it, and asks a person. */
export function* stays(going: Going, reason: string, ruling: Ruling): Pieces<Json | undefined> {
  const { kind, missing } = going;
  const kept = yield* ifItStays(going, ruling);
  if (kept !== undefined && kept !== null) {
    const all = [alternative(kept, null), ...goneOf(missing)];
    ruling.ask(kind, reason, all, undefined, removersOf(missing));
  }
  return kept;
}

/** Removes it with its content; with `isAsked` a person is asked as well. */
export function* goes(going: Going, isAsked: boolean, ruling: Ruling): Pieces<undefined> {
  const { kind, edits, missing } = going;
  const from = isEdited(going) ? latestOf(edits) : null;
  const gone = yield* allOf(ruling, (apart) => ifItStays(going, apart), from);
  if (gone.length === 0) return;
  const by = removersOf(missing);
  if (isAsked) ruling.ask(kind, 'removed, and written elsewhere', gone, undefined, by);
  ruling.note(kind, 'removed', null, gone, by);
}

/** Returns the authors of its removal. */
export function removersOf(missing: readonly Change[]): readonly string[] {
  return missing.flatMap(({ removal }) => (removal === null ? [] : [removal.by]));
}

export function isConfirmed({ removal }: Change): boolean {
  return removal?.isConfirmed === true;
}

/** Decides about an item that only a confirmed removal takes out, if nobody edited it meanwhile. */
export function* goneOnceConfirmed(going: Going, ruling: Ruling): Pieces<Json | undefined> {
  const { base, missing } = going;
  if (!missing.some(isConfirmed)) {
    return yield* stays(going, 'missing without a confirmed removal', ruling);
  }
  const isWrittenElsewhere = isEdited(going);
  if (base !== undefined && isWrittenElsewhere) {
    return yield* stays(going, 'removed on one device, edited on another', ruling);
  }
  // A side that still has it may only not know of the removal: it does not bring it back unseen.
  return yield* goes(going, isWrittenElsewhere, ruling);
}

/** Part of a rule that decides about removals. */
export interface Guard {
  /** @internal No `null` takes out what is there: it counts as absent, and is asked about. */
  readonly isGuarded?: boolean;
  /** @internal Whether a removal that a person has confirmed takes out what is there. Left out: it does. */
  readonly mayGo?: (base: Json | undefined) => boolean;
}

/** Returns the value of a field that at least one side says is gone. */
export function* valueIfGone(
  going: Going,
  { isGuarded = false, mayGo = () => true }: Guard,
  ruling: Ruling,
): Pieces<Json | undefined> {
  const { base, missing } = going;
  if (missing.every(({ removal }) => removal === null)) return yield* stays(going, EMPTIED, ruling);
  if (!mayGo(base ?? (yield* ifItStays(going, ruling.apart())))) {
    return yield* stays(going, 'this is not taken out', ruling);
  }
  const isPlain = !isGuarded && !isContainer(base);
  if (!isPlain || isEdited(going)) return yield* goneOnceConfirmed(going, ruling);
  return yield* goes(going, false, ruling);
}
