/**
 * Random sets of options, policies and switches stop no crisis together either (CR-2).
 *
 * @module
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { merged } from '../../../src/simulator/setup/drawnOptions.ts';
import { cases } from '../../support/cases.ts';
import { type CrisisHouse, openHouse } from './crisisHouse.ts';
import { everyPolicyTry, everyTry, inEachPlace, type Try } from './optionsTried.ts';
import { SWITCHES, type Switch } from './switchesTried.ts';

const OPTIONS: readonly Try[] = [
  ...everyTry().filter(({ isKept }) => isKept !== false),
  ...everyPolicyTry().flatMap(inEachPlace),
];
const DONE = Object.entries(SWITCHES).filter(
  (entry): entry is [string, Switch] => typeof entry[1] === 'object' && entry[1].isEnd !== true,
);

const together = fc.record({
  options: fc.uniqueArray(fc.constantFrom(...OPTIONS), { minLength: 1, maxLength: 6 }),
  switches: fc.uniqueArray(fc.constantFrom(...DONE), { maxLength: 4 }),
});

/** Builds a house with all of the options that can stand together. */
function houseWith(options: readonly Try[], answerWithinMs: number): CrisisHouse {
  const given = options.map((each) => each.options()).reduce(merged, {}) as object;
  try {
    return openHouse(given, { answerWithinMs });
  } catch (error) {
    if (!isHoldfastError(error) || error.code !== 'HF_OPTION_INVALID') throw error;
    return houseWith(options.slice(0, -1), answerWithinMs);
  }
}

test('CR-2 CR-1 CR-4 any options and switches together stop no crisis', async () => {
  await fc.assert(
    fc.asyncProperty(together, async ({ options, switches }) => {
      const its = [...options, ...switches.map(([, each]) => each)];
      const rules = { answerWithinMs: Math.max(...its.map((each) => each.answerWithinMs ?? 0)) };
      const house = houseWith(options, rules.answerWithinMs);
      const faults = [...(await house.faults(rules))];
      await house.open();
      house.withholdDisk();
      for (const [, { begin }] of switches) {
        void Promise.resolve(begin(house)).catch(() => undefined);
      }
      await house.clock.advance(0);
      faults.push(...(await house.faultsInTrouble(rules)));
      expect(faults).toEqual([]);
    }),
    { numRuns: cases(10, 40), seed: 10, endOnFailure: true },
  );
});
