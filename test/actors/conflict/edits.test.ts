import { describe, expect, test } from 'vitest';
import type { Json } from '../../../machines/vocabulary/json.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';
import { RecordUpstream } from '../../support/harness/recordUpstream.ts';

const PLAN = { type: 'preferences', id: 'p-1' } as const;

function edit(payload: Json, base?: Json) {
  return {
    type: 'plans.put',
    subject: 'user-42',
    tier: 'premium',
    entity: PLAN,
    payload,
    ...(base === undefined ? {} : { base }),
  } as const;
}

describe('an edit', () => {
  test('CF-1 CF-6 that meets another version is merged with it, and sent under a key of its own', async () => {
    const upstream = new RecordUpstream();
    const { clock, boot } = createWorld();
    const { runtime, errors } = boot({
      device: 'phone',
      handlers: { 'plans.put': upstream.handler() },
    });
    upstream.put('p-1', { theme: 'light', fontSize: 12 });
    const base = { version: '"1"', value: { theme: 'light', fontSize: 12 } };
    upstream.put('p-1', { theme: 'light', fontSize: 14 });
    const operation = await clock.run(runtime.sync(edit({ theme: 'dark', fontSize: 12 }, base)));
    const { status } = await clock.run(operation.outcome);
    expect(status).toBe('completed');
    expect(upstream.value('p-1')).toEqual({ theme: 'dark', fontSize: 14 });
    expect(upstream.writes.map(({ what }) => what)).toEqual(['refused', 'taken']);
    expect(new Set(upstream.writes.map(({ key }) => key)).size).toBe(2);
    expect(upstream.reads).toBe(1);
    expect(errors).toEqual([]);
    await clock.run(runtime.close());
  });
});
