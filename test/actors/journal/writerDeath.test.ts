import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test, vi } from 'vitest';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { rawKey } from '../../../persistence/sealing/keySource.ts';
import { createRuntime } from '../../../src/createRuntime.ts';
import type { Runtime } from '../../../src/runtime.ts';
import { HANGS_AFTER_MS } from '../../support/hangs.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

async function complete(runtime: Runtime): Promise<string> {
  const operation = await runtime.sync({ type: 'a.b', subject: 'user-1', tier: 'basic' });
  return (await operation.outcome).status;
}

test('SV-2 PS-6 a writer thread that dies is started again, and work goes on', async () => {
  const threads = new Set<Worker>();
  const post = Object.getOwnPropertyDescriptor(Worker.prototype, 'postMessage')
    ?.value as Worker['postMessage'];
  vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker, ...message) {
    threads.add(this);
    Reflect.apply(post, this, message);
  });
  const runtime = createRuntime({
    store: join(tempFolder(), 'store'),
    key: rawKey(new Uint8Array(32).fill(7)),
    handlers: { 'a.b': { upstream: 'default', run: () => null } },
  });
  await runtime.ready;
  expect(await complete(runtime)).toBe('completed');

  for (const thread of threads) await thread.terminate();
  // What comes before it is up again is refused, not lost: its caller knows.
  await vi.waitFor(
    async () => {
      const status = await complete(runtime).catch((error: unknown) => {
        if (!isHoldfastError(error)) throw error;
        return error.code;
      });
      expect(status).toBe('completed');
    },
    { timeout: HANGS_AFTER_MS, interval: 50 },
  );
  expect(runtime.getHealthStatus().overall).toBe('healthy');
  await runtime.close();
});
