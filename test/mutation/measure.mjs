/**
 * Mutation tests, one file at a time: `npm run mutation -- --mutate machines/policy/retry`, a file or a
 * folder and as many as wanted; by default all of machines/ and persistence/sealing/. Prints each mutant
 * that no test noticed, and the rows of the table in docs/testing.md. A file's mutants are judged by its
 * own tests, `<name>*.test.ts` in the folder of test/ that mirrors its own; where there are none, by all
 * tests of that folder, or of the one above. With `--smoke` one mutant, in seconds: that mutation tests run at
 * all, and notice something (`npm run checks`).
 *
 * @module
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';

const ROOTS = ['machines', 'persistence/sealing'];
/** A chart is built as its file is loaded: each mutant of it would cost a run of all its tests. */
const CHART = /^machines\/(?!policy\/|vocabulary\/)/;
const SCORE_MIN = 90;
const REPORTS = 'node_modules/.cache/mutation';

/** What the smoke changes: the separator of a key, which tests of the file hold. */
const SMOKE = { file: 'machines/operation/keys.ts', text: "parts.join('\\0')" };

const { values } = parseArgs({
  options: { mutate: { type: 'string', multiple: true }, smoke: { type: 'boolean' } },
});
const rows = [];
if (values.smoke) rows.push(await measure(SMOKE.file, rangeOf(SMOKE)));
else for (const file of (values.mutate ?? ROOTS).flatMap(filesOf)) rows.push(await measure(file));
const measured = rows.filter(({ mutants }) => mutants > 0);
print(
  '',
  '| File | Mutants | Not noticed | Not covered | Score |',
  '| --- | --- | --- | --- | --- |',
);
print(...measured.map(rowOf));
const low = measured.filter(({ score }) => score < SCORE_MIN);
if (low.length > 0) print('', `Below ${SCORE_MIN} %: ${low.map(({ file }) => file).join(', ')}.`);
process.exitCode = low.length > 0 || measured.length === 0 ? 1 : 0;

/** @param range the part of the file that is changed, as Stryker names it; left out for all of it */
async function measure(file, range = '') {
  process.env['CORE_TESTS'] = testsOf(file);
  const found = await new Stryker({
    mutate: [`${file}${range}`],
    ignoreStatic: CHART.test(file),
  }).runMutationTest();
  const count = (...wanted) => found.filter((mutant) => wanted.includes(statusOf(mutant))).length;
  const noticed = count('Killed', 'Timeout');
  const survived = count('Survived');
  const uncovered = count('NoCoverage');
  const mutants = noticed + survived + uncovered;
  const report = found.filter((each) => ['Survived', 'NoCoverage'].includes(statusOf(each)));
  const row = { file, mutants, survived, uncovered, score: (100 * noticed) / (noticed + survived) };
  const lines = readFileSync(file, 'utf8').split('\n');
  const text = [rowOf(row), ...report.map((mutant) => described(mutant, lines))];
  print('', ...text);
  mkdirSync(REPORTS, { recursive: true });
  writeFileSync(join(REPORTS, `${file.replaceAll('/', '-')}.txt`), `${text.join('\n')}\n`);
  return row;
}

/** With some mutants a file can't even be loaded: no test runs, and Stryker counts none that failed. */
function statusOf({ status, testsCompleted }) {
  return status === 'Survived' && testsCompleted === 0 ? 'Killed' : status;
}

function described({ location: { start, end }, replacement, status }, lines) {
  const line = lines[start.line - 1] ?? '';
  const isShort = start.line === end.line;
  const was = isShort ? line.slice(start.column - 1, end.column - 1) : `${line.trim()} …`;
  const becomes = replacement.replaceAll(/\s+/g, ' ').slice(0, 100);
  return `  line ${start.line}: ${was}  ->  ${becomes}${status === 'NoCoverage' ? '  (not covered)' : ''}`;
}

function rowOf({ file, mutants, survived, uncovered, score }) {
  return `| \`${file}\` | ${mutants} | ${survived} | ${uncovered} | ${score.toFixed(1)} % |`;
}

function filesOf(path) {
  if (statSync(path).isFile()) return [path];
  const within = readdirSync(path, { withFileTypes: true });
  return within
    .flatMap(({ name }) => filesOf(join(path, name)))
    .filter((each) => each.endsWith('.ts'));
}

/** The one line that holds a text. */
function rangeOf({ file, text }) {
  const lines = readFileSync(file, 'utf8').split('\n');
  const at = lines.findIndex((line) => line.includes(text));
  if (at === -1) throw new Error(`${file} has no ${text}: name in SMOKE what it has.`);
  return `:${at + 1}:0-${at + 1}:${lines[at].length}`;
}

/** The pattern of the tests that judge `file`. */
function testsOf(file) {
  let folder = join('test', dirname(file));
  while (!hasTests(folder, '')) folder = dirname(folder);
  const name = basename(file, '.ts');
  return hasTests(folder, name) ? `${folder}/${name}*.test.ts` : `${folder}/**/*.test.ts`;
}

function hasTests(folder, start) {
  if (!existsSync(folder)) return false;
  const names = readdirSync(folder, { recursive: true });
  return names.some((name) => name.startsWith(start) && name.endsWith('.test.ts'));
}

function print(...lines) {
  process.stdout.write(`${lines.join('\n')}\n`);
}
