/** A crisis whose line fails goes out all the same, and the failure is told. */

import { afterEach, expect, test, vi } from 'vitest';
import { CrisisSlots } from '../../../actors/upstream/crisisSlots.ts';
import { Line } from '../../../actors/upstream/line.ts';
import { UpstreamRates } from '../../../actors/upstream/upstreamRates.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const PLANTED = new Error('planted: the line throws');

function throwPlanted(): never {
  throw PLANTED;
}

/** Two crises of one person, and what was told of them. */
async function deliverTwo() {
  const { clock, boot } = createWorld();
  const handlers = { 'crisis.alert': { upstream: 'careTeam', run: () => null } };
  const { runtime, errors } = boot({ upstreams: { careTeam: {} }, handlers });
  await clock.run(runtime.ready);
  const deliveries = [];
  for (let n = 0; n < 2; n += 1) {
    const { delivery } = await clock.run(runtime.crisis({ subject: 'user-42' }));
    deliveries.push(delivery);
  }
  const ends = await clock.run(Promise.all(deliveries));
  return { ends: ends.map(({ status }) => status), errors, careTeam: runtime.upstream('careTeam') };
}

test('CR-2 CR-4 control: where the line is well nothing is told', async () => {
  const { ends, errors, careTeam } = await deliverTwo();
  expect([ends, errors]).toEqual([['completed', 'completed'], []]);
  expect(careTeam.inFlight).toBe(0);
});

test('CR-2 CR-4 where the line throws it goes out without a permit, which is told', async () => {
  vi.spyOn(Line.prototype, 'enterCrisis').mockImplementation(throwPlanted);
  const { ends, errors } = await deliverTwo();
  expect([ends, errors]).toEqual([
    ['completed', 'completed'],
    [PLANTED, PLANTED],
  ]);
});

test('CR-2 CR-4 where the line counts by rates that throw it goes out, which is told', async () => {
  vi.spyOn(UpstreamRates.prototype, 'inForce', 'get').mockImplementation(throwPlanted);
  const { ends, errors } = await deliverTwo();
  expect([ends, errors]).toEqual([
    ['completed', 'completed'],
    [PLANTED, PLANTED],
  ]);
});

test('CR-2 one whose beginning throws holds no other up', () => {
  const slots = new CrisisSlots(() => 4);
  const delivery = { subject: 'user-42', entity: null, isFirst: true };
  expect(() => slots.enter(delivery, throwPlanted)).toThrow(PLANTED);
  const begun: string[] = [];
  slots.enter({ ...delivery, subject: 'user-43' }, () => {
    begun.push('user-43');
  });
  expect(begun).toEqual(['user-43']);
});
