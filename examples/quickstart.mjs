import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeyFile, createRuntime, keyFile, transientFailure } from 'holdfast';

const folder = await mkdtemp(join(tmpdir(), 'holdfast-example-'));
const key = join(folder, 'holdfast.key');
await createKeyFile(key); // once; an app keeps it where no other user can read it

const runtime = createRuntime({
  store: join(folder, 'store'),
  key: keyFile(key),
  upstreams: { payments: {} },
  handlers: {
    'payments.push': {
      upstream: 'payments',
      run: ({ number, payload }) => {
        if (number < 3) throw transientFailure('The payment service is busy.');
        return { paid: payload.amount };
      },
    },
  },
});
const operation = await runtime.sync({
  type: 'payments.push',
  subject: 'user-42',
  tier: 'premium',
  payload: { amount: 1250 },
});
console.log('accepted'); // on disk and synced: from here on a crash loses nothing
const { status, attempts, response } = await operation.outcome;
console.log(status, 'after', attempts, 'attempts', response);
await runtime.close();
await rm(folder, { recursive: true });
