/**
 * docs/machines/coverage.json: which files of tests take each transition, as charts alone and in runtimes. It is
 * made anew of what was there and what a run saw, so that it stays as it is while that still holds: a property
 * test takes now this transition and now that one, and names that come and go by chance say nothing.
 *
 * @module
 */

import type { TransitionsSeen } from './transitionCoverage.ts';

/** A chart as it is now. */
export interface ChartNow {
  readonly machine: string;
  /** `testedHash`. */
  readonly hash: string;
  /** Labels, in the order of the chart. */
  readonly transitions: readonly string[];
}

export interface CoverageFile {
  readonly format: 1;
  readonly charts: readonly {
    readonly machine: string;
    readonly hash: string;
    readonly transitions: readonly {
      readonly label: string;
      readonly chartTests: readonly string[];
      readonly runtimeTests: readonly string[];
    }[];
  }[];
  readonly onlyByChartTests: readonly {
    readonly machine: string;
    readonly label: string;
    readonly reason: string;
  }[];
}

export interface CoverageParts {
  readonly charts: readonly ChartNow[];
  /** What the file says; `null` where there is none. */
  readonly before: CoverageFile | null;
  readonly seen: readonly TransitionsSeen[];
  /** Every test has run: what took a transition before and did not now has left it. */
  readonly isWhole: boolean;
  /** Whether what the tests of a file do depends on chance. */
  readonly isByChance: (file: string) => boolean;
  readonly reasons: CoverageFile['onlyByChartTests'];
}

/** Files named for one transition. */
const NAMED_MAX = 3;

export function coverageFile(parts: CoverageParts): CoverageFile {
  const { charts, before, reasons } = parts;
  return {
    format: 1,
    charts: charts.map(({ machine, hash, transitions }) => {
      const known = before?.charts.find((chart) => chart.machine === machine);
      // What took a transition of another version of the chart has to show that it still does.
      const kept = known?.hash === hash ? known.transitions : [];
      return {
        machine,
        hash,
        transitions: transitions.map((label) => {
          const its = kept.find((each) => each.label === label);
          return {
            label,
            chartTests: named(parts, machine, label, 'chart', its?.chartTests ?? []),
            runtimeTests: named(parts, machine, label, 'runtime', its?.runtimeTests ?? []),
          };
        }),
      };
    }),
    onlyByChartTests: reasons,
  };
}

function named(
  { seen, isWhole, isByChance, reasons }: CoverageParts,
  machine: string,
  label: string,
  by: TransitionsSeen['by'],
  before: readonly string[],
): readonly string[] {
  const files = new Set(
    seen
      .filter((part) => part.machineId === machine && part.by === by && part.seen.includes(label))
      .map(({ file }) => file),
  );
  const kept = isWhole ? before.filter((file) => files.has(file)) : before;
  const all = [...files].toSorted();
  const sure = all.filter((file) => !isByChance(file));
  // Why no test of a runtime takes it for certain is said where none does.
  const hasReason = reasons.some((row) => row.machine === machine && row.label === label);
  if (by === 'runtime' && hasReason) {
    const keptForSure = kept.filter((file) => !isByChance(file));
    return keptForSure.length > 0 ? keptForSure : sure.slice(0, NAMED_MAX);
  }
  // Chance is named only where nothing else takes it.
  const isKeptByChance = kept.every(isByChance);
  if (kept.length > 0 && !(isKeptByChance && sure.length > 0)) return kept;
  return (sure.length > 0 ? sure : all).slice(0, sure.length > 0 ? NAMED_MAX : 1);
}

/** What is wrong with a file, a sentence each; the same is asked by `npm run docs:check`. */
export function coverageGaps({ charts, onlyByChartTests }: CoverageFile): readonly string[] {
  const reasonOf = (machine: string, label: string): string | undefined =>
    onlyByChartTests.find((row) => row.machine === machine && row.label === label)?.reason;
  const labels = new Set(
    charts.flatMap(({ machine, transitions }) =>
      transitions.map(({ label }) => `${machine} ${label}`),
    ),
  );
  return [
    ...charts.flatMap(({ machine, transitions }) =>
      transitions.flatMap(({ label, chartTests, runtimeTests }) => {
        const reason = reasonOf(machine, label);
        const gaps: string[] = [];
        if (chartTests.length === 0) gaps.push(`no test of its chart takes ${label}`);
        if (runtimeTests.length === 0 && reason === undefined) {
          gaps.push(
            `no runtime of a test takes ${label}: test it, or say why in onlyByChartTests.ts`,
          );
        }
        if (runtimeTests.length > 0 && reason !== undefined) {
          gaps.push(`runtimes take ${label}, so its reason has to go from onlyByChartTests.ts`);
        }
        return gaps;
      }),
    ),
    ...onlyByChartTests
      .filter(({ machine, label }) => !labels.has(`${machine} ${label}`))
      .map(({ label }) => `onlyByChartTests.ts has a reason for ${label}, which is no transition`),
  ];
}

/**
 * Transitions that tests of a chart took for certain, as the file says, and that none takes in a whole run: a test
 * has gone, or the chart has changed. What runtimes take may hang on how fast the machine is, and is judged only
 * where the file is written.
 */
export function lostTransitions(
  file: CoverageFile | null,
  seen: readonly TransitionsSeen[],
  isByChance: CoverageParts['isByChance'],
): readonly string[] {
  const charts = file?.charts ?? [];
  return charts.flatMap(({ machine, transitions }) => {
    const own = seen.filter((part) => part.machineId === machine && part.by === 'chart');
    const taken = new Set(own.flatMap((part) => part.seen));
    return transitions
      .filter(({ label, chartTests }) => !taken.has(label) && !chartTests.every(isByChance))
      .map(
        ({ label, chartTests }) =>
          `no test of its chart takes ${label} any more, as did ${chartTests.join(', ')}: npm run test:transitions`,
      );
  });
}

export function coverageText(file: CoverageFile): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}
