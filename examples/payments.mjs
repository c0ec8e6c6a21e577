/**
 * Payments over HTTP to a service that is busy at times and drops connections after it has acted.
 * Each payment is sent again under the same idempotency key, so each is taken exactly once.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeyFile, createRuntime, httpHandler, keyFile } from 'holdfast';
import { startPaymentService } from './paymentService.mjs';

const PAYMENTS = 12;

const folder = await mkdtemp(join(tmpdir(), 'holdfast-example-'));
const key = join(folder, 'holdfast.key');
await createKeyFile(key);

let requests = 0;
const service = await startPaymentService(() => {
  requests += 1;
  if (requests % 4 === 0) return 'busy';
  return requests % 5 === 0 ? 'dropAfterTaking' : 'answer';
});

const runtime = createRuntime({
  store: join(folder, 'store'),
  key: keyFile(key),
  upstreams: { payments: {} },
  handlers: {
    'payments.push': { upstream: 'payments', run: httpHandler({ baseUrl: service.url }) },
  },
});

// Without it a request waits as long as its tier may wait for an answer, which on a busy machine can be too short.
await runtime.ready;
const operations = await Promise.all(
  Array.from({ length: PAYMENTS }, (_, index) =>
    runtime.sync({
      type: 'payments.push',
      subject: `user-${index}`,
      // Payments of one subscription go out one at a time, in order.
      entity: { type: 'subscription', id: `sub-${index % 3}` },
      tier: 'premium',
      payload: { amount: 100 + index },
      idempotencyKey: `payment-${index}`,
    }),
  ),
);
console.log(`${operations.length} payments accepted: they are on disk and synced`);

for (const { outcome } of operations) {
  const { status, attempts, response } = await outcome;
  console.log(`${status} after ${attempts} attempts:`, response);
}

// The same request again is the same operation.
const again = await runtime.sync({
  type: 'payments.push',
  subject: 'user-0',
  entity: { type: 'subscription', id: 'sub-0' },
  tier: 'premium',
  payload: { amount: 100 },
  idempotencyKey: 'payment-0',
});
console.log('sent again:', again.isDuplicate ? 'found the first' : 'a second operation');

await runtime.close();
await service.stop();
await rm(folder, { recursive: true });

const takenOnce = [...service.taken.values()].filter((times) => times === 1).length;
console.log(`${requests} requests, ${takenOnce} of ${PAYMENTS} payments taken exactly once`);
if (takenOnce !== PAYMENTS || service.taken.size !== PAYMENTS) process.exitCode = 1;
