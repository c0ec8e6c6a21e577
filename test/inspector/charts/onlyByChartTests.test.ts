import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { allTransitions } from '../../../inspector/charts/transitions.ts';
import { machines } from '../../../machines/index.ts';
import type { CoverageFile } from '../../support/charts/coverageFile.ts';
import { ONLY_BY_CHART_TESTS } from '../../support/charts/onlyByChartTests.ts';

/** What the last whole run has written down. */
const { charts } = JSON.parse(readFileSync('docs/machines/coverage.json', 'utf8')) as CoverageFile;

test('OB-3 each reason is of a transition that there is, once, in a sentence', () => {
  const labels = new Set(
    machines.flatMap((machine) =>
      allTransitions(machine).map(({ label }) => `${machine.id}: ${label}`),
    ),
  );
  const rows = ONLY_BY_CHART_TESTS.map(({ machine, label }) => `${machine}: ${label}`);
  expect(rows.filter((row) => !labels.has(row))).toEqual([]);
  expect(rows).toEqual([...new Set(rows)]);
  for (const { reason } of ONLY_BY_CHART_TESTS) expect(reason).toMatch(/^[A-Z].{30,}\.$/s);
});

test('OB-3 no reason is stale, and none is missing, as far as the last whole run knows', () => {
  const rows = new Set(ONLY_BY_CHART_TESTS.map(({ machine, label }) => `${machine}: ${label}`));
  const stale: string[] = [];
  const missing: string[] = [];
  for (const { machine, transitions } of charts) {
    for (const { label, runtimeTests } of transitions) {
      const hasReason = rows.has(`${machine}: ${label}`);
      if (runtimeTests.length > 0 && hasReason) stale.push(label);
      if (runtimeTests.length === 0 && !hasReason) missing.push(label);
    }
  }
  expect({ stale, missing }).toEqual({ stale: [], missing: [] });
});
