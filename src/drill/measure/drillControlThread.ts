/**
 * The control: a thread with nothing to do but to wake up at the instants of the plan, and note how late
 * it was, and for how long the kernel has kept the main thread from a processor so far. Where either
 * explains a late answer, the machine had no time for anybody.
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { machineMs } from '../../../actors/platform/systemClock.ts';
import { type ControlNotes, type Plan, plannedAtMs, runPlan } from './figures.ts';

const { lateMs, keptMs } = workerData as ControlNotes;
/** The kernel's account of the main thread (Linux): time run, and time ready but not run. */
const ACCOUNT = `/proc/self/task/${process.pid}/schedstat`;

function keptFromProcessorMs(): number {
  try {
    return Number(readFileSync(ACCOUNT, 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return Number.NaN;
  }
}

parentPort?.once('message', (plan: Plan) => {
  void runPlan(plan, (index) => {
    lateMs[index] = machineMs() - plannedAtMs(plan, index);
    keptMs[index] = keptFromProcessorMs();
  });
});
parentPort?.postMessage('ready');
