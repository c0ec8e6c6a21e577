import { expect, test } from 'vitest';
import type { Attempt } from '../../actors/operation/handler.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

/** How long a crisis of somebody else waits behind so many whose calls hang, each of another subject, in ms. */
async function waitBehind(hanging: number, sinceMs = 0): Promise<number> {
  const { clock, boot } = createWorld();
  const begunAtMs = new Map<unknown, number>();
  const run = async ({ payload, signal }: Attempt): Promise<null> => {
    if (!begunAtMs.has(payload)) begunAtMs.set(payload, clock.monotonic());
    if (payload === 'new') return null;
    await new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        reject(transientFailure('Hung.'));
      });
    });
    return null;
  };
  const { runtime } = boot({ handlers: { 'crisis.alert': { upstream: 'default', run } } });
  await clock.run(runtime.ready);
  for (let number = 0; number < hanging; number += 1) {
    await runtime.crisis({ subject: `user-${number}`, payload: number });
  }
  await clock.advance(sinceMs);
  const askedAtMs = clock.monotonic();
  const { delivery } = await runtime.crisis({ subject: 'user-new', payload: 'new' });
  await clock.run(delivery);
  return (begunAtMs.get('new') ?? Number.NaN) - askedAtMs;
}

// What docs/crisis.md says: the number of slots for those who have none under way doubles each second.
test.each([
  [7, 0],
  [16, 1_000],
  [100, 3_000],
  [400, 5_000],
])(
  'CR-2 behind %i subjects whose calls begin to hang at that moment a new one waits at most %i ms',
  async (hanging, ms) => {
    expect(await waitBehind(hanging)).toBeLessThanOrEqual(ms);
  },
);

test.each([7, 16, 100, 400])(
  'CR-2 behind %i subjects whose calls hang a new one does not wait',
  async (hanging) => {
    expect(await waitBehind(hanging, 6_000)).toBe(0);
  },
);
