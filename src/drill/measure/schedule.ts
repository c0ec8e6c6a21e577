/**
 * An open-loop schedule: calls are due at instants that were planned before, whether or not earlier ones
 * have been answered. What is late is measured from the planned instant, so a blocked event loop hides
 * none of the calls that it kept from being made (no coordinated omission).
 *
 * @module
 */

import { machineMs, systemClock } from '../../../actors/platform/systemClock.ts';

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
