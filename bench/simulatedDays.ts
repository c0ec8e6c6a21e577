/**
 * Measures how many simulated days this machine's processors run in an hour, one thread for each, and what a day
 * costs (SM-3). Days with broken promises count too; `holdfast simulate` says more of them.
 *
 * Usage: simulatedDays.js [days] [first seed]
 *
 * @module
 */

import { availableParallelism } from 'node:os';
import { drawPlan } from '../src/simulator/drawPlan.ts';
import { SimulatorPool } from '../src/simulator/simulatorPool.ts';
import type { RunReport } from '../src/simulator/simulatorThread.ts';
import { printMachine, printTable } from './support.ts';

const DAY_HOURS = 24;
const VERSION = 'bench';
const [days = 20, firstSeed = 1] = process.argv.slice(2).map(Number);

const pool = new SimulatorPool();
const jobs = Math.min(days, availableParallelism());
const reports: RunReport[] = [];
const startedAtMs = performance.now();
let begun = 0;

async function work(): Promise<void> {
  while (begun < days) {
    const seed = firstSeed + begun;
    begun += 1;
    const report = await pool.run({ seed, hours: DAY_HOURS, version: VERSION });
    if (report !== null) reports.push(report);
  }
}

await Promise.all(Array.from({ length: jobs }, work));
const tookMs = performance.now() - startedAtMs;
const { user, system } = process.cpuUsage();
await pool.close();

const steps = reports.reduce(
  (sum, { seed }) => sum + drawPlan(seed, DAY_HOURS, VERSION).steps.length,
  0,
);
printMachine();
printTable('Simulated days', [
  {
    days: reports.length,
    threads: jobs,
    'days an hour': Math.round((reports.length * 3_600_000) / tookMs),
    'CPU a day (s)': ((user + system) / 1e6 / reports.length).toFixed(1),
    'steps a day': Math.round(steps / reports.length),
    'days with a broken promise': reports.filter(({ breaches }) => breaches.length > 0).length,
  },
]);
