/**
 * The overview of each minute for 24 hours, and of each moment at which the verdict changed: what looking back
 * shows of the system. The process that serves the page keeps it, in bounded memory, and sends it to each page.
 *
 * @module
 */

import type { Overview } from './protocol.ts';

const MINUTE_MS = 60_000;
const SPAN_MS = 24 * 60 * MINUTE_MS;
/** Rows of upstreams, queues and findings that are kept in all, some 400 bytes each: with many upstreams, less than a day fits. */
export const ROWS_MAX = 20_000;

/** Overviews, the oldest first. */
export type Minutes = readonly Overview[];

/** How many rows an overview counts for; the rest of it is as large as five. */
export function rowsOf({ upstreams, queue, findings }: Overview): number {
  return upstreams.length + queue.length + findings.length + 5;
}

export function withMinute(minutes: Minutes, overview: Overview): Minutes {
  const last = minutes.at(-1);
  if (last !== undefined && overview.atMs < last.atMs) return minutes;
  if (last !== undefined && isSaidBy(last, overview)) return minutes;
  return bounded([...minutes, overview]);
}

/** The minutes that two processes have kept of the same system, joined. */
export function joinedMinutes(one: Minutes, other: Minutes): Minutes {
  if (one.length === 0 || other.length === 0) return one.length === 0 ? other : one;
  const all = [...one, ...other].toSorted((a, b) => a.atMs - b.atMs);
  const left: Overview[] = [];
  for (const overview of all) {
    const last = left.at(-1);
    if (last === undefined || !isSaidBy(last, overview)) left.push(overview);
  }
  return bounded(left);
}

/** The last overview at or before a moment; `null` where none was kept. */
export function overviewAt(minutes: Minutes, atMs: number): Overview | null {
  return minutes.findLast((one) => one.atMs <= atMs) ?? null;
}

function bounded(all: Minutes): Minutes {
  const newestAtMs = all.at(-1)?.atMs ?? 0;
  let rows = 0;
  let first = all.length;
  while (first > 0) {
    const one = all[first - 1];
    if (one === undefined || one.atMs < newestAtMs - SPAN_MS) break;
    rows += rowsOf(one);
    if (rows > ROWS_MAX) break;
    first -= 1;
  }
  return first === 0 ? all : all.slice(first);
}

/** Whether the later overview adds nothing that is worth keeping. */
function isSaidBy(earlier: Overview, later: Overview): boolean {
  return isSameMinute(earlier, later) && verdictOf(earlier) === verdictOf(later);
}

function isSameMinute(one: Overview, other: Overview): boolean {
  return Math.floor(one.atMs / MINUTE_MS) === Math.floor(other.atMs / MINUTE_MS);
}

/** The verdict as a text to compare; a probe that goes out and fails does not change it. */
function verdictOf({ overall, phase, level, storage, upstreams }: Overview): string {
  const shut = upstreams.filter(({ breaker }) => breaker !== 'closed').map(({ name }) => name);
  return [overall, phase, level, storage.state, ...shut].join(' ');
}
