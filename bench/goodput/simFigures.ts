/**
 * The figures of a simulated drill.
 *
 * @module
 */

import { LONG_MS } from './bars.ts';
import type { Drill, Why } from './drill.ts';
import type { SimRun } from './sim.ts';

export interface SimFigures {
  /** What the server could have done by the time that 95 % had ended, against what was: 1 is the best. */
  readonly goodput95: number;
  readonly goodputToEnd: number;
  readonly lost: number;
  readonly unended: number;
  /** Calls beyond the least possible, as a share of those. */
  readonly excess: number;
  readonly why: Readonly<Partial<Record<Why, number>>>;
  /** Begun in an outage that lasts 5 s or longer, as a share of what waited at its onset; no crises. */
  readonly outageCalls: number;
  /** From the end of each outage of 5 s or longer to the first success, in milliseconds. */
  readonly firstSuccessMs: readonly number[];
  /** From there until the server is used in full. */
  readonly fullAfterMs: readonly number[];
  /** The most calls begun in a second after an outage, against the server's capacity. */
  readonly peak: number;
}

const WINDOW_MS = 500;
/** The server is used in full: so much of what it could do is done in half a second. */
const FULL_SHARE = 0.85;

export function figuresOf(drill: Drill, seed: number, { ended, calls }: SimRun): SimFigures {
  const jobs = drill.jobs(seed).filter((job) => !drill.isPoison(job));
  const crises = new Set(
    jobs.filter(({ priority }) => priority === 'crisis').map(({ key }) => key),
  );
  const poison = new Set(
    drill
      .jobs(seed)
      .filter((job) => drill.isPoison(job))
      .map(({ key }) => key),
  );
  const good = ended.filter(({ job }) => !drill.isPoison(job));
  const atMs = good.map((each) => each.atMs).toSorted((a, b) => a - b);
  const why: Partial<Record<Why, number>> = {};
  for (const call of calls) {
    if (crises.has(call.key) || poison.has(call.key)) continue;
    why[call.why] = (why[call.why] ?? 0) + 1;
  }
  const of = (...each: Why[]): number => each.reduce((sum, one) => sum + (why[one] ?? 0), 0);
  const goodputAt = (count: number): number => {
    const tookMs = atMs[count - 1];
    if (tookMs === undefined) return 0;
    const doneMs = firstTime(drill, count);
    return doneMs / tookMs;
  };
  const recoveries = drill.outages
    .filter(({ fromMs, toMs }) => toMs - fromMs >= LONG_MS)
    .map(({ fromMs, toMs }) => {
      const successes = calls.filter(
        (call) => call.why === 'ok' && (call.endedAtMs ?? 0) >= toMs && !crises.has(call.key),
      );
      const firstMs = Math.min(
        ...successes.map(({ endedAtMs }) => endedAtMs ?? Number.POSITIVE_INFINITY),
      );
      const begun = calls.filter(
        (call) => call.beganAtMs >= fromMs && call.beganAtMs < toMs && !crises.has(call.key),
      ).length;
      const waiting = jobs.length - ended.filter((each) => each.atMs < fromMs).length;
      const times = successes.map(({ endedAtMs }) => endedAtMs ?? 0).toSorted((a, b) => a - b);
      const share = 1 - ((why.random ?? 0) + (why.stalled ?? 0)) / Math.max(1, calls.length);
      const enough = FULL_SHARE * share * drill.perSecond * (WINDOW_MS / 1000);
      const full = times.find((_, index) => {
        const last = times[index + Math.ceil(enough) - 1];
        return last !== undefined && last - (times[index] ?? 0) <= WINDOW_MS;
      });
      return {
        firstMs: firstMs - toMs,
        fullMs: full === undefined ? Number.POSITIVE_INFINITY : full - firstMs,
        outageCalls: begun / waiting,
        peak: peakOf(
          calls
            .filter((call) => call.beganAtMs >= toMs && !crises.has(call.key))
            .map((call) => call.beganAtMs),
        ),
      };
    });
  return {
    goodput95: goodputAt(Math.ceil(0.95 * jobs.length)),
    goodputToEnd: good.length === jobs.length ? goodputAt(jobs.length) : 0,
    lost: good.filter(({ isCompleted }) => !isCompleted).length,
    unended: jobs.length - good.length,
    excess:
      of('outage', 'overload', 'rate', 'slow', 'repeated') /
      Math.max(1, of('ok', 'random', 'stalled')),
    why,
    outageCalls: Math.max(0, ...recoveries.map((each) => each.outageCalls)),
    firstSuccessMs: recoveries.map((each) => each.firstMs),
    fullAfterMs: recoveries.map((each) => each.fullMs),
    peak: Math.max(0, ...recoveries.map((each) => each.peak)) / drill.perSecond,
  };
}

/** When the server could have completed so many. */
function firstTime(drill: Drill, count: number): number {
  let [low, high] = [0, drill.capMs];
  while (high - low > 1) {
    const middle = (low + high) / 2;
    if (drill.couldDoBy(middle) >= count - 1e-6) high = middle;
    else low = middle;
  }
  return high;
}

function peakOf(times: readonly number[]): number {
  let [from, most] = [0, 0];
  for (const [index, atMs] of times.entries()) {
    while ((times[from] ?? atMs) <= atMs - 1000) from += 1;
    most = Math.max(most, index - from + 1);
  }
  return most;
}
