/**
 * The rule for what nobody has declared: carried, never dropped, by its shape. Objects go field by field,
 * lists of items with an `id` item by item, lists of single values entry by entry; all else by the rule given.
 * An entry goes only by a confirmed removal.
 *
 * @module
 */

import type { Json } from '../../vocabulary/json.ts';
import { canonical, isList, isObject } from '../values/canonical.ts';
import { isContainer, isEmpty } from './absence.ts';
import type { ChangeNode } from './change.ts';
import { fields } from './fields.ts';
import { list } from './list.ts';
import { type AnyRule, altsOf, type Rule } from './rule.ts';
import { type Alternative, allOf, alternative, SHAPE_MARK } from './ruling.ts';
import { latest } from './single.ts';

/** Below this depth a value is taken whole. */
const DEPTH_MAX = 24;
const RECORDS = `${SHAPE_MARK}records` as const;
const VALUES = `${SHAPE_MARK}values` as const;

/** A rule by the shape of what it meets. */
export function anything(single: AnyRule): Rule {
  const rule: Rule = {
    kind: single.kind,
    says: single.says,
    asks: single.asks,
    isGuarded: single.isGuarded ?? false,
    mayGo: (base) => isContainer(base) || single.mayGo?.(base) !== false,
    note: (base, side, notes) => {
      if (notes.isIdle(base, side)) return;
      const shape =
        notes.path.length > DEPTH_MAX ? null : shapeOf(base, side, notes.removed !== undefined);
      if (shape === 'object') object.note(base, side, notes);
      else if (shape === null) single.note(base, side, notes);
      else notes.at(shape, () => lists[shape].note(base, side, notes));
    },
    project: (base, node, ruling) => {
      const parts = partsOf(node);
      const [first, ...rest] = parts;
      if (first === undefined) return single.project(base, node, ruling);
      // Some changed parts of it, others replaced it whole, or made another thing of it.
      const others: readonly Alternative[] = [
        ...altsOf(node.own)
          .filter(({ value }) => !isEmpty(value))
          .map(({ value, from }) => alternative(value, from)),
        ...rest.flatMap((part) =>
          allOf(ruling, (apart) => part.rule.project(undefined, part.node, apart)),
        ),
      ];
      if (others.length > 0) ruling.ask(single.kind, 'changed whole and in parts', others);
      const project = () => first.rule.project(base, first.node, ruling);
      return first.mark === null ? project() : ruling.at(first.mark, project);
    },
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

/** By which parts a change goes; `null` for none, so that the value is taken whole. */
function shapeOf(
  base: Json | undefined,
  side: Json | undefined,
  isRemovedFrom: boolean,
): 'object' | typeof RECORDS | typeof VALUES | null {
  // What a side does not have, it may have removed something of.
  if (side === undefined) return isRemovedFrom ? shapeOf(base, base, false) : null;
  if (base === undefined && isEmpty(side)) return null;
  if (isObject(side)) return base === undefined || isObject(base) ? 'object' : null;
  if (!isList(side) || !(base === undefined || isList(base))) return null;
  if (isRecords(side) && isRecords(base ?? [])) return RECORDS;
  return isSetLike(side) && isSetLike(base ?? []) ? VALUES : null;
}

/** Whether each item has an identity of its own. */
function isRecords(items: readonly Json[]): boolean {
  const ids = items.map((item) => (isObject(item) ? item['id'] : null));
  const areSound = ids.every((id) => typeof id === 'string' || typeof id === 'number');
  return areSound && new Set(ids.map(String)).size === items.length;
}

/** Whether it is single values, each once. */
function isSetLike(items: readonly Json[]): boolean {
  const areSingle = items.every((item) => typeof item !== 'object');
  return areSingle && new Set(items.map((item) => canonical(item))).size === items.length;
}
