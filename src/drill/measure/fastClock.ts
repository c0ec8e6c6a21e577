/**
 * A clock on which hours pass in minutes: what takes a machine a second takes the runtime that is given it as
 * many seconds as its pace. The drill has no other means to see an acknowledgement lapse.
 *
 * @module
 */

import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';

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
