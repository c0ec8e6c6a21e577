/**
 * Whether the last requests of a run waited for anything but what has to be waited for: their own backoff
 * (RT-1), their own calls, and what is before them in their lane.
 *
 * @module
 */

import type { CallRecord, Job } from './drill.ts';
import type { Run } from './runs.ts';
import { policyOf } from './stage.ts';

/**
 * The longest time, in milliseconds, that one of the requests that ended after `fromMs` spent after it
 * without being called, backing off, or behind another of its lane.
 */
export function idleInTail(run: Run, fromMs: number): number {
  const callsOf = grouped(run.calls);
  const laneFreeMs = new Map<string, number>();
  let most = 0;
  for (const job of run.jobs) {
    const end = run.ended.get(job.index)?.atMs ?? run.tookMs;
    const isFreeMs = job.lane === null ? 0 : (laneFreeMs.get(job.lane) ?? 0);
    if (job.lane !== null && job.priority !== 'crisis') {
      laneFreeMs.set(job.lane, Math.max(isFreeMs, end));
    }
    if (end <= fromMs || run.drill.isPoison(job)) continue;
    const start = Math.max(fromMs, job.atMs, isFreeMs);
    most = Math.max(most, uncovered(start, end, explained(job, callsOf.get(job.key) ?? [])));
  }
  return most;
}

type Span = readonly [fromMs: number, toMs: number];

function explained(job: Job, calls: readonly CallRecord[]): readonly Span[] {
  const { initialDelayMs, delayMsMax, multiplier, attemptsMax } = policyOf(job);
  return calls.map(({ beganAtMs, endedAtMs, why }, at): Span => {
    if (endedAtMs === null) return [beganAtMs, Number.POSITIVE_INFINITY];
    if (why === 'ok' || why === 'repeated') return [beganAtMs, endedAtMs];
    const growth = multiplier ** Math.min(at, attemptsMax - 1);
    return [beganAtMs, endedAtMs + 2 * Math.min(delayMsMax, initialDelayMs * growth)];
  });
}

function uncovered(fromMs: number, toMs: number, spans: readonly Span[]): number {
  let free = 0;
  let atMs = fromMs;
  for (const [from, to] of spans) {
    if (from > atMs) free += Math.min(from, toMs) - atMs;
    atMs = Math.max(atMs, to);
    if (atMs >= toMs) return free;
  }
  return free + Math.max(0, toMs - atMs);
}

function grouped(calls: readonly CallRecord[]): ReadonlyMap<string, readonly CallRecord[]> {
  const groups = new Map<string, CallRecord[]>();
  for (const call of calls) {
    const group = groups.get(call.key);
    if (group === undefined) groups.set(call.key, [call]);
    else group.push(call);
  }
  return groups;
}
