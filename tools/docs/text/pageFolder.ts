/**
 * A folder whose pages are all written by a program: writes them anew, or says which are stale.
 *
 * @module
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

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
