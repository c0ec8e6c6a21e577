/**
 * The matrix of requirements: from each to the charts, the code and the tests that cite it. The way back is in the
 * charts, the comments and the titles of tests themselves.
 *
 * @module
 */

import { posix } from 'node:path';
import { compareIds } from '../../../inspector/charts/chartFaults.ts';
import { type ChartDoc, knownIds, placed } from '../text/chartDoc.ts';
import { code, linkIds, namesIn, ruleAnchor, stateAnchor, table } from '../text/markdown.ts';
import { idsIn, type NotBuilt, type Trace } from '../text/requirements.ts';

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
  notBuilt: readonly NotBuilt[],
): string {
  const known = knownIds(traces);
  const rules = docs.flatMap(rulesOf);
  return `${[
    '# Requirements and what holds them',
    '<!-- Written by `npm run docs` from docs/requirements.md, the charts, the code and the titles of tests. -->',
    'A state carries the ids of its `meta.requirements`. A guard or an action serves those that its comment names, and else those of the states in which it is used. Code carries what its comments name. A test proves the ids with which its title begins: `git grep "test(\'OP-4"` finds those of OP-4.',
    '## Not built yet',
    'What is missing of these, and of no others. The check fails when a row here is done, or one is missing.',
    table(
      ['Requirement', 'What is missing'],
      notBuilt.map(({ id, missing }) => [linkIds(id, known), missing]),
    ),
    '## From requirements',
    'The charts with states that carry it, and how many rules, files of code and files of tests hold it, with the first of each.',
    overview(traces, docs, rules, notBuilt),
  ].join('\n\n')}\n`;
}

/** A row for each requirement: which charts carry it, and how many of each other kind hold it. */
function overview(
  traces: readonly Trace[],
  docs: readonly ChartDoc[],
  rules: readonly Rule[],
  notBuilt: readonly NotBuilt[],
): string {
  const rows = traces.map(({ requirement: { id }, carriers, tests }) => {
    const row = notBuilt.find((one) => one.id === id);
    const charts = docs.flatMap(({ model }) => {
      const [first, ...more] = model.states.filter(
        ({ parent, requirements }) => parent !== null && requirements.includes(id),
      );
      if (first === undefined) return [];
      const link = `[${model.id}](${model.id}.md#${stateAnchor(first.path)})`;
      return [more.length === 0 ? link : `${link}×${more.length + 1}`];
    });
    return [
      `<a id="${id.toLowerCase()}"></a>[${id}](../requirements.md#${id.toLowerCase()})`,
      row === undefined ? 'yes' : row.missing.startsWith('In part') ? 'in part' : 'not yet',
      charts.join(', '),
      counted(rules.filter(({ ids }) => ids.includes(id)).map(ruleLink)),
      counted(carriers.map(fileLink)),
      counted(tests.map(fileLink)),
    ];
  });
  const head = ['Requirement', 'Built', 'States', 'Guards and actions', 'Files of code'];
  return table([...head, 'Files of tests'], rows);
}

/** The first, and how many there are. */
function counted(links: readonly string[]): string {
  const [first] = links;
  if (first === undefined) return '';
  return links.length === 1 ? first : `${first}×${links.length}`;
}

function fileLink(path: string): string {
  return `[${posix.basename(path).replace(/(\.test)?\.ts$/, '')}](../../${path})`;
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
