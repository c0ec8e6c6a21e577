/** What the simulator draws for a device: every field that there is, and nothing that its rule refuses. */

import { describe, expect, test } from 'vitest';
import { checkOptions, type RuntimeOptions } from '../../src/options.ts';
import { withDrawn } from '../../src/simulator/setup/drawnOptions.ts';
import { drawOptions, everyPlace } from '../../src/simulator/setup/drawOptions.ts';
import { unknownFields } from '../../src/simulator/setup/fieldValues.ts';
import { seededRandom } from '../../src/virtual/seededRandom.ts';

const NAMED = { upstreams: ['payments', 'records'], types: ['payments.push', 'records.put'] };

/** Options of a run over which something is laid. */
function base(): Partial<RuntimeOptions> {
  const handler = {
    upstream: 'payments',
    conflicts: { fetchCurrent: () => null },
    run: () => null,
  };
  return {
    random: seededRandom(1),
    upstreams: { payments: {}, records: {} },
    handlers: { 'payments.push': handler, 'records.put': { ...handler, upstream: 'records' } },
    crisis: { escalation: [{ name: 'on-call', notify: () => undefined }] },
  };
}

describe('options are drawn', () => {
  test('SM-1 every option and policy that there is has values', () => {
    expect(unknownFields()).toEqual([]);
  });

  test('SM-1 every value of every field, alone, is laid over the options and allowed', () => {
    const tiers = ['gold', 'guest'].map((name) => {
      return { place: 'tiers', name, field: 'like', value: 'premium' } as const;
    });
    const refused = everyPlace(NAMED).flatMap(({ place, name, field, values }) =>
      values
        .filter((value) => {
          const plain = withDrawn(base(), tiers);
          return withDrawn(plain, [{ place, name, field, value }]) === plain;
        })
        .map((value) => `${place} ${name} ${field} ${JSON.stringify(value)}`),
    );
    expect(refused).toEqual([]);
  });

  test('SM-1 what is drawn together stands together, and is the same for the same seed', () => {
    for (let seed = 0; seed < 100; seed += 1) {
      const sets = drawOptions(seededRandom(seed), NAMED);
      expect(drawOptions(seededRandom(seed), NAMED)).toEqual(JSON.parse(JSON.stringify(sets)));
      for (const set of sets) {
        expect(() => checkOptions({ ...withDrawn(base(), set), store: ':memory:' })).not.toThrow();
      }
    }
  });
});
