/**
 * Histories of a fleet, by chance: what happens to its devices, and what kind of fleet it is.
 *
 * @module
 */

import fc from 'fast-check';
import { Fleet, type FleetOptions, type HouseRules, type Step } from './fleet.ts';

const device = fc.nat(3);
const pick = fc.nat(7);
const tab = fc.nat(2);
const change = fc.constantFrom(
  'title',
  'text',
  'addPerson',
  'renamePerson',
  'removePerson',
  'addTag',
);
/** Half of the edits leave nothing out. */
const drops = fc.oneof(fc.constant([]), fc.array(fc.boolean(), { minLength: 3, maxLength: 16 }));
const fate = fc.oneof(
  { weight: 5, arbitrary: fc.constant('arrives' as const) },
  { weight: 1, arbitrary: fc.constantFrom('lost' as const, 'answerLost' as const) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ does: fc.constant('edit' as const), device, tab, change, pick, drops }),
  },
  { weight: 9, arbitrary: fc.record({ does: fc.constant('send' as const), device, fate }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('look' as const), device, tab }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('tell' as const), device, pick }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('late' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('giveUp' as const), device }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('wait' as const), days: fc.nat(3) }) },
);
/** What happens, in its order. */
export const steps = fc.array(step, { maxLength: 60, size: 'max' });
export const options: fc.Arbitrary<FleetOptions> = fc.record({
  devices: fc.integer({ min: 1, max: 4 }),
  tabs: fc.integer({ min: 1, max: 3 }),
  carriesMeta: fc.boolean(),
  whileInReview: fc.constantFrom('goesOut' as const, 'waits' as const),
});

const YEAR_MS = 365 * 86_400_000;
export const clock = fc.constantFrom(
  ...[0, 700, -20_000, -401 * 86_400_000, 401 * 86_400_000],
  ...[30 * YEAR_MS, -30 * YEAR_MS, -1e15],
);
/** As {@link steps}, with clocks decades off, that jump, silence of 500 days and restores. */
export const wild = fc.array(
  fc.oneof(
    { weight: 20, arbitrary: step },
    {
      weight: 1,
      arbitrary: fc.record({ does: fc.constant('jump' as const), device, skewMs: clock }),
    },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('backUp' as const), device }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('restore' as const), device }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('wait' as const), days: fc.nat(500) }) },
  ),
  { maxLength: 60, size: 'max' },
);

/** What comes of a history, once all that is under way has come to its end. */
export function play(its: FleetOptions, history: readonly Step[], house?: HouseRules): Fleet {
  const fleet = new Fleet({ ...its, ...(house === undefined ? {} : { house }) });
  for (const one of history) fleet.step(one);
  fleet.settle();
  return fleet;
}
