/**
 * Floods a runtime whose writer thread stands still: with requests while the disk is late, then with
 * crises. Prints one line of JSON: what callers were told.
 *
 * @module
 */

import { setTimeout as pass } from 'node:timers/promises';

const [dist, folder, unwrittenBytesMax] = process.argv.slice(2);
const { createRuntime, rawKey } = await import(`${dist}/src/index.js`);

const PAYLOAD = 'x'.repeat(200_000);
const REQUESTS = 500;
const CRISES = 800;

let delivered = 0;
const runtime = createRuntime({
  store: folder,
  key: rawKey(new Uint8Array(32).fill(7)),
  handlers: {
    'flood.push': {
      upstream: 'default',
      run: () => {
        delivered += 1;
        return null;
      },
    },
  },
  crisis: { type: 'flood.push' },
  residentsMax: 1_000_000,
  unwrittenBytesMax: Number(unwrittenBytesMax),
  onError: () => undefined,
});
const told = {};
const count = (code) => {
  told[code] = (told[code] ?? 0) + 1;
};
const request = { type: 'flood.push', subject: 'user-1', tier: 'premium' };
const until = async (state) => {
  while (runtime.getHealthStatus().storage.state !== state) await pass(20);
};

await runtime.ready;
// The writer stands still at one of the first commits.
while (runtime.getHealthStatus().storage.state === 'well') {
  runtime.sync(request).catch(({ code }) => count(code));
  await pass(50);
}
delivered = 0;
for (let sent = 0; sent < REQUESTS; sent += 1) {
  runtime.sync({ ...request, payload: { sent, PAYLOAD } }).catch(({ code }) => count(code));
  if (sent % 20 === 0) await pass(5);
}
await until('hanging');
let unkept = 0;
for (let sent = 0; sent < CRISES; sent += 1) {
  const answer = await runtime.crisis({ subject: 'user-1', payload: { sent, PAYLOAD } });
  answer.durable.catch(() => {
    unkept += 1;
  });
  await answer.delivery;
}
process.stdout.write(`${JSON.stringify({ told, delivered, unkept })}\n`);
process.exit(0);
