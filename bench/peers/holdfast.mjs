import { createRuntime, rawKey } from '../../dist/index.js';
import { closedLoop, payloadOf } from './jobs.mjs';

/** holdfast as it ships: encrypted, synced, with idempotency keys and lanes. */
export async function open({ folder, inFlight }) {
  let gate = null;
  let openGate = () => {};
  const runtime = createRuntime({
    store: `${folder}/store`,
    key: rawKey(new Uint8Array(32).fill(7)),
    upstreams: { bench: { concurrency: inFlight } },
    handlers: {
      'bench.work': {
        upstream: 'bench',
        run: () => gate?.then(() => ({ done: true })) ?? { done: true },
      },
    },
    onError: (error) => {
      throw error;
    },
  });
  await runtime.ready;
  let given = 0;
  const request = () => {
    given += 1;
    return {
      type: 'bench.work',
      subject: `user-${given % 1_000}`,
      entity: { type: 'subscription', id: `sub-${given}` },
      tier: 'premium',
      idempotencyKey: `key-${given}`,
      payload: payloadOf(given),
    };
  };
  return {
    async jobs(count) {
      await closedLoop(inFlight, count, async () => {
        const operation = await runtime.sync(request());
        const { status } = await operation.outcome;
        if (status !== 'completed') throw new Error(`An operation ended as ${status}.`);
      });
    },
    async bulkAccept(count) {
      // The first few hold all places, so that accepting and draining are measured apart.
      gate = new Promise((resolve) => {
        openGate = resolve;
      });
      const { accepted } = await runtime.syncAll(Array.from({ length: count }, request));
      if (accepted !== count) throw new Error(`${accepted} of ${count} were accepted.`);
    },
    async drain(count) {
      openGate();
      while (runtime.getHealthStatus().operations.completed < count) {
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },
    async close() {
      await runtime.close();
    },
  };
}
