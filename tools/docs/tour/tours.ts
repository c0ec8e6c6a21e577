/**
 * The pages that lead through the charts: the tour of the system, and that for clinicians. Their words are in
 * the Markdown files beside this one; what is in braces there is made from the charts.
 *
 * @module
 */

import type { ChartDoc } from '../text/chartDoc.ts';
import type { SourceFile } from '../text/requirements.ts';
import { fillIn } from './fillIn.ts';

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
