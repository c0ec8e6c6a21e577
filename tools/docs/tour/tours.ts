/**
 * The pages that lead through the charts: the tour of the system, and that for clinicians. Their words are in
 * the Markdown files beside this one; what is in braces there is made from the charts.
 *
 * @module
 */

import type { StateModel } from '../../../inspector/charts/chartData.ts';
import { type ChartDoc, howLong, isMomentary, knownIds } from '../text/chartDoc.ts';
import {
  capital,
  heading,
  linkIds,
  stateAnchor,
  stateWords,
  table,
  words,
} from '../text/markdown.ts';
import type { SourceFile } from '../text/requirements.ts';

// Fills in the tours: what stands in double braces in their text is made from the charts. So a tour that names
// what is not there any more is a fault, and none goes stale unseen.
//
//     {{crisis}}                      a link to the page of a machine
//     {{crisis.delivery.attempting}}  a link to a state
//     {{crisis.record.closed|its end}}  the same, in other words
//     {{picture crisis}}              its chart, small, which leads to its page
//     {{charts}}                      a table of all charts
//     {{states crisis.delivery        a table of its states, each with what a person has of it
//     attempting: They have …
//     }}

interface Filled {
  readonly text: string;
  /** What in it leads nowhere, or is missing, one sentence each. */
  readonly faults: readonly string[];
}

/** The width of a small picture, in pixels: what is in it is read on the page of its chart. */
const WIDTH = 480;
const IN_BRACES = /\{\{([\s\S]*?)\}\}/g;
/** Before what begins a sentence. */
const BEGINS = /(^|\n\n|[.!?] )$/;

/** The text with everything in braces filled in. */
function fillIn(text: string, docs: readonly ChartDoc[]): Filled {
  const faults: string[] = [];
  const known = knownIds(docs[0]?.traces ?? []);
  const filled = linkIds(text, known).replaceAll(
    IN_BRACES,
    (_, inside: string, at: number, whole: string) => {
      const [head = '', ...rows] = inside.trim().split('\n');
      const [what = '', of = ''] = head.trim().split(/\s+/);
      if (what === 'charts') return chartTable(docs);
      if (what === 'picture') return picture(docs, of, faults);
      if (what === 'states') return statesTable(docs, of, rows, faults);
      return link(docs, inside.trim(), BEGINS.test(whole.slice(0, at)), faults);
    },
  );
  return { text: filled.replaceAll(/\n{3,}/g, '\n\n'), faults };
}

/** The chart that a name begins with, and the path of the rest. */
function found(
  docs: readonly ChartDoc[],
  name: string,
  faults: string[],
): { readonly doc: ChartDoc; readonly path: string } | null {
  const [id = '', ...keys] = name.split('.');
  const doc = docs.find(({ model }) => model.id === id);
  const path = keys.join('.');
  const place = doc === undefined ? null : placeOf(doc, keys);
  if (doc !== undefined && place !== null) return { doc, path: place };
  faults.push(
    doc === undefined
      ? `there is no machine ${id}; it has {{${name}}}`
      : `the chart ${id} has no state ${path}; it has {{${name}}}`,
  );
  return null;
}

/** The path of a state that is named by its path, or by its region and its own name, whatever holds it. */
function placeOf({ model: { states } }: ChartDoc, keys: readonly string[]): string | null {
  const path = keys.join('.');
  if (states.some((state) => state.path === path)) return path;
  const within = keys
    .slice(0, -1)
    .map((key) => `${key}.`)
    .join('');
  const named = states.filter(
    (state) => state.name === keys.at(-1) && state.path.startsWith(within) && isLeaf(state.kind),
  );
  return named.length === 1 ? (named[0]?.path ?? null) : null;
}

function link(
  docs: readonly ChartDoc[],
  written: string,
  isFirst: boolean,
  faults: string[],
): string {
  const [name = '', text] = written.split('|');
  const it = found(docs, name, faults);
  if (it === null) return name;
  const { id } = it.doc.model;
  const own = it.path === '' ? words(id) : stateWords(it.doc.model, it.path);
  const shown = text ?? (isFirst ? capital(own) : own);
  const place = it.path === '' ? '' : `#${stateAnchor(it.path)}`;
  return `[${shown}](${id}.md${place})`;
}

function picture(docs: readonly ChartDoc[], id: string, faults: string[]): string {
  const it = found(docs, id, faults);
  if (it === null || !it.doc.hasPicture) return '';
  const { purpose } = it.doc.model;
  return `<a href="${id}.md"><img src="${id}.svg" width="${WIDTH}" alt="The chart of ${words(id)}. ${purpose}"></a>`;
}

function chartTable(docs: readonly ChartDoc[]): string {
  const rows = docs.map(({ model }) => [
    `[${heading(model.id)}](${model.id}.md)`,
    model.purpose,
    String(model.states.length - 1),
    String(model.transitions.length),
  ]);
  return table(['Chart', 'What it is', 'States', 'Transitions'], rows);
}

/** Every state in it that holds no others has a row; a row for what is not there is a fault, and so is a gap. */
function statesTable(
  docs: readonly ChartDoc[],
  name: string,
  rows: readonly string[],
  faults: string[],
): string {
  const it = found(docs, name, faults);
  if (it === null) return '';
  const { model } = it.doc;
  const known = knownIds(it.doc.traces);
  const begins = it.path === '' ? '' : `${it.path}.`;
  const inner = model.states.filter(
    ({ path, kind }) => path.startsWith(begins) && path !== '' && isLeaf(kind),
  );
  const said = new Map(rows.map(rowOf));
  const short = ({ path, name: own }: StateModel) => {
    const rest = path.slice(begins.length);
    return said.has(rest) ? rest : own;
  };
  for (const state of inner) {
    if (!said.has(short(state))) faults.push(`it says nothing of ${model.id}.${state.path}`);
  }
  for (const path of said.keys()) {
    if (!inner.some((state) => short(state) === path)) {
      faults.push(`the chart ${model.id} has no state ${begins}${path}; it says something of that`);
    }
  }
  return table(
    ['State', 'What it means', 'What it is for a person', 'How long at most'],
    inner.map((state) => [
      `[${capital(stateWords(model, state.path))}](${model.id}.md#${stateAnchor(state.path)})`,
      linkIds(state.description, known),
      said.get(short(state)) ?? '',
      isMomentary(model, state)
        ? 'No time.'
        : state.kind === 'final'
          ? 'An ending.'
          : (howLong(model.states, state) ?? ''),
    ]),
  );
}

function rowOf(row: string): readonly [string, string] {
  const at = row.indexOf(':');
  return [row.slice(0, at).trim(), row.slice(at + 1).trim()];
}

function isLeaf(kind: StateModel['kind']): boolean {
  return kind === 'atomic' || kind === 'final';
}

/** Where the words of a tour are, and where it is written to. */
export const TOURS = [
  ['tools/docs/tour/system.md', 'docs/machines/README.md'],
  ['tools/docs/tour/clinicians.md', 'docs/machines/clinicians.md'],
] as const;

/** The tours, from the files that hold their words. */
export function tourPages(
  sources: readonly SourceFile[],
  docs: readonly ChartDoc[],
): { readonly pages: readonly SourceFile[]; readonly faults: readonly string[] } {
  const pages: SourceFile[] = [];
  const faults: string[] = [];
  for (const [from, to] of TOURS) {
    const source = sources.find(({ path }) => path === from);
    if (source === undefined) {
      faults.push(`${from} is not there: ${to} can't be written`);
      continue;
    }
    const filled = fillIn(source.text, docs);
    const note = `<!-- Written by \`npm run docs\` from ${from} and the charts. Edit those, not this page. -->`;
    const [title = '', ...rest] = filled.text.split('\n');
    pages.push({ path: to, text: [title, '', note, ...rest].join('\n') });
    faults.push(...filled.faults.map((fault) => `${from}: ${fault}`));
  }
  return { pages, faults };
}
