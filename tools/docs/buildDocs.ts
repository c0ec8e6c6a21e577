/**
 * Builds the documentation of all machines, and lists what is wrong or missing in it (OB-3).
 *
 * @module
 */

import { posix } from 'node:path';
import type { AnyStateMachine } from 'xstate';
import { readApprovals } from '../../inspector/charts/approvals.ts';
import { chartFaults } from '../../inspector/charts/chartFaults.ts';
import { chartModel } from '../../inspector/charts/chartModel.ts';
import { machinePage, machinePagePath } from './chart/machinePage.ts';
import { linkFaults } from './check/linkFaults.ts';
import {
  COVERAGE_FILE,
  coverageFaults,
  SENTENCES_FILE,
  sentenceFaults,
  sourceFaults,
  traceFaults,
  unknownIds,
} from './check/traceFaults.ts';
import type { ChartDoc } from './text/chartDoc.ts';
import { chartRules } from './text/chartRules.ts';
import { commentOn, headerOf, instantsOf, readChartSource } from './text/chartSource.ts';
import { readCoverage } from './text/coverage.ts';
import {
  idsInTitles,
  type NotBuilt,
  parseRequirements,
  type SourceFile,
  traceRequirements,
} from './text/requirements.ts';
import { matrixPage } from './tour/matrixPage.ts';
import { tourPages } from './tour/tours.ts';

export interface DocsInput {
  readonly machines: readonly AnyStateMachine[];
  /** The text of docs/requirements.md. */
  readonly requirementsPage: string;
  /** The product's own source files. */
  readonly code: readonly SourceFile[];
  /** The test files. */
  readonly tests: readonly SourceFile[];
  /** The words of the tours. */
  readonly tours: readonly SourceFile[];
  readonly notBuilt: readonly NotBuilt[];
  /** The text of docs/machines/coverage.json; `null` where it is not there. */
  readonly coverage: string | null;
  /** The text of docs/machines/approvals.json; `null` where nothing was approved yet. */
  readonly approvals: string | null;
  /** The text of docs/machines/sentences.json; `null` where it is not there. */
  readonly sentences: string | null;
  /** Rules whose sentence was read again and is still true. */
  readonly stillTrue: readonly string[];
  /** The charts, drawn. */
  readonly pictures: readonly SourceFile[];
  /** Any other file of the repository, to see whether a link leads somewhere; `null` where it is not there. */
  readonly textOf: (path: string) => string | null;
}

export interface Docs {
  /** What docs/machines/ should hold. */
  readonly pages: readonly SourceFile[];
  /** What must be mended before the docs can be trusted, one sentence each: where it is, and what to do. */
  readonly faults: readonly string[];
}

/** The documentation of every machine, and what is wrong or missing in it. */
export function buildDocs(input: DocsInput): Docs {
  const { requirementsPage, code, tests, notBuilt, tours, pictures, textOf } = input;
  const requirements = parseRequirements(requirementsPage);
  const known = new Set(requirements.map(({ id }) => id));
  const traces = traceRequirements(requirements, code, tests);
  const coverage = input.coverage === null ? {} : readCoverage(input.coverage);
  const approvals = input.approvals === null ? [] : readApprovals(input.approvals);
  const faults: string[] = [
    ...traceFaults(traces, notBuilt),
    ...unknownIds([...code, ...tours], known),
    ...unknownIds(titlesOf(tests), known),
    ...(input.coverage === null
      ? [`${COVERAGE_FILE} is not there; run npm run test:transitions, which writes it`]
      : []),
    ...(coverage === null ? [unreadable('coverage')] : []),
    ...(approvals === null ? [unreadable('approvals')] : []),
  ];

  const rulesOf = chartRules(code.filter(({ path }) => path.startsWith('machines/')));
  const docs: ChartDoc[] = [];
  for (const machine of input.machines) {
    const own = code.find(({ path }) => path.endsWith(`/${machine.id}Machine.ts`));
    if (own === undefined) {
      faults.push(`machine ${machine.id} is in no file ${machine.id}Machine.ts of machines/`);
      continue;
    }
    const folder = posix.dirname(own.path);
    const beside = code.filter(({ path }) => posix.dirname(path) === folder);
    const texts = [own, ...code.filter(({ path }) => path.startsWith('machines/'))].map(
      ({ text }) => text,
    );
    const model = chartModel(machine, rulesOf(machine.id));
    const doc: ChartDoc = {
      machine,
      model,
      said: readChartSource([own, ...beside.filter((file) => file !== own)]),
      path: own.path,
      introduction: headerOf(own.text),
      instants: instantsOf(texts).map((name) => [name, commentOn(texts.join('\n'), name)]),
      coverage: coverage?.[machine.id] ?? null,
      approvals: approvals ?? [],
      hasPicture: pictures.some(({ path }) => path === `docs/machines/${machine.id}.svg`),
      traces,
    };
    docs.push(doc);
    faults.push(...chartFaults(machine).map((fault) => `${own.path}: ${fault}`));
    faults.push(...sourceFaults(doc));
    if (input.coverage !== null && coverage !== null) {
      faults.push(...coverageFaults(model, doc.coverage, (path) => textOf(path) !== null));
    }
  }

  const sentences = sentenceFaults(
    docs.map(({ model }) => model),
    input.sentences,
    input.stillTrue,
  );
  faults.push(...sentences.faults);
  const toured = tourPages(tours, docs);
  const pages: SourceFile[] = [
    ...toured.pages,
    {
      path: 'docs/machines/matrix.md',
      text: matrixPage(docs, traces, notBuilt),
    },
    ...docs.flatMap((doc) => [
      { path: machinePagePath(doc.model.id), text: machinePage(doc) },
      {
        path: `docs/machines/${doc.model.id}.json`,
        text: `${JSON.stringify(doc.model, null, 2)}\n`,
      },
    ]),
    { path: SENTENCES_FILE, text: sentences.text },
    ...pictures,
  ];
  return { pages, faults: [...faults, ...toured.faults, ...linkFaults(pages, textOf)] };
}

/** The ids that titles of tests begin with, as texts. */
function titlesOf(tests: readonly SourceFile[]): readonly SourceFile[] {
  return tests.map(({ path, text }) => ({ path, text: [...idsInTitles(text)].join(' ') }));
}

function unreadable(name: 'coverage' | 'approvals'): string {
  return `docs/machines/${name}.json can't be read; restore it from the history, or write it anew`;
}
