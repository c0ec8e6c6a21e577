/**
 * What the last whole test run has written down: which tests took each transition of each chart
 * (docs/machines/coverage.json).
 *
 * @module
 */

import { type Check, hasShape, isText, orNull } from '../../../machines/vocabulary/shape.ts';

export interface TransitionCoverage {
  /** As the chart's own label has it. */
  readonly label: string;
  /** Test files of the chart alone. */
  readonly chartTests: readonly string[];
  /** Test files in which the running runtime took it. */
  readonly runtimeTests: readonly string[];
  /** Why the runtime never takes it in a test; `null` where it does. */
  readonly onlyChartBecause: string | null;
}

export interface ChartCoverage {
  /** That of the chart that was tested. */
  readonly hash: string;
  readonly transitions: readonly TransitionCoverage[];
}

/** By the id of the machine. */
export type Coverage = Readonly<Record<string, ChartCoverage>>;

const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

const isTransition = hasShape({
  label: isText,
  chartTests: isListOf(isText),
  runtimeTests: isListOf(isText),
  onlyChartBecause: orNull(isText),
});
const isChart = hasShape({ hash: isText, transitions: isListOf(isTransition) });
const isCharts: Check = (value) =>
  typeof value === 'object' && value !== null && Object.values(value).every(isChart);
const isCoverage = hasShape({ format: (value) => value === 1, charts: isCharts });

/** What the file says; `null` where it is none of this format. */
export function readCoverage(text: string): Coverage | null {
  const read = parsed(text);
  return isCoverage(read) ? (read as { readonly charts: Coverage }).charts : null;
}

/** What a text of JSON says; `undefined` where it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
