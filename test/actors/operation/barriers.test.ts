import { describe, expect, test } from 'vitest';
import { transientFailure } from '../../../machines/policy/retry/classifyFailure.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import type { Standing, Store } from '../../../persistence/port/store.ts';
import { assembleRuntime } from '../../../src/createRuntime.ts';
import { checkOptions } from '../../../src/options.ts';

interface Gate {
  readonly reached: Promise<void>;
  readonly open: () => void;
}

/** Holds back the commit of the first update that brings a row to `standing`, until it is opened. */
function holdCommit(store: Store, standing: Standing): Gate {
  const commit = store.commit.bind(store);
  let reach: () => void = () => undefined;
  let open: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  store.commit = async (writes) => {
    if (writes.some((write) => write.kind === 'update' && write.standing === standing)) {
      reach();
      await opened;
    }
    return await commit(writes);
  };
  return { reached, open };
}

async function turnsOfTheEventLoop(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

describe('PS-2 a barrier answers to its own write', () => {
  test('PS-2 a cancel during an order is told of once it is on disk, not once the order is', async () => {
    const store = createMemoryStore();
    const order = holdCommit(store, 'inHand');
    const settlement = holdCommit(store, 'settled');
    const options = checkOptions({
      store: ':memory:',
      handlers: {
        'payments.push': {
          upstream: 'default',
          run: () => {
            throw transientFailure('The payment service is busy.');
          },
        },
      },
      policies: { tiers: { basic: { retry: { initialDelayMs: 1, delayMsMax: 1 } } } },
    });
    const runtime = assembleRuntime(options, store);
    const operation = await runtime.sync({
      type: 'payments.push',
      subject: 'user-42',
      tier: 'basic',
    });
    let told: string | null = null;
    void operation.outcome.then(({ status }) => {
      told = status;
    });

    // The second attempt is ordered, and the order is on its way to the disk.
    await order.reached;
    const cancelled = operation.cancel();
    order.open();
    await settlement.reached;
    await turnsOfTheEventLoop(20);
    expect(told).toBeNull();

    settlement.open();
    await cancelled;
    expect((await operation.outcome).status).toBe('cancelled');
    await runtime.close();
  });
});
