/**
 * A process that has no descriptor left, for files or for connections, when a person calls for help. Prints the ids of
 * crises that were delivered, until it is killed.
 *
 * @module
 */

import { openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

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
/** Opens files until none is left to open. The error's code, and whether any was left. */
function takeAll() {
  const before = taken.length;
  try {
    for (;;) taken.push(openSync(process.execPath, 'r'));
  } catch ({ code }) {
    return { code, found: taken.length > before };
  }
}
// What the start of a runtime or of Node.js itself had open may be closed a moment later: all are taken once none was
// given back for a second.
let code;
for (let quietLooks = 0; quietLooks < 20; quietLooks++) {
  const look = takeAll();
  code = look.code;
  if (look.found) quietLooks = 0;
  await sleep(50);
}
process.stdout.write(`${code}\n`);
await runtime.crisis({ subject: 'anna', type: 'crisis.lost' });
const { delivery, durable } = await runtime.crisis({ subject: 'ben', type: 'crisis.alert' });
await durable;
const { status } = await delivery;
process.stdout.write(`${status}\n`);
