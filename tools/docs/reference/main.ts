#!/usr/bin/env node
/**
 * Writes docs/reference from the declarations of the last build; with `--check` compares, and fails on a stale
 * page. Run from the repository's root, by `npm run docs` and `npm run docs:check`.
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import { stalePages, writePages } from '../text/markdown.ts';
import { declarationsIn } from './declarations.ts';
import { referencePages } from './referencePages.ts';

const { name, exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
};
const declared = new Map(
  Object.entries(exports).flatMap(([path, target]) =>
    typeof target === 'string'
      ? []
      : [[path.replace('.', name), declarationsIn(readFileSync(target.types, 'utf8'))] as const],
  ),
);
const requirements = readFileSync('docs/requirements.md', 'utf8');

const pages = referencePages({
  declared,
  known: new Set([...requirements.matchAll(/\*\*([A-Z]{2}-\d+)\*\*/g)].map(([, id = '']) => id)),
});
const isCheck = process.argv.includes('--check');
const stale = isCheck ? stalePages('docs/reference', pages, 'subject') : [];
if (!isCheck) writePages('docs/reference', pages);
for (const fault of stale) process.stderr.write(`error: ${fault}\n`);
process.stdout.write(
  `${pages.length} pages ${isCheck ? 'compared' : 'written'}, ${stale.length} errors\n`,
);
process.exitCode = stale.length === 0 ? 0 : 1;
