/** A simulated device that is off: nobody can ask it, and nothing but its switch starts a process on it. */

import { expect, it } from 'vitest';
import { runPlan } from '../../../src/simulator/simulation.ts';

const SECOND_MS = 1_000;

it('SM-1 a device that is off stays off when its disk loses its power, and is asked once it is on', async () => {
  const stops = { device: 0, deadlineMs: 0, offMs: 600 * SECOND_MS, isChanged: false };
  const { breaches, history } = await runPlan({
    ...{ version: '0.0.0', seed: 1, hours: 0.5 },
    setup: { devices: [{ name: 'phone' }], upstreams: [{ name: 'payments' }] },
    steps: [
      {
        atMs: SECOND_MS,
        kind: 'disk.crisesMeanwhile',
        data: {
          ...{ device: 0, way: 'full', roomBytes: 0, forMs: 120 * SECOND_MS, thenEnds: 'powerCut' },
          crises: [{ subject: 'user-1', afterMs: 60 * SECOND_MS }],
        },
      },
      { atMs: 2 * SECOND_MS, kind: 'process.stop', data: stops },
    ],
  });
  const linesOf = (words: string): readonly string[] =>
    history.filter((line) => line.includes(words)).map((line) => line.slice(0, 11));
  expect(breaches).toEqual([]);
  expect(linesOf('is answered')).toEqual(['0d 00:10:02']);
});
