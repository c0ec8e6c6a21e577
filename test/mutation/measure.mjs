/**
 * Mutation tests, one file at a time: `npm run mutation -- --mutate machines/policy/retry`, a file or a
 * folder and as many as wanted; by default all of machines/ and persistence/sealing/. Prints each mutant
 * that no test noticed, and the rows of the table in test/mutation/scores.md. A file's mutants are judged by its
 * own tests, `<name>*.test.ts` in the folder of test/ that mirrors its own; where there are none, by all
 * tests of that folder, or of the one above. Those of the rules of merges and of conflicts are judged by all
 * short tests of theirs. With `--smoke` one mutant, in seconds: that mutation tests run at
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
/** What a rule means is told by the cases of the records that have it, not beside each file. */
const JUDGED_TOGETHER = ['machines/conflict', 'machines/merge'];
/** Their random tests take seconds, as do those of large or hostile records: none of them judges. */
const LONG = /(laws|hostile|steps|fleet\.property|carriedQuestions\.property)\.test\.ts$/;
const LONGEST_MS = '600';
const REPORTS = 'node_modules/.cache/mutation';

/** What the smoke changes: how a repeat is told from another request, which tests of the file hold. */
const SMOKE = { file: 'machines/operation/keys.ts', text: "? 'repeat' : 'conflict'" };

const { values } = parseArgs({
  options: { mutate: { type: 'string', multiple: true }, smoke: { type: 'boolean' } },
});
const rows = [];
if (values.smoke) rows.push(...(await measure([SMOKE.file], testsOf(SMOKE.file), rangeOf(SMOKE))));
else {
  const files = (values.mutate ?? ROOTS).flatMap(filesOf);
  const groups = new Map();
  for (const file of files) {
    const key = `${CHART.test(file)} ${testsOf(file).join(' ')}`;
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(file);
  }
  for (const group of groups.values()) rows.push(...(await measure(group, testsOf(group[0]))));
}
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

/**
 * @param files judged by the same `tests`
 * @param range the part of the file that is changed, as Stryker names it; left out for all of it
 */
async function measure(files, tests, range = '') {
  process.env['CORE_TESTS'] = tests.join(',');
  process.env['HOLDFAST_LONG'] = '1';
  process.env['CORE_TESTS_MS'] = isJudgedTogether(files[0]) ? LONGEST_MS : 'Infinity';
  const found = await new Stryker({
    plugins: ['./test/mutation/inProcess.mjs'],
    testRunner: 'inProcess',
    mutate: files.map((file) => `${file}${range}`),
    ignoreStatic: CHART.test(files[0]),
  }).runMutationTest();
  return files.map((file) =>
    rowFor(
      file,
      found.filter(({ fileName }) => fileName.endsWith(file)),
    ),
  );
}

function rowFor(file, found) {
  const count = (...wanted) => found.filter((mutant) => wanted.includes(mutant.status)).length;
  const noticed = count('Killed', 'Timeout');
  const survived = count('Survived');
  const uncovered = count('NoCoverage');
  const mutants = noticed + survived + uncovered;
  const report = found.filter(({ status }) => ['Survived', 'NoCoverage'].includes(status));
  const row = { file, mutants, survived, uncovered, score: (100 * noticed) / (noticed + survived) };
  const lines = readFileSync(file, 'utf8').split('\n');
  const text = [rowOf(row), ...report.map((mutant) => described(mutant, lines))];
  print('', ...text);
  mkdirSync(REPORTS, { recursive: true });
  writeFileSync(join(REPORTS, `${file.replaceAll('/', '-')}.txt`), `${text.join('\n')}\n`);
  return row;
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

/** The tests that judge `file`. */
function testsOf(file) {
  const root = JUDGED_TOGETHER.find((each) => file.startsWith(`${each}/`));
  if (root !== undefined) return testsIn(join('test', root)).filter((test) => !LONG.test(test));
  let folder = join('test', dirname(file));
  while (testsIn(folder).length === 0) folder = dirname(folder);
  const name = basename(file, '.ts');
  const own = testsIn(folder).filter((test) => basename(test).startsWith(name));
  return own.length > 0 ? own : testsIn(folder);
}

function isJudgedTogether(file) {
  return JUDGED_TOGETHER.some((root) => file.startsWith(`${root}/`));
}

function testsIn(folder) {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.test.ts')).map((name) => join(folder, name));
}

function print(...lines) {
  process.stdout.write(`${lines.join('\n')}\n`);
}
