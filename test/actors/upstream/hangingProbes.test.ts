/**
 * Probes that hang: each makes way for the next, and no more than a few dozen hang at once.
 *
 * @module
 */

import { expect, test } from 'vitest';
import type { Permit } from '../../../actors/operation/flowControl.ts';
import { createFlow } from '../../support/harness/flowHarness.ts';

test('CB-2 probes that hang are bounded, and go on when one is back', async () => {
  const { clock, flow, goDown, end, upstream } = createFlow({
    concurrency: 128,
    attemptTimeoutMs: 600_000,
  });
  goDown();
  const hanging: Permit[] = [];
  const probe = (): void => {
    const permit = flow.tryEnter({ id: null, urgency: 1 });
    if (permit !== null) hanging.push(permit);
  };
  for (let second = 0; second < 600; second += 1) {
    await clock.advance(1_000);
    probe();
  }
  expect([hanging.length, flow.inFlight]).toEqual([32, 32]);
  expect(flow.mayRun({ id: null, urgency: 1 })).toMatchObject({ because: 'slot' });
  const [first, ...others] = hanging;
  if (first !== undefined) end(first, 'silent');
  await clock.advance(20_000);
  probe();
  expect(flow.inFlight).toBe(32);
  for (const permit of others) end(permit, 'answered');
  expect(upstream.breaker.snapshot.value).toBe('closed');
});

test.each([
  [128, 32],
  [8, 4],
])(
  'CB-2 DG-3 %i slots, a start into calls that hang: once one is answered the next go out at once',
  async (concurrency, most) => {
    const { clock, flow, enterAll, goDown, end, upstream } = createFlow({
      concurrency,
      attemptTimeoutMs: 600_000,
    });
    goDown('timedOut');
    const hanging: Permit[] = [];
    for (let tenth = 0; tenth < 3_000; tenth += 1) {
      await clock.advance(100);
      const permit = flow.tryEnter({ id: null, urgency: 1 });
      if (permit !== null) hanging.push(permit);
    }
    const answered = hanging.pop();
    if (answered === undefined) throw new Error('There was no probe.');
    expect(hanging).toHaveLength(most - 1);
    end(answered, 'answered');
    expect(upstream.breaker.snapshot.value).toBe('closed');
    expect(enterAll()).toHaveLength(4);
  },
);
