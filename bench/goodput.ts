/**
 * Goodput under partial failure: holdfast beside a plain retry loop and the libraries people use, in the
 * drills of `goodput/drills.ts`, in virtual time (exact, the same for the same seed), and on loopback.
 *
 * The real runtime and the real HTTP handler run in both. In virtual time the store is in memory, and the
 * libraries' timers are the clock's; on loopback holdfast writes to a real store and a plain loop takes
 * turns with it.
 * Usage: goodput.js [--drills=a35,b] [--seeds=1,2,3] [--systems=holdfast,plain] [--loopback] [--beside=CHECKOUT]
 *
 * @module
 */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Drill } from './goodput/drill.ts';
import { DRILLS } from './goodput/drills.ts';
import { measure } from './goodput/measure.ts';
import {
  printDrill,
  printGoodput,
  printSummaries,
  printUnder,
  printVerdicts,
} from './goodput/report.ts';
import { type Run, runOnLoopback, runVirtual } from './goodput/runs.ts';
import type { System } from './goodput/stage.ts';
import { type Summary, summarized } from './goodput/summary.ts';
import { bullmq } from './goodput/systems/bullmq.ts';
import { cockatiel } from './goodput/systems/cockatiel.ts';
import { holdfast } from './goodput/systems/holdfast.ts';
import { opossum } from './goodput/systems/opossum.ts';
import { plain } from './goodput/systems/plain.ts';
import { verdicts } from './goodput/verdicts.ts';
import { printMachine } from './support.ts';

const USAGE = `Usage: goodput.js [--drills=a35,b] [--seeds=1,2,3] [--systems=holdfast,plain] [--loopback] [--beside=CHECKOUT]

Goodput under partial failure, in virtual time; with --loopback on loopback.
  --drills    some of: ${DRILLS.map(({ name }) => name).join(', ')}
  --seeds     the seeds of chance, whole numbers
  --systems   some of: holdfast, plain, cockatiel, opossum, bullmq
  --beside    another checkout of this project, in which npm run bench:build was run: its version is "before"
`;
if (process.argv.includes('--help')) {
  process.stdout.write(USAGE);
  process.exit(0);
}

const SYSTEMS: readonly System[] = [holdfast, plain, cockatiel, opossum, bullmq];
const SEEDS = [11, 2, 3];
/** On real time the others would only say again what virtual time says. */
const ON_LOOPBACK = [holdfast, plain];

type Runner = (drill: Drill, system: System, seed: number) => Promise<Run>;
interface Runs {
  readonly loopback: Runner;
  readonly virtual: Runner;
}
const RUNS: Runs = { loopback: runOnLoopback, virtual: runVirtual };
/** The same of another checkout, and its runtime under this name. */
let runsBefore = RUNS;
const BEFORE = 'before';

async function loadBefore(checkout: string): Promise<System> {
  const built = 'node_modules/.cache/holdfast-bench/bench/goodput';
  const load = async (file: string): Promise<unknown> =>
    import(pathToFileURL(join(checkout, built, file)).href);
  const runs = (await load('runs.js')) as Readonly<Record<'runOnLoopback' | 'runVirtual', Runner>>;
  const system = (await load('systems/holdfast.js')) as { readonly holdfast: System };
  runsBefore = { loopback: runs.runOnLoopback, virtual: runs.runVirtual };
  return { ...system.holdfast, name: BEFORE, note: `that of ${checkout}` };
}

function given(option: string): readonly string[] | null {
  const start = `--${option}=`;
  const found = process.argv.find((argument) => argument.startsWith(start));
  return found === undefined ? null : found.slice(start.length).split(',');
}

function chosen<T extends { readonly name: string }>(
  all: readonly T[],
  option: string,
): readonly T[] {
  const names = given(option);
  const unknown = names?.find((name) => all.every((one) => one.name !== name));
  if (unknown !== undefined) {
    throw new Error(`No ${unknown} among ${option}: ${all.map(({ name }) => name).join(', ')}.`);
  }
  return names === null ? all : all.filter(({ name }) => names.includes(name));
}

async function drilled(drill: Drill, system: System, seeds: readonly number[]): Promise<Summary> {
  const figures = [];
  for (const seed of seeds) {
    const { loopback, virtual } = system.name === BEFORE ? runsBefore : RUNS;
    const run = await (isOnLoopback ? loopback : virtual)(drill, system, seed);
    figures.push(measure(run));
    console.error(
      `${drill.name}, ${system.name}, seed ${seed}: ${(run.tookMs / 1_000).toFixed(1)} s`,
    );
  }
  const sound = drill.jobs(seeds[0] ?? 1).filter((job) => !drill.isPoison(job));
  const summary = summarized(drill.name, system.name, sound.length, figures);
  if (system === holdfast) {
    for (const loss of summary.lostUnexplained) console.error(`${drill.name}: ${loss}`);
  }
  return summary;
}

const isOnLoopback = process.argv.includes('--loopback');
const drills = chosen(
  DRILLS.filter((drill) => !isOnLoopback || drill.isOnLoopback),
  'drills',
);
const checkout = given('beside')?.[0];
const before = checkout === undefined ? [] : [await loadBefore(checkout)];
const systems = chosen(isOnLoopback ? ON_LOOPBACK : SYSTEMS, 'systems');
const seeds = given('seeds')?.map(Number) ?? (isOnLoopback ? SEEDS.slice(0, 1) : SEEDS);

printMachine();
console.log(
  `${isOnLoopback ? 'HTTP on 127.0.0.1, SQLite, real time' : 'virtual time'}; seeds ${seeds.join(', ')}`,
);
for (const { name, note } of [...before, ...systems]) console.log(`${name}: ${note}`);
const summaries: Summary[] = [];
for (const drill of drills) {
  const own: Summary[] = [];
  for (const system of [...before, ...systems]) own.push(await drilled(drill, system, seeds));
  printDrill(drill);
  printSummaries(own);
  summaries.push(...own);
}
printGoodput(summaries);
if (systems.includes(holdfast)) {
  const isOwn = ({ system }: Summary): boolean => system === holdfast.name;
  const all = verdicts(
    summaries.filter(isOwn),
    summaries.filter((one) => !isOwn(one) && one.system !== BEFORE),
  );
  printVerdicts(holdfast.name, all);
  const missed = all.flatMap(({ what, misses }) => misses.map((miss) => ({ what, miss })));
  printUnder(
    missed.flatMap(({ what, miss }) =>
      drills
        .filter(({ name }) => miss.startsWith(`${name} `))
        .map((drill) => ({ drill, what: `${what}: ${miss}` })),
    ),
  );
}
