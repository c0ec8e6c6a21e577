/**
 * The process that looks for one planted bug: runs the simulator, which its build has planted the bug in, with one
 * seed after another until a promise is broken as the plant says. Without a plant it looks whether the same seeds
 * are clean. Prints each seed's result as a line of JSON.
 *
 * @module
 */

import { drawPlan } from '../../../../src/simulator/drawPlan.ts';
import { breachKind } from '../../../../src/simulator/report/shrinkPlan.ts';
import { runPlan } from '../../../../src/simulator/simulation.ts';

/** Virtual hours of a seed. */
const HOURS = 4;
const [pattern = '', knownJson = '{}', ...seeds] = process.argv.slice(2);
const finds = new RegExp(pattern);
/** The kinds of what is broken anyway, by seed: no evidence of a plant. */
const known = JSON.parse(knownJson) as Readonly<Record<string, readonly string[]>>;

for (const seed of seeds.map(Number)) {
  const anyway = known[seed] ?? [];
  const isNew = (breach: string): boolean => !anyway.includes(breachKind(breach));
  const breaches = (await breachesOf(seed, isNew)).filter(isNew);
  const found = breaches.find((breach) => finds.test(breach)) ?? null;
  process.stdout.write(`${JSON.stringify({ seed, found, others: breaches })}\n`);
  if (found !== null) break;
}
process.exit(0);

async function breachesOf(
  seed: number,
  isNew: (breach: string) => boolean,
): Promise<readonly string[]> {
  try {
    const { breaches } = await runPlan(drawPlan(seed, HOURS, 'planted'), (sofar) =>
      sofar.some((breach) => isNew(breach) && finds.test(breach)),
    );
    return breaches;
  } catch (error) {
    return [`the run failed: ${String(error)}`];
  }
}
