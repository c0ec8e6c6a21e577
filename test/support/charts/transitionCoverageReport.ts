/**
 * Vitest's global set-up: collects what {@link coverTransitions} and the taps of runtimes saw in every test
 * file, and prints when the run ends the exact transition coverage of each machine. A whole run that has
 * passed fails where tests of a chart have lost a transition that docs/machines/coverage.json says they take.
 *
 * With `HOLDFAST_TRANSITIONS=write` it writes that file, and a whole run fails where a transition is not taken:
 * `npm run test:transitions`. A run of some files adds what these take, and takes nothing away.
 *
 * @module
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import type { AnyStateMachine } from 'xstate';
import { chartModel, testedHash } from '../../../inspector/charts/chartModel.ts';
import { chartRules } from '../../../tools/docs/text/chartRules.ts';
import {
  type ChartNow,
  type CoverageFile,
  coverageFile,
  coverageGaps,
  coverageText,
  lostTransitions,
} from './coverageFile.ts';
import { ONLY_BY_CHART_TESTS } from './onlyByChartTests.ts';
import type { CoveredBy, TransitionsSeen } from './transitionCoverage.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    transitionCoverageDir: string;
  }
}

const FILE = 'docs/machines/coverage.json';

export default function setUp(project: TestProject): () => Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-transitions-'));
  project.provide('transitionCoverageDir', directory);
  return async () => {
    const parts = readAll(directory);
    rmSync(directory, { recursive: true, force: true });
    const observed = new Set(parts.map((part) => part.machineId));
    const files = project.vitest.state.getFiles();
    const isWholeRun = files.length === (await project.vitest.globTestSpecifications()).length;
    if (observed.size === 0 && !isWholeRun) return;
    const machines = await registered();
    const known = machines?.map(({ id }) => id).toSorted();
    const ids = (known ?? [...observed]).filter((id) => isWholeRun || observed.has(id));
    if (ids.length > 0) process.stdout.write(`${formatReport(parts, ids)}\n`);
    // The core alone runs no runtimes: it is whole only as far as it goes.
    const isWhole =
      isWholeRun && project.config.setupFiles.some((path) => /watchRuntimes/.test(path));
    const hasPassed = files.every(
      // What that test reads is what is to be written.
      ({ result, name }) => result?.state !== 'fail' || name.endsWith('onlyByChartTests.test.ts'),
    );
    if (machines === null) return;
    const isToWrite = process.env['HOLDFAST_TRANSITIONS'] === 'write';
    if (!isToWrite && !(isWhole && hasPassed)) return;
    const gaps = isToWrite
      ? writeCoverage(machines, parts, isWhole && hasPassed)
      : lostTransitions(fileBefore(), parts, isByChance);
    for (const gap of gaps) process.stdout.write(`  ${gap}\n`);
    if (gaps.length > 0 && isWhole) process.exitCode = 1;
  };
}

function fileBefore(): CoverageFile | null {
  const text = textOf(FILE);
  return text === null ? null : (JSON.parse(text) as CoverageFile);
}

/** What the tests of a file do depends on chance. */
function isByChance(file: string): boolean {
  return /fast-check|Math\.random|\bseed/.test(textOf(file) ?? '');
}

/** Writes the file, where it says anything new; what is missing. */
function writeCoverage(
  machines: readonly AnyStateMachine[],
  seen: readonly TransitionsSeen[],
  isWhole: boolean,
): readonly string[] {
  const made = coverageFile({
    ...{ charts: chartsNow(machines), seen, isWhole, reasons: ONLY_BY_CHART_TESTS },
    ...{ before: fileBefore(), isByChance },
  });
  const text = coverageText(made);
  if (text !== textOf(FILE)) {
    writeFileSync(FILE, text);
    process.stdout.write(`  ${FILE} is written anew: commit it, and run npm run docs\n`);
  }
  return coverageGaps(made);
}

/** `null` where there is no such file. */
function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function chartsNow(machines: readonly AnyStateMachine[]): readonly ChartNow[] {
  const files = readdirSync('machines', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join('machines', name))
    .toSorted();
  const rulesOf = chartRules(files.map((path) => ({ path, text: readFileSync(path, 'utf8') })));
  return machines.map((machine) => {
    const model = chartModel(machine, rulesOf(machine.id));
    const transitions = model.transitions.map(({ label }) => label);
    return { machine: machine.id, hash: testedHash(model), transitions };
  });
}

/** The report as text: a line for each machine of `ids`, and below it what no test of its chart took. */
export function formatReport(parts: readonly TransitionsSeen[], ids: readonly string[]): string {
  const lines = ['Transition coverage'];
  for (const id of ids) {
    const own = parts.filter((part) => part.machineId === id);
    const all = new Set(own.flatMap((part) => part.all));
    const takenBy = (by: CoveredBy): ReadonlySet<string> =>
      new Set(own.filter((part) => part.by === by).flatMap((part) => part.seen));
    const [chart, runtime] = [takenBy('chart'), takenBy('runtime')];
    const inRuntimes = runtime.size === 0 ? '' : `, ${runtime.size} of them in runtimes`;
    if (own.length === 0) lines.push(`  ${id}: no test observes it`);
    else
      lines.push(
        `  ${id}: ${new Set([...chart, ...runtime]).size} of ${all.size} transitions taken${inRuntimes}`,
      );
    const isChartTested = own.some((part) => part.by === 'chart');
    for (const label of all) {
      if (isChartTested && !chart.has(label)) lines.push(`    never: ${label}`);
    }
  }
  return lines.join('\n');
}

/** `null` when a chart can't be loaded, which its own tests report: the coverage seen still counts. */
async function registered(): Promise<readonly AnyStateMachine[] | null> {
  try {
    const { machines } = await import('../../../machines/index.ts');
    return machines;
  } catch {
    return null;
  }
}

function readAll(directory: string): readonly TransitionsSeen[] {
  return readdirSync(directory).map(
    (name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as TransitionsSeen,
  );
}
