/**
 * The assertions of the examples.
 *
 * @module
 */

import { type Merged, mergeEntity } from '../../../machines/merge/mergeEntity.ts';
import { type Assert, type Example, sidesOfExample, unpacked } from './examples.ts';

/** What does not hold of an example, in words. */
export function failuresOf(example: Example): readonly string[] {
  const { entityType, meta, expect } = example;
  const base = unpacked(example.base);
  const sides = sidesOfExample(example);
  const merged = mergeEntity(entityType, base, sides, meta.now);
  const failures = expect.asserts
    .filter((one) => !holds(one, merged, example))
    .map((one) => `${JSON.stringify(one)}, but ${JSON.stringify(merged)}`);
  if (expect.review !== 'either' && merged.review.length > 0 !== expect.review) {
    failures.push(`review ${expect.review}, but ${JSON.stringify(merged.review)}`);
  }
  if (expect.convergent) {
    for (const order of ordersOf(sides)) {
      const other = mergeEntity(entityType, base, order, meta.now);
      if (JSON.stringify(other) !== JSON.stringify(merged)) failures.push('not convergent');
    }
  }
  return failures;
}

function holds(assert: Assert, merged: Merged, example: Example): boolean {
  const { op, path = '', key = 'id', value, values = [], paths = [] } = assert;
  const found = at(merged.value, path);
  const list = Array.isArray(found) ? (found as unknown[]) : [];
  const everything = [merged.value, merged.review, merged.audit];
  switch (op) {
    case 'eq':
      return same(found, value);
    case 'neq':
      return !same(found, value);
    case 'absent':
      return found === undefined;
    case 'setEq':
      return same(list.map(text).toSorted(), (value as unknown[]).map(text).toSorted());
    case 'ids':
      return holds({ ...assert, op: 'keys', key: 'id' }, merged, example);
    case 'keys': {
      const names = list.map((item) => text((item as Record<string, unknown>)[key]));
      return (
        same(new Set(names).size, names.length) &&
        same(names.toSorted(), (value as unknown[]).map(text).toSorted())
      );
    }
    case 'lenEq':
      return Array.isArray(found) && found.length === value;
    case 'oneOf':
      return values.some((one) => same(found, one));
    case 'tupleOneOf':
      return values.some((one) =>
        same(
          paths.map((each) => at(merged.value, each) ?? null),
          one,
        ),
      );
    case 'deepContains':
      return leaves(found).some((leaf) => same(leaf, value));
    case 'deepAbsent':
      return !leaves(found).some((leaf) => same(leaf, value));
    case 'keptSomewhere':
      return leaves(everything).some((leaf) => same(leaf, value));
    case 'nowhere':
      return !JSON.stringify(everything).includes(String(value));
    case 'keptBothAnswers':
      return sidesOfExample(example).every((side) =>
        nodes([merged.value, merged.review]).some((node) => same(node, at(side.value, '/answers'))),
      );
    case 'normPhonePresent':
      return leaves(found).some(
        (leaf) => typeof leaf === 'string' && leaf.replaceAll(/[^\d+]/g, '') === value,
      );
    case 'auditEmpty':
      return merged.audit.length === 0;
    case 'noPollution':
      return (
        !('polluted' in {}) &&
        !nodes(everything).some(
          (node) =>
            typeof node === 'object' &&
            node !== null &&
            ['__proto__', 'constructor', 'prototype'].some((name) => Object.hasOwn(node, name)),
        )
      );
    default:
      throw new Error(`unknown op ${op}`);
  }
}

function at(value: unknown, path: string): unknown {
  let node = value;
  for (const raw of path.split('/').slice(1)) {
    const step = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    const [, key, wanted] = /^@([^=]+)=(.*)$/.exec(step) ?? [];
    if (key !== undefined && Array.isArray(node)) {
      node = node.find((item) => String((item as Record<string, unknown>)[key]) === wanted);
    } else if (typeof node === 'object' && node !== null && Object.hasOwn(node, step)) {
      node = (node as Record<string, unknown>)[step];
    } else {
      return undefined;
    }
  }
  return node;
}

/** Each value in a value, itself included. */
export function nodes(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [value];
  return [value, ...Object.values(value).flatMap((one) => [...nodes(one)])];
}

/** Each value in a value that holds none. */
export function leaves(value: unknown): readonly unknown[] {
  return nodes(value).filter((one) => typeof one !== 'object' || one === null);
}

/** Equal whatever the order of keys and the form of the text. */
function same(one: unknown, other: unknown): boolean {
  return text(one) === text(other);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => {
    if (typeof one === 'string') return one.normalize('NFC');
    if (typeof one !== 'object' || one === null || Array.isArray(one)) return one;
    const entries = Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries);
  });
}

/** All orders of a few things. */
export function ordersOf<T>(all: readonly T[]): readonly (readonly T[])[] {
  if (all.length < 2) return [all];
  return all.flatMap((one, place) =>
    ordersOf(all.filter((_, other) => other !== place)).map((rest) => [one, ...rest]),
  );
}
