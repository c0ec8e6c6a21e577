/**
 * Records that several devices edit: all devices come to the same value, nothing written is lost unseen, and nothing
 * disappears that nobody removed.
 *
 * @module
 */

import { canonical } from '../../../machines/merge/values/canonical.ts';
import type { JsonObject } from '../../../machines/vocabulary/shape.ts';
import type { MadeEdit } from '../oracle/madeEdit.ts';
import type { DiskRow } from '../oracle/trace.ts';

/** A record, after healing, of which every device has heard. */
export interface RecordAtRest {
  readonly path: string;
  /** Every value that the upstream held, the present one last, without metadata. */
  readonly values: readonly JsonObject[];
  /** Values that devices show; `null` for a device that knows nothing comparable. */
  readonly shown: ReadonlyMap<string, JsonObject | null>;
}

/**
 * Finds lanes in which the device believes the upstream's false claim to have taken the last edit: it shows that edit
 * until somebody edits the record next.
 */
export function believedIn(
  rows: readonly Pick<DiskRow, 'seq' | 'key' | 'lane' | 'outcome'>[],
  isPretended: (key: string) => boolean,
): ReadonlySet<string> {
  const isBelieved = new Map<string, boolean>();
  for (const { key, lane, outcome } of rows.toSorted((one, other) => one.seq - other.seq)) {
    if (lane !== null && outcome?.status === 'completed') isBelieved.set(lane, isPretended(key));
  }
  return new Set([...isBelieved].flatMap(([lane, isSo]) => (isSo ? [lane] : [])));
}

/** Edits and records at the end of a run. */
export interface EditsAtRest {
  readonly edits: readonly MadeEdit[];
  /** Names the ending of the edit with this key; `null` where it was not accepted or is not over. */
  readonly endingOf: (key: string) => string | null;
  /** Pointers that somebody removed and wanted back, with the path of their record. */
  readonly restored: ReadonlySet<string>;
  /** Pointers that people removed by deciding conflicts, with the path of their record. */
  readonly decidedAway: ReadonlySet<string>;
  /** Everything that conflicts keep, as text: what both sides wrote, and the decisions. */
  readonly kept: string;
  /** Devices whose store a backup replaced: they lost what conflicts kept since that backup. */
  readonly forgetful: ReadonlySet<string>;
  /**
   * Records that devices were told to forget, as the device's name and the path: their decided conflicts went with
   * them.
   */
  readonly forgotten: ReadonlySet<string>;
}

/** Names each broken promise about records. */
export function judgeRecords(
  records: readonly RecordAtRest[],
  atRest: EditsAtRest,
): readonly string[] {
  return records.flatMap((record) => {
    const edits = atRest.edits.filter(({ entity }) =>
      record.path.endsWith(`/${entity.type}/${entity.id}`),
    );
    return [
      ...apart(record),
      ...marksOf(record, edits, atRest),
      ...gone(record, edits, atRest),
      ...risen(record, edits, atRest),
    ];
  });
}

function apart({ path, values, shown }: RecordAtRest): readonly string[] {
  const held = canonical(values.at(-1) ?? null);
  return [...shown].flatMap(([device, value]) =>
    value === null || canonical(value) === held ? [] : [`apart: ${path} on ${device}`],
  );
}

/** Checks that each written text is there once, or kept with a conflict where others wrote at its place. */
function marksOf(
  { path, values }: RecordAtRest,
  edits: readonly MadeEdit[],
  { endingOf, kept, forgetful, forgotten }: EditsAtRest,
): readonly string[] {
  const value = values.at(-1);
  const pointers = new Set(edits.flatMap(({ removes }) => removes));
  const removed = new Set([...pointers].map(itemOf));
  const replaced = new Set(edits.flatMap(({ replaces }) => replaces ?? []));
  // The device that merged both sides keeps them.
  const isForgotten = edits.some(
    ({ isRival, device }) =>
      isRival && (forgetful.has(device) || forgotten.has(`${device} ${path}`)),
  );
  return edits.flatMap(({ mark, key, isRival, touches, device }) => {
    if (mark === null) return [];
    const count = occurrences(value, mark);
    if (count > 1) {
      // Two who put it back, each at a place of their own, have it there at both.
      return wasTakenOut(values, mark) ? [] : [`doubled: ${mark} in ${path}, written on ${device}`];
    }
    if (count === 1 || endingOf(key) !== 'completed') return [];
    const mayBeGone = [touches, `c-${mark}`, `v-${mark}`].some(
      (id) => id !== null && removed.has(id),
    );
    const isReplaced = isRival && (replaced.has(mark) || isForgotten);
    if (mayBeGone || isReplaced || kept.includes(mark)) return [];
    if (wentWithField(values, mark, pointers)) return [];
    return [`lost: ${mark} in ${path}, written on ${device}`];
  });
}

/** Returns whether a mark was there, and then was not: somebody decided for a side without it. */
function wasTakenOut(values: readonly JsonObject[], mark: string): boolean {
  const isThere = values.map((value) => occurrences(value, mark) > 0);
  return isThere.includes(false, isThere.indexOf(true));
}

/** Returns whether a mark last stood in fields that somebody removed, and disappeared together with them. */
function wentWithField(
  values: readonly JsonObject[],
  mark: string,
  removed: ReadonlySet<string>,
): boolean {
  const at = values.findLastIndex((value) => occurrences(value, mark) > 0);
  const next = values[at + 1] ?? {};
  const holders = Object.entries(values[at] ?? {}).filter(([, of]) => occurrences(of, mark) > 0);
  return (
    holders.length > 0 &&
    holders.every(([name]) => removed.has(`/${name}`) && !Object.hasOwn(next, name))
  );
}

/** Checks that no field or item has disappeared, unless somebody removed it. */
function gone(
  { path, values }: RecordAtRest,
  edits: readonly MadeEdit[],
  { decidedAway }: EditsAtRest,
): readonly string[] {
  const removed = new Set(edits.flatMap(({ removes }) => removes));
  const last = new Set(pointersIn(values.at(-1) ?? {}));
  const ever = new Set(values.flatMap(pointersIn));
  return [...ever]
    .filter((pointer) => !last.has(pointer) && !removed.has(pointer))
    .filter((pointer) => !decidedAway.has(`${path}${pointer}`))
    .map((pointer) => `deleted by nobody: ${path}${pointer}`);
}

/** Checks that nothing removed has come back, unless somebody wrote to it or wanted it back. */
function risen(
  { path, values }: RecordAtRest,
  edits: readonly MadeEdit[],
  { endingOf, restored, kept }: EditsAtRest,
): readonly string[] {
  const last = new Set(pointersIn(values.at(-1) ?? {}));
  const touched = new Set(edits.flatMap(({ touches }) => touches ?? []));
  return edits.flatMap(({ removes, key }) =>
    removes
      .filter((pointer) => {
        const mayBeBack =
          touched.has(itemOf(pointer)) ||
          restored.has(`${path}${pointer}`) ||
          kept.includes(itemOf(pointer));
        return last.has(pointer) && !mayBeBack && endingOf(key) === 'completed';
      })
      .map((pointer) => `back though removed: ${path}${pointer}`),
  );
}

/** Lists the fields of a value, and the items of its lists that have an id. */
export function pointersIn(value: JsonObject): readonly string[] {
  return Object.entries(value).flatMap(([name, of]) => {
    const items = Array.isArray(of) ? of : [];
    const ids = items.flatMap((item) => (typeof item?.id === 'string' ? [item.id as string] : []));
    return [`/${name}`, ...ids.map((id) => `/${name}/${id}`)];
  });
}

function itemOf(pointer: string): string {
  return pointer.slice(pointer.lastIndexOf('/') + 1);
}

/** Counts a text in a value: as the value of an item, a line or a field, but not in ids and names of fields. */
export function occurrences(value: unknown, mark: string): number {
  if (typeof value === 'string') {
    return value.split('\n').filter((line) => line === mark || line === `+49 ${mark}`).length;
  }
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce<number>((sum, part) => sum + occurrences(part, mark), 0);
}
