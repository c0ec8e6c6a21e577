import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  GAD7,
  type Instrument,
  type ItemAnswer,
  PHQ9,
  scoreOf,
} from '../../../../machines/policy/clinical/instruments.ts';

/** All items answered so that they come to `sum`, the last one as low as it can be. */
function answersFor({ items }: Instrument, sum: number): Record<string, ItemAnswer> {
  let left = sum;
  return Object.fromEntries(
    items.map((item) => {
      const answer = Math.min(3, left);
      left -= answer;
      return [item, answer as ItemAnswer];
    }),
  );
}

describe('OP-9 a sum means what the source of the questionnaire says', () => {
  test.each([
    [PHQ9, 'minimal', 0, 4],
    [PHQ9, 'mild', 5, 9],
    [PHQ9, 'moderate', 10, 14],
    [PHQ9, 'moderatelySevere', 15, 19],
    [PHQ9, 'severe', 20, 27],
    [GAD7, 'minimal', 0, 4],
    [GAD7, 'mild', 5, 9],
    [GAD7, 'moderate', 10, 14],
    [GAD7, 'severe', 15, 21],
  ])('$0.name $1 from $2 to $3', (instrument, severity, from, to) => {
    for (let total = from; total <= to; total += 1) {
      expect(scoreOf(instrument, answersFor(instrument, total))).toMatchObject({ total, severity });
    }
  });

  test('OP-9 and no sum is told of a questionnaire with one item open', () => {
    for (const instrument of [PHQ9, GAD7]) {
      for (const open of instrument.items) {
        const { [open]: _, ...answers } = answersFor(instrument, 9);
        expect(scoreOf(instrument, answers)).toMatchObject({ total: null, severity: null });
      }
    }
  });

  test('CR-1 any answer to item 9 but 0 raises the risk flag, whatever the others say', () => {
    const answer = fc.constantFrom(0, 1, 2, 3, undefined) as fc.Arbitrary<ItemAnswer | undefined>;
    fc.assert(
      fc.property(fc.array(answer, { minLength: 9, maxLength: 9 }), (given) => {
        const answers = Object.fromEntries(
          PHQ9.items.flatMap((item, at) => (given[at] === undefined ? [] : [[item, given[at]]])),
        );
        expect(scoreOf(PHQ9, answers).riskFlag).toBe((given[8] ?? 0) > 0);
        expect(scoreOf(GAD7, answers).riskFlag).toBe(false);
      }),
    );
  });
});
