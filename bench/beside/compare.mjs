/**
 * What this version costs beside another: the same work by the built package of each checkout, each
 * measurement in a process of its own, the checkouts in turn, each figure the median of the rounds.
 *
 * One more column shows a repair by itself: this version with freed pages not overwritten (FAST), made
 * from a copy of its own `dist`.
 *
 * Usage, after `npm run build` and `npm run build:types` in both: compare.mjs OTHER_CHECKOUT [rounds]
 *
 * @module
 */

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('work.mjs', import.meta.url));
const HERE = fileURLToPath(new URL('../..', import.meta.url));
const WORKER_MS_MAX = 120_000;
const OVERWRITES = 'secure_delete = ON';

const [other, roundsText] = process.argv.slice(2);
const rounds = Number(roundsText ?? 5);
if (other === undefined || !existsSync(join(other, 'dist'))) {
  console.error('Usage: compare.mjs OTHER_CHECKOUT [rounds]; run `npm run build` in it first.');
  process.exit(2);
}

/** The rows of the table; each name is known to work.mjs. */
const WORKS = [
  ['operations1', 'operations/s, 1 in flight'],
  ['operations100', 'operations/s, 100 in flight'],
  ['large100', 'the same, payload of 4 kB'],
  ['cpuMicros', 'CPU µs an operation, 100 in flight'],
  ['cpuMicrosLarge', 'the same, payload of 4 kB'],
  ['bulk', 'accepted/s in bulk'],
  ['crisisP50', 'answer to a crisis, p50 µs'],
  ['crisisP99', 'answer to a crisis, p99 µs'],
  ['crisisReturnP50', 'until crisis() returns, p50 µs'],
  ['crisisKilobytes', 'allocated before crisis() returns, kB'],
  ['crisisCpuMicros', 'CPU µs a crisis, delivery and record included'],
  ['checkMicros', 'check of a request of 1 kB, µs'],
  ['startMs', 'start of a new store, ms'],
];

/** A copy of this version's program without one repair. It lies where its packages are found. */
function withoutOverwriting() {
  const copy = join(HERE, 'node_modules/.cache/holdfast-beside');
  rmSync(copy, { recursive: true, force: true });
  cpSync(join(HERE, 'dist'), join(copy, 'dist'), { recursive: true });
  cpSync(join(HERE, 'package.json'), join(copy, 'package.json'));
  const file = join(copy, 'dist/writerThread.js');
  const text = readFileSync(file, 'utf8');
  if (!text.includes(OVERWRITES)) throw new Error(`${file} no longer says ${OVERWRITES}`);
  writeFileSync(file, text.replaceAll(OVERWRITES, 'secure_delete = FAST'));
  return copy;
}

const checkouts = [
  ['before', resolve(other)],
  ['now', HERE],
  ['now, FAST', withoutOverwriting()],
];

function measure(folder) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [WORKER, folder], {
    encoding: 'utf8',
    timeout: WORKER_MS_MAX,
  });
  if (status !== 0) throw new Error(`The work in ${folder} failed: ${stderr}`);
  return JSON.parse(stdout);
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const figures = new Map(checkouts.map(([name]) => [name, []]));
for (let round = 0; round < rounds; round += 1) {
  // The other way round each time, so that none always follows the same one.
  const inTurn = round % 2 === 0 ? checkouts : checkouts.toReversed();
  for (const [name, folder] of inTurn) figures.get(name)?.push(measure(folder));
  console.error(`round ${round + 1} of ${rounds}`);
}

const of = (name, work) => median((figures.get(name) ?? []).map((figure) => figure[work]));
console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, median of ${rounds} rounds\n`,
);
console.log(`| | before | now | now ÷ before | ${checkouts[2]?.[0]} |`);
console.log('| --- | ---: | ---: | ---: | ---: |');
for (const [work, label] of WORKS) {
  const [before, now, fast] = checkouts.map(([name]) => of(name, work));
  const text = (value) => (value < 100 ? value.toFixed(1) : Math.round(value).toString());
  console.log(
    `| ${label} | ${text(before)} | ${text(now)} | ${(now / before).toFixed(2)} | ${text(fast)} |`,
  );
}
rmSync(join(HERE, 'node_modules/.cache/holdfast-beside'), { recursive: true, force: true });
