import { describe, expect, test } from 'vitest';
import { transientFailure } from '../../../machines/policy/retry/classifyFailure.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import type { Store } from '../../../persistence/port/store.ts';
import { assembleRuntime } from '../../../src/createRuntime.ts';
import { checkOptions } from '../../../src/options.ts';
import type { Runtime } from '../../../src/runtime.ts';

const ATTEMPTS = 4;

/** A runtime whose crisis delivery succeeds at the last of {@link ATTEMPTS}. */
function runtimeOn(store: Store): Runtime {
  const options = checkOptions({
    store: ':memory:',
    upstreams: { careTeam: {} },
    handlers: {
      'crisis.alert': {
        upstream: 'careTeam',
        run: ({ number }) => {
          if (number < ATTEMPTS) throw transientFailure('The care team can not be reached.');
          return null;
        },
      },
    },
    policies: { tiers: { crisis: { retry: { initialDelayMs: 5, delayMsMax: 5 } } } },
  });
  return assembleRuntime(options, store);
}

describe('CR-4 a delivery that fails while the store is not open', () => {
  test('CR-4 it is retried while the store is still being opened, and written once it is', async () => {
    const store = createMemoryStore();
    const openNow = store.open.bind(store);
    let letOpen: () => void = () => undefined;
    const opening = new Promise<void>((resolve) => {
      letOpen = resolve;
    });
    const runtime = runtimeOn(
      Object.assign(store, {
        open: async () => {
          await opening;
          return await openNow();
        },
      }),
    );

    const { delivery, durable, operationId } = await runtime.crisis({ subject: 'user-42' });
    expect(await delivery).toMatchObject({ status: 'completed', attempts: ATTEMPTS });
    letOpen();
    await durable;
    await runtime.ready;
    await runtime.close();
    expect(operationId).not.toBeNull();
  });

  test('CR-4 it is retried although the store could not be opened', async () => {
    const store = createMemoryStore();
    const runtime = runtimeOn(
      Object.assign(store, {
        open: () => Promise.reject(new HoldfastError('HF_KEY_WRONG', 'The key is another.')),
      }),
    );
    await expect(runtime.ready).rejects.toMatchObject({ code: 'HF_KEY_WRONG' });

    const { delivery } = await runtime.crisis({ subject: 'user-42' });
    expect(await delivery).toMatchObject({ status: 'completed', attempts: ATTEMPTS });
    await runtime.close();
  });
});
