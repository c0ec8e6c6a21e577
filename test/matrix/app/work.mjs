import dns from 'node:dns';
import { createServer } from 'node:http';

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

/** How often two requests at the same time look up the one name that they go to: Node itself does it twice. */
async function lookUpsOfTwo(createRuntime, httpHandler) {
  const server = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
  await new Promise((resolve) => {
    server.once('listening', resolve);
  });
  const lookUp = dns.lookup;
  let count = 0;
  let begun = 0;
  // A look-up ends once both have begun, however late the second is.
  dns.lookup = (host, options, callback) => {
    count += 1;
    const look = () => {
      if (begun === 2) lookUp('127.0.0.1', options, callback);
      else setTimeout(look, 5);
    };
    look();
  };
  const run = httpHandler({ baseUrl: `http://upstream.localhost:${server.address().port}` });
  const runtime = createRuntime({
    store: ':memory:',
    handlers: { 'a.b': { upstream: 'default', run } },
  });
  runtime.subscribe(({ kind }) => {
    if (kind === 'attempt.started') begun += 1;
  });
  const sync = async (subject) => await runtime.sync({ type: 'a.b', subject });
  const operations = await Promise.all(['anna', 'ben'].map(sync));
  await Promise.all(operations.map(({ outcome }) => outcome));
  await runtime.close();
  dns.lookup = lookUp;
  server.close();
  return count;
}

export async function work(holdfast, moodEntry, step, requests) {
  const { createRuntime, keyFile, createKeyFile, httpHandler } = holdfast;
  if (step === 'accept') await createKeyFile('./holdfast.key');
  let delivered = 0;
  let context = '';
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
          context = requests.getStore() ?? 'none';
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
  const crisis = await requests.run('a later one', () => runtime.crisis({ subject: 'user-42' }));
  await crisis.durable;
  await crisis.delivery;
  await runtime.backup('./copy');
  await runtime.close();
  const lookUps = await lookUpsOfTwo(createRuntime, httpHandler);
  const { version } = process;
  const said = {
    version,
    id: operation.id,
    status,
    response,
    source: crisis.source,
    delivered,
    context,
    lookUps,
  };
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
