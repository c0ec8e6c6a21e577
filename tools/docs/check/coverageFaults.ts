/**
 * Whether tests have taken every transition of a chart as it is now, and the running runtime, too, where
 * nothing says why it can't.
 *
 * @module
 */

import type { ChartModel } from '../../../inspector/charts/chartData.ts';
import { testedHash } from '../../../inspector/charts/chartHash.ts';
import type { ChartCoverage, TransitionCoverage } from '../text/coverage.ts';

export const COVERAGE_FILE = 'docs/machines/coverage.json';
const RUN = 'run npm run test:transitions, which writes it';

/** One sentence a fault; `isFile` says whether a file of a test is there. */
export function coverageFaults(
  model: ChartModel,
  coverage: ChartCoverage | null,
  isFile: (path: string) => boolean,
): readonly string[] {
  if (coverage === null) return [`${COVERAGE_FILE} knows nothing of the chart ${model.id}; ${RUN}`];
  if (coverage.hash !== testedHash(model)) {
    return [`${COVERAGE_FILE} is of another version of the chart ${model.id}; ${RUN}`];
  }
  const labels = new Set(model.transitions.map(({ label }) => label));
  const covered = new Map(coverage.transitions.map((each) => [each.label, each]));
  return [
    ...model.transitions.flatMap(({ label }) => faultsOf(label, covered.get(label))),
    ...coverage.transitions
      .filter(({ label }) => !labels.has(label))
      .map(
        ({ label }) => `${COVERAGE_FILE}: the chart ${model.id} has no transition ${label}; ${RUN}`,
      ),
    ...gone(coverage, isFile),
  ];
}

function faultsOf(label: string, coverage: TransitionCoverage | undefined): readonly string[] {
  const { chartTests = [], runtimeTests = [], onlyChartBecause = null } = coverage ?? {};
  if (chartTests.length === 0 && runtimeTests.length === 0) {
    return [
      `no test takes ${label}; write one, and ${RUN.replace('which writes it', `which writes ${COVERAGE_FILE}`)}`,
    ];
  }
  if (runtimeTests.length === 0 && onlyChartBecause === null) {
    return [
      `only tests of the chart take ${label}; test it in the running runtime, or say why it can't be`,
    ];
  }
  if (runtimeTests.length > 0 && onlyChartBecause !== null) {
    return [`the running runtime takes ${label}; the reason why it would not has to go`];
  }
  return [];
}

function gone(coverage: ChartCoverage, isFile: (path: string) => boolean): readonly string[] {
  const files = coverage.transitions.flatMap(({ chartTests, runtimeTests }) => [
    ...chartTests,
    ...runtimeTests,
  ]);
  return [...new Set(files)]
    .filter((path) => !isFile(path))
    .map((path) => `${COVERAGE_FILE} names ${path}, which is not there; ${RUN}`);
}
