/**
 * What the server of a drill could do at best (the goodput that all systems are measured against).
 *
 * @module
 */

import type { Job } from './drill.ts';
import type { ServerPlan } from './server.ts';

const STEP_MS = 5;

/**
 * Requests that the server could have completed by a time, for somebody who knows everything about it but
 * cannot change it: what its workers get done, while requests still arrive no more than have, with
 *
 * - none of the calls that lie in an outage: what begins after one has its first answer `workMs` later;
 * - the drill's own share of failures and stalls taking their part of the calls: `1 - faults - stalls`;
 * - no more calls a second than the rate limit admits, beside the burst, and no more in each span than its quota;
 * - where a call takes a time that no worker explains: `concurrency / latency`.
 *
 * Not counted are the poison's calls, backoff, lanes, order, what it takes to notice anything, and what a wrong pace costs.
 */
export function couldDo(
  plan: ServerPlan,
  jobs: readonly Job[],
  given: { readonly concurrency: number; readonly capMs: number },
): (atMs: number) => number {
  const done = [0];
  let arrived = 0;
  let burst = plan.limit?.burst ?? 0;
  let sum = 0;
  let used = 0;
  const success = 1 - (plan.faultShare ?? 0) - (plan.stallShare ?? 0);
  for (let atMs = STEP_MS; atMs <= given.capMs; atMs += STEP_MS) {
    const firstMs = plan.latencyMs?.(atMs) ?? plan.workMs;
    while ((jobs[arrived]?.atMs ?? Number.POSITIVE_INFINITY) <= atMs - firstMs) arrived += 1;
    const callsASecond = isUseful(plan, atMs, firstMs) ? paceAt(plan, given.concurrency, atMs) : 0;
    let calls = (callsASecond * STEP_MS) / 1000;
    if (plan.limit !== undefined) {
      const admitted = (plan.limit.perSecond * STEP_MS) / 1000 + burst;
      calls = Math.min(calls, admitted);
      burst = Math.max(0, Math.min(plan.limit.burst, admitted - calls));
    }
    if (plan.quota !== undefined) {
      if (atMs % plan.quota.perMs < STEP_MS) used = 0;
      calls = Math.min(calls, plan.quota.calls - used);
      used += calls;
    }
    // Once all have arrived it is what it could have done of more: who is late must not look complete.
    const most = arrived < jobs.length ? arrived : Number.POSITIVE_INFINITY;
    sum = Math.min(most, sum + calls * success);
    done.push(sum);
  }
  return (atMs) => {
    const step = Math.max(0, Math.min(done.length - 1, Math.floor(atMs / STEP_MS)));
    return done[step] ?? sum;
  };
}

/** Whether a call can end now that began after the last outage. */
function isUseful({ outages = [] }: ServerPlan, atMs: number, callMs: number): boolean {
  return (
    atMs >= callMs && !outages.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs + callMs)
  );
}

/** The middle of the calls that end about now: when the latency was what slots turn over with. */
function beganAtMs(latencyMs: (atMs: number) => number, atMs: number): number {
  let [low, high] = [0, atMs];
  while (high - low > 1) {
    const middle = (low + high) / 2;
    if (middle + latencyMs(middle) / 2 > atMs) high = middle;
    else low = middle;
  }
  return low;
}

function paceAt(plan: ServerPlan, concurrency: number, atMs: number): number {
  const { latencyMs, phases = [], workMs } = plan;
  if (latencyMs !== undefined)
    return Math.min(plan.perSecond, (concurrency * 1000) / latencyMs(beganAtMs(latencyMs, atMs)));
  const share = phases.findLast(({ fromMs }) => fromMs <= atMs)?.share ?? 1;
  const workers = Math.max(1, Math.round(((plan.perSecond * workMs) / 1000) * share));
  return (Math.min(workers, concurrency) * 1000) / workMs;
}
