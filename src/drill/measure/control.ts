/**
 * Starts the control thread, and then the plan that it keeps beside the drill.
 *
 * @module
 */

import { Worker } from 'node:worker_threads';
import type { Plan } from './schedule.ts';

/** What the control notes at each instant of the plan, in milliseconds; not a number where it has not. */
export interface ControlNotes {
  /** How late it woke up. */
  readonly lateMs: Float64Array;
  /** For how long, in all, the main thread was ready to run and had no processor, as the kernel counts. */
  readonly keptMs: Float64Array;
}

/** A thread that notes how late the machine lets it wake up. */
export interface Control {
  readonly notes: ControlNotes;
  /** Begins to keep this plan. */
  readonly begin: (plan: Plan) => void;
  /** Ends the thread. */
  readonly stop: () => Promise<void>;
}

/** @param count wake-ups of the plan that it will be given */
export async function startControl(count: number): Promise<Control> {
  const notes: ControlNotes = { lateMs: sharedTimes(count), keptMs: sharedTimes(count) };
  const file = new URL('./drillControlThread.js', import.meta.url);
  const worker = new Worker(file, { workerData: notes, name: 'drill control', execArgv: [] });
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => {
      resolve();
    });
    worker.once('error', reject);
  });
  return {
    notes,
    begin(plan) {
      worker.postMessage(plan);
    },
    async stop() {
      await worker.terminate();
    },
  };
}

function sharedTimes(count: number): Float64Array {
  const bytes = count * Float64Array.BYTES_PER_ELEMENT;
  return new Float64Array(new SharedArrayBuffer(bytes)).fill(Number.NaN);
}
