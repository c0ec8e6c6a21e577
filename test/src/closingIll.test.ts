import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Handler } from '../../actors/operation/handler.ts';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const REQUEST: SyncRequest = { type: 'payments.push', subject: 'user-42', tier: 'premium' };

function handlers(run: Handler['run']): Record<string, Handler> {
  return { 'payments.push': { upstream: 'default', attemptTimeoutMs: 3_600_000, run } };
}

const never = async (): Promise<never> => await new Promise<never>(() => undefined);

/** How a promise ended, in a word; a promise that hangs shows as `pending`. */
function fate(promise: Promise<unknown>): () => string {
  let ended = 'pending';
  promise.then(
    () => {
      ended = 'resolved';
    },
    (error: unknown) => {
      ended = isHoldfastError(error) ? error.code : 'unexpected';
    },
  );
  return () => ended;
}

describe('PS-6 SV-4 close() while storage is ill', () => {
  test('SV-4 whoever waits for an outcome is told that it goes on at the next start', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({ handlers: handlers(never) });
    const operation = await clock.run(runtime.sync(REQUEST));
    const outcome = fate(operation.outcome);
    await clock.run(runtime.close({ deadlineMs: 10 }));
    await clock.advance(0);
    expect(outcome()).toBe('HF_CLOSED');
    await expect(operation.outcome).rejects.toMatchObject({
      code: 'HF_CLOSED',
      retry: 'later',
      message: expect.stringContaining('goes on at the next start'),
    });

    const next = boot({ handlers: handlers(() => null) }).runtime;
    const again = next.operations.get(operation.id);
    expect(await clock.run(again.outcome)).toMatchObject({ status: 'completed' });
  });

  test('SV-4 executeResilientSync still answers, with accepted', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot();
    await clock.run(runtime.ready);
    const answer = runtime.executeResilientSync(
      { type: 'payments.push', tier: 'premium' },
      'user-42',
      never,
    );
    await clock.advance(10);
    await clock.run(runtime.close({ deadlineMs: 10 }));
    expect(await clock.run(answer)).toMatchObject({
      success: false,
      resilience: { status: 'accepted', error: undefined },
    });
  });

  test.each(['works', 'failsUnwritten'] as const)(
    'PS-6 SV-4 an answer of the disk that comes after the end (%s) is told to nobody',
    async (late) => {
      const warn = vi.spyOn(console, 'warn').mockReturnValue();
      onTestFinished(() => warn.mockRestore());
      const { clock, boot } = createWorld();
      const { runtime, store, errors } = boot({ handlers: handlers(() => null) });
      await clock.run(runtime.ready);
      store.faults.fate = () => 'failsUnwritten';
      await expect(clock.run(runtime.sync(REQUEST))).rejects.toThrow('The disk failed');
      store.faults.fate = () => late;
      store.faults.delayMs = () => 60_000;
      // Until it is asked whether it is well.
      await clock.advance(5_000);
      await clock.run(runtime.close({ deadlineMs: 10 }));
      const told = errors.length;
      await clock.advance(300_000);
      expect(errors).toHaveLength(told);
      expect(warn).not.toHaveBeenCalled();
    },
  );

  test('PS-6 with writes that fail, everybody who waits is told, and the next start goes on', async () => {
    const { clock, boot } = createWorld();
    const { runtime, store } = boot({ handlers: handlers(() => null) });
    await clock.run(runtime.ready);
    store.faults.fate = (writes) =>
      writes.some(({ kind }) => kind === 'update') ? 'failsUnwritten' : 'works';
    const operation = await clock.run(runtime.sync(REQUEST));
    const outcome = fate(operation.outcome);
    await clock.advance(50);
    const late = fate(runtime.sync(REQUEST));
    const crisis = await runtime.crisis({ subject: 'user-42', type: 'payments.push' });
    const durable = fate(crisis.durable);
    await clock.run(runtime.close({ deadlineMs: 1_000 }));
    await clock.advance(0);
    expect(late()).toBe('HF_STORE_UNAVAILABLE');
    expect(outcome()).toBe('HF_CLOSED');
    expect(durable()).not.toBe('pending');
    store.faults.fate = () => 'works';

    const next = boot({ handlers: handlers(() => null) }).runtime;
    const again = next.operations.get(operation.id);
    expect(await clock.run(again.outcome)).toMatchObject({ status: 'completed' });
  });

  test.each([1, 3])(
    'PS-6 with a disk that answers nothing, %i call(s) of close() end, and nobody hangs',
    async (calls) => {
      const { clock, boot } = createWorld();
      const { runtime, store } = boot({ handlers: handlers(() => null) });
      await clock.run(runtime.ready);
      store.faults.delayMs = () => 3_600_000;
      const accepted = runtime.sync({ ...REQUEST, tier: 'trial' });
      const waiting = fate(accepted);
      await clock.advance(10);
      const closed = Array.from({ length: calls }, () => runtime.close({ deadlineMs: 100 }));
      await clock.run(Promise.all(closed));
      await clock.advance(0);
      expect(runtime.getHealthStatus().phase).toBe('stopped');
      expect(['HF_CLOSED', 'HF_STORE_STALLED']).toContain(waiting());
      if (calls === 3) {
        await expect(accepted).rejects.toMatchObject({
          code: 'HF_CLOSED',
          retry: 'later',
          message: expect.stringContaining('not known whether it is stored'),
        });
      }
    },
  );

  test('PS-6 with a disk that answers nothing, close() tells a bulk what is not certain', async () => {
    const { clock, boot } = createWorld();
    const { runtime, store } = boot({ handlers: handlers(() => null) });
    await clock.run(runtime.ready);
    // Something is durable first, so that the bulk knows its room and does not ask the disk for it.
    await clock.run(runtime.sync(REQUEST));
    store.faults.delayMs = () => 3_600_000;
    const told: string[] = [];
    const bulk = fate(
      runtime.syncAll([REQUEST, REQUEST], {
        onResult: (result) => {
          told.push(result.status === 'refused' ? result.error.code : result.status);
        },
      }),
    );
    await clock.advance(10);
    await clock.run(runtime.close({ deadlineMs: 100 }));
    await clock.advance(0);
    expect(told).toEqual(['HF_CLOSED', 'HF_CLOSED']);
    expect(bulk()).not.toBe('pending');
  });

  test('PS-6 with a disk that answers nothing, close() tells who waits for room in the queue', async () => {
    const { clock, boot } = createWorld();
    const { runtime, store } = boot({ handlers: handlers(() => null) });
    await clock.run(runtime.ready);
    store.faults.delayMs = () => 3_600_000;
    // Its write is under way, so the room of the others is not known before the disk answers.
    void runtime.crisis({ subject: 'user-42', type: 'payments.push' });
    await clock.advance(10);
    const told: string[] = [];
    const bulk = fate(
      runtime.syncAll([REQUEST, REQUEST], {
        onResult: (result) => {
          told.push(result.status === 'refused' ? result.error.message : result.status);
        },
      }),
    );
    await clock.advance(10);
    await clock.run(runtime.close({ deadlineMs: 100 }));
    await clock.advance(0);
    expect(told).toEqual([
      expect.stringContaining('Nothing was stored'),
      expect.stringContaining('Nothing was stored'),
    ]);
    expect(bulk()).not.toBe('pending');
  });
});
