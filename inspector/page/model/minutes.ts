/**
 * The overview of each minute for 24 hours, and of each moment at which the verdict became another one: what a journey
 * in time shows of the system. As far back as this page has watched, in bounded memory.
 *
 * @module
 */

import type { Overview } from '../../protocol.ts';

const MINUTE_MS = 60_000;
const SPAN_MS = 24 * 60 * MINUTE_MS;
/** Rows of upstreams and queues that are kept in all, some 300 bytes each: of many upstreams less than a day. */
export const ROWS_MAX = 40_000;

/** The oldest first. */
export type Minutes = readonly Overview[];

export function withMinute(minutes: Minutes, overview: Overview): Minutes {
  const last = minutes.at(-1);
  if (last !== undefined && overview.atMs < last.atMs) return minutes;
  if (last !== undefined && isSameMinute(last, overview) && verdictOf(last) === verdictOf(overview))
    return minutes;
  const all = [...minutes, overview];
  let rows = 0;
  let first = all.length;
  while (first > 0) {
    const one = all[first - 1];
    if (one === undefined || one.atMs < overview.atMs - SPAN_MS) break;
    rows += one.upstreams.length + one.queue.length + 5;
    if (rows > ROWS_MAX) break;
    first -= 1;
  }
  return first === 0 ? all : all.slice(first);
}

/** What was kept last at or before a moment; `null` where the page did not watch then. */
export function overviewAt(minutes: Minutes, atMs: number): Overview | null {
  return minutes.findLast((one) => one.atMs <= atMs) ?? null;
}

function isSameMinute(one: Overview, other: Overview): boolean {
  return Math.floor(one.atMs / MINUTE_MS) === Math.floor(other.atMs / MINUTE_MS);
}

/** A probe that goes out and fails makes no other verdict. */
function verdictOf({ overall, phase, level, storage, upstreams }: Overview): string {
  const shut = upstreams.filter(({ breaker }) => breaker !== 'closed').map(({ name }) => name);
  return [overall, phase, level, storage.state, ...shut].join(' ');
}
