import { describe, expect, test } from 'vitest';
import type { Handler } from '../../../actors/operation/handler.ts';
import type { Operation } from '../../../src/operation.ts';
import { HANGS_AFTER_MS } from '../../support/hangs.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;
const WAIT_MS = HANGS_AFTER_MS;

/** A runtime with an operation that waits for its next attempt, on disk only, and can't be read there. */
async function unreadableOperation() {
  const { clock, boot } = createWorld();
  const run: Handler['run'] = () => {
    throw new Error('Down.');
  };
  const { runtime, store } = boot({
    handlers: { 'payments.push': { upstream: 'default', run } },
    policies: {
      tiers: {
        premium: { retry: { initialDelayMs: WAIT_MS, delayMsMax: WAIT_MS, jitterMsMax: 0 } },
      },
    },
  });
  await clock.run(runtime.ready);
  store.faults.rewrite = (write) =>
    write.kind === 'update' && write.standing === 'due'
      ? { ...write, state: write.state.replace('"syncOperation"', '"parcel"') }
      : write;
  const operation = await clock.run(runtime.sync(REQUEST));
  await clock.advance(1_000);
  expect(runtime.operations.get(operation.id).actor.getSnapshot()).toBeUndefined();
  return { clock, runtime, operation };
}

async function codeOf(operation: Operation): Promise<string> {
  return await operation.outcome.then(
    ({ status }) => status,
    ({ code }: { readonly code: string }) => code,
  );
}

describe('PS-3 OP-5 whoever waits for a record that is set aside is told', () => {
  test('PS-3 who awaits its outcome when that happens, and whoever asks later', async () => {
    const { clock, runtime, operation } = await unreadableOperation();
    const handles = [operation, runtime.operations.get(operation.id)];
    const told: string[] = [];
    for (const handle of handles) void codeOf(handle).then((code) => told.push(code));
    await clock.advance(WAIT_MS / 2);
    // Control: until it is found nobody is told anything.
    expect(told).toEqual([]);
    await clock.advance(WAIT_MS);
    expect(runtime.getHealthStatus().operations.quarantined).toBe(1);
    expect(told).toEqual(['HF_QUARANTINED', 'HF_QUARANTINED']);
    expect(await clock.run(codeOf(runtime.operations.get(operation.id)))).toBe('HF_QUARANTINED');
    await expect(clock.run(operation.view())).rejects.toMatchObject({ code: 'HF_QUARANTINED' });
    await expect(clock.run(operation.retryNow())).rejects.toMatchObject({
      code: 'HF_QUARANTINED',
    });
  });

  test('PS-3 a caller of executeResilientSync is told, too', async () => {
    const { clock, boot } = createWorld();
    const { runtime, store } = boot({
      policies: {
        tiers: {
          premium: {
            retry: { initialDelayMs: WAIT_MS, delayMsMax: WAIT_MS, jitterMsMax: 0 },
            responseDeadlineMs: 2 * WAIT_MS,
          },
        },
      },
    });
    await clock.run(runtime.ready);
    store.faults.rewrite = (write) =>
      write.kind === 'update' && write.standing === 'due'
        ? { ...write, state: write.state.replace('"syncOperation"', '"parcel"') }
        : write;
    const answer = runtime.executeResilientSync(
      { type: 'payments.push', tier: 'premium' },
      'user-42',
      () => {
        throw new Error('Down.');
      },
    );
    await expect(clock.run(answer)).rejects.toMatchObject({ code: 'HF_QUARANTINED' });
  });
});
