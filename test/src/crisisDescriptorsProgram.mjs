/**
 * A process that has no descriptor left, for files or for connections, when a person calls for help. Prints the ids of
 * crises that were delivered, until it is killed.
 *
 * @module
 */

import { openSync } from 'node:fs';
import { join } from 'node:path';

const [dist, folder, port, fetchOfTheApp] = process.argv.slice(2);
const { createRuntime, httpHandler, rawKey } = await import(`${dist}/src/index.js`);

const run = httpHandler({
  baseUrl: `http://localhost:${port}`,
  ...(fetchOfTheApp === undefined ? {} : { fetch: (url, init) => fetch(url, init) }),
});
const runtime = createRuntime({
  store: join(folder, 'store'),
  key: rawKey(new Uint8Array(32).fill(7)),
  upstreams: { clinic: {} },
  handlers: {
    'crisis.alert': { upstream: 'clinic', run },
    'crisis.lost': { upstream: 'clinic', run },
  },
  crisis: {
    escalateAfterMs: 1_000,
    escalation: [{ name: 'on-call', webhook: { url: `http://localhost:${port}/pager` } }],
  },
});
await runtime.ready;
const taken = [];
try {
  for (;;) taken.push(openSync(process.execPath, 'r'));
} catch ({ code }) {
  process.stdout.write(`${code}\n`);
}
await runtime.crisis({ subject: 'anna', type: 'crisis.lost' });
const { delivery, durable } = await runtime.crisis({ subject: 'ben', type: 'crisis.alert' });
await durable;
const { status } = await delivery;
process.stdout.write(`${status}\n`);
