/**
 * Objects, merged field by field. A field that a side does not have is unknown to it, which is no removal (CF-7).
 *
 * @module
 */

import { atOnce } from '../../vocabulary/pieces.ts';
import type { Json, JsonObject } from '../../vocabulary/shape.ts';
import { inOrder, isObject, isSame } from '../values/canonical.ts';
import {
  apartFromMissing,
  askOfEmptied,
  type Going,
  isEmpty,
  isLessThan,
  isMissing,
  isNullRefused,
  laidOver,
  valueIfGone,
} from './absence.ts';
import type { ChangeNode, ChangeNotes } from './change.ts';
import { type AnyRule, altsOf, projected, type Rule, type Steps } from './rule.ts';
import { alternative, GROUP_MARK, type Ruling } from './ruling.ts';
import { decideLatest } from './single.ts';

/** Fields that one rule merges together, as an object of those that are there. */
export interface Group {
  readonly names: readonly string[];
  readonly rule: AnyRule;
  /** Whether a side's fields are taken as they are: those that it does not have are gone. */
  readonly isWhole?: boolean;
}

export interface FieldRules {
  readonly fields?: Readonly<Record<string, AnyRule>>;
  /** Groups of fields that belong together. */
  readonly groups?: Readonly<Record<string, Group>>;
  /** Rules for fields by a pattern of their name. */
  readonly named?: readonly { readonly pattern: RegExp; readonly rule: AnyRule }[];
  /** Rule of all other fields. */
  readonly other: AnyRule;
  /** Whether only objects are taken. */
  readonly isStrict?: boolean;
}

/** Makes the rule of an object, from the rules of its fields. */
export function fields(rules: FieldRules): Rule {
  const own = new Map(Object.entries(rules.fields ?? {}));
  const groups = Object.entries(rules.groups ?? {});
  const grouped = new Set(groups.flatMap(([, { names }]) => names));
  const ruleOf = (name: string): AnyRule =>
    own.get(name) ?? rules.named?.find(({ pattern }) => pattern.test(name))?.rule ?? rules.other;

  const note = (base: Json | undefined, side: Json | undefined, notes: ChangeNotes): void => {
    const steps = noteInSteps(base, side, notes);
    // Large objects are noted later, in pieces.
    if (steps.next().done !== true) notes.later(steps);
  };

  const noteInSteps = function* (
    base: Json | undefined,
    side: Json | undefined,
    notes: ChangeNotes,
  ): Steps<void> {
    const { removed } = notes;
    if ((side === undefined && removed === undefined) || notes.isIdle(base, side)) return;
    if (side !== undefined && !isObject(side)) {
      if (!isSame(base, side)) notes.add('set', side);
      return;
    }
    const from = isObject(base) ? base : {};
    const given = side ?? {};
    const names = notes.namesOf(given);
    if (names.length === 0 && base === undefined && side !== undefined) notes.add('set', side);
    for (const [name, group] of groups) noteGroup(name, group, from, given, notes);
    for (const name of names) {
      if (grouped.has(name)) continue;
      const before = from[name];
      const after = given[name];
      // Most fields did not change; only rules of more than single values note an unchanged field.
      if (before === after && (typeof after !== 'object' || after === null)) continue;
      if (notes.isIdleAt(name, before, after)) continue;
      if (notes.work.isDue()) yield;
      if (after === null && before !== undefined) noteNull(name, before, notes);
      else notes.at(name, () => ruleOf(name).note(before, after, notes));
    }
    if (removed === undefined) return;
    for (const [name, { own: removal }] of removed.under) {
      if (given[name] !== undefined || grouped.has(name)) continue;
      const rule = ruleOf(name);
      if (rule.kind === 'computed') continue;
      notes.at(name, () => {
        if (removal === null) rule.note(from[name], undefined, notes);
        else notes.add('missing', null, removal);
      });
    }
  };

  const noteGroup = (
    name: string,
    { names, rule, isWhole = false }: Group,
    from: JsonObject,
    side: JsonObject,
    notes: ChangeNotes,
  ): void => {
    const { removed } = notes;
    const given = part(side, names);
    const isRemovedFrom = removed !== undefined && names.some((one) => removed.under.has(one));
    if (given === undefined && !isRemovedFrom) return;
    const before = part(from, names);
    const after = isWhole ? given : laidOver(before, given ?? {}, notes, rule.isGuarded ?? false);
    notes.at(GROUP_MARK + name, () => rule.note(before, after, notes));
  };

  /** Notes that a side has `null` in place of what was there. */
  const noteNull = (name: string, before: Json, notes: ChangeNotes): void => {
    const rule = ruleOf(name);
    const removal = notes.removed?.under.get(name)?.own ?? null;
    const isOwnWord = notes.from.isVerified && rule.kind === 'provider snapshot';
    const isRefused = isNullRefused(before, rule.isGuarded ?? false, notes) && !isOwnWord;
    if (rule.kind === 'computed') return;
    notes.at(name, () => {
      if (removal !== null) return notes.add('missing', null, removal);
      if (!isRefused) return rule.note(before, null, notes);
      if (notes.removed !== undefined) rule.note(before, undefined, notes);
      // Nothing is lost with an empty value.
      if (!isEmpty(before)) notes.add('missing', null);
    });
  };

  const projectInSteps = function* (
    base: Json | undefined,
    node: ChangeNode,
    ruling: Ruling,
  ): Steps<Json | undefined> {
    const alts = altsOf(node.own);
    if (node.under.size === 0 && alts.length > 0) return ofAnotherShape(base, node, ruling);
    if (alts.length > 0) {
      const strange = alts.filter(({ value }) => !isObject(value));
      if (strange.length > 0) {
        const others = strange.map(({ value, from }) => alternative(value, from));
        ruling.ask('fields', 'not an object', others);
      }
    }
    if (node.under.size === 0) return base;
    if (base !== undefined && base !== null && !isObject(base)) {
      ruling.note('fields', 'not an object', null, [alternative(base, null)]);
    }
    const before: JsonObject = isObject(base) ? base : {};
    const after: Record<string, Json> = {};
    let isInOrder = true;
    const set = (name: string, value: Json | undefined) => {
      if (value !== undefined) after[name] = value;
    };
    for (const [name, group] of groups) {
      const changes = node.under.get(GROUP_MARK + name);
      const whole = part(before, group.names);
      const ruled =
        changes === undefined
          ? whole
          : ruling.at(GROUP_MARK + name, () => group.rule.project(whole, changes, ruling));
      if (!isObject(ruled)) continue;
      isInOrder = false;
      for (const one of group.names) set(one, ruled[one]);
    }
    for (const name of Object.keys(before)) {
      if (grouped.has(name)) continue;
      const changes = node.under.get(name);
      if (ruling.work.isDue(1 / 4)) yield;
      if (changes === undefined) after[name] = before[name] as Json;
      else set(name, yield* fieldInSteps(name, before[name], changes, ruling));
    }
    for (const [name, changes] of node.under) {
      if (name.startsWith(GROUP_MARK) || (Object.hasOwn(before, name) && !grouped.has(name)))
        continue;
      if (grouped.has(name)) {
        askOfEmptied('together', after, new Map([[name, changes]]), ruling);
        continue;
      }
      isInOrder = false;
      set(name, yield* fieldInSteps(name, undefined, changes, ruling));
    }
    // A removal from it does not create an object.
    const isNothing = base === undefined && alts.length === 0 && Object.keys(after).length === 0;
    if (isNothing) return undefined;
    return isInOrder ? after : inOrder(after);
  };

  const fieldInSteps = function* (
    name: string,
    base: Json | undefined,
    changes: ChangeNode,
    ruling: Ruling,
  ): Steps<Json | undefined> {
    const rule = ruleOf(name);
    const { kind } = rule;
    ruling.path.push(name);
    let value: Json | undefined;
    if (changes.own.some(isMissing)) {
      const project: Going['project'] = (...given) => projected(rule, ...given);
      const going = { kind, base, project, ...apartFromMissing(changes) };
      value = yield* valueIfGone(going, rule, ruling);
    } else {
      value = yield* projected(rule, base, changes, ruling);
    }
    ruling.path.pop();
    return value;
  };

  const ofAnotherShape = (
    base: Json | undefined,
    node: ChangeNode,
    ruling: Ruling,
  ): Json | undefined => {
    const alts = altsOf(node.own);
    const objects = alts.filter(({ value }) => isObject(value));
    const strange = alts.filter(({ value }) => !isObject(value));
    const isKnown = isObject(base) || objects.length > 0 || rules.isStrict === true;
    if (strange.length > 0 && isKnown) {
      const others = strange.map(({ value, from }) => alternative(value, from));
      ruling.ask('fields', 'not an object', others);
      return isObject(base) ? base : (objects[0]?.value ?? base);
    }
    const { value, lost = [] } = decideLatest(alts, base);
    if (lost.length > 0) {
      const others = lost.map((alt) => alternative(alt.value, alt.from));
      ruling.note('fields', 'a later edit stands', value, others);
    }
    if (base !== undefined && isLessThan(base, value)) {
      ruling.note('fields', 'replaced', value, [alternative(base, null)]);
    }
    return value;
  };

  return {
    kind: 'fields',
    says: 'Field by field.',
    asks: '',
    parts: [
      ...groups.map(([, { names, rule }]) => [names.join(', '), rule] as const),
      ...own,
      ...(rules.named ?? []).map(
        ({ pattern, rule }) => [`named like ${pattern.source}`, rule] as const,
      ),
      ['all others', rules.other],
    ],
    isSum: [
      ...own.values(),
      ...groups.map(([, { rule }]) => rule),
      ...(rules.named ?? []).map(({ rule }) => rule),
      rules.other,
    ].some(({ isSum }) => isSum === true),
    note,
    project: (base, node, ruling) => atOnce(projectInSteps(base, node, ruling)),
    projectInSteps,
  };
}

/** Makes the rule of an object with unknown keys, all by one rule. */
export function map(rule: AnyRule, options: Pick<FieldRules, 'isStrict'> = {}): Rule {
  const all = fields({ ...options, other: rule });
  return { ...all, says: `For each key: ${rule.says}`, asks: rule.asks, parts: [], each: rule };
}

/**
 * Makes the rule of a computed field: a side's value for it is ignored. With `ifNone` the latest value counts if
 * there is nothing to compute it from.
 */
export function computed(says: string, { ifNone }: { readonly ifNone?: 'as said' } = {}): Rule {
  const rule = { kind: 'computed', says, asks: '' } as const;
  if (ifNone === undefined) return { ...rule, note: () => {}, project: (base) => base };
  return {
    ...rule,
    note: (base, side, notes) => {
      if (side !== undefined && !isSame(base, side)) notes.add('set', side);
    },
    project: (base, { own }) => altsOf(own)[0]?.value ?? base,
  };
}

/** Returns the fields that are there; `undefined` for none. */
function part(object: JsonObject, names: readonly string[]): JsonObject | undefined {
  const found: Record<string, Json> = {};
  for (const name of names) {
    const value = object[name];
    if (value !== undefined) found[name] = value;
  }
  return Object.keys(found).length === 0 ? undefined : inOrder(found);
}
