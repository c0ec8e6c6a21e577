import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../actors/platform/systemClock.ts';
import { createMemoryStore } from '../../persistence/memory/memoryStore.ts';
import { rawKey } from '../../persistence/sealing/keySource.ts';
import { ControlServer } from '../../src/control/controlServer.ts';
import { createRuntime } from '../../src/createRuntime.ts';
import { createWorld } from '../support/harness/engineHarness.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

/** A store whose `nth` call is not answered before it is let go. */
function stoppingAt(nth: number, onReached: () => void) {
  let calls = 0;
  let letGo = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const store = new Proxy(createMemoryStore(), {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      const call = value.bind(target) as (...args: unknown[]) => unknown;
      if (/^(?:nextSeq|close|on[A-Z])/.test(String(name))) return call;
      return async (...args: unknown[]) => {
        calls += 1;
        if (calls === nth) {
          onReached();
          await gate;
        }
        return await call(...args);
      };
    },
  });
  return { store, letGo, calls: () => calls };
}

const HANDLERS = { 'payments.push': { upstream: 'default', run: () => null } };

describe('SV-4 close() at any moment of the start', () => {
  async function closeAt(nth: number, isAnsweredFirst: boolean): Promise<number> {
    let begin = (): void => undefined;
    const { store, letGo, calls } = stoppingAt(nth, () => begin());
    const { clock, boot } = createWorld(1, store);
    const { runtime } = boot({ handlers: HANDLERS });
    let closed: Promise<void> | null = null;
    begin = (): void => {
      closed = runtime.close({ deadlineMs: 100 });
    };
    await clock.advance(1_000);
    const reached = calls();
    if (isAnsweredFirst) letGo();
    await clock.run(closed ?? runtime.close());
    letGo();
    await clock.advance(10);
    expect(runtime.getHealthStatus().phase).toBe('stopped');
    // Nothing is left that would keep the process alive, or ask the store again.
    expect(clock.pending).toBe(0);
    return reached;
  }

  test.each([true, false])(
    'SV-4 leaves nothing behind that wakes (the store answers first: %s)',
    async (isAnsweredFirst) => {
      let nth = 1;
      while ((await closeAt(nth, isAnsweredFirst)) >= nth) nth += 1;
      expect(nth).toBeGreaterThan(4);
    },
  );
});

describe('SV-4 close() at any moment of a real start', () => {
  test.each([0, 1, 3, 8])(
    'SV-4 leaves no control socket (after %i turns of the event loop)',
    async (turns) => {
      const store = join(tempFolder(), 'store');
      const runtime = createRuntime({ store, key: rawKey(new Uint8Array(32).fill(7)) });
      // From the moment it is ready on; the first of them lies before it.
      if (turns > 0) await runtime.ready;
      for (let turn = 1; turn < turns; turn += 1) await setImmediate();
      await runtime.close();
      expect(existsSync(join(store, 'control.sock'))).toBe(false);
    },
  );

  test('SV-4 a control socket that is still being opened is closed, and opened no more afterwards', async () => {
    const storeFolder = tempFolder();
    const errors: unknown[] = [];
    const server = new ControlServer({
      storeFolder,
      clock: systemClock,
      answer: () => Promise.resolve(null),
      onError: (error) => errors.push(error),
    });
    for (let round = 0; round < 2; round += 1) {
      server.open();
      await server.close();
      for (let turn = 0; turn < 50; turn += 1) await setImmediate();
    }
    expect(existsSync(join(storeFolder, 'control.sock'))).toBe(false);
    expect(errors).toEqual([]);
  });
});

describe('SV-4 CR-4 close() while a crisis has only just come', () => {
  /** More than is read before the answer. */
  const LARGE = { subject: 'user-42', payload: 'x'.repeat(100_000) };

  test('SV-4 CR-4 a payload that is read after the answer is delivered and stored before the end', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({
      handlers: { 'crisis.alert': { upstream: 'default', run: () => null } },
    });
    await clock.run(runtime.ready);
    const answer = runtime.crisis(LARGE);
    const closed = runtime.close();
    const { delivery, durable } = await answer;
    await clock.run(closed);
    expect(await clock.run(delivery)).toMatchObject({ status: 'completed' });
    await clock.run(durable);
  });

  test('SV-4 CR-4 one that a stop at once leaves no time for is told of', async () => {
    const { clock, boot } = createWorld();
    const { runtime, errors } = boot();
    await clock.run(runtime.ready);
    const answer = runtime.crisis(LARGE);
    const closed = [runtime.close(), runtime.close(), runtime.close()];
    const { delivery, durable } = await answer;
    const codes = Promise.all(
      [delivery, durable].map((told: Promise<unknown>) =>
        told.catch(({ code }: { readonly code: string }) => code),
      ),
    );
    await clock.run(Promise.all(closed));
    await clock.advance(0);
    expect(await clock.run(codes)).toEqual(['HF_CLOSED', 'HF_CLOSED']);
    expect(errors).toMatchObject([{ code: 'HF_CRISIS_REFUSED', cause: { code: 'HF_CLOSED' } }]);
  });

  test('SV-4 CR-4 where no start has succeeded, its delivery may finish until the deadline', async () => {
    const { clock, boot } = createWorld();
    const run = async (): Promise<null> => {
      await new Promise<void>((resolve) => {
        clock.schedule(2_000, resolve);
      });
      return null;
    };
    const { runtime, store } = boot({ handlers: { 'crisis.alert': { upstream: 'default', run } } });
    store.open = () => Promise.reject(new Error('No.'));
    await clock.run(runtime.ready.catch(() => null));
    const { delivery } = await clock.run(runtime.crisis({ subject: 'user-42' }));
    const closed = runtime.close();
    expect(await clock.run(delivery)).toMatchObject({ status: 'completed' });
    await clock.run(closed);
    expect(clock.pending).toBe(0);
  });
});
