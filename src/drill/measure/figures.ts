/**
 * What many measured times come to.
 *
 * @module
 */

import { Worker } from 'node:worker_threads';
import { machineMs, systemClock } from '../../../actors/platform/systemClock.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';

/** Bins of the chart: so many for each power of ten, from {@link BINS_FROM_MS} on. */
export const BINS_PER_DECADE = 10;
/** The lower end of the first bin; what is less is in it. */
export const BINS_FROM_MS = 0.01;
const DECADES = 8;

/** Times in milliseconds, summed up. */
export interface Figures {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p9999Ms: number;
  readonly maxMs: number;
  /** How many lie in each bin of a logarithmic scale; those behind the last are left out. */
  readonly bins: readonly number[];
}

/** The least value that at least `share` of the sorted values do not exceed; 0 where there is none. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = Math.ceil(sorted.length * share) - 1;
  return sorted[Math.min(sorted.length - 1, Math.max(0, at))] ?? 0;
}

export function figuresOf(times: Iterable<number>): Figures {
  const sorted = Float64Array.from(times).toSorted();
  const bins = new Array<number>(DECADES * BINS_PER_DECADE).fill(0);
  for (const ms of sorted) {
    const bin = binOf(ms);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  while (bins.length > 0 && bins.at(-1) === 0) bins.pop();
  return {
    count: sorted.length,
    p50Ms: round(quantile(sorted, 0.5)),
    p99Ms: round(quantile(sorted, 0.99)),
    p9999Ms: round(quantile(sorted, 0.9999)),
    maxMs: round(sorted.at(-1) ?? 0),
    bins,
  };
}

function binOf(ms: number): number {
  const bin = Math.floor(Math.log10(Math.max(ms, BINS_FROM_MS) / BINS_FROM_MS) * BINS_PER_DECADE);
  return Math.min(DECADES * BINS_PER_DECADE - 1, bin);
}

/** To a hundredth of a millisecond, which is less than what a clock and a schedule are good for. */
function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}

// A clock on which hours pass in minutes: what takes a machine a second takes the runtime that is given it as
// many seconds as its pace. The drill has no other means to see an acknowledgement lapse.

/** @param pace how many times as fast as real time it runs */
export function fastClock(pace: number): Clock {
  if (pace === 1) return systemClock;
  const startedAtMs = systemClock.now();
  const startedMs = systemClock.monotonic();
  const sinceMs = (): number => (systemClock.monotonic() - startedMs) * pace;
  return {
    now: () => Math.round(startedAtMs + sinceMs()),
    monotonic: () => startedMs + sinceMs(),
    schedule: (delayMs, wake) => systemClock.schedule(delayMs / pace, wake),
    defer: (go) => {
      systemClock.defer(go);
    },
  };
}

// An open-loop schedule: calls are due at instants that were planned before, whether or not earlier ones
// have been answered. What is late is measured from the planned instant, so a blocked event loop hides
// none of the calls that it kept from being made (no coordinated omission).

/** Calls at an even pace. */
export interface Plan {
  /** When the first is due, in milliseconds of {@link machineMs}. */
  readonly startMs: number;
  readonly perSecond: number;
  readonly count: number;
}

/** When call `index` is due. */
export function plannedAtMs({ startMs, perSecond }: Plan, index: number): number {
  return startMs + (index * 1_000) / perSecond;
}

/** The first call that is due at or after `atMs`. */
export function indexAt({ startMs, perSecond, count }: Plan, atMs: number): number {
  const index = Math.ceil(((atMs - startMs) * perSecond) / 1_000);
  return Math.min(count, Math.max(0, index));
}

/** Makes each call as soon as it is due; resolves once the last was made. */
export async function runPlan(plan: Plan, call: (index: number) => void): Promise<void> {
  await new Promise<void>((resolve) => {
    let next = 0;
    const go = (): void => {
      const dueBefore = indexAt(plan, machineMs());
      for (; next < dueBefore; next += 1) call(next);
      if (next === plan.count) resolve();
      else systemClock.schedule(plannedAtMs(plan, next) - machineMs(), go);
    };
    go();
  });
}

/** Waits. */
export async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    systemClock.schedule(ms, resolve);
  });
}

/** Looks every few milliseconds until it is so, or for `withinMs`; tells whether it became so. */
export async function becomes(
  isSo: () => boolean | Promise<boolean>,
  withinMs: number,
  everyMs = 20,
): Promise<boolean> {
  const endsAtMs = machineMs() + withinMs;
  while (!(await isSo())) {
    if (machineMs() >= endsAtMs) return false;
    await pause(everyMs);
  }
  return true;
}

/** What the control notes at each instant of the plan, in milliseconds; not a number where it has not. */
export interface ControlNotes {
  /** How late it woke up. */
  readonly lateMs: Float64Array;
  /** For how long, in all, the main thread was ready to run and had no processor, as the kernel counts. */
  readonly keptMs: Float64Array;
}

/** A thread that notes how late the machine lets it wake up. */
export interface Control {
  readonly notes: ControlNotes;
  /** Begins to keep this plan. */
  readonly begin: (plan: Plan) => void;
  /** Ends the thread. */
  readonly stop: () => Promise<void>;
}

/** @param count wake-ups of the plan that it will be given */
export async function startControl(count: number): Promise<Control> {
  const notes: ControlNotes = { lateMs: sharedTimes(count), keptMs: sharedTimes(count) };
  const file = new URL('./drillControlThread.js', import.meta.url);
  const worker = new Worker(file, { workerData: notes, name: 'drill control', execArgv: [] });
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => {
      resolve();
    });
    worker.once('error', reject);
  });
  return {
    notes,
    begin(plan) {
      worker.postMessage(plan);
    },
    async stop() {
      await worker.terminate();
    },
  };
}

function sharedTimes(count: number): Float64Array {
  const bytes = count * Float64Array.BYTES_PER_ELEMENT;
  return new Float64Array(new SharedArrayBuffer(bytes)).fill(Number.NaN);
}
