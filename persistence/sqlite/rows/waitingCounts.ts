/**
 * Counts of what waits, by upstream, rank and reason, as the file keeps them (HM-1): a row for each count, and two
 * seeks for each that waits for its turn, whatever the number of operations.
 *
 * @module
 */

import type { Query } from '../../port/questions.ts';
import type { WaitingCount, WaitsFor } from '../../port/store.ts';
import { NEVER_MS } from '../../port/store.ts';
import { WAITS_FOR_CODES } from '../schema/schema.ts';
import { idOfBytes } from '../seals/rowSeals.ts';
import type { WaitingRow } from './probes.ts';
import type { Tables } from './tables.ts';

const REASONS = new Map(
  (Object.keys(WAITS_FOR_CODES) as WaitsFor[]).map((name) => [
    WAITS_FOR_CODES[name] as number,
    name,
  ]),
);

/** A count with the number of the oldest, by which that of several routes is found. */
interface Counted extends WaitingCount {
  readonly oldestSeq: number;
}

/** See {@link QueueStore.waitingCounts}. */
export function waitingCounts(
  tables: Tables,
  { groups }: Query<'waitingCounts'>,
): readonly WaitingCount[] {
  const rows = tables.statements.waiting.all() as WaitingRow[];
  // The tags of all names are computed only if anything waits.
  const groupOf = rows.length === 0 ? new Map<string, number>() : groupsByTag(tables, groups);
  const found = new Map<string, Counted>();
  for (const row of rows) {
    const counted = countedOf(tables, row, groupOf.get(hexOf(row.route)) ?? null);
    if (counted === null) continue;
    const key = `${counted.group} ${counted.urgency} ${counted.waitsFor}`;
    const before = found.get(key);
    found.set(key, before === undefined ? counted : together(before, counted));
  }
  return [...found.values()]
    .toSorted((one, other) => one.urgency - other.urgency)
    .map(({ group, urgency, waitsFor, count, oldestId, nextDueAtMs }) => ({
      ...{ group, urgency, waitsFor, count, oldestId, nextDueAtMs },
    }));
}

function groupsByTag(
  { seals }: Tables,
  groups: readonly (readonly string[])[],
): ReadonlyMap<string, number> {
  return new Map(
    groups.flatMap((routes, group) =>
      routes.map((name): [string, number] => [hexOf(seals.routeTag(name)), group]),
    ),
  );
}

/** `null` for a reason that the file names and nothing here knows: the file was edited. */
function countedOf(
  { statements }: Tables,
  { route, urgency, waits_for, operations: count }: WaitingRow,
  group: number | null,
): Counted | null {
  const waitsFor = REASONS.get(waits_for);
  if (waitsFor === undefined) return null;
  const same = { group, urgency, waitsFor, count };
  if (waitsFor !== 'turn' || group === null) {
    return { ...same, oldestId: null, nextDueAtMs: null, oldestSeq: Number.POSITIVE_INFINITY };
  }
  const oldest = statements.oldestWaiting.get(route, urgency) as
    | { readonly seq: number; readonly id: Uint8Array }
    | undefined;
  const [next] = statements.dueHeads.all(route, urgency, 1, 0) as { readonly due_at: number }[];
  return {
    ...same,
    oldestId: oldest === undefined ? null : idOfBytes(oldest.id),
    nextDueAtMs: next === undefined || next.due_at >= NEVER_MS ? null : next.due_at,
    oldestSeq: oldest?.seq ?? Number.POSITIVE_INFINITY,
  };
}

function together(one: Counted, other: Counted): Counted {
  const { oldestId, oldestSeq } = one.oldestSeq <= other.oldestSeq ? one : other;
  const due = [one.nextDueAtMs, other.nextDueAtMs].filter((atMs) => atMs !== null);
  const nextDueAtMs = due.length === 0 ? null : Math.min(...due);
  return { ...one, count: one.count + other.count, oldestId, oldestSeq, nextDueAtMs };
}

function hexOf(tag: Uint8Array): string {
  return Buffer.from(tag).toString('hex');
}
