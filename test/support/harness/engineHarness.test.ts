/** A world on a slow real disk: virtual time waits for it, and a control in which it does not. */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import type { Store } from '../../../persistence/port/store.ts';
import { createWorld, createWorldOnFile, type World } from './engineHarness.ts';

/** Each commit takes real time, as a file does on a busy machine. */
function slowDisk(ms: number): Store {
  const store = createMemoryStore();
  const commit = store.commit.bind(store);
  return Object.assign(store, {
    commit: async (...given: Parameters<Store['commit']>) => {
      await sleep(ms);
      return await commit(...given);
    },
  });
}

async function statusOn({ clock, boot }: World): Promise<string> {
  const { runtime } = boot({
    handlers: { 'payments.push': { upstream: 'default', run: () => 1 } },
  });
  const request = { type: 'payments.push', subject: 'user-1', tier: 'premium' } as const;
  const { outcome } = await clock.run(runtime.sync(request));
  return (await clock.run(outcome)).status;
}

test('OP-2 a disk that takes real time on virtual time stalls nothing', async () => {
  expect(await statusOn(createWorldOnFile(1, slowDisk(30)))).toBe('completed');
});

test('OP-2 control: where time does not stand still for it, the disk is late for each deadline', async () => {
  // On a busy machine the disk may be so late that the start itself has no end in virtual time.
  const late: unknown = expect.stringMatching(/^HF_(STORE_STALLED|TEST_STUCK)$/);
  await expect(statusOn(createWorld(1, slowDisk(2_000)))).rejects.toThrow(
    expect.objectContaining({ code: late }),
  );
});
