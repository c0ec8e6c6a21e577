/** Plans that broke a promise once: `holdfast simulate --replay FILE --keep` adds one. */

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readFailure } from '../../../src/simulator/report/failureFile.ts';
import { runPlan } from '../../../src/simulator/simulation.ts';

const FOUND = new URL('./found/', import.meta.url);

test.each(readdirSync(fileURLToPath(FOUND)))('SM-2 %s breaks no promise any more', async (name) => {
  const { plan } = readFailure(readFileSync(new URL(name, FOUND), 'utf8'), name);
  const { breaches } = await runPlan(plan);
  expect(breaches).toEqual([]);
});
