/**
 * Sends to an upstream over TLS while its name can't be looked up, and to the same address under another name, of which
 * the upstream has no certificate. Prints one line of JSON: what came of each.
 *
 * @module
 */

import dns from 'node:dns';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const [dist, certificate, key] = process.argv.slice(2);
const { httpHandler } = await import(`${dist}/src/index.js`);

const names = [];
const tls = { cert: readFileSync(certificate), key: readFileSync(key) };
const server = createServer({ ...tls, keepAlive: false }, (request, response) => {
  names.push(`${request.socket.servername} ${request.headers.host}`);
  response.setHeader('connection', 'close');
  response.end();
});
server.listen(0, '127.0.0.1');
await new Promise((resolve) => {
  server.once('listening', resolve);
});
const { port } = server.address();

let doLookUpsHang = false;
dns.lookup = (_host, options, callback) => {
  if (doLookUpsHang) return;
  const found = [{ address: '127.0.0.1', family: 4 }];
  setImmediate(() =>
    options.all === true ? callback(null, found) : callback(null, '127.0.0.1', 4),
  );
};
const send = async (host) => {
  const run = httpHandler({ baseUrl: `https://${host}:${port}` });
  try {
    await run({
      ...{
        operationId: 'x',
        type: 'crisis.alert',
        subject: 'anna',
        priority: 'crisis',
        payload: null,
      },
      ...{
        idempotencyKey: 'key',
        number: 1,
        leftOut: [],
        traceparent: '00',
        method: null,
        path: null,
      },
      signal: new AbortController().signal,
      keepAnswer: () => undefined,
    });
    return 'taken';
  } catch (error) {
    return `${error.code} ${error.cause?.cause?.code}`;
  }
};
const before = [await send('clinic.test'), await send('other.test')];
doLookUpsHang = true;
const kept = [await send('clinic.test'), await send('other.test')];
process.stdout.write(
  `${JSON.stringify({ before, kept, names: names.map((name) => name.replace(`:${port}`, '')) })}\n`,
);
process.exit();
