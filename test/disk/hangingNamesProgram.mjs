/**
 * A process with 200 operations to names whose look-up hangs, in which a crisis is the first that is sent to its name.
 * Prints whether it was delivered within 20 s; within 5 where the look-ups are those of Node.
 *
 * @module
 */

import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const [dist, lookUpsOfNode] = process.argv.slice(2);
const { createRuntime, httpHandler } = await import(`${dist}/src/index.js`);

const server = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
await new Promise((resolve) => {
  server.once('listening', resolve);
});
const { port } = server.address();
const to = (host, fetchOfTheApp) => ({
  upstream: host.replaceAll('.', '-'),
  run: httpHandler({ baseUrl: `http://${host}:${port}`, allowInsecure: true, ...fetchOfTheApp }),
});
const ofNode = lookUpsOfNode === undefined ? {} : { fetch: (url, init) => fetch(url, init) };
const HANGING = ['a.hang.test', 'b.hang.test', 'c.hang.test', 'd.hang.test'];
const runtime = createRuntime({
  store: ':memory:',
  upstreams: Object.fromEntries(
    [...HANGING, 'clinic.test'].map((host) => [host.replaceAll('.', '-'), {}]),
  ),
  handlers: {
    // Its name is not that of crises in general, and not looked up ahead.
    'crisis.late': to('clinic.test', ofNode),
    ...Object.fromEntries(HANGING.map((host, at) => [`work.push${at}`, to(host, ofNode)])),
  },
});
await runtime.ready;
const push = async (number) =>
  await runtime.sync({
    subject: `user-${number}`,
    type: `work.push${number % 4}`,
    payload: { number },
  });
await Promise.all(Array.from({ length: 200 }, (_, number) => push(number)));
await sleep(500);
const { delivery } = await runtime.crisis({ subject: 'anna', type: 'crisis.late' });
const withinMs = lookUpsOfNode === undefined ? 20_000 : 5_000;
const outcome = await Promise.race([delivery, sleep(withinMs, { status: 'not delivered' })]);
process.stdout.write(outcome.status);
process.kill(process.pid, 'SIGKILL');
