import assert from 'node:assert/strict';
import test from 'node:test';
import { upstreamKey } from 'holdfast';
import { createTestBed, misbehavingHandler } from 'holdfast/testing';

/** What the app does with holdfast; here the test plays it. */
const ORDERS = 40;
const orderOf = (number) => ({
  type: 'orders.push',
  subject: `user-${number % 5}`,
  entity: { type: 'basket', id: `basket-${number % 5}` },
  tier: 'premium',
  idempotencyKey: `order-${number}`,
  payload: { number },
});

await test('orders survive a bad day of the shop and a kill of the process', async () => {
  const bed = createTestBed({ seed: 7 });
  const { clock } = bed;
  const shop = misbehavingHandler({
    clock,
    seed: 7,
    latencyMs: 30,
    stallMs: 60_000,
    misbehaviour: { busy503: 0.1, droppedAfterApplying: 0.1, stalledThenApplied: 0.05 },
  });
  const options = {
    upstreams: { shop: { attemptTimeoutMs: 10_000 } },
    handlers: { 'orders.push': { upstream: 'shop', run: shop.run } },
  };

  const first = bed.start(options);
  const ids = new Map();
  for (let number = 0; number < ORDERS; number += 1) {
    const order = orderOf(number);
    const { id } = await clock.run(first.runtime.sync(order));
    ids.set(upstreamKey(order), id);
  }
  // Half of them may be done, and some are in flight.
  await clock.advance(200);
  first.kill();
  shop.startOutage(15 * 60_000);

  const second = bed.start(options);
  const outcomes = await clock.run(
    Promise.all([...ids.values()].map((id) => second.runtime.operations.get(id).outcome)),
    24 * 3_600_000,
  );
  assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set(['completed']));
  assert.deepEqual(shop.ledger.broken(ids.keys()), []);
  await clock.run(second.runtime.close());

  const minutes = Math.round((clock.now() - Date.UTC(2030, 0, 1)) / 60_000);
  console.log(`${ORDERS} orders, each applied once, in ${minutes} virtual minutes`);
  const { keys, requested, applied, duplicated } = shop.ledger.summary();
  console.log({ keys, requested, applied, duplicated });
});
