/**
 * Crises while something else goes on, for the benches that ask whether it holds up their answers.
 *
 * @module
 */

import { setTimeout as pause } from 'node:timers/promises';
import type { Runtime } from '../src/runtime.ts';
import { percentile } from './support.ts';

const CRISES_A_SECOND = 50;
const PEOPLE = 1_000;

/** Asks for 50 crises a second until a piece of work has ended; resolves to a row of a table. */
export async function crisesWhile(
  runtime: Runtime,
  work: Promise<unknown>,
): Promise<Readonly<Record<string, string | number>>> {
  const latencies: number[] = [];
  const startedAtMs = performance.now();
  let isOver = false;
  const worked = work.finally(() => {
    isOver = true;
  });
  for (let sent = 0; !isOver; sent += 1) {
    const plannedAtMs = startedAtMs + (sent / CRISES_A_SECOND) * 1_000;
    const waitMs = plannedAtMs - performance.now();
    if (waitMs > 0) await pause(waitMs);
    await runtime.crisis({ subject: `person-${sent % PEOPLE}`, payload: { note: 'help' } });
    latencies.push(performance.now() - plannedAtMs);
  }
  await worked;
  return {
    'took, s': ((performance.now() - startedAtMs) / 1_000).toFixed(1),
    crises: latencies.length,
    'p50, ms': percentile(latencies, 0.5).toFixed(2),
    'p99, ms': percentile(latencies, 0.99).toFixed(2),
    'most, ms': percentile(latencies, 1).toFixed(2),
  };
}
