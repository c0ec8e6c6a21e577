/**
 * How much room of the queue is kept from each tier (OP-6).
 *
 * @module
 */

import { expect, test } from 'vitest';
import { OPERATIONS_MAX, roomKeptFrom } from '../../../../machines/policy/flow/flowPolicy.ts';
import { TIERS } from '../../../../machines/vocabulary/urgency.ts';

test('OP-6 whoever pays less leaves more room for the others', () => {
  const kept = (operationsMax: number) => TIERS.map((tier) => roomKeptFrom(tier, operationsMax));
  expect(TIERS).toEqual(['premium', 'basic', 'trial']);
  expect(kept(OPERATIONS_MAX)).toEqual([0, 50_000, 100_000]);
  expect(kept(100)).toEqual([0, 5, 10]);
});

test('OP-6 of a queue too small to share nothing is kept', () => {
  expect(TIERS.map((tier) => roomKeptFrom(tier, 19))).toEqual([0, 0, 1]);
});
