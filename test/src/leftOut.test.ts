/** What an app that has no use for it may leave out, and what is refused since it can't be meant (UX-3). */

import { expect, onTestFinished, test } from 'vitest';
import { createRuntime, type RuntimeOptions } from '../../src/index.ts';
import { VirtualClock } from '../../src/virtual/virtualClock.ts';

const REQUEST = { type: 'mood-log.put_entry', subject: 'user-42' } as const;

function started(options: Partial<RuntimeOptions> = {}) {
  const clock = new VirtualClock();
  let runs = 0;
  const run = (): number => {
    runs += 1;
    return runs;
  };
  const runtime = createRuntime({
    store: ':memory:',
    clock,
    handlers: { [REQUEST.type]: { upstream: 'default', run } },
    ...options,
  });
  onTestFinished(() => clock.run(runtime.close()));
  return { clock, runtime, runs: () => runs };
}

test('UX-3 a request needs no tier: the option says which it has', async () => {
  for (const [options, tier] of [
    [{}, 'basic'],
    [{ defaultTier: 'premium' }, 'premium'],
  ] as const) {
    const { clock, runtime } = started(options);
    const operation = await clock.run(runtime.sync(REQUEST));
    expect(await clock.run(operation.outcome)).toMatchObject({ status: 'completed' });
    expect((await clock.run(operation.view())).tier).toBe(tier);
  }
  expect(() => started({ defaultTier: 'gold' as 'basic' })).toThrow(
    /defaultTier must be one of premium, basic, trial/u,
  );
});

test('OP-5 UX-3 what has expired before it came is refused, alone and among many, and never runs', async () => {
  const { clock, runtime, runs } = started();
  const late = { ...REQUEST, expiresAtMs: clock.now() };
  await expect(clock.run(runtime.sync(late))).rejects.toMatchObject({
    code: 'HF_REQUEST_INVALID',
    field: 'expiresAtMs',
  });
  const results: string[] = [];
  await clock.run(
    runtime.syncAll([late, REQUEST], {
      onResult: ({ status }) => {
        results.push(status);
      },
    }),
  );
  expect(results.toSorted()).toEqual(['accepted', 'refused']);
  await clock.advance(1_000);
  expect(runs()).toBe(1);
});

test('OP-8 OP-5 a repeat that comes after its time finds the first; one that is new ends before it runs', async () => {
  const { clock, runtime, runs } = started();
  const request = { ...REQUEST, idempotencyKey: 'entry-7', expiresAtMs: clock.now() + 1_000 };
  const first = await clock.run(runtime.sync(request));
  await clock.run(first.outcome);
  await clock.advance(5_000);
  const again = await clock.run(runtime.sync(request));
  expect([again.id, again.isDuplicate]).toEqual([first.id, true]);
  const other = await clock.run(runtime.sync({ ...request, idempotencyKey: 'entry-8' }));
  expect(await clock.run(other.outcome)).toMatchObject({ status: 'expired', attempts: 0 });
  expect(runs()).toBe(1);
});
