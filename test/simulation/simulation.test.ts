import { describe, expect, test } from 'vitest';
import { simulate } from '../support/simulation.ts';

const RUNS = Number(process.env['HOLDFAST_SIMULATIONS'] ?? 100);
const FIRST_SEED = Number(process.env['HOLDFAST_SEED'] ?? 1);

describe('the whole system on virtual time', () => {
  test('OP-2 OP-3 OP-4 RT-4 SV-3 PS-6 whatever fails, nothing accepted is lost, repeated or out of order, and all of it ends', async () => {
    let completed = 0;
    let kills = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed += 1) {
      const report = await simulate({ seed, steps: 60 });
      expect(report.breaches, `HOLDFAST_SEED=${seed} HOLDFAST_SIMULATIONS=1`).toEqual([]);
      completed += report.completed;
      kills += report.kills;
    }
    // The runs must have been about something.
    expect(completed).toBeGreaterThan(10 * RUNS);
    expect(kills).toBeGreaterThan(RUNS / 4);
  }, 60_000);
});
