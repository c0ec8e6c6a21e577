import { expect, test } from 'vitest';
import type { Attempt } from '../../actors/operation/handler.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const MINUTE_MS = 60_000;

test('OP-6 DG-2 an upstream that never answers: what waits says so, for hours, and ends once it answers', async () => {
  const { clock, boot } = createWorld();
  let isUp = false;
  const { runtime } = boot({
    handlers: {
      'a.b': {
        upstream: 'default',
        run: async ({ signal }: Attempt) => {
          if (isUp) return null;
          await new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason as Error));
          });
          return null;
        },
      },
    },
  });
  await clock.run(runtime.ready);
  const request = { type: 'a.b', subject: 'user-1', tier: 'trial', priority: 'low' } as const;
  const operation = await clock.run(runtime.sync(request));
  const reasons = new Set<string | undefined>();
  for (let minutes = 0; minutes < 300; minutes += 60) {
    await clock.advance(60 * MINUTE_MS);
    const view = await clock.run(operation.view());
    expect(['waiting', 'backingOff', 'attempting']).toContain(view.state);
    reasons.add(view.state === 'attempting' ? 'attempting' : view.wait?.reason);
  }
  expect(reasons).not.toContain(undefined);
  expect(runtime.upstream('default').breaker).not.toBe('closed');
  isUp = true;
  expect((await clock.run(operation.outcome, 10 * MINUTE_MS)).status).toBe('completed');
});
