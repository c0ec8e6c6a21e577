/**
 * Edits that leave keys out, at any depth, and what becomes of those (CF-7).
 *
 * @module
 */

import fc from 'fast-check';
import { compareEdit } from '../../../machines/conflict/compareEdit.ts';
import { mergeEdit } from '../../../machines/conflict/mergeEdit.ts';
import { entityRulesOf } from '../../../machines/merge/entities/rulesOf.ts';
import { mergeEntity } from '../../../machines/merge/mergeEntity.ts';
import { canonical, isList, isObject } from '../../../machines/merge/values/canonical.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { RECORDS } from '../merge/arbitraries.ts';
import { Device, T0 } from './device.ts';

/** Records of all entities and of one that nobody has declared, as they are once the rules have seen them. */
export const RECORDS_OF: Readonly<Record<string, fc.Arbitrary<Json>>> = Object.fromEntries(
  Object.entries(RECORDS).map(([type, record]) => [type, record.map((one) => settled(type, one))]),
);

function settled(type: string, given: unknown): Json {
  const meta = { actor: 'clinic', hlc: { ms: T0, c: 0 }, verified: true };
  const { value } = mergeEntity(entityRulesOf(type), null, [{ value: given, meta }], T0);
  return isObject(value) ? value : {};
}

/** A record, and which of its keys an edit leaves out: the first draws count for the first keys. */
export interface Dropping {
  readonly record: Json;
  readonly draws: readonly boolean[];
}

/** Records of an entity, each with keys to leave out. */
export function dropping(type: string): fc.Arbitrary<Dropping> {
  const record = RECORDS_OF[type]?.filter((one) => !hasTwins(one));
  if (record === undefined) throw new Error(`there are no records of ${type}`);
  return fc.record({ record, draws: fc.array(fc.boolean(), { minLength: 8, maxLength: 40 }) });
}

/** Without its id, the first of two that have the same can't be told from an edit of the second. */
function hasTwins(value: Json): boolean {
  if (isObject(value)) return Object.values(value).some(hasTwins);
  if (!isList(value)) return false;
  const ids = value.flatMap((item) => (isObject(item) ? (item['id'] ?? item['key'] ?? []) : []));
  return new Set(ids).size < ids.length || value.some(hasTwins);
}

/** The record without those keys, of which some are never left out. */
export function without({ record, draws }: Dropping, kept: readonly string[] = []): Json {
  let at = 0;
  const isDropped = (): boolean => {
    at += 1;
    return draws[at % draws.length] === true;
  };
  const left = (value: Json): Json => {
    if (isList(value)) return value.map(left);
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, one]) =>
        isDropped() && !kept.includes(name) ? [] : [[name, left(one)]],
      ),
    );
  };
  return left(record);
}

/** What is in no value, question or audit after the edit went out, and whether somebody is asked. */
export function tryDropping(
  type: string,
  edit: Dropping,
  compare = compareEdit,
): { readonly lost: readonly Json[]; readonly isAsked: boolean } {
  const phone = new Device('phone', type);
  phone.hears({ version: '"0"', value: edit.record });
  phone.nowMs += 1_000;
  const given = phone.edit(without(edit), { base: { version: '"0"', value: edit.record } });
  const comparison = phone.comparison(given);
  const compared = compare(comparison);
  if (compared.kind === 'clear') {
    return { lost: lostFrom(edit.record, compared.merged.payload, new Set()), isAsked: false };
  }
  if (compared.kind === 'fetch') throw new Error('nothing is to be read');
  const made = mergeEdit({ ...comparison, current: compared.current });
  if (!made.isMerged) throw new Error(made.because);
  const told = leavesOf([made.review, made.audit] as unknown as Json);
  return {
    lost: lostFrom(edit.record, made.merged.payload, told),
    isAsked: made.review.length > 0,
  };
}

/** Single values of a record that are not at their place in what it became, and not told of. */
function lostFrom(before: Json, after: Json | undefined, told: ReadonlySet<string>): Json[] {
  if (isObject(before) && isObject(after)) {
    return Object.entries(before).flatMap(([name, one]) => lostFrom(one, after[name], told));
  }
  if (isList(before) && isList(after)) {
    const nameOf = (item: Json): string =>
      isObject(item) ? canonical(item['id'] ?? item['key'] ?? item) : canonical(item);
    return before.flatMap((item) => {
      const alike = after.filter((one) => nameOf(one) === nameOf(item));
      const losses = alike.map((one) => lostFrom(item, one, told));
      return (
        losses.find((lost) => lost.length === 0) ?? losses[0] ?? lostFrom(item, undefined, told)
      );
    });
  }
  if (after !== undefined && canonical(before) === canonical(after)) return [];
  return [...leavesOf(before)]
    .filter((leaf) => leaf !== 'null' && !told.has(leaf))
    .map((leaf) => JSON.parse(leaf) as Json);
}

function leavesOf(value: Json): ReadonlySet<string> {
  if (isList(value)) return new Set(value.flatMap((one) => [...leavesOf(one)]));
  if (isObject(value)) return leavesOf(Object.values(value));
  return new Set([canonical(value)]);
}
