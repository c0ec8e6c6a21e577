#!/usr/bin/env node
/**
 * `npm run docs` writes docs/machines/ and the index of decisions (`-- --still-true RULE` for a rule that changed and
 * whose sentence did not have to); `npm run docs:check` compares instead of writing, and fails on a stale page or a
 * faulty chart. Run from the repository's root, on the built files.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ChartModel, chartModel } from '../../inspector/charts/chartModel.ts';
import { machines } from '../../machines/index.ts';
import { ENTITIES } from '../../machines/merge/entities/entities.ts';
import { drawChart } from '../draw/drawChart.ts';
import { buildDocs, type DocsInput } from './buildDocs.ts';
import {
  drillRows,
  type Evidence,
  hazardFaults,
  heldFaults,
  linkFaults,
  markFaults,
} from './check/linkFaults.ts';
import { SENTENCES_FILE } from './check/traceFaults.ts';
import { withDecisionIndex } from './decisionIndex.ts';
import { entitiesPage } from './entitiesPage.ts';
import { chartRules } from './text/chartRules.ts';
import { stalePages, writePages } from './text/markdown.ts';
import { NOT_BUILT, type SourceFile } from './text/requirements.ts';
import { TOURS } from './tour/tours.ts';

// The pictures of the charts. Drawing takes seconds, so a picture is kept under node_modules/.cache by the hash
// of all that it is made from: the chart, this program's drawing, and elkjs.

const MODULES = 'node_modules';

/** `docs/machines/<id>.svg` of each chart. */
async function drawings(charts: readonly ChartModel[]): Promise<readonly SourceFile[]> {
  const made: SourceFile[] = [];
  for (const chart of charts) {
    made.push({ path: `docs/machines/${chart.id}.svg`, text: await kept(chart) });
  }
  return made;
}

async function kept(chart: ChartModel): Promise<string> {
  if (!existsSync(MODULES)) return drawChart(chart);
  const folder = join(MODULES, '.cache/holdfast-drawings');
  const path = join(folder, `${nameOf(chart)}.svg`);
  if (existsSync(path)) return readFileSync(path, 'utf8');
  const svg = await drawChart(chart);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, svg);
  return svg;
}

function nameOf(chart: ChartModel): string {
  const hash = createHash('sha256').update(JSON.stringify(chart));
  const draw = fileURLToPath(new URL('../draw', import.meta.url));
  for (const file of readdirSync(draw).toSorted()) hash.update(readFileSync(join(draw, file)));
  const elk = createRequire(import.meta.url).resolve('elkjs/package.json');
  return hash.update(readFileSync(elk)).digest('hex').slice(0, 32);
}

const FOLDER = 'docs/machines';
const SAFETY = 'docs/clinical-safety';
const HAZARDS = `${SAFETY}/hazard-log.md`;
const DECISIONS = 'docs/decisions';
/** The pages of which each paragraph names what holds it. */
const HELD = [
  'docs/crisis.md',
  'docs/how-to/several-devices.md',
  'docs/how-to/review-conflicts.md',
  'tools/docs/tour/clinicians.md',
  'docs/conflicts.md',
];
/** Pages of which some paragraphs do. */
const HELD_IN_PART = ['README.md'];
const CODE = ['machines', 'actors', 'persistence', 'src', 'inspector', 'tools'];

const input = await readInput();
const built = buildDocs(input);
const pages = [...built.pages, entitiesPage(ENTITIES)];
const faults = [...built.faults, ...safetyFaults()];
const isCheck = process.argv.includes('--check');
const index = `${DECISIONS}/README.md`;
const indexed = withDecisionIndex(readFileSync(index, 'utf8'), decisions(), input.requirementsPage);
const stale = isCheck
  ? [
      ...stalePages(FOLDER, pages, 'machine'),
      ...(textOf(index) === indexed ? [] : [`${index} is stale; run npm run docs`]),
    ]
  : [];
if (!isCheck) {
  writePages(FOLDER, pages);
  writeFileSync(index, indexed);
}

for (const fault of [...faults, ...stale]) process.stderr.write(`error: ${fault}\n`);
process.stdout.write(
  `${pages.length} pages ${isCheck ? 'compared' : 'written'}, ${faults.length + stale.length} errors\n`,
);
process.exitCode = faults.length + stale.length === 0 ? 0 : 1;

async function readInput(): Promise<DocsInput> {
  const code = CODE.flatMap(readTree);
  const rulesOf = chartRules(code.filter(({ path }) => path.startsWith('machines/')));
  return {
    machines,
    requirementsPage: readFileSync('docs/requirements.md', 'utf8'),
    code,
    tests: readTree('test').filter(({ path }) => path.endsWith('.test.ts')),
    tours: TOURS.map(([path]) => ({ path, text: readFileSync(path, 'utf8') })),
    notBuilt: NOT_BUILT,
    coverage: textOf(`${FOLDER}/coverage.json`),
    approvals: textOf(`${FOLDER}/approvals.json`),
    sentences: textOf(SENTENCES_FILE),
    stillTrue: process.argv.filter((_, at, all) => all[at - 1] === '--still-true'),
    pictures: await drawings(machines.map((machine) => chartModel(machine, rulesOf(machine.id)))),
    textOf,
  };
}

function decisions(): readonly SourceFile[] {
  return readdirSync(DECISIONS)
    .filter((name) => /^\d{4}-(?!template)/.test(name))
    .map((name) => `${DECISIONS}/${name}`)
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

/** What the pages for whoever answers for safety promise without naming what holds it. */
function safetyFaults(): readonly string[] {
  const evidence: Evidence = {
    isFile: (path) => textOf(path) !== null,
    rows: drillRows(input.code),
  };
  const page = (path: string): SourceFile => ({ path, text: textOf(path) ?? '' });
  const safety = readdirSync(SAFETY).map((name) => page(`${SAFETY}/${name}`));
  const links = linkFaults(
    safety,
    (path) => pages.find((made) => made.path === path)?.text ?? textOf(path),
  );
  return [
    ...heldFaults(HELD.map(page), evidence),
    ...markFaults(HELD_IN_PART.map(page), evidence),
    ...hazardFaults(page(HAZARDS), evidence),
    ...links,
  ];
}

/** `null` where there is no such file. */
function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function readTree(folder: string): readonly SourceFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name).replaceAll('\\', '/'))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}
