import { describe, expect, test } from 'vitest';
import type { FeedMessage } from '../../inspector/protocol.ts';
import type { HoldfastRuntime } from '../../src/holdfastRuntime.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

describe('the feed of a runtime', () => {
  test('OB-1 tells a viewer of the system, its actors, their steps and the news', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({
      handlers: { 'payments.push': { upstream: 'default', run: () => 'done' } },
    });
    const { feed } = runtime as HoldfastRuntime;
    const told: FeedMessage[] = [];
    feed.watch((messages) => told.push(...messages));
    const operation = await clock.run(
      runtime.sync({ type: 'payments.push', subject: 'user-1', tier: 'basic', payload: {} }),
    );
    await clock.run(operation.outcome);
    await clock.advance(2_000);
    expect(told.map(({ kind }) => kind)).toContain('overview');
  });
});
