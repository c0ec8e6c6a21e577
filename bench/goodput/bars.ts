/**
 * The bars that the figures of a drill have to reach (the requirements RT-3, CB-1, CB-2, DG-3, PF-6).
 *
 * @module
 */

import type { Drill } from './drill.ts';

/** One figure of a drill. */
export type FigureName = 'goodput' | 'excess' | 'outageCalls' | 'first' | 'full' | 'peak';

/** What a figure has to be. Shares are in percent, times in milliseconds. */
export interface Bar {
  readonly side: 'least' | 'most';
  readonly value: number;
}

export const GOODPUT_MIN = 90;
/** Where half of the calls fail, and under overload. */
export const GOODPUT_MIN_HARD = 85;
export const HARD: readonly string[] = ['a50', 'd', 'd300', 'd1', 'd1-300'];
export const EXCESS_MAX = 15;
/** Calls begun in an outage of what waits, where thousands do: in short drills what is in flight is more. */
export const OUTAGE_CALLS_MAX = 1;
const OF_THOUSANDS: readonly string[] = ['c', 'onset', 'coldhang'];
export const FULL_MS_MAX = 2_000;
export const PEAK_MAX = 110;

/** How soon the first success after an outage of this length has to come, in the median. */
export function firstMsMax(outageMs: number): number {
  return Math.max(500, 0.07 * outageMs);
}

/** The bar of each figure that a drill has. */
export function barsOf({ name, outages }: Drill): Partial<Readonly<Record<FigureName, Bar>>> {
  const least = HARD.includes(name) ? GOODPUT_MIN_HARD : GOODPUT_MIN;
  const all = {
    goodput: { side: 'least', value: least },
    excess: { side: 'most', value: EXCESS_MAX },
  } as const;
  const [outage] = outages.filter(({ fromMs, toMs }) => toMs - fromMs >= LONG_MS);
  if (outage === undefined) return all;
  return {
    ...all,
    ...(OF_THOUSANDS.includes(name)
      ? { outageCalls: { side: 'most', value: OUTAGE_CALLS_MAX } }
      : {}),
    first: { side: 'most', value: firstMsMax(outage.toMs - outage.fromMs) },
    full: { side: 'most', value: FULL_MS_MAX },
    peak: { side: 'most', value: PEAK_MAX },
  };
}

/** Outages from this length on are those in which recovery is measured. */
export const LONG_MS = 5_000;

/** Whether a figure is on the wrong side of its bar. */
export function isUnder({ side, value }: Bar, figure: number): boolean {
  return side === 'least' ? figure < value : figure > value;
}
