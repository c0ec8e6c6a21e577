/**
 * Builds Markdown: tables, code and headings.
 *
 * @module
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ChartModel } from '../../../inspector/charts/chartData.ts';

/**
 * A table of Markdown; cells are Markdown too, on one line each. A column that is blank in every
 * row is left out.
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const kept = head.map((_, column) => rows.some((row) => (row[column] ?? '') !== ''));
  const line = (cells: readonly string[]) =>
    `| ${cells
      .filter((_, column) => kept[column])
      .map(cell)
      .join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Code in a line of text, as it is. */
export function code(text: string): string {
  const fence = text.includes('`') ? '``' : '`';
  return `${fence}${text}${fence}`;
}

/** What somebody wrote as text that is shown as it is: no link, picture or mark-up comes of it. */
export function asWritten(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>&~!]/g, String.raw`\$&`).replaceAll(/\s+/g, ' ');
}

/** A camelCase name as words: `circuitBreaker` becomes `circuit breaker`. */
export function words(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
}

/** A camelCase name as a heading: `circuitBreaker` becomes `Circuit breaker`. */
export function heading(name: string): string {
  return capital(words(name));
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A sentence as part of another: without its full stop, and its first letter small. */
export function clause(sentence: string): string {
  const text = sentence.trim().replace(/\.$/, '');
  return /^[A-Z][a-z]*\b/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

/** Code in a block, with a fence that is longer than any in it. */
export function codeBlock(language: string, text: string): string {
  const fence = text.includes('```') ? '````' : '```';
  return `${fence}${language}\n${text.trimEnd()}\n${fence}`;
}

/** Turns each requirement id that `known` has into a link to its place on the requirements page. */
export function linkIds(text: string, known: ReadonlySet<string>): string {
  return text.replaceAll(/\b[A-Z]{2}-\d+\b/g, (id) =>
    known.has(id) ? `[${id}](../requirements.md#${id.toLowerCase()})` : id,
  );
}

function cell(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');
}

/** The place of a state on the page of its chart; of the chart as a whole for `''`. */
export function stateAnchor(path: string): string {
  return ['state', ...path.split('.').filter(Boolean)].join('-').toLowerCase();
}

export function transitionAnchor(place: number): string {
  return `t${place + 1}`;
}

export function ruleAnchor(kind: 'guard' | 'action', name: string): string {
  return `${kind}-${name}`.toLowerCase();
}

/** A state in words: its name, and where another has the same, what holds it. */
export function stateWords({ states }: ChartModel, path: string): string {
  const keys = path.split('.');
  const name = words(keys.at(-1) ?? '');
  const isShared =
    states.filter((state) => state.path.split('.').at(-1) === keys.at(-1)).length > 1;
  return isShared && keys.length > 1 ? `${words(keys.at(-2) ?? '')}: ${name}` : name;
}

/** The names in a guard, through `not(…)`, `and(…)` and `or(…)`, without their parameters. */
export function namesIn(guard: string): readonly string[] {
  const [, operator = '', inner = ''] = /^(not|and|or)\((.*)\)$/.exec(guard) ?? [];
  if (operator === '') return guard.startsWith('in(') ? [] : [guard.replace(/\(.*$/, '')];
  return partsOf(inner).flatMap(namesIn);
}

/** What is between the commas that are in no brackets. */
function partsOf(list: string): readonly string[] {
  const parts = [''];
  let depth = 0;
  for (const letter of list) {
    if (letter === '(') depth += 1;
    if (letter === ')') depth -= 1;
    if (letter === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += letter;
  }
  return parts.map((part) => part.trim());
}

/** What others write there: the test run, and whoever approves a chart. */
const NOT_OURS = new Set(['approvals.json', 'coverage.json']);

interface Page {
  readonly path: string;
  readonly text: string;
}

/** Writes the pages, and removes what else is in the folder. */
export function writePages(folder: string, pages: readonly Page[]): void {
  for (const path of pagesIn(folder)) rmSync(path);
  for (const { path, text } of pages) writeFileSync(path, text);
}

/** What is not as it would be written; a page that would not be there belongs to no `owner`. */
export function stalePages(
  folder: string,
  pages: readonly Page[],
  owner: string,
): readonly string[] {
  const present = pagesIn(folder);
  const wanted = pages.map(({ path }) => path);
  return [
    ...pages
      .filter(({ path, text }) => !present.includes(path) || readFileSync(path, 'utf8') !== text)
      .map(({ path }) => `${path} is stale; run npm run docs`),
    ...present
      .filter((path) => !wanted.includes(path))
      .map((path) => `${path} belongs to no ${owner}; run npm run docs`),
  ];
}

function pagesIn(folder: string): readonly string[] {
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder)
    .filter((name) => !NOT_OURS.has(name))
    .map((name) => `${folder}/${name}`);
}
