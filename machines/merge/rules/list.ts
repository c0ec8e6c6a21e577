/**
 * Lists of items with an identity, and sets. A missing item is not a removed one: it goes by a declared removal, as
 * far as the list allows one (CF-5, CF-7).
 *
 * @module
 */

import { atOnce, sortedInPieces, type Work } from '../../vocabulary/pieces.ts';
import type { Json } from '../../vocabulary/shape.ts';
import { canonical, compareText, isList, isObject, isSame, quoted } from '../values/canonical.ts';
import {
  apartFromMissing,
  type Going,
  goes,
  goneOnceConfirmed,
  ifItStays,
  isConfirmed,
  isEdited,
  isLessThan,
  isMissing,
  latestOf,
  removersOf,
  stays,
} from './absence.ts';
import {
  type Change,
  type ChangeNode,
  ChangeNotes,
  compareOrigins,
  nodeOf,
  type Removals,
} from './change.ts';
import { type AnyRule, altsOf, projected, type Rule, ruleBy, type Steps } from './rule.ts';
import { type Alternative, alternative, type Ruling } from './ruling.ts';
import { inSequence } from './sequence.ts';
import { decideLatest, latest } from './single.ts';

/** Ways to remove an item. */
export type Removing =
  /** A confirmed removal, if nobody edited the item meanwhile. */
  | 'confirmed'
  /** Any declared removal, edits or not. */
  | 'declared'
  /** No removal. */
  | 'never'
  /** Absence, for sets. */
  | 'observed';

export interface ListRules {
  /** Field that identifies an item, or a function that makes an identity. */
  readonly id: string | ((item: Json) => string);
  readonly item: AnyRule;
  readonly removing: Removing;
  /** Items that can't be removed. */
  readonly isFixed?: (item: Json) => boolean;
  /**
   * Whether the last item, or the last for which this holds, stays and a person is asked. If a person has removed and
   * confirmed it, it goes at once and a person is asked as well.
   */
  readonly keepsOne?: boolean | ((item: Json) => boolean);
  /** Whether a person is asked when devices replaced the same item by different ones. */
  readonly asksOfReplaced?: boolean;
  /** Field by which new items are the same; only one of them is taken. */
  readonly uniqueBy?: string;
}

const SAYS: Readonly<Record<Removing, string>> = {
  confirmed:
    'Items of all devices. One goes only by a removal that a person has confirmed; an edit of it on another device keeps it.',
  declared:
    'Items of all devices. One that was removed on any device is gone, whatever others did.',
  never: 'Items of all devices. None ever goes.',
  observed: 'Items of all devices, without those that a device took out.',
};

const ASKS: Readonly<Record<Removing, string>> = {
  confirmed: 'an item is missing without a confirmed removal, or was removed here and edited there',
  declared: 'an item is missing without a removal',
  never: 'somebody removed an item',
  observed: '',
};

/** Makes the rule of a list whose items have an identity. */
export function list(rules: ListRules): Rule<never[]> {
  return {
    kind: 'list',
    says: SAYS[rules.removing],
    asks: ASKS[rules.removing],
    parts: [['each', rules.item]],
    isSum: rules.item.isSum ?? false,
    note: (base, side, notes) => noteList(rules, base, side, notes),
    mayGo: (base) => mayGoWhole(rules, base),
    project: (base, node, ruling) => atOnce(projectList(rules, base, node, ruling)),
    projectInSteps: (base, node, ruling) => projectList(rules, base, node, ruling),
  };
}

/** Makes the rule of a set, which holds each value once. */
export function set(options: Partial<Omit<ListRules, 'item' | 'removing'>> = {}): Rule<never[]> {
  const rules = { id: canonical, ...options, item: latest(), removing: 'observed' } as const;
  return {
    ...list(rules),
    kind: 'set',
    asks: [
      isSaid(options.keepsOne) ? 'the last one would go, or was removed' : '',
      isSaid(options.asksOfReplaced) ? 'two devices replaced the same one differently' : '',
    ]
      .filter((words) => words !== '')
      .join('; '),
    parts: [],
  };
}

function isSaid(option: unknown): boolean {
  return option !== undefined && option !== false;
}

/** Mark of an identity that is the item itself. */
const CONTENT_MARK = '=';

/** Returns the items by identity, in order. An item without one is identified by its content. */
function* itemsOf(
  { id }: ListRules,
  value: Json | undefined,
  work: Work,
): Steps<ReadonlyMap<string, Json>> {
  const items = new Map<string, Json>();
  for (const item of isList(value) ? value : []) {
    const own = identityOf(id, item);
    const key = own ?? CONTENT_MARK + canonical(item);
    // A second, different item under the same identity is not lost.
    const isTwin = items.has(key) && !isSame(items.get(key), item);
    items.set(isTwin ? CONTENT_MARK + canonical(item) : key, item);
    if (work.isDue()) yield;
  }
  return items;
}

function identityOf(id: ListRules['id'], item: Json): string | null {
  if (typeof id === 'function') return id(item);
  const own = isObject(item) ? item[id] : undefined;
  if (typeof own === 'number') return String(own);
  if (typeof own !== 'string' || own === '') return null;
  return own.startsWith(CONTENT_MARK) ? CONTENT_MARK + own : own;
}

function noteList(
  rules: ListRules,
  base: Json | undefined,
  side: Json | undefined,
  notes: ChangeNotes,
): void {
  if (notes.isIdle(base, side)) return;
  if (side !== undefined && side !== null && !isList(side)) {
    if (!isSame(base, side)) notes.add('set', side);
    return;
  }
  if (isList(side) && side.length === 0 && base === undefined) notes.add('set', side);
  const steps = noteItems(rules, base, side, notes);
  // Long lists are noted later, in pieces.
  if (steps.next().done !== true) notes.later(steps);
}

function* noteItems(
  rules: ListRules,
  base: Json | undefined,
  side: Json | undefined,
  notes: ChangeNotes,
): Steps<void> {
  const { work } = notes;
  const before = yield* itemsOf(rules, base, work);
  const after = yield* itemsOf(rules, side, work);
  for (const [key, item] of after) {
    if (work.isDue()) yield;
    notes.at(key, () => rules.item.note(before.get(key), item, notes));
  }
  yield* noteMissing(rules, before, after, isList(side), notes);
  if (!isList(side)) return;
  const kept: string[] = [];
  for (const key of before.keys()) {
    if (work.isDue(1 / 4)) yield;
    if (after.has(key)) kept.push(key);
  }
  const order = [...after.keys()];
  if (order.every((key, at) => key === kept[at])) return;
  if (work.isDue(order.length / 4)) yield;
  notes.add('order', order);
}

/** @param isTold whether the side tells all of the list; else it only removed what it did remove */
function* noteMissing(
  rules: ListRules,
  before: ReadonlyMap<string, Json>,
  after: ReadonlyMap<string, Json>,
  isTold: boolean,
  notes: ChangeNotes,
): Steps<void> {
  const removed = removedFrom(rules, notes);
  if (isTold) {
    for (const key of before.keys()) {
      if (notes.work.isDue(1 / 2)) yield;
      if (after.has(key)) continue;
      notes.at(key, () => notes.add('missing', null, removed.get(key)?.own ?? null));
    }
  }
  for (const [key, { own }] of removed) {
    if (notes.work.isDue()) yield;
    if (after.has(key) || (isTold && before.has(key))) continue;
    notes.at(key, () => {
      if (own !== null) notes.add('missing', null, own);
      else if (before.has(key)) rules.item.note(before.get(key), undefined, notes);
    });
  }
}

/** Returns the side's removals from the current list. */
function removedFrom({ id }: ListRules, { removed }: ChangeNotes): ReadonlyMap<string, Removals> {
  if (removed === undefined) return NOTHING_REMOVED;
  if (id !== canonical) return removed.under;
  return new Map([...removed.under].map(([key, one]) => [entryKeyOf(key), one]));
}

/** Returns the identity of an entry that is its own identity: a text may be named without quotes. */
function entryKeyOf(key: string): string {
  return /^(?:["[{].*|-?\d.*|true|false|null)$/s.test(key) ? key : quoted(key);
}

const NOTHING_REMOVED: ReadonlyMap<string, Removals> = new Map();

function* projectList(
  rules: ListRules,
  base: Json | undefined,
  node: ChangeNode,
  ruling: Ruling,
): Steps<Json | undefined> {
  const strange = altsOf(node.own);
  if (strange.length > 0) {
    const isBare = node.under.size === 0 && !isList(base);
    const others = strange.filter(({ value }) => !isList(value));
    if (isBare && others.length === strange.length) {
      const verdict = decideLatest(strange, base);
      const asks = strange.length > 1 ? [{ reason: 'not a list', alternatives: strange }] : [];
      ruleBy('list', { ...verdict, asks }, ruling);
      if (base !== undefined && isLessThan(base, verdict.value)) {
        ruling.note('list', 'replaced', verdict.value, [alternative(base, null)]);
      }
      return verdict.value;
    }
    if (others.length > 0) {
      const alternatives = others.map(({ value, from }) => alternative(value, from));
      ruling.ask('list', 'not a list', alternatives);
    }
    if (node.under.size === 0) return isList(base) ? base : [];
  }
  if (node.under.size === 0 && node.own.length === 0) return base;
  const { work } = ruling;
  const before = yield* itemsOf(rules, base, work);
  const kept = new Map<string, Json>();
  const keys = [...new Set([...before.keys(), ...node.under.keys()])];
  if (work.isDue(keys.length / 4)) yield;
  for (const key of yield* sortedInPieces(keys, compareText, work)) {
    const changes = node.under.get(key);
    const item =
      changes === undefined
        ? before.get(key)
        : yield* ruling.atInPieces(key, projectItem(rules, before.get(key), changes, ruling));
    if (item !== undefined) kept.set(key, item);
    if (work.isDue()) yield;
  }
  if (rules.asksOfReplaced === true) yield* askOfReplaced(node, before, ruling);
  yield* keepLast(rules, kept, before, node, ruling);
  if (rules.removing === 'observed') yield* noteTakenOut(kept, before, node, ruling);
  if (rules.uniqueBy !== undefined) yield* leaveTwinsOut(rules, kept, before, node, ruling);
  // A removal from it does not create a list.
  if (base === undefined && kept.size === 0 && strange.length === 0) return undefined;
  const orders = ordersOf(node.own);
  const sequences = orders.map(({ value }) => value as readonly string[]);
  const { items, passedBy } = yield* inSequence(kept, sequences, [...before.keys()], work);
  const passed = passedBy.flatMap((at) => orders[at] ?? []);
  if (passed.length > 0) {
    const others = passed.map(({ value, from }) => alternative(value, from));
    ruling.note('list', 'a later move stands', sequences[0], others);
  }
  return items;
}

/** Returns the orders of the sides, each once, the latest first. */
function ordersOf(own: readonly Change[]): readonly Change[] {
  const all = own
    .filter(({ kind }) => kind === 'order')
    .toSorted(
      (one, other) => compareOrigins(other.from, one.from) || compareText(one.id, other.id),
    );
  if (all.length < 2) return all;
  const told = new Set<string>();
  return all.filter(({ what }) => !told.has(what) && told.add(what));
}

function* projectItem(
  { item, removing, isFixed }: ListRules,
  base: Json | undefined,
  node: ChangeNode,
  ruling: Ruling,
): Steps<Json | undefined> {
  if (!node.own.some(isMissing)) return yield* projected(item, base, node, ruling);
  const project: Going['project'] = (...given) => projected(item, ...given);
  const going: Going = { kind: 'list', base, project, ...apartFromMissing(node) };
  const isRemoved = going.missing.some(({ removal }) => removal !== null);
  switch (removing) {
    case 'observed':
      return isEdited(going) ? yield* ifItStays(going, ruling) : undefined;
    case 'never':
      return isRemoved
        ? yield* stays(going, 'nothing is removed from this list', ruling)
        : yield* ifItStays(going, ruling);
    case 'declared':
      return isRemoved
        ? yield* goes(going, false, ruling)
        : yield* stays(going, 'missing without a removal', ruling);
    case 'confirmed':
      return isFixed !== undefined &&
        isThere(isFixed, base ?? (yield* ifItStays(going, ruling.apart())))
        ? yield* stays(going, 'this item stays', ruling)
        : yield* goneOnceConfirmed(going, ruling);
  }
}

/** Whether a list may be removed whole, as by a confirmed removal of each item. */
function mayGoWhole({ removing, isFixed }: ListRules, base: Json | undefined): boolean {
  return removing !== 'never' && !(isFixed !== undefined && isList(base) && base.some(isFixed));
}

function isThere(holds: (item: Json) => boolean, item: Json | undefined): boolean {
  return item !== undefined && holds(item);
}

/** Asks where devices replaced the same item by different ones. */
function* askOfReplaced(
  node: ChangeNode,
  before: ReadonlyMap<string, Json>,
  ruling: Ruling,
): Steps<void> {
  let isReplaced = false;
  for (const key of before.keys()) {
    if (ruling.work.isDue(1 / 2)) yield;
    isReplaced ||= (node.under.get(key)?.own ?? []).filter(isMissing).length > 1;
  }
  if (!isReplaced) return;
  const all = yield* sidesOf(node, before, ruling.work);
  const sides = all.filter(({ value }) => isList(value) && value.length > 0);
  const distinct = new Set(sides.map(({ value }) => canonical(value)));
  if (distinct.size > 1) ruling.ask('set', 'replaced differently', sides);
}

/** Notes removals by absence. */
function* noteTakenOut(
  kept: ReadonlyMap<string, Json>,
  before: ReadonlyMap<string, Json>,
  node: ChangeNode,
  ruling: Ruling,
): Steps<void> {
  for (const [key, item] of before) {
    if (ruling.work.isDue(1 / 2)) yield;
    if (kept.has(key)) continue;
    const missing = (node.under.get(key)?.own ?? []).filter(isMissing);
    const by = missing.map(({ removal, from }) => removal?.by ?? from.actor);
    ruling.at(key, () => ruling.note('set', 'taken out', null, [alternative(item, null)], by));
  }
}

/** Restores the last items that the list must keep, except those that a person has removed. */
function* keepLast(
  { keepsOne = false }: ListRules,
  kept: Map<string, Json>,
  before: ReadonlyMap<string, Json>,
  node: ChangeNode,
  ruling: Ruling,
): Steps<void> {
  if (keepsOne === false) return;
  const all = [...before.values()];
  const counts = keepsOne === true || !all.some(keepsOne) ? () => true : keepsOne;
  if (!all.some(counts) || [...kept.values()].some(counts)) return;
  const missingOf = (key: string) => (node.under.get(key)?.own ?? []).filter(isMissing);
  const last = [...before].filter(([, item]) => counts(item));
  const stay = last.filter(([key]) => !missingOf(key).some(isConfirmed));
  for (const [key, item] of stay) kept.set(key, item);
  if (stay.length > 0) {
    ruling.ask('set', 'the last one stays', yield* sidesOf(node, before, ruling.work));
    return;
  }
  // It is gone at once; the question has what it was.
  const were = alternative([...before.values()], null);
  const by = last.flatMap(([key]) => removersOf(missingOf(key)));
  const now = alternative([...kept.values()], latestOf(node));
  ruling.ask('set', 'the last one was removed', [were, now], undefined, by);
}

/** Returns the items of each side. */
function* sidesOf(
  node: ChangeNode,
  before: ReadonlyMap<string, Json>,
  work: Work,
): Steps<readonly Alternative[]> {
  const added = new Map<Change['from'], Json[]>();
  const byKey = ([one]: [string, ChangeNode], [two]: [string, ChangeNode]) => compareText(one, two);
  for (const [key, { own }] of yield* sortedInPieces([...node.under], byKey, work)) {
    if (work.isDue()) yield;
    for (const { kind, value, from } of own) {
      const values = added.get(from) ?? [];
      added.set(from, values);
      if (kind === 'set' && !before.has(key)) values.push(value);
    }
  }
  return [...added]
    .toSorted(([one], [other]) => compareOrigins(one, other))
    .map(([from, values]) => alternative(values, from));
}

/**
 * Keeps, among new items that agree in a field, the one whose identity is first. The others count as other devices'
 * versions of it.
 */
function* leaveTwinsOut(
  { item: rule, uniqueBy = '' }: ListRules,
  kept: Map<string, Json>,
  before: ReadonlyMap<string, Json>,
  node: ChangeNode,
  ruling: Ruling,
): Steps<void> {
  const first = new Map<string, string>();
  for (const key of yield* sortedInPieces([...kept.keys()], compareText, ruling.work)) {
    if (ruling.work.isDue()) yield;
    const twin = kept.get(key);
    const name = isObject(twin) ? twin[uniqueBy] : undefined;
    if (typeof name !== 'string' || before.has(key)) continue;
    const known = first.get(name);
    const one = known === undefined ? undefined : kept.get(known);
    const changes = node.under.get(key);
    const from = changes === undefined ? null : latestOf(changes);
    if (known === undefined || !isObject(one) || !isObject(twin) || from === null) {
      first.set(name, key);
      continue;
    }
    const notes = new ChangeNotes({ ...from, removals: new Map() }, null, ruling.work);
    rule.note(one, { ...twin, id: one['id'] ?? key }, notes);
    kept.delete(key);
    const noted = yield* notes.inPieces();
    const changed = yield* nodeOf(noted, ruling.work);
    const steps = projected(rule, one, changed, ruling);
    const both = (yield* ruling.atInPieces(known, steps)) ?? one;
    kept.set(known, both);
    ruling.at(known, () => {
      const apart = [alternative(one, null), alternative(twin, from)];
      ruling.note('list', `the same ${uniqueBy} as another`, both, apart);
    });
  }
}
