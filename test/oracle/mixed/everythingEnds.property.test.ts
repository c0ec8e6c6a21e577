/**
 * Whatever has happened, once everything is well everything ends in a stated time; with controls.
 *
 * @module
 */

import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Breaker } from '../../../actors/upstream/breaker.ts';
import { UpstreamScheduler } from '../../../actors/upstream/upstreamScheduler.ts';
import { cases } from '../../support/cases.ts';
import { runMixed } from './mixedHistory.ts';
import { anySetup, anyStep } from './mixedStep.ts';

const RUNS = Number(process.env['HOLDFAST_MIXED_HISTORIES'] ?? cases(25, 100));
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
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** The breaches of the first history in which a planted bug shows, by their kind. */
  const kindsFound = async (): Promise<readonly string[]> => {
    for (const { seed, setup, steps } of fc.sample(anyHistory, { seed: SEED, numRuns: 20 })) {
      const { breaches } = await runMixed(seed, setup, steps);
      if (breaches.length > 0) return breaches.map((breach) => breach.split(':')[0] ?? '');
    }
    return [];
  };

  test('CB-2 control: a breaker that lets no probe out is found', async () => {
    vi.spyOn(Breaker.prototype, 'requestProbe').mockReturnValue(false);
    expect(await kindsFound()).toContain('still waiting');
  });

  test('OP-6 control: permits that do not come back are found', async () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method
    const { leave } = UpstreamScheduler.prototype;
    let calls = 0;
    vi.spyOn(UpstreamScheduler.prototype, 'leave').mockImplementation(function lose(
      this: UpstreamScheduler,
      ...given
    ) {
      calls += 1;
      return calls % 10 === 0
        ? { isUpstreamWell: true, isDoubted: false }
        : leave.apply(this, given);
    });
    expect(await kindsFound()).toEqual(
      expect.arrayContaining([expect.stringMatching(/still waiting|slot leaked/)]),
    );
  });

  test('DG-2 control: a level that parks for ever is found', async () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method
    const { tryEnter } = UpstreamScheduler.prototype;
    const park = function park(this: UpstreamScheduler, asker: Parameters<typeof tryEnter>[0]) {
      return asker.urgency > 6 ? null : tryEnter.call(this, asker);
    };
    vi.spyOn(UpstreamScheduler.prototype, 'tryEnter').mockImplementation(park);
    expect(await kindsFound()).toContain('still waiting');
  });
});
