/**
 * Counts of what waits in the memory store, made when asked, in the form of sqlite/rows/waitingCounts.ts.
 *
 * @module
 */

import type { WaitingCount } from '../port/store.ts';
import { NEVER_MS } from '../port/store.ts';
import type { MemoryRow } from './memoryRow.ts';

/** @param rows all that are due or held */
export function waitingIn(
  rows: readonly MemoryRow[],
  groups: readonly (readonly string[])[],
): readonly WaitingCount[] {
  const together = new Map<string, MemoryRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([groupOf(row, groups), row.urgency, row.waitsFor]);
    together.set(key, [...(together.get(key) ?? []), row]);
  }
  return [...together.values()]
    .map((same) => countOf(same, rows, groups))
    .toSorted((one, other) => one.urgency - other.urgency);
}

function groupOf({ route }: MemoryRow, groups: readonly (readonly string[])[]): number | null {
  const group = groups.findIndex((routes) => routes.includes(route));
  return group === -1 ? null : group;
}

function countOf(
  same: readonly MemoryRow[],
  all: readonly MemoryRow[],
  groups: readonly (readonly string[])[],
): WaitingCount {
  const [first] = same.toSorted((one, other) => one.seq - other.seq);
  if (first === undefined) throw new RangeError('Nothing is counted where nothing waits.');
  const { urgency, waitsFor } = first;
  const group = groupOf(first, groups);
  const isInTurn = waitsFor === 'turn' && group !== null;
  const due = all.filter((row) => row.urgency === urgency && groupOf(row, groups) === group);
  const nextDueAtMs = due.reduce(
    (least, row) => Math.min(least, row.dueAtMs ?? NEVER_MS),
    NEVER_MS,
  );
  return {
    ...{ group, urgency, waitsFor, count: same.length },
    oldestId: isInTurn ? first.id : null,
    nextDueAtMs: isInTurn && nextDueAtMs < NEVER_MS ? nextDueAtMs : null,
  };
}
