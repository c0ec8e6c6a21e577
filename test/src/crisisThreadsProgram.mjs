/**
 * A process whose pool of threads (libuv's, which look-ups of names, files, zlib and crypto share) is occupied, as
 * the test says, while a person calls for help. Prints one line of JSON: what arrived within 20 s.
 *
 * A thread is occupied by a read of a named pipe that nobody writes to: as with a name server that does not
 * answer, or a network drive that is gone, nothing ends it before. Look-ups of `*.hang.test` do that.
 *
 * @module
 */

import { execFileSync } from 'node:child_process';
import dns from 'node:dns';
import { closeSync, constants, openSync, readFile, stat } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

const [dist, folder, occupiedBy, planted] = process.argv.slice(2);
const { createRuntime, httpHandler, rawKey } = await import(`${dist}/src/index.js`);

const pipe = join(folder, 'pipe');
execFileSync('mkfifo', [pipe]);
const lookedUp = new Set();
const systemLookup = dns.lookup;
dns.lookup = (host, options, callback) => {
  const fails = () =>
    callback(Object.assign(new Error(), { code: 'EAI_AGAIN', syscall: 'getaddrinfo' }));
  if (host.endsWith('.hang.test')) readFile(pipe, fails);
  else if (host !== 'clinic.test') systemLookup(host, options, callback);
  else {
    stat('.', () => {
      callback(null, [{ address: '127.0.0.1', family: 4 }]);
      lookedUp.add(host);
    });
  }
};

const arrived = new Set();
const server = createServer((request, response) => {
  arrived.add(request.url);
  // As most gateways do: to those who take it.
  const isPacked = /gzip/.test(request.headers['accept-encoding'] ?? '');
  const answer = '{"taken":true}';
  response.setHeader('content-type', 'application/json');
  if (isPacked) response.setHeader('content-encoding', 'gzip');
  response.end(isPacked ? gzipSync(answer) : answer);
}).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const { port } = server.address();

if (planted === 'without own look-ups') {
  // What is in force is nothing that holdfast knows, so all names are looked up by Node itself.
  void new Headers();
  for (const at of ['undici.globalDispatcher.1', 'undici.globalDispatcher.2'].map(Symbol.for)) {
    const inForce = globalThis[at];
    if (inForce !== undefined)
      globalThis[at] = { dispatch: (...given) => inForce.dispatch(...given) };
  }
}
const nameOf = (host) => host.replaceAll('.', '-');
const to = (host) => ({
  upstream: nameOf(host),
  run: httpHandler({ baseUrl: `http://${host}:${port}`, allowInsecure: true }),
});
const HANGING = ['a', 'b', 'c', 'd'].map((name) => `${name}.hang.test`);
const runtime = createRuntime({
  store: join(folder, 'store'),
  key: rawKey(new Uint8Array(32).fill(7)),
  upstreams: Object.fromEntries([...HANGING, 'clinic.test'].map((host) => [nameOf(host), {}])),
  handlers: {
    'crisis.alert': to('clinic.test'),
    'crisis.lost': to('a.hang.test'),
    ...Object.fromEntries(HANGING.map((host, index) => [`work.push${index}`, to(host)])),
  },
  crisis: {
    escalateAfterMs: 1_000,
    escalation: [{ name: 'on-call', webhook: { url: `http://localhost:${port}/pager` } }],
  },
});
await runtime.ready;
while (!lookedUp.has('clinic.test') && planted === undefined) await sleep(5);

if (occupiedBy === 'the app')
  for (let each = 0; each < 4; each += 1) readFile(pipe, () => undefined);
else {
  const push = (number) =>
    runtime.sync({
      subject: `user-${number}`,
      type: `work.push${number % 4}`,
      payload: { number },
    });
  await Promise.all(Array.from({ length: 200 }, (_, number) => push(number)));
}
await sleep(500);
const isFull = await Promise.race([
  sleep(500, true),
  new Promise((resolve) => stat('.', () => resolve(false))),
]);
const crises = await Promise.all(
  ['crisis.alert', 'crisis.lost'].map((type) =>
    runtime.crisis({ subject: 'anna', type, payload: { words: 'help' } }),
  ),
);
let areDurable = false;
let isCompleted = false;
void Promise.all(crises.map(({ durable }) => durable)).then(() => (areDurable = true));
void crises[0].delivery.then(({ status }) => (isCompleted = status === 'completed'));
for (
  let waits = 0;
  waits < (planted === undefined ? 400 : 100) && !(arrived.size > 1 && areDurable && isCompleted);
  waits += 1
)
  await sleep(50);
process.stdout.write(
  `${JSON.stringify({ isFull, areDurable, isCompleted, arrived: ['/crisis/alert', '/pager'].filter((url) => arrived.has(url)) })}\n`,
);
closeSync(openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK));
process.kill(process.pid, 'SIGKILL');
