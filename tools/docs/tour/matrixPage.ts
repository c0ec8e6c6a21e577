/**
 * The matrix of requirements, both ways: from each to the charts, the code and the tests that cite it; and from
 * each state, rule and test file back.
 *
 * @module
 */

import { posix } from 'node:path';
import { compareIds } from '../../../inspector/charts/chartFaults.ts';
import { type ChartDoc, knownIds, placed } from '../text/chartDoc.ts';
import { code, folded, heading, linkIds, table } from '../text/markdown.ts';
import { namesIn, ruleAnchor, stateAnchor } from '../text/names.ts';
import type { NotBuilt } from '../text/notBuilt.ts';
import { idsIn, idsInTitles, type SourceFile, type Trace } from '../text/requirements.ts';

const LINE = 240;
/** More files of tests than this are folded away. */
const SHOWN_MAX = 12;

/** A guard or an action of a chart, with the requirements that it serves. */
interface Rule {
  readonly doc: ChartDoc;
  readonly kind: 'guard' | 'action';
  readonly name: string;
  readonly ids: readonly string[];
}

export function matrixPage(
  docs: readonly ChartDoc[],
  traces: readonly Trace[],
  tests: readonly SourceFile[],
  notBuilt: readonly NotBuilt[],
): string {
  const known = knownIds(traces);
  const rules = docs.flatMap(rulesOf);
  return `${[
    '# Requirements and what holds them',
    '<!-- Written by `npm run docs` from docs/requirements.md, the charts, the code and the titles of tests. -->',
    'A state carries the ids of its `meta.requirements`. A guard or an action serves those that its comment names, and else those of the states in which it is used. Code carries what its comments name. A test proves the ids with which its title begins.',
    '## Not built yet',
    'What is missing of these, and of no others. The check fails when a row here is done, or one is missing.',
    table(
      ['Requirement', 'What is missing'],
      notBuilt.map(({ id, missing }) => [linkIds(id, known), missing]),
    ),
    '## At a glance',
    'How many of each hold a requirement; what they are is below.',
    overview(traces, docs, rules, notBuilt),
    '## From requirements',
    ...traces.map((trace) => block(trace, docs, rules)),
    '## From states',
    ...docs.map((doc) => fromStates(doc, known)),
    '## From guards and actions',
    ...docs.map((doc) => fromRules(doc, rules, known)),
    '## From tests',
    ...fromTests(tests),
  ].join('\n\n')}\n`;
}

/** A row for each requirement, with how many of each kind hold it. */
function overview(
  traces: readonly Trace[],
  docs: readonly ChartDoc[],
  rules: readonly Rule[],
  notBuilt: readonly NotBuilt[],
): string {
  const states = docs.flatMap(({ model }) => model.states);
  const rows = traces.map(({ requirement: { id }, carriers, tests }) => {
    const row = notBuilt.find((one) => one.id === id);
    return [
      `[${id}](#${id.toLowerCase()})`,
      row === undefined ? 'yes' : row.missing.startsWith('In part') ? 'in part' : 'not yet',
      ...[
        states.filter(({ requirements }) => requirements.includes(id)).length,
        rules.filter(({ ids }) => ids.includes(id)).length,
        carriers.length,
        tests.length,
      ].map((count) => (count === 0 ? '' : String(count))),
    ];
  });
  const head = ['Requirement', 'Built', 'States', 'Guards and actions', 'Files of code'];
  return table([...head, 'Files of tests'], rows);
}

/** One requirement, with everything that cites it. */
function block(
  { requirement: { id, text }, carriers, tests }: Trace,
  docs: readonly ChartDoc[],
  rules: readonly Rule[],
): string {
  const charts = docs.flatMap(({ model }) => {
    const states = model.states.filter(({ requirements }) => requirements.includes(id));
    const links = states.map(({ path }) => `[${code(path)}](${model.id}.md#${stateAnchor(path)})`);
    return links.length === 0 ? [] : [`${heading(model.id)}: ${links.join(', ')}`];
  });
  const serving = rules.filter(({ ids }) => ids.includes(id)).map(ruleLink);
  const isLong = tests.length > SHOWN_MAX;
  const lines = [
    ['States', charts.join('. ')],
    ['Guards and actions', serving.join(', ')],
    ['Code', folderLinks(carriers).join('; ')],
    ['Tests', isLong ? '' : folderLinks(tests).join('; ')],
  ].filter(([, found]) => found !== '');
  return [
    `### <a id="${id.toLowerCase()}"></a>${id}`,
    `${beginningOf(text)} ([all of it](../requirements.md#${id.toLowerCase()}))`,
    lines.map(([title, found]) => `- **${title}:** ${found}`).join('\n'),
    isLong ? folded(`Tests: ${tests.length} files`, listOf(folderLinks(tests))) : '',
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** A table for each folder: which files of it prove what. */
function fromTests(tests: readonly SourceFile[]): readonly string[] {
  const proving = tests
    .map(({ path, text }) => [path, [...idsInTitles(text)].toSorted(compareIds)] as const)
    .filter(([, ids]) => ids.length > 0);
  return [...byFolder(proving.map(([path]) => path))].map(([folder, paths]) => {
    const rows = proving
      .filter(([path]) => paths.includes(path))
      .map(([path, ids]) => [fileLink(path), idLinks(ids)]);
    return `### ${code(folder)}\n\n${table(['Test file', 'Proves'], rows)}`;
  });
}

/** Files, a folder each: `actors/pool/` operationPool, bulkAcceptance. */
function folderLinks(paths: readonly string[]): readonly string[] {
  return [...byFolder(paths)].map(
    ([folder, files]) => `${code(`${folder}/`)} ${files.map(fileLink).join(', ')}`,
  );
}

function listOf(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}

function fileLink(path: string): string {
  return `[${posix.basename(path).replace(/(\.test)?\.ts$/, '')}](../../${path})`;
}

function byFolder(paths: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const folders = new Map<string, string[]>();
  for (const path of paths) {
    const folder = posix.dirname(path);
    const files = folders.get(folder);
    if (files === undefined) folders.set(folder, [path]);
    else files.push(path);
  }
  return folders;
}

function fromStates({ model }: ChartDoc, known: ReadonlySet<string>): string {
  const rows = model.states
    .filter(({ parent, requirements }) => parent !== null && requirements.length > 0)
    .map(({ path, requirements }) => [
      `[${code(path)}](${model.id}.md#${stateAnchor(path)})`,
      idLinks(requirements.filter((id) => known.has(id)).toSorted(compareIds)),
    ]);
  return `### States of ${heading(model.id).toLowerCase()}\n\n${table(['State', 'Carries'], rows)}`;
}

function fromRules(
  { model }: ChartDoc,
  rules: readonly Rule[],
  known: ReadonlySet<string>,
): string {
  const rows = rules
    .filter(({ doc, ids }) => doc.model === model && ids.length > 0)
    .map((rule) => [ruleLink(rule), idLinks(rule.ids.filter((id) => known.has(id)))]);
  return rows.length === 0
    ? `### Rules of ${heading(model.id).toLowerCase()}\n\nNone.`
    : `### Rules of ${heading(model.id).toLowerCase()}\n\n${table(['Guard or action', 'Serves'], rows)}`;
}

/** What a rule serves: what its comment names, or what the states carry in which it is used. */
function rulesOf(doc: ChartDoc): readonly Rule[] {
  const { model, said } = doc;
  const transitions = placed(model);
  const carried = (paths: readonly string[]) =>
    model.states.filter(({ path }) => paths.includes(path)).flatMap((state) => state.requirements);
  const rule = (kind: Rule['kind'], name: string, meaning: string, paths: readonly string[]) => {
    const named = idsIn(meaning);
    const ids = named.length > 0 ? named : carried(paths);
    return { doc, kind, name, ids: [...new Set(ids)].toSorted(compareIds) };
  };
  // One at the root is used in whatever state it leads to.
  const placesOf = ({ source, targets }: (typeof transitions)[number]) =>
    source === '' ? targets : [source];
  return [
    ...[...said.guards.values()].map(({ name, meaning }) =>
      rule(
        'guard',
        name,
        meaning,
        transitions.filter(({ guard }) => namesIn(guard ?? '').includes(name)).flatMap(placesOf),
      ),
    ),
    ...[...said.actions.values()].map(({ name, meaning }) =>
      rule('action', name, meaning, [
        ...transitions.filter(({ actions }) => actions.includes(name)).flatMap(placesOf),
        ...model.states
          .filter(({ entry, exit }) => [...entry, ...exit].includes(name))
          .map(({ path }) => path),
      ]),
    ),
  ];
}

function ruleLink({ doc, kind, name }: Rule): string {
  return `[${code(name)}](${doc.model.id}.md#${ruleAnchor(kind, name)})`;
}

/** Ids that lead to their place on this page. */
function idLinks(ids: readonly string[]): string {
  return ids.map((id) => `[${id}](#${id.toLowerCase()})`).join(', ');
}

/** How a requirement begins: its first sentence, or as much of it as a line holds. */
function beginningOf(text: string): string {
  const [sentence = text] = /^.+?\.(?=\s|$)/.exec(text) ?? [];
  if (sentence.length <= LINE) return sentence;
  return `${sentence.slice(0, sentence.lastIndexOf(' ', LINE))} …`;
}
