/**
 * Prints the figures of every drill, simulated. Usage: simTable.js [seeds] [first seed] [drills, by comma]
 *
 * @module
 */

import { DRILLS } from './drills.ts';
import { simulate } from './sim.ts';
import { figuresOf } from './simFigures.ts';

const seeds = Number(process.argv[2] ?? 5);
const first = Number(process.argv[3] ?? 1);
const only = process.argv[4]?.split(',');
const percent = (share: number): string => (100 * share).toFixed(0).padStart(4);
const least = (all: readonly number[]): number => Math.min(...all);
const most = (all: readonly number[]): number => Math.max(...all);
const middle = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[all.length >> 1] ?? 0;

console.log(
  'drill    good95 (median, worst)  to end  lost%  excess%(worst)  outage%  first s (median, worst)  full s  peak%  trips',
);
for (const drill of DRILLS) {
  if (only !== undefined && !only.includes(drill.name)) continue;
  const runs = Array.from({ length: seeds }, (_, index) => {
    const seed = first + index;
    const run = simulate(drill, seed);
    return { ...figuresOf(drill, seed, run), news: run.news, requests: run.ended.length };
  });
  const firsts = runs.flatMap((run) => run.firstSuccessMs);
  const cells = [
    drill.name.padEnd(8),
    percent(middle(runs.map((run) => run.goodput95))),
    percent(least(runs.map((run) => run.goodput95))),
    '   ',
    percent(middle(runs.map((run) => run.goodputToEnd))),
    ' ',
    (100 * middle(runs.map((run) => run.lost / run.requests))).toFixed(1).padStart(5),
    ' ',
    (100 * middle(runs.map((run) => run.excess))).toFixed(1).padStart(5),
    (100 * most(runs.map((run) => run.excess))).toFixed(1).padStart(5),
    '  ',
    (100 * most(runs.map((run) => run.outageCalls))).toFixed(2),
    '  ',
    firsts.length === 0
      ? '-'
      : `${(middle(firsts) / 1000).toFixed(2)} ${(most(firsts) / 1000).toFixed(2)}`,
    ' ',
    firsts.length === 0 ? '-' : (most(runs.flatMap((run) => run.fullAfterMs)) / 1000).toFixed(2),
    ' ',
    percent(most(runs.map((run) => run.peak))),
    runs.map((run) => run.news.filter(({ type }) => type === 'outage.detected').length).join('/'),
    most(runs.map((run) => run.unended)) > 0 ? 'UNENDED' : '',
  ];
  console.log(cells.join(' '));
}
