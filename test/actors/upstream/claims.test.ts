/** Rows are fetched from disk once each, however far the writes of those fetched before lag behind. */

import { expect, test } from 'vitest';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';

const COUNT = 600;
const HANDLERS = { 'payments.push': { upstream: 'default', run: () => null } };

function* requests(): Generator<SyncRequest> {
  for (let n = 0; n < COUNT; n += 1) {
    yield {
      type: 'payments.push',
      subject: 'user-42',
      tier: 'premium',
      entity: { type: 'payment', id: `p-${n}` },
      payload: { n },
    };
  }
}

test('SC-1 OP-6 a row whose order to run is on its way to the disk is not fetched again', async () => {
  const disk = createMemoryStore();
  const fetched = new Map<string, number>();
  const claim = disk.claim.bind(disk);
  disk.claim = async (query) => {
    const page = await claim(query);
    for (const { id } of page.rows) fetched.set(id, (fetched.get(id) ?? 0) + 1);
    return page;
  };
  const { clock, boot } = createWorld(1, disk);
  const { runtime, store } = boot({
    handlers: HANDLERS,
    upstreams: { default: { concurrency: 300 } },
  });
  await clock.run(runtime.ready);
  store.faults.delayMs = () => 5;
  await clock.run(runtime.syncAll(requests()));
  await clock.advance(60_000);
  expect(runtime.getHealthStatus().operations.completed).toBe(COUNT);
  expect(fetched.size).toBeGreaterThan(COUNT / 2);
  expect([...fetched.values()].filter((times) => times > 1)).toEqual([]);
});
