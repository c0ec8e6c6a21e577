/**
 * What differs between two states of a record, a line each.
 *
 * @module
 */

import { isList, isObject } from '../../../../machines/merge/values/canonical.ts';
import type { Json } from '../../../../machines/vocabulary/json.ts';
import { facts } from '../../kit/table.ts';
import { jsonLine } from './conflictText.ts';

interface Change {
  readonly path: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** The differences, each with the values before and after; empty where there are none. */
export function changesText(before: Json, after: Json): string {
  const rows = changesOf('', before, after).map(({ path, ...change }) => [
    path === '' ? '(the record)' : path,
    `${textOf(change.before)} → ${textOf(change.after)}`,
  ]);
  return rows.length === 0 ? '' : facts(rows, ['where', 'what becomes of it']);
}

function changesOf(
  path: string,
  before: Json | undefined,
  after: Json | undefined,
): readonly Change[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const [one, other] = [partsOf(before), partsOf(after)];
  if (one === null || other === null) return [{ path, before, after }];
  const names = [...new Set([...one.keys(), ...other.keys()])];
  const changes = names.flatMap((name) =>
    changesOf(`${path}/${name}`, one.get(name), other.get(name)),
  );
  // The same items in another order.
  return changes.length === 0 ? [{ path, before, after }] : changes;
}

/** The fields by name, or the items of a list by their identity; `null` for a value that is compared as a whole. */
function partsOf(value: Json | undefined): ReadonlyMap<string, Json> | null {
  if (isObject(value)) return new Map(Object.entries(value));
  if (!isList(value)) return null;
  const ids = value.map((item) => (isObject(item) ? item['id'] : undefined));
  const areNamed = ids.every((id) => typeof id === 'string' || typeof id === 'number');
  if (!areNamed || new Set(ids).size < value.length) return null;
  return new Map(value.map((item, at) => [String(ids[at]), item]));
}

function textOf(value: Json | undefined): string {
  return value === undefined ? '(nothing)' : jsonLine(value);
}
