/**
 * Shared by the demos: how long a crisis may wait, percentiles, and how a verdict is shown.
 *
 * @module
 */

import type { Paint } from './output.ts';

/** The longest a crisis may wait for its answer (CR-1). */
export const CRISIS_ANSWER_MS_MAX = 200;

/** The value below which `share` of the values lie (nearest rank); 0 for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

export const dimly: Paint = (line, { dim }) => dim(line);

/** Highlights lines that begin with `PASS` or `FAIL`. */
export const paintVerdict: Paint = (line, { bold, green, red }) => {
  if (line.startsWith('PASS ')) return bold(green(line));
  return line.startsWith('FAIL ') ? bold(red(line)) : line;
};
