import { expect, test } from 'vitest';
import { CRASHES_IN_A_ROW_MAX } from '../../../machines/policy/retry/crashPolicy.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';

const CALL_MS = 60_000;

test('SV-3 RT-4 one for which the others are held back begins, though what is more urgent could go out by now', async () => {
  const world = createWorld();
  const { clock } = world;
  const began: string[] = [];
  const run = async ({ subject }: { readonly subject: string }): Promise<null> => {
    began.push(subject);
    await new Promise<void>((resolve) => {
      clock.schedule(CALL_MS, resolve);
    });
    return null;
  };
  const boot = () =>
    world.boot({
      upstreams: { payments: {}, letters: {}, records: {} },
      handlers: {
        pay: { upstream: 'payments', run },
        write: { upstream: 'letters', run },
        record: { upstream: 'records', run },
      },
    });
  let process = boot();
  const submit = async (type: string, tier: 'premium' | 'trial'): Promise<void> => {
    await clock.run(process.runtime.sync({ type, subject: type, tier }));
  };
  await submit('record', 'trial');
  await submit('pay', 'premium');
  await submit('write', 'premium');
  await clock.advance(100);
  process.kill();
  const hold = (...upstreams: readonly string[]): void => {
    for (const name of upstreams) process.runtime.upstream(name).forceOpen('maintenance');
  };
  for (let crash = 1; crash < CRASHES_IN_A_ROW_MAX; crash += 1) {
    process = boot();
    // Of the three only the record is in flight at each crash.
    hold('payments', 'letters');
    await clock.advance(100);
    if (crash === CRASHES_IN_A_ROW_MAX - 1) process.runtime.upstream('letters').release();
    await clock.advance(100);
    process.kill();
  }
  began.length = 0;
  process = boot();
  await clock.advance(500);
  // The record waits for the end of the letter, and the others are held back for it.
  expect(began).toEqual(['write']);
  process.runtime.upstream('payments').release();
  await clock.advance(10_000);
  expect(began).toEqual(['write', 'record', 'pay']);
});
