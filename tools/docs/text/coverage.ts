/**
 * What the last whole test run has written down: which tests took each transition of each chart
 * (docs/machines/coverage.json).
 *
 * @module
 */

import { type Check, hasShape, isText } from '../../../machines/vocabulary/shape.ts';

export interface TransitionCoverage {
  /** The label that the chart itself has. */
  readonly label: string;
  /** Test files of the chart alone. */
  readonly chartTests: readonly string[];
  /** Test files in which the running runtime took it. */
  readonly runtimeTests: readonly string[];
  /** Why the runtime never takes it in a test; `null` where it does. */
  readonly onlyChartBecause: string | null;
}

export interface ChartCoverage {
  /** `testedHash` of the chart that was tested. */
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
});
const isFile = hasShape({
  format: (value) => value === 1,
  charts: isListOf(
    hasShape({ machine: isText, hash: isText, transitions: isListOf(isTransition) }),
  ),
  onlyByChartTests: isListOf(hasShape({ machine: isText, label: isText, reason: isText })),
});

/** The file as the test run writes it. */
interface CoverageFile {
  readonly charts: readonly (Omit<ChartCoverage, 'transitions'> & {
    readonly machine: string;
    readonly transitions: readonly Omit<TransitionCoverage, 'onlyChartBecause'>[];
  })[];
  readonly onlyByChartTests: readonly {
    readonly machine: string;
    readonly label: string;
    readonly reason: string;
  }[];
}

/** What the file says, by the id of the machine; `null` where it is none of this format. */
export function readCoverage(text: string): Coverage | null {
  const read = parsed(text);
  if (!isFile(read)) return null;
  const { charts, onlyByChartTests } = read as CoverageFile;
  return Object.fromEntries(
    charts.map(({ machine, hash, transitions }) => {
      const reasons = new Map(
        onlyByChartTests
          .filter((only) => only.machine === machine)
          .map(({ label, reason }) => [label, reason]),
      );
      const known = transitions.map((transition) => ({
        ...transition,
        onlyChartBecause: reasons.get(transition.label) ?? null,
      }));
      // A reason for what is not there is told as a transition that is not.
      const labels = new Set(known.map(({ label }) => label));
      const strangers = [...reasons]
        .filter(([label]) => !labels.has(label))
        .map(([label, reason]) => ({
          label,
          chartTests: [],
          runtimeTests: [],
          onlyChartBecause: reason,
        }));
      return [machine, { hash, transitions: [...known, ...strangers] }];
    }),
  );
}

/** What a text of JSON says; `undefined` where it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
