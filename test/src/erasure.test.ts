/** What is left of a payload once its operation has ended (SE-5). */

import { expect, test } from 'vitest';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { permanentFailure, transientFailure } from '../../src/index.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const HANDLERS = {
  completes: { upstream: 'default', run: () => ({ done: true }) },
  isRetried: {
    upstream: 'default',
    run: ({ number }: { readonly number: number }) => {
      if (number < 3) throw transientFailure('busy');
      return null;
    },
  },
  isRefused: {
    upstream: 'default',
    run: () => {
      throw permanentFailure('no');
    },
  },
  waits: {
    upstream: 'default',
    run: () => {
      throw transientFailure('busy');
    },
  },
} as const;

test.each([
  ['small', 'a secret'],
  ['large', 'a secret '.repeat(1_000)],
])('SE-5 OP-5 a %s payload is erased with the ending, but for a dead letter', async (_, secret) => {
  const { clock, disk, boot } = createWorld();
  const { runtime } = boot({ handlers: HANDLERS });
  await clock.run(runtime.ready);
  const start = async (type: keyof typeof HANDLERS, more: Partial<SyncRequest> = {}) =>
    await clock.run(
      runtime.sync({ type, subject: 'user-42', tier: 'premium', payload: { secret }, ...more }),
    );
  const keptAfter = async (operation: Awaited<ReturnType<typeof start>>) => {
    const { status } = await clock.run(operation.outcome);
    const payload = (await disk.find(operation.id))?.payload;
    return [status, payload === null ? 'erased' : payload?.includes(secret)];
  };

  expect(await keptAfter(await start('completes'))).toEqual(['completed', 'erased']);
  expect(await keptAfter(await start('isRetried'))).toEqual(['completed', 'erased']);
  expect(await keptAfter(await start('isRefused'))).toEqual(['deadLettered', true]);
  const cancelled = await start('waits');
  await clock.advance(50);
  void cancelled.cancel();
  expect(await keptAfter(cancelled)).toEqual(['cancelled', 'erased']);
  const expired = await start('waits', { expiresAtMs: clock.now() + 100 });
  expect(await keptAfter(expired)).toEqual(['expired', 'erased']);
});
