/**
 * Looks for one planted bug, in a process of its own: runs the simulator, whose build contains the bug, with one seed
 * after another until a run breaks the promise that the plant names. Without a plant it checks that the same seeds
 * are clean. Prints each seed's result as a line of JSON.
 *
 * @module
 */

import { drawPlan } from '../../../../src/simulator/drawPlan.ts';
import { breachKind } from '../../../../src/simulator/report/shrinkPlan.ts';
import { runPlan } from '../../../../src/simulator/simulation.ts';

/** Virtual hours of a seed. */
const HOURS = 4;
const [pattern = '', about = '', ...seeds] = process.argv.slice(2);
const finds = new RegExp(pattern);

for (const seed of seeds.map(Number)) {
  const others = await breachesOf(seed);
  const found = others.find((breach) => finds.test(breach)) ?? null;
  process.stdout.write(`${JSON.stringify({ seed, found, others })}\n`);
  if (found !== null) break;
}
process.exit(0);

async function breachesOf(seed: number): Promise<readonly string[]> {
  try {
    const plan = drawPlan(seed, HOURS, 'planted', about === '' ? undefined : about);
    const { breaches } = await runPlan(plan, (sofar) => sofar.some((breach) => finds.test(breach)));
    // Only the first breach of each kind is printed: a pipe is cut when the process ends, and a bad bug breaks
    // thousands.
    return [...new Map(breaches.toReversed().map((one) => [breachKind(one), one])).values()];
  } catch (error) {
    return [`the run failed: ${String(error)}`];
  }
}
