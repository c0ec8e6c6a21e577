/**
 * Runs the laws of merges for long, on every entity and every policy. Shows how far it is, and at the end how
 * often each law was tried, with what was found.
 *
 * Options: `--runs` in all (100,000), `--seed` (the time), `--law L17` and `--subject invoice` for some of them.
 *
 * @module
 */

import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { resultOf } from '../support/laws/law.ts';
import { lawsAndSubjects } from '../support/laws/laws.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    law: { type: 'string' },
    subject: { type: 'string' },
  },
});
const runs = Number(values.runs);
const seed = Number(values.seed);
if (!(runs > 0) || !Number.isInteger(seed)) throw new Error('--runs and --seed are numbers');

/** So many at a time, so that it can tell how far it is. */
const SLICE = 250;
const pairs = lawsAndSubjects().filter(
  ({ law, subject }) =>
    (values.law ?? law.id) === law.id && (values.subject ?? subject.name) === subject.name,
);
if (pairs.length === 0) throw new Error('there is no such law, or no such subject');
const each = Math.ceil(runs / pairs.length);

const counts = new Map<string, { runs: number; subjects: Set<string> }>();
const failures: string[] = [];
const begun = performance.now();
let done = 0;
let shownAt = 0;

for (let first = 0; first < each; first += SLICE) {
  for (const { law, subject } of pairs) {
    const numRuns = Math.min(SLICE, each - first);
    const found = resultOf(law.property(subject), { numRuns, seed: seed + first });
    const count = counts.get(law.id) ?? { runs: 0, subjects: new Set() };
    counts.set(law.id, count);
    count.runs += found.numRuns;
    count.subjects.add(subject.name);
    done += found.numRuns;
    if (found.failed) {
      const failure = `${law.id} of ${subject.name}: ${law.says}\n${fc.defaultReportMessage(found) ?? ''}`;
      failures.push(failure);
      process.stderr.write(`\n${failure}\n`);
    }
    show(`${law.id} of ${subject.name}`);
  }
}

process.stderr.write('\n');
const seconds = ((performance.now() - begun) / 1_000).toFixed(0);
process.stdout.write('| Law | Runs | On |\n| --- | ---: | --- |\n');
for (const [id, count] of counts) {
  const on =
    count.subjects.size > 4 ? `${count.subjects.size} subjects` : [...count.subjects].join(', ');
  process.stdout.write(`| ${id} | ${count.runs} | ${on} |\n`);
}
process.stdout.write(
  `${done} runs in ${seconds} s, seed ${seed}, Node ${process.version}: ${failures.length} failed\n`,
);
process.exitCode = failures.length === 0 ? 0 : 1;

function show(what: string): void {
  const now = performance.now();
  if (now - shownAt < 1_000) return;
  shownAt = now;
  const share = ((100 * done) / (each * pairs.length)).toFixed(1);
  const line = `${done} of ${each * pairs.length} runs (${share} %), ${failures.length} failed: ${what}`;
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
}
