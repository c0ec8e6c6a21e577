/**
 * Rule for undeclared values: kept by their shape, never dropped. Objects are merged field by field, lists of items
 * with an `id` item by item, lists of single values entry by entry; everything else by the given rule. An entry goes
 * only by a confirmed removal.
 *
 * @module
 */

import { atOnce, stepsOf, type Work } from '../../vocabulary/pieces.ts';
import type { Json } from '../../vocabulary/shape.ts';
import { canonical, isList, isObject } from '../values/canonical.ts';
import { isContainer, isEmpty } from './absence.ts';
import type { ChangeNode, ChangeNotes } from './change.ts';
import { fields } from './fields.ts';
import { list } from './list.ts';
import { type AnyRule, altsOf, projected, type Rule, type Steps } from './rule.ts';
import { type Alternative, allOf, alternative, type Ruling, SHAPE_MARK } from './ruling.ts';
import { latest } from './single.ts';

/** Depth beyond which a value is taken whole. */
const DEPTH_MAX = 24;
const RECORDS = `${SHAPE_MARK}records` as const;
const VALUES = `${SHAPE_MARK}values` as const;

/** Makes a rule by the shape of a value. */
export function anything(single: AnyRule): Rule {
  const rule: Rule = {
    kind: single.kind,
    says: single.says,
    asks: single.asks,
    isGuarded: single.isGuarded ?? false,
    isSum: single.isSum ?? false,
    mayGo: (base) => isContainer(base) || single.mayGo?.(base) !== false,
    note: (base, side, notes) => {
      if (notes.isIdle(base, side)) return;
      const steps = noteInSteps(base, side, notes);
      // The shape of a large value is found in pieces.
      if (steps.next().done !== true) notes.later(steps);
    },
    project: (base, node, ruling) => atOnce(projectInSteps(base, node, ruling)),
    projectInSteps: (base, node, ruling) => projectInSteps(base, node, ruling),
  };
  const noteInSteps = function* (
    base: Json | undefined,
    side: Json | undefined,
    notes: ChangeNotes,
  ): Steps<void> {
    const shape =
      notes.path.length > DEPTH_MAX
        ? null
        : yield* shapeOf(base, side, notes.removed !== undefined, notes.work);
    if (shape === 'object') object.note(base, side, notes);
    else if (shape === null) single.note(base, side, notes);
    else notes.at(shape, () => lists[shape].note(base, side, notes));
  };
  const projectInSteps = function* (
    base: Json | undefined,
    node: ChangeNode,
    ruling: Ruling,
  ): Steps<Json | undefined> {
    const parts = partsOf(node);
    const [first, ...rest] = parts;
    if (first === undefined) return single.project(base, node, ruling);
    // Some sides changed parts of it; others replaced it whole, or changed its shape.
    const others: Alternative[] = altsOf(node.own)
      .filter(({ value }) => !isEmpty(value))
      .map(({ value, from }) => alternative(value, from));
    for (const part of rest) {
      others.push(
        ...(yield* allOf(ruling, (apart) => projected(part.rule, undefined, part.node, apart))),
      );
    }
    if (others.length > 0) ruling.ask(single.kind, 'changed whole and in parts', others);
    const steps = projected(first.rule, base, first.node, ruling);
    return yield* first.mark === null ? steps : ruling.atInPieces(first.mark, steps);
  };
  const object = fields({ other: rule });
  const lists = {
    [RECORDS]: list({ id: 'id', item: rule, removing: 'confirmed' }),
    [VALUES]: list({ id: canonical, item: latest(), removing: 'confirmed' }),
  };

  const partsOf = (node: ChangeNode) => {
    if (node.under.size === 0) return [];
    const parts: { mark: string | null; rule: AnyRule; node: ChangeNode }[] = [];
    const keys = new Map(node.under);
    for (const mark of [RECORDS, VALUES] as const) {
      const part = keys.get(mark);
      keys.delete(mark);
      const ofList = lists[mark];
      if (part !== undefined && ofList !== undefined)
        parts.push({ mark, rule: ofList, node: part });
    }
    if (keys.size > 0) parts.push({ mark: null, rule: object, node: { own: [], under: keys } });
    return parts;
  };
  return rule;
}

/** Returns the parts by which a change is merged; `null` if the value is taken whole. */
function* shapeOf(
  base: Json | undefined,
  side: Json | undefined,
  isRemovedFrom: boolean,
  work: Work,
): Steps<'object' | typeof RECORDS | typeof VALUES | null> {
  // A side may have removed something of a value that it does not have.
  if (side === undefined) return isRemovedFrom ? yield* shapeOf(base, base, false, work) : null;
  if (base === undefined && isEmpty(side)) return null;
  if (isObject(side)) return base === undefined || isObject(base) ? 'object' : null;
  if (!isList(side) || !(base === undefined || isList(base))) return null;
  const before = base ?? [];
  if ((yield* areRecords(side, work)) && (yield* areRecords(before, work))) return RECORDS;
  if ((yield* areSetLike(side, work)) && (yield* areSetLike(before, work))) return VALUES;
  if (base === undefined) return null;
  // A value without identity was changed whole, unless it is clear which of its entries are new or missing.
  const were = yield* textsOf(before, work);
  const are = yield* textsOf(side, work);
  if (were.size !== before.length || are.size !== side.length) return null;
  const [fewer, more] = were.size < are.size ? [were, are] : [are, were];
  return [...fewer].every((text) => more.has(text)) ? VALUES : null;
}

/** Returns the entries of a list, each once. */
function* textsOf(items: readonly Json[], work: Work): Steps<ReadonlySet<string>> {
  const texts = new Set<string>();
  for (const item of items) {
    const text = canonical(item);
    texts.add(text);
    if (work.isDue(stepsOf(text))) yield;
  }
  return texts;
}

/** Whether each item has an identity. */
function* areRecords(items: readonly Json[], work: Work): Steps<boolean> {
  const ids = new Set<string>();
  for (const item of items) {
    const id = isObject(item) ? item['id'] : null;
    if (typeof id !== 'string' && typeof id !== 'number') return false;
    ids.add(String(id));
    if (work.isDue(1 / 2)) yield;
  }
  return ids.size === items.length;
}

/** Whether it is a list of single values, each once. */
function* areSetLike(items: readonly Json[], work: Work): Steps<boolean> {
  const texts = new Set<string>();
  for (const item of items) {
    if (typeof item === 'object') return false;
    texts.add(canonical(item));
    if (work.isDue(1 / 2)) yield;
  }
  return texts.size === items.length;
}
