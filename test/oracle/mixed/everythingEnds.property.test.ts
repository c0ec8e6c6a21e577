/**
 * Whatever has happened, once everything is well everything ends in a stated time; with controls.
 *
 * @module
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runMixed } from './mixedHistory.ts';
import { anySetup, anyStep } from './mixedStep.ts';

const RUNS = Number(process.env['HOLDFAST_MIXED_HISTORIES'] ?? 100);
const SEED = Number(process.env['HOLDFAST_SEED'] ?? 1);

const anyHistory = fc.record({
  seed: fc.nat(1_000_000),
  setup: anySetup,
  steps: fc.array(anyStep, { minLength: 10, maxLength: 60 }),
});

describe('several upstreams, levels, lanes, crises, suspects, moves, restarts and a bad disk', () => {
  test('OP-1 OP-6 DG-3 SV-3 once everything is well everything ends in time, but for what waits for a person and says so', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async ({ seed, setup, steps }) => {
        const { breaches } = await runMixed(seed, setup, steps);
        expect(breaches).toEqual([]);
      }),
      {
        seed: SEED,
        numRuns: RUNS,
        interruptAfterTimeLimit: 200_000,
        markInterruptAsFailure: false,
      },
    );
  }, 240_000);
});
