/**
 * How soon work goes on after an outage, by its length: the real runtime in virtual time, with work queued
 * before and enough of it left after. Usage: outages.js [--seeds=1,2,3] [--systems=holdfast,plain]
 *
 * @module
 */

import { firstMsMax } from './goodput/bars.ts';
import { outageDrill } from './goodput/drills.ts';
import { measure } from './goodput/measure.ts';
import { runVirtual } from './goodput/runs.ts';
import { summarized } from './goodput/summary.ts';
import { holdfast } from './goodput/systems/holdfast.ts';
import { plain } from './goodput/systems/plain.ts';
import { printMachine, printTable } from './support.ts';

const LENGTHS_MS = [900, 5_000, 30_000, 300_000, 3_600_000];
const SYSTEMS = [holdfast, plain];

const given = process.argv.find((argument) => argument.startsWith('--seeds='))?.slice(8);
const seeds = (given ?? '11,2,3,4,5').split(',').map(Number);
const named = process.argv.find((argument) => argument.startsWith('--systems='))?.slice(10);
const systems = SYSTEMS.filter(
  ({ name }) => named?.split(',').includes(name) ?? name === 'holdfast',
);

const seconds = (ms: number | undefined): string =>
  ms === undefined ? 'never' : (ms / 1_000).toFixed(2);

printMachine();
const rows: Record<string, string>[] = [];
for (const system of systems) {
  for (const lengthMs of LENGTHS_MS) {
    const drill = outageDrill(lengthMs);
    const figures = [];
    for (const seed of seeds) {
      figures.push(measure(await runVirtual(drill, system, seed)));
      console.error(`${system.name}, ${seconds(lengthMs)} s, seed ${seed}`);
    }
    const one = summarized(drill.name, system.name, drill.jobs(1).length, figures);
    rows.push({
      system: system.name,
      'outage, s': String(lengthMs / 1_000),
      'first success, s': seconds(one.firstMs?.median),
      worst: seconds(one.firstMs?.worst),
      'at most (median)': seconds(Math.min(16_000, firstMsMax(lengthMs))),
      'full after, s': seconds(one.fullMs?.median),
      'worst full': seconds(one.fullMs?.worst),
      'calls in it, %': (one.outageCalls ?? 0).toFixed(2),
      'peak, %': String(Math.round(one.peak ?? 0)),
      lost: one.lost === 0 ? '0' : `${one.lost.toFixed(1)} %`,
    });
  }
}
printTable(`After an outage: medians of ${seeds.length} seeds, and the worst`, rows);
