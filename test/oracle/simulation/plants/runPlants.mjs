/**
 * `npm run simulate:plants`: plants each bug of everyPlant.ts in turn, and runs the simulator with one seed after
 * another until it finds it. Fails where one is not found within its seeds; what the same seed breaks without the plant
 * does not count. `--plant NAME` runs one, as often as given; `--short` begins with the seed that found it
 * first (found.json), and begins no other plant after 40 s, as CI does; each day it begins with another one; `--remember` writes found.json and the table of docs/testing.md.
 */

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { plantedBuild, plants } from './plantedBuild.mjs';
import { withTable } from './plantTable.mjs';

const REMEMBERED = 'test/oracle/simulation/plants/found.json';
const TESTING_PAGE = 'docs/testing.md';
/** A run that is silent for so long has come to a loop that never ends. */
const HANGS_AFTER_MS = 180_000;
const NEVER = '$^';
/** A short run begins no other plant after so long, and ends within a minute. */
const SHORT_MS = 40_000;
const DAY_MS = 86_400_000;

const { values } = parseArgs({
  options: {
    plant: { type: 'string', multiple: true },
    short: { type: 'boolean', default: false },
    remember: { type: 'boolean', default: false },
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
});
const remembered = JSON.parse(readFileSync(REMEMBERED, 'utf8'));
const { every, withPlant } = await plants();
const chosen = (values.plant ?? every.map(({ name }) => name)).map(
  (name) => every.find((plant) => plant.name === name) ?? unknown(name),
);

const begunAt = Date.now();
if (values.short)
  chosen.push(...chosen.splice(0, (Math.floor(begunAt / DAY_MS) * 7) % chosen.length));
/** The kinds of what each seed breaks without a plant. */
const clean = new Map();
const results = await each(chosen, Number(values.jobs), async (plant) => {
  const result = await look(plant);
  say(plant, result);
  return result;
});
const tried = chosen.filter((_, at) => results[at] !== undefined).length;
const failures = results.flatMap((result, at) => failureOf(chosen[at], result));
for (const failure of failures) process.stdout.write(`${failure}\n`);
const seconds = Math.round((Date.now() - begunAt) / 1_000);
process.stdout.write(
  `${tried - failures.length} of ${tried} planted bugs found in ${seconds} s${tried < chosen.length ? `; ${chosen.length - tried} are left to another run` : ''}\n`,
);
if (values.remember) remember();
process.exitCode = failures.length === 0 ? 0 : 1;

/** The seeds of a plant, in the order in which they are tried. */
function seedsOf({ name, seedsMax }) {
  const counted = Array.from({ length: seedsMax }, (_, at) => at + 1);
  const known = values.short ? remembered[name]?.seed : undefined;
  return known === undefined ? counted : [...new Set([known, ...counted])];
}

/** Runs seeds until one finds the plant; what the same seed breaks without it does not count. */
async function look(plant) {
  const lines = [];
  try {
    const file = await plantedBuild(plant, withPlant);
    for (let seeds = seedsOf(plant); seeds.length > 0; ) {
      lines.push(...(await run(file, plant.finds.source, seeds, plant.about)));
      const { seed, found } = lines.at(-1);
      const anyway = found === null ? [] : await cleanKinds(seed, plant.about);
      if (found !== null && !anyway.includes(kindOf(found))) return { seed, found, lines };
      // The others, too, where one of them hangs.
      seeds = seeds.slice(seeds.indexOf(seed) + 1);
    }
    return { found: null, lines };
  } catch (error) {
    return { found: null, lines, error };
  }
}

function cleanKinds(seed, about) {
  const name = `${seed} ${about ?? ''}`;
  const kinds = clean.get(name) ?? runClean(seed, about);
  clean.set(name, kinds);
  return kinds;
}

async function runClean(seed, about) {
  const [{ others }] = await run(await plantedBuild(null, withPlant), NEVER, [seed], about);
  if (others.length > 0) {
    process.stdout.write(`seed ${seed} breaks a promise without a plant: ${others[0]}\n`);
  }
  return others.map(kindOf);
}

function kindOf(breach) {
  return breach.split(': ')[0];
}

/** What the program says of each seed. */
async function run(file, pattern, seeds, about = '') {
  const args = [file, pattern, about, ...seeds.map(String)];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines = [];
  let errors = '';
  let seen = 0;
  const watch = setInterval(() => {
    if (seen === lines.length) child.kill('SIGKILL');
    seen = lines.length;
  }, HANGS_AFTER_MS);
  child.stderr.on('data', (chunk) => (errors += chunk));
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
  const [code, signal] = await new Promise((resolve) => {
    child.on('close', (...ended) => resolve(ended));
  });
  clearInterval(watch);
  if (code === 0) return lines;
  const seed = seeds[lines.length];
  const what = signal === null ? `the program failed: ${errors.slice(-500)}` : 'the run hangs';
  const found = new RegExp(pattern).test(what) ? what : null;
  return [...lines, { seed, found, others: [what] }];
}

function failureOf({ name, seedsMax, finds }, { found, lines, error }) {
  if (error !== undefined) return [`${name}: ${error.message}`];
  if (found !== null) return [];
  const others = [...new Set(lines.flatMap((line) => line.others))].slice(0, 3);
  const instead = others.length === 0 ? '' : `; something else broke: ${others.join('; ')}`;
  return [`${name}: not found with ${seedsMax} seeds as ${String(finds)}${instead}`];
}

function say({ name, says }, { found, seed, lines }) {
  const result =
    found === null
      ? 'NOT FOUND'
      : `seed ${seed} (${lines.length}. of its seeds): ${found.slice(0, 100)}`;
  process.stdout.write(`${name}: ${says}\n    ${result}\n`);
}

function remember() {
  for (const [at, { name }] of chosen.entries()) {
    const { found = null, seed } = results[at] ?? {};
    if (found !== null) remembered[name] = { seed, breach: found.split(':')[0] };
  }
  const kept = every
    .filter(({ name }) => name in remembered)
    .map(({ name }) => [name, remembered[name]]);
  writeFileSync(REMEMBERED, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
  writeFileSync(TESTING_PAGE, withTable(readFileSync(TESTING_PAGE, 'utf8'), every, remembered));
}

/** As many at a time as there are cores. */
async function each(items, jobs, work) {
  const made = [];
  const queue = [...items.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (values.short && Date.now() - begunAt > SHORT_MS) return;
      made[next[0]] = await work(next[1]);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return made;
}

function unknown(name) {
  const names = every.map((plant) => plant.name).join(', ');
  process.stderr.write(`There is no plant ${name}. There are: ${names}\n`);
  process.exit(2);
}
