/**
 * What the app of the matrix does, however it came to holdfast: `accept` takes a request whose handler never
 * answers, and waits to be killed; `complete` finds it after the kill, answers a crisis, and tells of both.
 */

const REQUEST = {
  type: 'payments.push',
  subject: 'user-42',
  tier: 'premium',
  payload: { amount: 1250 },
  idempotencyKey: 'payment-1',
};

export async function work({ createRuntime, keyFile, createKeyFile }, moodEntry, step) {
  if (step === 'accept') await createKeyFile('./holdfast.key');
  let delivered = 0;
  const runtime = createRuntime({
    store: './store',
    key: keyFile('./holdfast.key'),
    upstreams: { payments: {} },
    handlers: {
      'payments.push': {
        upstream: 'payments',
        run: ({ payload }) =>
          step === 'accept' ? new Promise(() => {}) : { paid: payload.amount },
      },
      'mood.put': { upstream: 'payments', schema: moodEntry, run: () => null },
      'crisis.alert': {
        upstream: 'payments',
        run: () => {
          delivered += 1;
          return null;
        },
      },
    },
    crisis: { type: 'crisis.alert' },
  });
  await runtime.ready;
  const operation = await runtime.sync(REQUEST);
  if (step === 'accept') {
    process.stdout.write(`${JSON.stringify({ accepted: operation.id })}\n`);
    return;
  }
  const { status, response } = await operation.outcome;
  const crisis = await runtime.crisis({ subject: 'user-42' });
  await crisis.durable;
  await crisis.delivery;
  await runtime.backup('./copy');
  await runtime.close();
  const { version } = process;
  const said = { version, id: operation.id, status, response, source: crisis.source, delivered };
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
