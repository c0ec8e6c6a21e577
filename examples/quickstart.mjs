import { createRuntime, keyFile, transientFailure } from 'holdfast';

const runtime = createRuntime({
  store: './sync-store',
  key: keyFile('./holdfast.key'),
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
