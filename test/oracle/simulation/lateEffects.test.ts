/**
 * Effects that arrive after the process that asked for them has died, in the lane of an entity.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { type Bugs, type HistoryStep, runHistory } from './crashHistory.ts';

const inLane = (latencyMs: number): HistoryStep => ({
  kind: 'request',
  tier: 'premium',
  lane: 1,
  failures: 0,
  way: 'busy',
  latencyMs,
});

/**
 * Runs two operations: the upstream works on the first for longer than the process lives, and the second is accepted
 * as the process dies.
 */
const breachesOf = async (next: readonly HistoryStep[], bugs: Bugs = {}) => {
  const { breaches, struck } = await runHistory(
    [inLane(300), inLane(0), ...next, { kind: 'pass', ms: 500 }],
    [{ afterStep: 1, point: 'journal.beforeTell', passage: 1 }],
    bugs,
  );
  expect(struck).toEqual(['journal.beforeTell']);
  return breaches;
};

test('OP-4 OP-5 an operation that is cancelled after a crash leaves its lane, though its effect may still come', async () => {
  expect(await breachesOf([{ kind: 'cancel', which: 0 }])).toEqual([]);
});

test('OP-4 an operation that a crash found in its lane goes before those behind it', async () => {
  expect(await breachesOf([])).toEqual([]);
});

test('OP-4 control: an effect that comes after a crash and after one behind it is caught where it completes', async () => {
  const breaches = await breachesOf([], {
    rewrite: (write) => (write.kind === 'accept' ? { ...write, lane: null } : write),
  });
  expect(breaches).toContain('out of order: key-1 after key-2 in account/1');
});
