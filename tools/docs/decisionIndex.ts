/**
 * The index of docs/decisions/README.md, written from the heads of the decisions, by the part of the requirements
 * that each names first.
 *
 * @module
 */

import type { SourceFile } from './text/requirements.ts';

const BEGIN = '<!-- Written by npm run docs from the decisions. -->';
const HEAD = /^# (\d{4}) (.+)\n\n- Status: (.+)\n- Date: .+\n- Requirements: ([A-Z]{2})-/;
const PART = /^## ([A-Z]{2}) · (.+)$/gm;
const REPLACED = /^replaced by (.+)$/;

/** The page with its index written again. A decision without a head that can be read is left out. */
export function withDecisionIndex(
  page: string,
  decisions: readonly SourceFile[],
  requirementsPage: string,
): string {
  const begins = page.indexOf(BEGIN);
  if (begins < 0) throw new Error('docs/decisions/README.md has no place for the index');
  const lines = new Map<string, string[]>();
  for (const { path, text } of decisions) {
    const [, number = '', title = '', status = '', part = ''] = HEAD.exec(text) ?? [];
    const by = REPLACED.exec(status)?.[1];
    const end = by === undefined ? '' : `: replaced by ${by}`;
    const line = `- [${number}](${path.replace(/^.*\//, '')}) ${title}${end}`;
    if (number !== '') lines.set(part, [...(lines.get(part) ?? []), line]);
  }
  const parts = [...requirementsPage.matchAll(PART)].flatMap(([, id = '', name = '']) => {
    const own = lines.get(id) ?? [];
    const heading = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    return own.length === 0 ? [] : [`## ${heading}\n\n${own.join('\n')}\n`];
  });
  return `${page.slice(0, begins)}${BEGIN}\n\n${parts.join('\n')}`;
}
