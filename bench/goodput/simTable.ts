/**
 * Prints the figures of every drill, simulated: before each its bar, and at the end what stays under its bar, and why.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { printTable } from '../support.ts';
import { type Bar, barsOf, type FigureName, isUnder } from './bars.ts';
import type { Drill } from './drill.ts';
import { DRILLS } from './drills.ts';
import { printUnder } from './report.ts';
import { type SimRun, simulate } from './sim.ts';
import { figuresOf, type SimFigures } from './simFigures.ts';

const USAGE = `Usage: npm run bench:drills -- [seeds] [first seed] [drills, by comma] [--beside=CHECKOUT]

The drills of bench/goodput/drills.ts, simulated: the median of the seeds, the worst of them in brackets.
  --beside   another checkout of this project, in which npm run bench:build was run: its version is "before"
`;
if (process.argv.includes('--help')) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const given = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const seeds = Number(given[0] ?? 5);
const first = Number(given[1] ?? 1);
const only = given[2]?.split(',');
const unknown = only?.find((name) => DRILLS.every((drill) => drill.name !== name));
if (unknown !== undefined) throw new Error(`There is no drill ${unknown}.\n${USAGE}`);

type Simulate = (drill: Drill, seed: number) => SimRun;

/** That of another checkout, which does the drills of this one. */
async function simulateOf(checkout: string): Promise<Simulate> {
  const file = join(checkout, 'node_modules/.cache/holdfast-bench/bench/goodput/sim.js');
  if (!existsSync(file)) {
    throw new Error(`${file} is not there: run npm ci and npm run bench:build in ${checkout}.`);
  }
  return ((await import(pathToFileURL(file).href)) as { readonly simulate: Simulate }).simulate;
}

const middle = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[all.length >> 1] ?? 0;

/** In the units of the bars; a figure of several outages has several. */
const FIGURES: Readonly<Record<FigureName, (figures: SimFigures) => readonly number[]>> = {
  goodput: ({ goodput95 }) => [100 * goodput95],
  excess: ({ excess }) => [100 * excess],
  outageCalls: ({ outageCalls }) => [100 * outageCalls],
  first: ({ firstSuccessMs }) => firstSuccessMs,
  full: ({ fullAfterMs }) => fullAfterMs,
  peak: ({ peak }) => [100 * peak],
};
const NAMES: Readonly<Record<FigureName, string>> = {
  goodput: 'goodput to 95 %, %',
  excess: 'calls too many, %',
  outageCalls: 'outage calls, %',
  first: 'first success, s',
  full: 'full after, s',
  peak: 'peak, %',
};
const names = Object.keys(FIGURES) as readonly FigureName[];

function saidOf(name: FigureName, value: number): string {
  if (name === 'first' || name === 'full') return (value / 1000).toFixed(2);
  return value.toFixed(name === 'outageCalls' ? 2 : name === 'excess' ? 1 : 0);
}

const under: { readonly drill: Drill; readonly what: string }[] = [];

function cellOf(name: FigureName, bar: Bar, values: readonly number[]): string {
  const worst = bar.side === 'least' ? Math.min(...values) : Math.max(...values);
  const mark = isUnder(bar, middle(values)) ? ' UNDER' : '';
  const sign = bar.side === 'least' ? '≥' : '≤';
  return `${sign} ${saidOf(name, bar.value)}: ${saidOf(name, middle(values))} (${saidOf(name, worst)})${mark}`;
}

function rowOf(drill: Drill, version: string, runs: readonly SimRun[]): Record<string, string> {
  const figures = runs.map((run, index) => figuresOf(drill, first + index, run));
  const bars = barsOf(drill);
  const cells = names.map((name) => {
    const bar = bars[name];
    const values = figures.flatMap((one) => FIGURES[name](one));
    if (bar === undefined || values.length === 0) return [NAMES[name], ''];
    const cell = cellOf(name, bar, values);
    if (version !== 'before' && cell.endsWith('UNDER'))
      under.push({ drill, what: `${NAMES[name]} ${cell.replace(' UNDER', '')}` });
    return [NAMES[name], cell];
  });
  const lost = figures.map((one, index) => one.lost / (runs[index]?.ended.length ?? 1));
  const trips = runs.map(
    ({ news }) => news.filter(({ type }) => type === 'outage.detected').length,
  );
  return {
    drill: drill.name,
    version,
    ...(Object.fromEntries(cells) as Record<string, string>),
    'lost, %': (100 * middle(lost)).toFixed(1),
    trips: trips.join('/'),
    unended: String(Math.max(...figures.map(({ unended }) => unended))),
  };
}

const beside = process.argv.find((argument) => argument.startsWith('--beside='));
const versions: [string, Simulate][] = [['now', simulate]];
if (beside !== undefined) {
  versions.unshift(['before', await simulateOf(beside.slice('--beside='.length))]);
}
const rows = DRILLS.filter(({ name }) => only === undefined || only.includes(name)).flatMap(
  (drill) =>
    versions.map(([version, run]) =>
      rowOf(
        drill,
        version,
        Array.from({ length: seeds }, (_, index) => run(drill, first + index)),
      ),
    ),
);
printTable(
  `Bar: median (worst) of ${seeds} seeds from ${first} on; UNDER: the median is on the wrong side of the bar`,
  rows,
);
printUnder(under);
